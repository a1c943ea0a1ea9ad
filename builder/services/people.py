"""Departments, people, roles, invitations and API tokens."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from builder import access
from builder.common.canonical_json import sha256_text
from builder.common.errors import BadInput, Conflict, NotFound, NotReady
from builder.models import ApiToken, Department, Invitation, Membership, Role, User
from builder.services.audit import record

INVITATION_LIFETIME = timedelta(days=14)
_TOKEN_PREFIX = "cw_"  # noqa: S105 - the visible beginning of every key, not a key


@transaction.atomic
def create_department(
    *, code: str, name: str, lead_email: str, by: User | None
) -> tuple[Department, str | None]:
    """Make a department with its lead; return it and the lead's invitation token, if an account had to be made.

    `by` is None when the installation itself does it, by command; a person must be an administrator. Idempotent for
    the same code and name.
    """
    if by is not None:
        access.require_admin(by)
    name = name.strip()
    if not Department.objects.filter(code=code).exists():
        _clean(Department(code=code, name=name))
    department, created = Department.objects.get_or_create(code=code, defaults={"name": name})
    if department.name != name:
        raise Conflict(
            _("Department %(code)s exists under the name %(name)s. Choose another code.")
            % {"code": code, "name": department.name},
            field="code",
        )
    if created:
        record(by=by, verb="department:create", what=department, department=department)
    user, token = _account_for(lead_email, by=by)
    _require_active(user)
    _grant(user, department, Role.LEAD, by=by)
    return department, token


@transaction.atomic
def invite_person(*, email: str, name: str = "", by: User) -> tuple[User, str]:
    """Make an account, or find it, and return it with a fresh invitation token; older links end."""
    access.require_admin(by)
    user, token = _account_for(email, name=name, by=by)
    if user.has_usable_password():
        raise Conflict(
            _("%(email)s already has an account with a password.") % {"email": user.email}, field="email"
        )
    _require_active(user)
    return user, token or _new_invitation(user, by=by)


@transaction.atomic
def revoke_invitation(*, user: User, by: User) -> None:
    """End the link of an invited person, as when it went to the wrong address."""
    access.require_admin(by)
    if not user.invitations.usable().update(revoked_at=timezone.now()):
        raise NotReady(_("%(email)s has no invitation link that still works.") % {"email": user.email})
    record(by=by, verb="invitation:revoke", what=user)


@transaction.atomic
def accept_invitation(*, token: str, password: str, name: str = "", language: str = "") -> User:
    """Set the first password of an invited person; the link works once, however often it is sent at the same time.

    `language` is the one they read the page in; an unknown one leaves the account's.
    """
    invitation = get_invitation(token)
    user = invitation.user
    user.name = name.strip() or user.name
    user.language = language if language in _languages() else user.language
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), field="password") from error
    if not Invitation.objects.usable().filter(pk=invitation.pk).update(accepted_at=timezone.now()):
        raise _no_such_invitation()
    user.set_password(password)
    user.save(update_fields=["password", "name", "language"])
    record(by=user, verb="invitation:accept", what=user)
    return user


def get_invitation(token: str) -> Invitation:
    """Return the usable invitation of this link; a deactivated account has none."""
    invitations = Invitation.objects.usable().select_related("user")
    invitation = invitations.filter(token_hash=sha256_text(token), user__is_active=True).first()
    if invitation is None:
        raise _no_such_invitation()
    return invitation


@transaction.atomic
def set_roles(*, user: User, department: Department, roles: set[str], by: User) -> None:
    """Give the person exactly these roles in the department."""
    access.require_admin(by)
    unknown = roles - set(Role.values)
    if unknown:
        raise BadInput(_("Unknown role: %(roles)s.") % {"roles": ", ".join(sorted(unknown))})
    held = access.roles_of(user, department)
    for role in sorted(roles - held):
        _grant(user, department, Role(role), by=by)
    if removed := sorted(held - roles):
        Membership.objects.filter(user=user, department=department, role__in=removed).delete()
        record(by=by, verb="role:withdraw", what=user, department=department, roles=removed)


@transaction.atomic
def set_all_roles(*, user: User, roles: Mapping[Department, set[str]], by: User) -> None:
    """Give the person exactly these roles in each of these departments, all or none."""
    access.require_admin(by)
    for department, wanted in roles.items():
        set_roles(user=user, department=department, roles=wanted, by=by)


@transaction.atomic
def set_org_admin(*, user: User, is_org_admin: bool, by: User) -> None:
    """Make a person an administrator of the organization, or no longer; nobody gives up their own office."""
    access.require_admin(by)
    if user.is_org_admin == is_org_admin:
        return
    if user == by:
        raise NotReady(_("You can't give up being an administrator yourself. Ask another administrator."))
    user.is_org_admin = is_org_admin
    user.save(update_fields=["is_org_admin"])
    record(by=by, verb="admin:grant" if is_org_admin else "admin:withdraw", what=user)


@transaction.atomic
def change_profile(*, name: str, language: str, by: User) -> None:
    """Change how the person is called and the language they read."""
    if language not in _languages():
        raise BadInput(_("Choose one of the languages offered."), field="language")
    by.name, by.language = name.strip(), language
    by.save(update_fields=["name", "language"])
    record(by=by, verb="account:change", what=by, language=language)


@transaction.atomic
def set_active(*, user: User, is_active: bool, by: User) -> None:
    """Let a person sign in, or stop them; a person can't lock themselves out."""
    access.require_admin(by)
    if user == by:
        raise NotReady(_("You can't deactivate your own account."))
    user.is_active = is_active
    user.save(update_fields=["is_active"])
    record(by=by, verb="account:activate" if is_active else "account:deactivate", what=user)


