"""Departments: made by administrators, settings changed by leads; other departments stay unseen."""

import html
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from builder.access import roles_of
from builder.approval import ApprovalRule
from builder.models import AuditEvent, Department, Membership, Role, User
from tests.builder.test_invitation_pages import link_on
from tests.cast import Cast, make_user
from tests.costs import queries_of

SignIn = Callable[[User], Client]
NEW = {"code": "PED", "name": "Paediatrics", "email": "pia@example.org"}


def settings_of(code: str) -> str:
    return reverse("builder:department-settings", args=[code])


def test_new_department_with_a_new_lead_shows_the_link(cast: Cast, as_user: SignIn) -> None:
    page = as_user(cast.ola).post(reverse("builder:department-create"), NEW)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert Client().get(link_on(page)).status_code == 200
    department, lead = Department.objects.get(code="PED"), User.objects.get(email="pia@example.org")
    assert roles_of(lead, department) == {"lead"}
    assert AuditEvent.objects.get(verb="department:create").actor == cast.ola


def test_new_department_with_a_known_lead_goes_back_to_the_list(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ola)
    page = client.post(reverse("builder:department-create"), {**NEW, "email": "LOU@example.org"}, follow=True)
    assert page.redirect_chain == [(reverse("builder:department-list"), 302)]
    assert "Department PED is ready." in page.text
    assert roles_of(cast.lou, Department.objects.get(code="PED")) == {"lead"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"code": ""}, "Choose a short code"),
        ({"code": "P E"}, "Use letters, digits, - and _ only"),
        ({"code": "P" * 21}, "at most 20 characters"),
        ({"name": ""}, "Write the department’s name"),
        ({"email": "pia"}, "Write an email address such as name@example.org"),
    ],
)
def test_bad_department_is_refused(
    cast: Cast, as_user: SignIn, changes: dict[str, str], problem: str
) -> None:
    page = as_user(cast.ola).post(reverse("builder:department-create"), {**NEW, **changes})
    assert page.status_code == 422
    assert problem in html.unescape(page.text)
    assert "nhsuk-error-summary" in page.text
    assert Department.objects.count() == 2
    assert not User.objects.filter(email="pia@example.org").exists()


def test_code_of_another_department_is_a_conflict(cast: Cast, as_user: SignIn) -> None:
    page = as_user(cast.ola).post(reverse("builder:department-create"), {**NEW, "code": "ED"})
    assert page.status_code == 409
    assert "Department ED exists under the name Emergency" in html.unescape(page.text)
    assert "nhsuk-error-summary" in page.text
    assert not User.objects.filter(email="pia@example.org").exists()


def test_nobody_but_an_administrator_makes_one(cast: Cast, as_user: SignIn) -> None:
    assert as_user(cast.lou).post(reverse("builder:department-create"), NEW).status_code == 403
    assert Department.objects.count() == 2


def test_lead_changes_the_settings(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.lou)
    assert client.get(settings_of("ED")).context["form"].initial == {
        "required_approvals": 2, "outside_approvals": 0, "consensus_percent": 50, "contested_rule": "block",
        "conflict_rule": "bar", "review_days": 7,
    }  # fmt: skip
    sent = {
        "required_approvals": "3", "outside_approvals": "1", "consensus_percent": "66", "contested_rule": "leave_out",
        "conflict_rule": "tell", "review_days": "14",
    }  # fmt: skip
    page = client.post(settings_of("ED"), sent, follow=True)
    assert page.redirect_chain == [(settings_of("ED"), 302)]
    assert "The settings of Emergency are saved." in page.text
    cast.department.refresh_from_db()
    assert (cast.department.required_approvals, cast.department.contested_rule) == (3, "leave_out")
    assert cast.department.approval_rule == ApprovalRule(3, outside_approvals=1, threshold=0.66)
    assert (cast.department.conflict_rule, cast.department.review_days) == ("tell", 14)
    event = AuditEvent.objects.get(verb="department:change")
    assert (event.actor, event.department) == (cast.lou, cast.department)


@pytest.mark.parametrize("approvals", ["0", "-1", "10", "many", "", "1.5", "99999999999999999999"])
def test_bad_settings_are_refused(cast: Cast, as_user: SignIn, approvals: str) -> None:
    page = as_user(cast.lou).post(
        settings_of("ED"), {"required_approvals": approvals, "contested_rule": "ignore_them"}
    )
    assert page.status_code == 422
    assert '<a href="#id_required_approvals">' in page.text
    assert '<a href="#id_contested_rule_0">' in page.text
    cast.department.refresh_from_db()
    assert (cast.department.required_approvals, cast.department.contested_rule) == (2, "block")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"outside_approvals": "3"}, "At most as many approvals can come from other departments"),
        ({"outside_approvals": "-1"}, "Write a number of at least 0"),
        ({"consensus_percent": "49"}, "Write a number of at least 50"),
        ({"consensus_percent": "100"}, "Write a number of at most 99"),
        ({"consensus_percent": "half"}, "Write a whole number"),
        ({"conflict_rule": "forgive"}, "forgive is not one of the available choices"),
        ({"conflict_rule": ""}, "Choose what a conflict of interest does"),
        ({"review_days": "0"}, "Write a number of at least 1"),
        ({"review_days": "366"}, "Write a number of at most 365"),
    ],
)
def test_bad_rule_is_refused(cast: Cast, as_user: SignIn, change: dict[str, str], problem: str) -> None:
    sent = {
        "required_approvals": "2", "outside_approvals": "0", "consensus_percent": "50", "contested_rule": "block",
        "conflict_rule": "bar", "review_days": "7", **change,
    }  # fmt: skip
    page = as_user(cast.lou).post(settings_of("ED"), sent)
    assert page.status_code == 422
    assert problem in html.unescape(page.text)
    assert not AuditEvent.objects.filter(verb="department:change").exists()


def test_only_leads_and_administrators_see_settings(cast: Cast, as_user: SignIn) -> None:
    assert as_user(cast.ola).get(settings_of("ED")).status_code == 200
    for person in (cast.ada, cast.rui, cast.gia, cast.ana):
        assert as_user(person).get(settings_of("ED")).status_code == 403


@pytest.mark.parametrize("code", ["ED", "NONE"])
def test_another_department_looks_like_none(cast: Cast, as_user: SignIn, code: str) -> None:
    client = as_user(cast.eve)
    for page in (client.get(settings_of(code)), client.post(settings_of(code), {"required_approvals": "1"})):
        assert page.status_code == 404
        assert "Emergency" not in page.text
        assert "There is no such department" in page.text


def test_queries_of_the_list_do_not_grow(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ola)

    def queries() -> int:
        return queries_of(client, reverse("builder:department-list"))

    queries()
    few = queries()
    for number in range(10):
        department = Department.objects.create(code=f"D{number}", name=f"Department {number}")
        Membership.objects.create(user=make_user(f"lead{number}"), department=department, role=Role.LEAD)
    assert queries() == few
