"""The services about people: who may do what to whom, and that each act is in the trail."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from builder.access import roles_of
from builder.common.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from builder.models import ApiToken, AuditEvent, Department, Invitation, Membership, User
from builder.services import people
from builder.services.audit import verify_chain
from builder.services.departments import change_department
from tests.cast import PASSWORD, Cast

GOOD_PASSWORD = "three words and a horse"


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("verb", flat=True))


def test_department_and_lead_are_made_once(db: None) -> None:
    first, token = people.create_department(
        code="ED", name="Emergency", lead_email=" Lead@Example.org ", by=None
    )
    assert token is not None
    again, no_token = people.create_department(
        code="ED", name="Emergency", lead_email="lead@example.org", by=None
    )
    assert (again, no_token) == (first, None)
    lead = User.objects.get()
    assert lead.email == "lead@example.org"
    assert not lead.has_usable_password()
    assert roles_of(lead, first) == {"lead"}
    assert verbs() == ["department:create", "account:create", "invitation:create", "role:grant"]
    assert verify_chain() is None


@pytest.mark.parametrize("code", ["", "E D", "E/D", "ED\n", "-ED", "Ärzte", "X" * 21])
def test_department_code_fits_addresses(db: None, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        people.create_department(code=code, name="Emergency", lead_email="lead@example.org", by=None)
    assert refused.value.data["field"] == "code"
    assert not Department.objects.exists()


@pytest.mark.parametrize("email", ["", "lead", "lead@", "lead@" + ".".join(["e" * 60] * 4) + ".example.org"])
def test_department_needs_a_real_address_or_nothing_is_made(db: None, email: str) -> None:
    with pytest.raises(BadInput, match="Write an email address"):
        people.create_department(code="ED", name="Emergency", lead_email=email, by=None)
    assert not Department.objects.exists()
    assert not AuditEvent.objects.exists()


def test_department_name_is_not_changed_by_making_it_again(db: None) -> None:
    people.create_department(code="ED", name="Emergency", lead_email="lead@example.org", by=None)
    with pytest.raises(Conflict, match="exists under the name Emergency"):
        people.create_department(code="ED", name="Endocrinology", lead_email="lead@example.org", by=None)


def test_only_administrators_look_after_people(cast: Cast) -> None:
    acts = (
        lambda: people.create_department(code="NEW", name="New", lead_email="lou@example.org", by=cast.lou),
        lambda: people.invite_person(email="neo@example.org", by=cast.lou),
        lambda: people.revoke_invitation(user=cast.ada, by=cast.lou),
        lambda: people.set_roles(user=cast.ada, department=cast.department, roles=set(), by=cast.lou),
        lambda: people.set_all_roles(user=cast.ada, roles={}, by=cast.lou),
        lambda: people.set_active(user=cast.ada, is_active=False, by=cast.lou),
        lambda: people.set_org_admin(user=cast.lou, is_org_admin=True, by=cast.lou),
    )
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert not AuditEvent.objects.exists()


def test_deactivated_administrator_may_do_nothing(cast: Cast) -> None:
    cast.ola.is_active = False
    with pytest.raises(NotAllowed):
        people.invite_person(email="neo@example.org", by=cast.ola)


def test_address_in_any_case_is_one_account(cast: Cast) -> None:
    first, _token = people.invite_person(email="Neo@Example.ORG", by=cast.ola)
    second, _token = people.invite_person(email="neo@example.org", by=cast.ola)
    assert first == second
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="NEO@example.org")


def test_only_the_hash_of_a_link_is_stored(cast: Cast) -> None:
    _user, token = people.invite_person(email="neo@example.org", by=cast.ola)
    invitation = Invitation.objects.get()
    assert token not in str(Invitation.objects.values().get())
    assert len(invitation.token_hash) == 64
    days_left = (invitation.expires_at - timezone.now()) / timedelta(days=1)
    assert 13.9 < days_left <= 14


def test_link_is_accepted_once(cast: Cast) -> None:
    user, token = people.invite_person(email="neo@example.org", name="Neo", by=cast.ola)
    accepted = people.accept_invitation(token=token, password=GOOD_PASSWORD, language="ko")
    assert accepted == user
    assert (accepted.name, accepted.language) == ("Neo", "ko")
    with pytest.raises(NotFound, match="used up or too old"):
        people.accept_invitation(token=token, password="another long sentence")
    user.refresh_from_db()
    assert user.check_password(GOOD_PASSWORD)
    assert verbs() == ["account:create", "invitation:create", "invitation:accept"]


def test_weak_password_leaves_the_link_usable(cast: Cast) -> None:
    user, token = people.invite_person(email="neo@example.org", by=cast.ola)
    with pytest.raises(BadInput) as refused:
        people.accept_invitation(token=token, password="password1234")
    assert refused.value.data["field"] == "password"
    assert people.get_invitation(token).user == user


def test_roles_become_exactly_what_is_asked(cast: Cast) -> None:
    people.set_roles(user=cast.ada, department=cast.department, roles={"author", "grader"}, by=cast.ola)
    assert roles_of(cast.ada, cast.department) == {"author", "grader"}
    people.set_roles(user=cast.ada, department=cast.department, roles={"reviewer"}, by=cast.ola)
    assert roles_of(cast.ada, cast.department) == {"reviewer"}
    assert verbs() == ["role:grant", "role:grant", "role:withdraw"]
    people.set_roles(user=cast.ada, department=cast.department, roles={"reviewer"}, by=cast.ola)
    assert len(verbs()) == 3


def test_roles_of_several_departments_change_together_or_not_at_all(cast: Cast) -> None:
    before = set(Membership.objects.values_list("user", "department", "role"))
    with pytest.raises(BadInput, match="owner"):
        people.set_all_roles(
            user=cast.ada, roles={cast.elsewhere: {"author"}, cast.department: {"owner"}}, by=cast.ola
        )
    assert set(Membership.objects.values_list("user", "department", "role")) == before
    assert not AuditEvent.objects.exists()


def test_nobody_ends_their_own_office_or_account(cast: Cast) -> None:
    with pytest.raises(NotReady):
        people.set_org_admin(user=cast.ola, is_org_admin=False, by=cast.ola)
    with pytest.raises(NotReady):
        people.set_active(user=cast.ola, is_active=False, by=cast.ola)


def test_settings_are_the_leads(cast: Cast) -> None:
    for person in (cast.ada, cast.rui, cast.ana, cast.eve):
        with pytest.raises(NotAllowed):
            change_department(
                department=cast.department, required_approvals=1, contested_rule="block", by=person
            )
    change_department(
        department=cast.department, required_approvals=1, contested_rule="leave_out", by=cast.lou
    )
    cast.department.refresh_from_db()
    assert cast.department.required_approvals == 1


@pytest.mark.parametrize(
    ("approvals", "rule", "field"),
    [
        (0, "block", "required_approvals"),
        (10, "block", "required_approvals"),
        (2, "ignore", "contested_rule"),
    ],
)
def test_impossible_settings_are_refused(cast: Cast, approvals: int, rule: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        change_department(
            department=cast.department, required_approvals=approvals, contested_rule=rule, by=cast.lou
        )
    assert refused.value.data["field"] == field


def test_key_finds_its_active_owner_until_it_is_revoked(cast: Cast) -> None:
    token, key = people.create_api_token(name=" harness ", by=cast.ana)
    assert key.startswith("cw_") and token.name == "harness"
    assert key not in str(ApiToken.objects.values().get())
    assert people.find_user_of_key(key) == cast.ana
    token.refresh_from_db()
    assert token.last_used_at is not None
    User.objects.filter(pk=cast.ana.pk).update(is_active=False)
    assert people.find_user_of_key(key) is None
    User.objects.filter(pk=cast.ana.pk).update(is_active=True)
    people.revoke_api_token(token_id=token.pk, by=cast.ana)
    assert people.find_user_of_key(key) is None
    with pytest.raises(NotFound):
        people.revoke_api_token(token_id=token.pk, by=cast.ana)


def test_key_is_ended_by_its_owner_or_an_administrator_only(cast: Cast) -> None:
    token, key = people.create_api_token(name="harness", by=cast.ana)
    for person in (cast.lou, cast.eve):
        with pytest.raises(NotFound):
            people.revoke_api_token(token_id=token.pk, by=person)
    assert people.find_user_of_key(key) == cast.ana
    people.revoke_api_token(token_id=token.pk, by=cast.ola)
    assert people.find_user_of_key(key) is None


def test_key_needs_a_name_that_no_working_one_has(cast: Cast) -> None:
    with pytest.raises(BadInput):
        people.create_api_token(name="  ", by=cast.ana)
    token, _key = people.create_api_token(name="harness", by=cast.ana)
    with pytest.raises(Conflict):
        people.create_api_token(name="harness", by=cast.ana)
    people.create_api_token(name="harness", by=cast.lou)
    people.revoke_api_token(token_id=token.pk, by=cast.ana)
    people.create_api_token(name="harness", by=cast.ana)


def test_profile_takes_only_offered_languages(cast: Cast) -> None:
    people.change_profile(name=" Ada K ", language="ko", by=cast.ada)
    cast.ada.refresh_from_db()
    assert (cast.ada.name, cast.ada.language) == ("Ada K", "ko")
    with pytest.raises(BadInput):
        people.change_profile(name="Ada", language="tlh", by=cast.ada)
    assert cast.ada.check_password(PASSWORD)
