"""What the pages about people, departments and API tokens show."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.models import ApiToken, Department, Invitation, Membership, Role, User


@dataclass(frozen=True, slots=True)
class DepartmentRoles:
    """One department and what a person is there, in words."""

    department: Department
    roles: list[str]

    @property
    def words(self) -> str:
        """The roles in one line."""
        return ", ".join(self.roles)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person with their roles and the state of their account."""

    person: User
    state: str
    colour: str
    roles: list[DepartmentRoles]
    invitation: Invitation | None


@dataclass(frozen=True, slots=True)
class GridCell:
    """One checkbox of the grid of roles."""

    value: str
    label: str
    is_checked: bool


@dataclass(frozen=True, slots=True)
class GridRow:
    """One department of the grid of roles."""

    department: Department
    cells: list[GridCell]


def list_people(search: str = "") -> "QuerySet[User]":
    """Return everybody whose name or address holds the text, active accounts first. Cost: three queries."""
    shown = Coalesce(NullIf("name", Value("")), "email")
    people = User.objects.order_by("-is_active", Lower(shown), "pk").prefetch_related(
        _memberships(), _invitations()
    )
    return people.filter(Q(name__icontains=search) | Q(email__icontains=search)) if search else people


def person_rows(people: Iterable[User]) -> list[PersonRow]:
    """Return people of `list_people` as lines of a table; asks the database nothing more."""
    return [person_row(person) for person in people]


def person_row(person: User) -> PersonRow:
    """Return one person as a line. Cost: two queries unless `list_people` fetched them."""
    usable = getattr(person, "usable_invitations", None)
    invitations = list(person.invitations.usable()) if usable is None else usable
    invitation = invitations[-1] if invitations else None
    state, colour = _state(person, invitation)
    return PersonRow(person, state, colour, department_roles(person), invitation)


def department_roles(person: User) -> list[DepartmentRoles]:
    """Return the person's roles by department. Cost: one query unless prefetched."""
    held = getattr(person, "held_roles", None)
    memberships = list(_membership_rows().filter(user=person)) if held is None else held
    by_department: dict[Department, set[str]] = {}
    for membership in memberships:
        by_department.setdefault(membership.department, set()).add(membership.role)
    return [
        DepartmentRoles(department, [str(label) for role, label in Role.choices if role in roles])
        for department, roles in by_department.items()
    ]


def roles_by_code(person: User) -> dict[str, list[str]]:
    """Return the person's roles, by the department's code. Cost: one query unless prefetched."""
    held = getattr(person, "held_roles", None)
    memberships = list(_membership_rows().filter(user=person)) if held is None else held
    roles: dict[str, set[str]] = {}
    for membership in memberships:
        roles.setdefault(membership.department.code, set()).add(membership.role)
    return {code: [role for role in Role.values if role in found] for code, found in roles.items()}


def role_grid(person: User) -> list[GridRow]:
    """Return every department with a cell per role. Cost: two queries."""
    held = set(Membership.objects.filter(user=person).values_list("department_id", "role"))
    return [
        GridRow(
            department,
            [
                GridCell(role_value(department, role), str(label), (department.pk, role) in held)
                for role, label in Role.choices
            ],
        )
        for department in all_departments()
    ]


def role_value(department: Department, role: str) -> str:
    """Return what a cell of the grid sends when it is ticked."""
    return f"{department.code}:{role}"


def all_departments() -> list[Department]:
    """Return every department, by code."""
    return list(Department.objects.all())


def own_departments(user: User) -> "QuerySet[Department]":
    """Return the departments the person belongs to, by code; an administrator's are all."""
    return Department.objects.visible_to(user).order_by("code")


def department_leads() -> list[tuple[Department, list[User]]]:
    """Return every department with the people who lead it. Cost: two queries."""
    leads = (
        Membership.objects.filter(role=Role.LEAD).select_related("user").order_by("user__name", "user__email")
    )
    departments = Department.objects.prefetch_related(
        Prefetch("memberships", leads, to_attr="lead_memberships")
    )
    return [
        (department, [membership.user for membership in department.lead_memberships])
        for department in departments
    ]


def is_led_by(code: str, email: str) -> bool:
    """Whether this department has the person of this address as its lead. Cost: one query."""
    return Membership.objects.filter(
        user__email=email.strip().lower(), department__code=code, role=Role.LEAD
    ).exists()


def administrators() -> list[User]:
    """Return who can give roles."""
    return list(User.objects.filter(is_org_admin=True, is_active=True).order_by("name", "email"))


def departments_with_settings(user: User) -> set[int]:
    """Return the departments whose settings the person may change, by primary key. Cost: one query."""
    return {department.pk for department in access.departments_for(user, Act.CHANGE_SETTINGS)}


def tokens_of(user: User) -> list[ApiToken]:
    """Return the person's keys that still work, newest first."""
    return list(ApiToken.objects.filter(user=user, revoked_at=None))


def list_tokens() -> "QuerySet[ApiToken]":
    """Return everybody's keys that still work, newest first. Cost: one query."""
    return ApiToken.objects.filter(revoked_at=None).select_related("user").order_by("-created_at", "-pk")


def _state(person: User, invitation: Invitation | None) -> tuple[str, str]:
    if not person.is_active:
        return _("Deactivated"), "grey"
    if person.has_usable_password():
        return _("Active"), "green"
    return (_("Invited"), "blue") if invitation else (_("No link"), "orange")


def _membership_rows() -> "QuerySet[Membership]":
    return Membership.objects.select_related("department").order_by("department__code")


def _memberships() -> "Prefetch[str, QuerySet[Membership], str]":
    return Prefetch("memberships", _membership_rows(), to_attr="held_roles")


def _invitations() -> "Prefetch[str, QuerySet[Invitation], str]":
    return Prefetch("invitations", Invitation.objects.usable().order_by("pk"), to_attr="usable_invitations")