@transaction.atomic
def create_api_token(*, name: str, by: User) -> tuple[ApiToken, str]:
    """Make a key for the person's own programs; return the row and the key, which is shown once only."""
    if not name.strip():
        raise BadInput(_("Say what the token is for."), field="name")
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # one new token of a person at a time
    if ApiToken.objects.filter(user=by, name=name.strip(), revoked_at=None).exists():
        raise Conflict(
            _("You already have a token with this name. Choose another, or revoke that one."), field="name"
        )
    key = _TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(user=by, name=name.strip(), prefix=key[:8], token_hash=sha256_text(key))
    record(by=by, verb="token:create", what=token)
    return token, key


@transaction.atomic
def revoke_api_token(*, token_id: int, by: User) -> ApiToken:
    """End a key: one's own, or, for an administrator, anybody's."""
    tokens = ApiToken.objects.filter(pk=token_id, revoked_at=None)
    token = (tokens if by.is_org_admin else tokens.filter(user=by)).first()
    if token is None:
        raise NotFound(_("There is no such token, or it is already revoked."))
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    record(by=by, verb="token:revoke", what=token)
    return token


def find_user_of_key(key: str) -> User | None:
    """Return the active owner of an API key that isn't revoked, and note its use. Cost: two queries."""
    token = (
        ApiToken.objects.select_related("user").filter(token_hash=sha256_text(key), revoked_at=None).first()
    )
    if token is None or not token.user.is_active:
        return None
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
    return token.user


def _account_for(email: str, *, by: User | None, name: str = "") -> tuple[User, str | None]:
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    if user is not None:
        return user, None
    try:
        User._meta.get_field("email").clean(email, None)  # its form and its length
        with transaction.atomic():
            user = User.objects.create_user(email, name=name.strip())
    except ValidationError as error:
        raise BadInput(
            _("Write an email address such as name@example.org, not %(email)s.") % {"email": email},
            field="email",
        ) from error
    except IntegrityError as error:
        raise Conflict(_("Somebody made this account at the same moment. Try again.")) from error
    record(by=by, verb="account:create", what=user)
    return user, _new_invitation(user, by=by)


def _require_active(user: User) -> None:
    if not user.is_active:
        raise NotReady(
            _("The account %(email)s is deactivated. Activate it first.") % {"email": user.email},
            field="email",
        )


def _new_invitation(user: User, *, by: User | None) -> str:
    token = secrets.token_urlsafe(32)
    user.invitations.usable().update(revoked_at=timezone.now())
    invitation = Invitation.objects.create(
        user=user,
        token_hash=sha256_text(token),
        created_by=by,
        expires_at=timezone.now() + INVITATION_LIFETIME,
    )
    record(by=by, verb="invitation:create", what=invitation)
    return token


def _grant(user: User, department: Department, role: Role, *, by: User | None) -> None:
    _membership, created = Membership.objects.get_or_create(user=user, department=department, role=role)
    if created:
        record(by=by, verb="role:grant", what=user, department=department, roles=[role.value])


def _clean(department: Department) -> None:
    try:
        department.full_clean()
    except ValidationError as error:
        field = next(iter(error.message_dict))
        raise BadInput(f"{field}: {' '.join(error.message_dict[field])}", field=field) from error


def _languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


def _no_such_invitation() -> NotFound:
    return NotFound(_("This invitation link is used up or too old. Ask an administrator for a new one."))
