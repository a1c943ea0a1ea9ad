"""People, departments, tokens, and who may call the API at all."""

import pytest
from rest_framework.test import APIClient

from builder.models import ApiToken, Department, Invitation, Membership, Role, User
from builder.services.people import create_api_token
from tests.api_client import API, Caller
from tests.cast import PASSWORD, Cast, make_user
from tests.costs import queries_of


def test_the_root_lists_the_endpoints(cast: Cast) -> None:
    found = Caller(cast.ada).get("").json()
    assert found["cases"] == "http://testserver/api/v1/cases/"
    assert found["case-submit"] == "http://testserver/api/v1/cases/{case_id}/submit/"
    assert all(address.startswith("http://testserver/api/v1/") for address in found.values())


@pytest.mark.parametrize("address", ["", "cases/", "cases", "cases/1/", "schema/", "nowhere/", "tokens/"])
def test_anonymous_calls_get_401_and_no_redirect(cast: Cast, address: str) -> None:
    answer = APIClient().get(API + address)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")
    assert answer.json()["code"] == "not_authenticated"


def test_an_unknown_address_is_json_too(cast: Cast) -> None:
    for address in ("nowhere/", "cases", "cases/abc/"):
        for method in ("GET", "POST", "DELETE"):
            answer = Caller(cast.ada).send(method, address)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), address
    assert Caller(cast.ada).get("cases/99999999999999999999999/").status_code == 404
    answer = Caller(cast.ada).send("DELETE", "cases/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("header", ["Token", "Token nonsense", "Token a b", "Bearer x", "Token \u00e9"])
def test_a_wrong_token_is_401(cast: Cast, header: str) -> None:
    answer = APIClient().get(API, HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401


def test_a_browser_session_works_with_its_csrf_token_only(cast: Cast) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    assert browser.login(username=cast.ada.email, password=PASSWORD)
    assert browser.get(API + "me/").json()["email"] == cast.ada.email
    refused = browser.post(API + "tokens/", {"name": "x"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert not ApiToken.objects.exists()


def test_a_key_is_shown_once_and_ends(cast: Cast) -> None:
    ada = Caller(cast.ada)
    assert ada.post("tokens/", {"name": "nightly", "user": cast.ola.pk, "prefix": "x"}).status_code == 422
    made = ada.post("tokens/", {"name": "nightly"})
    assert made.status_code == 201 and "no-store" in made["Cache-Control"]
    key, token_id = made.json()["key"], made.json()["id"]
    assert ApiToken.objects.get(pk=token_id).user == cast.ada
    assert key not in ada.get("tokens/").content.decode()
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    assert program.get(API + "me/").json()["email"] == cast.ada.email
    assert Caller(cast.eve).send("DELETE", f"tokens/{token_id}/").status_code == 404
    assert ada.send("DELETE", f"tokens/{token_id}/").status_code == 204
    assert program.get(API + "me/").status_code == 401


def test_a_deactivated_person_is_turned_away(cast: Cast) -> None:
    ada = Caller(cast.ada)
    User.objects.filter(pk=cast.ada.pk).update(is_active=False)
    assert ada.get("me/").status_code == 401


def test_people_see_themselves_and_change_their_name(cast: Cast) -> None:
    ada = Caller(cast.ada)
    assert ada.get("me/").json() == {
        "id": cast.ada.pk, "email": "ada@example.org", "name": "Ada", "language": "en", "is_active": True,
        "is_org_admin": False, "roles": {"ED": ["author"]},
    }  # fmt: skip
    others = {"is_org_admin": True, "email": "x@example.org", "roles": {"ED": ["lead"]}, "id": 1}
    refused = ada.send("PATCH", "me/", {"language": "ko", **others})
    assert (refused.status_code, set(refused.json()["fields"])) == (422, set(others))
    changed = ada.send("PATCH", "me/", {"language": "ko"})
    assert (changed.json()["language"], changed.json()["name"]) == ("ko", "Ada")
    cast.ada.refresh_from_db()
    assert (cast.ada.is_org_admin, cast.ada.email) == (False, "ada@example.org")
    assert Membership.objects.get(user=cast.ada).role == Role.AUTHOR
    assert ada.send("PATCH", "me/", {"language": "xx"}).status_code == 422


def test_departments_are_the_callers_own(cast: Cast) -> None:
    def codes(user: User) -> list[str]:
        return [row["code"] for row in Caller(user).get("departments/").json()["results"]]

    assert (codes(cast.ada), codes(cast.eve), codes(cast.ola)) == (["ED"], ["XX"], ["ED", "XX"])
    settings = {"required_approvals": 3, "contested_rule": "leave_out"}
    assert Caller(cast.ada).put("departments/ED/", settings).status_code == 403
    assert Caller(cast.eve).put("departments/ED/", settings).status_code == 404
    assert Caller(cast.lou).put("departments/ED/", settings).json()["required_approvals"] == 3
    assert Caller(cast.lou).put("departments/ED/", {**settings, "code": "ZZ"}).status_code == 422
    assert Department.objects.filter(code="ED", contested_rule="leave_out").exists()


def test_an_administrator_makes_departments_and_invites(cast: Cast, client) -> None:
    ola = Caller(cast.ola)
    made = ola.post("departments/", {"code": "PED", "name": "Paediatrics", "lead": "pia@example.org"})
    assert made.status_code == 201
    assert client.get(made.json()["invitation"]).status_code == 200
    new = {"email": "new@example.org"}
    assert ola.post("people/", {**new, "is_org_admin": True, "is_active": False}).status_code == 422
    invited = ola.post("people/", new)
    assert invited.status_code == 201
    person = User.objects.get(email="new@example.org")
    assert (person.is_org_admin, person.is_active) == (False, True)
    address = f"people/{person.pk}/"
    assert ola.post(address + "invitation/").status_code == 201
    assert client.get(invited.json()["link"]).status_code == 404
    assert ola.send("DELETE", address + "invitation/").status_code == 204
    assert not Invitation.objects.usable().filter(user=person).exists()
    roles = ola.put(address + "roles/", {"roles": {"ED": ["grader", "author"], "XX": []}}).json()["roles"]
    assert roles == {"ED": ["author", "grader"]}
    assert ola.put(address + "roles/", {"roles": {"ED": ["king"]}}).status_code == 422
    assert ola.put(address + "active/", {"is_active": False}).json()["is_active"] is False
    assert ola.put(address + "office/", {"is_org_admin": True}).json()["is_org_admin"] is True
    assert ola.put(f"people/{cast.ola.pk}/office/", {"is_org_admin": False}).status_code == 409
    assert "new@example.org" in [row["email"] for row in ola.get("people/", q="new@").json()["results"]]


def test_nobody_else_may_look_after_people(cast: Cast) -> None:
    target = f"people/{cast.eve.pk}/"
    calls = [
        ("GET", "people/", None), ("POST", "people/", {"email": "x@example.org"}), ("GET", target, None),
        ("PUT", target + "roles/", {"roles": {"ED": ["lead"]}}), ("PUT", target + "active/", {"is_active": False}),
        ("PUT", target + "office/", {"is_org_admin": True}), ("POST", target + "invitation/", None),
        ("DELETE", target + "invitation/", None), ("GET", "tokens/everybodys/", None),
        ("POST", "departments/", {"code": "Q", "name": "Q", "lead": "q@example.org"}),
    ]  # fmt: skip
    for user in (cast.lou, cast.eve):
        caller = Caller(user)
        for method, address, body in calls:
            answer = caller.send(method, address, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), address
    assert not User.objects.filter(email__in=("x@example.org", "q@example.org")).exists()


def test_list_queries_do_not_grow_with_rows(cast: Cast) -> None:
    ola = Caller(cast.ola)

    def counts() -> list[int]:
        addresses = ("people/", "departments/", "tokens/", "tokens/everybodys/")
        return [queries_of(ola, address) for address in addresses]

    few = counts()
    for number in range(10):
        person = make_user(f"extra{number}")
        department = Department.objects.create(code=f"D{number}", name=f"Department {number}")
        Membership.objects.create(user=person, department=department, role=Role.AUTHOR)
        create_api_token(name="theirs", by=person)
        create_api_token(name=f"mine {number}", by=cast.ola)
    assert counts() == few
