"""Pages of administrators: people, roles, accounts; and everybody's own account."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from builder.access import roles_of
from builder.models import AuditEvent, Membership, Role, User
from builder.services.audit import verify_chain
from tests.cast import PASSWORD, Cast, make_user
from tests.costs import queries_of

SignIn = Callable[[User], Client]

ADMIN_PAGES = ("people", "invitation-create", "all-tokens", "department-list", "department-create")
PERSON_POSTS = ("person-roles", "person-link", "person-link-revoke", "person-state", "person-office")


@pytest.mark.parametrize("name", ADMIN_PAGES)
def test_pages_of_administrators_refuse_others_in_plain_words(cast: Cast, as_user: SignIn, name: str) -> None:
    for person in (cast.lou, cast.eve):
        page = as_user(person).get(reverse(f"builder:{name}"))
        assert page.status_code == 403
        assert "Only an administrator of the organization may do this." in page.text


@pytest.mark.parametrize("name", [*ADMIN_PAGES, "account", "tokens"])
def test_anonymous_visitors_sign_in_first(client: Client, db: None, name: str) -> None:
    page = client.get(reverse(f"builder:{name}"))
    assert page.status_code == 302
    assert page["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", PERSON_POSTS)
def test_acts_on_people_are_refused_and_change_nothing(cast: Cast, as_user: SignIn, name: str) -> None:
    client = as_user(cast.lou)
    before = list(User.objects.order_by("pk").values()), list(Membership.objects.order_by("pk").values())
    page = client.post(
        reverse(f"builder:{name}", args=[cast.ada.pk]), {"is_active": "0", "is_org_admin": "1"}
    )
    assert page.status_code == 403
    after = list(User.objects.order_by("pk").values()), list(Membership.objects.order_by("pk").values())
    assert after == before


@pytest.mark.parametrize("name", PERSON_POSTS)
def test_acts_on_people_are_posted(cast: Cast, as_user: SignIn, name: str) -> None:
    assert as_user(cast.ola).get(reverse(f"builder:{name}", args=[cast.ada.pk])).status_code == 405


def test_unknown_person_is_not_found(cast: Cast, as_user: SignIn) -> None:
    page = as_user(cast.ola).get(reverse("builder:person", args=[999_999]))
    assert page.status_code == 404
    assert "There is no such person." in page.text


def test_list_shows_roles_and_states(cast: Cast, as_user: SignIn) -> None:
    User.objects.create_user("new@example.org")
    cast.geo.is_active = False
    cast.geo.save()
    page = as_user(cast.ola).get(reverse("builder:people"))
    text = re.sub(r"<[^>]+>|\s+", " ", page.text)
    assert "ED" in text and "Author" in text
    for state in ("Active", "Deactivated", "No link"):
        assert state in text
    assert page.context["page_obj"].paginator.count == 11


def test_search_by_name_and_address(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ola)
    found = client.get(reverse("builder:people"), {"q": "RUI@"}).context["rows"]
    assert [row.person for row in found] == [cast.rui]
    page = client.get(reverse("builder:people"), {"q": "<b>nobody</b>"})
    assert page.context["rows"] == []
    assert "<b>nobody</b>" not in page.text


def test_queries_of_the_list_do_not_grow(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ola)

    def queries() -> int:
        return queries_of(client, reverse("builder:people"))

    queries()
    few = queries()
    for number in range(12):
        person = make_user(f"person{number}")
        Membership.objects.create(user=person, department=cast.elsewhere, role=Role.GRADER)
    assert queries() == few


def test_roles_are_given_and_withdrawn_by_the_grid(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ola)
    url = reverse("builder:person-roles", args=[cast.ada.pk])
    page = client.post(url, {"roles": ["ED:reviewer", "XX:grader", "XX:lead"]}, follow=True)
    assert page.redirect_chain == [(reverse("builder:person", args=[cast.ada.pk]), 302)]
    assert "The roles of Ada are saved." in page.text
    assert roles_of(cast.ada, cast.department) == {"reviewer"}
    assert roles_of(cast.ada, cast.elsewhere) == {"grader", "lead"}
    assert re.search(r'value="XX:grader"[^>]* checked', page.text)
    assert not re.search(r'value="ED:author"[^>]* checked', page.text)
    assert set(AuditEvent.objects.values_list("verb", flat=True)) == {"role:grant", "role:withdraw"}
    assert verify_chain() is None
    client.post(url, {})
    assert not Membership.objects.filter(user=cast.ada).exists()


@pytest.mark.parametrize("value", ["ED:owner", "ZZ:lead", "lead", "ED:"])
def test_unknown_role_is_refused_with_422(cast: Cast, as_user: SignIn, value: str) -> None:
    page = as_user(cast.ola).post(
        reverse("builder:person-roles", args=[cast.ada.pk]), {"roles": ["XX:lead", value]}
    )
    assert page.status_code == 422
    assert "nhsuk-error-summary" in page.text
    assert roles_of(cast.ada, cast.department) == {"author"}
    assert not roles_of(cast.ada, cast.elsewhere)


def test_deactivated_person_is_out_at_once_and_can_come_back(cast: Cast, as_user: SignIn) -> None:
    theirs = Client()
    theirs.force_login(cast.ada)
    admin = as_user(cast.ola)
    url = reverse("builder:person-state", args=[cast.ada.pk])
    page = admin.post(url, {"is_active": "0"}, follow=True)
    assert "Ada can no longer sign in." in page.text
    assert theirs.get("/").status_code == 302
    assert "Ada can sign in again." in admin.post(url, {"is_active": "1"}, follow=True).text
    cast.ada.refresh_from_db()
    assert cast.ada.is_active


def test_nobody_locks_themselves_out(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ola)
    for name, sent in (("person-state", {"is_active": "0"}), ("person-office", {"is_org_admin": "0"})):
        assert client.post(reverse(f"builder:{name}", args=[cast.ola.pk]), sent).status_code == 409
    cast.ola.refresh_from_db()
    assert cast.ola.is_active and cast.ola.is_org_admin
    page = client.get(reverse("builder:person", args=[cast.ola.pk]))
    assert reverse("builder:person-state", args=[cast.ola.pk]) not in page.text


def test_office_is_given_and_withdrawn(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ola)
    url = reverse("builder:person-office", args=[cast.lou.pk])
    assert "Lou is now an administrator." in client.post(url, {"is_org_admin": "1"}, follow=True).text
    cast.lou.refresh_from_db()
    assert cast.lou.is_org_admin
    assert "Lou is no longer an administrator." in client.post(url, {"is_org_admin": "0"}, follow=True).text
    cast.lou.refresh_from_db()
    assert not cast.lou.is_org_admin
    assert list(AuditEvent.objects.order_by("sequence").values_list("verb", flat=True)) == [
        "admin:grant", "admin:withdraw",
    ]  # fmt: skip


def test_account_page_keeps_name_and_language(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.lou)
    page = client.get(reverse("builder:account"))
    assert reverse("builder:department-settings", args=["ED"]) in page.text
    assert f'href="{reverse("builder:account")}"' in page.text
    response = client.post(reverse("builder:account"), {"name": "  Lou Kim ", "language": "ko"})
    assert response.status_code == 302
    assert response.cookies["django_language"].value == "ko"
    cast.lou.refresh_from_db()
    assert (cast.lou.name, cast.lou.language) == ("Lou Kim", "ko")
    assert '<html class="nhsuk-template" lang="ko">' in client.get(reverse("builder:account")).text


def test_account_page_refuses_bad_input(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ada)
    page = client.post(reverse("builder:account"), {"name": " ", "language": "xx"})
    assert page.status_code == 422
    assert re.search(r'<a href="#id_name">[^<]*Write your name</a>', page.text)
    assert re.search(r'<a href="#id_language_0">[^<]*Choose one of the languages offered</a>', page.text)
    cast.ada.refresh_from_db()
    assert (cast.ada.name, cast.ada.language) == ("Ada", "en")


def test_signing_in_brings_the_language_of_the_account(cast: Cast, client: Client) -> None:
    User.objects.filter(pk=cast.ada.pk).update(language="ko")
    response = client.post(reverse("account_login"), {"login": cast.ada.email, "password": PASSWORD})
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert response.cookies["django_language"].value == "ko"
