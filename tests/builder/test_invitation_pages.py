"""Invitations: a link shown once, which sets a first password once."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from builder.models import AuditEvent, Invitation, User
from builder.services.people import invite_person
from tests.cast import Cast

SignIn = Callable[[User], Client]

NEW_PASSWORD = "three words and a horse"
ACCEPTED = {"name": "Neo Nurse", "password": NEW_PASSWORD, "repeated": NEW_PASSWORD}


def link_on(page: object) -> str:
    """Return the path of the one invitation link on a page."""
    found = re.findall(
        r'<pre[^>]*id="invitation-link"[^>]*>http://testserver(/invitations/[^<]+)</pre>', page.text
    )  # type: ignore[attr-defined]
    assert len(found) == 1
    return html.unescape(found[0])


def accept_path(cast: Cast, email: str = "neo@example.org") -> str:
    _user, token = invite_person(email=email, name="Neo", by=cast.ola)
    return reverse("builder:invitation-accept", args=[token])


def test_inviting_shows_the_link_once(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ola)
    page = client.post(reverse("builder:invitation-create"), {"email": " Neo@Example.org ", "name": "Neo"})
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert "for 14 days" in page.text
    path = link_on(page)
    person = User.objects.get(email="neo@example.org")
    assert not person.has_usable_password()
    assert person.invitations.get().token_hash not in page.text
    again = client.get(reverse("builder:person", args=[person.pk]))
    assert path not in again.text
    assert "Not accepted yet" in again.text


@pytest.mark.parametrize(
    ("email", "status", "problem"),
    [
        ("", 422, "Write the person’s email address"),
        ("neo", 422, "Write an email address such as name@example.org"),
        ("ada@example.org", 409, "already has an account with a password"),
    ],
)
def test_invitation_needs_a_new_address(
    cast: Cast, as_user: SignIn, email: str, status: int, problem: str
) -> None:
    page = as_user(cast.ola).post(
        reverse("builder:invitation-create"), {"email": email, "name": "<i>Neo</i>"}
    )
    assert page.status_code == status
    assert f'<a href="#id_email">{problem}' in page.text or problem in html.unescape(page.text)
    assert "nhsuk-error-summary" in page.text
    assert "<i>Neo</i>" not in page.text
    assert not Invitation.objects.exists()


def test_accepting_sets_the_password_and_signs_in(cast: Cast, client: Client) -> None:
    path = accept_path(cast)
    page = client.get(path)
    assert "You were invited as <b>neo@example.org</b>" in page.text
    assert 'value="Neo"' in page.text
    assert "no-store" in page["Cache-Control"]
    response = client.post(path, ACCEPTED)
    assert response.status_code == 302
    home = client.get(response["Location"])
    assert home.context["user"].email == "neo@example.org"
    person = User.objects.get(email="neo@example.org")
    assert person.check_password(NEW_PASSWORD)
    assert person.name == "Neo Nurse"
    assert AuditEvent.objects.get(verb="invitation:accept").actor == person


def test_account_takes_the_language_the_page_was_read_in(cast: Cast, client: Client) -> None:
    client.cookies["django_language"] = "ko"
    client.post(accept_path(cast), ACCEPTED)
    assert User.objects.get(email="neo@example.org").language == "ko"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"repeated": "another sentence entirely"}, "The two passwords differ"),
        ({"password": "", "repeated": ""}, "Choose a password"),
        ({"name": ""}, "Write your name"),
        ({"password": "short", "repeated": "short"}, "too short"),
        ({"password": "neo@example.org", "repeated": "neo@example.org"}, "too similar"),
        ({"password": "482915736052", "repeated": "482915736052"}, "entirely numeric"),
    ],
)
def test_bad_first_password_is_refused(
    cast: Cast, client: Client, changes: dict[str, str], problem: str
) -> None:
    path = accept_path(cast)
    page = client.post(path, {**ACCEPTED, **changes})
    assert page.status_code == 422
    assert problem in html.unescape(page.text)
    assert NEW_PASSWORD not in page.text
    assert not User.objects.get(email="neo@example.org").has_usable_password()
    assert client.post(path, ACCEPTED).status_code == 302


def assert_dead(client: Client, path: str) -> None:
    for response in (client.get(path), client.post(path, ACCEPTED)):
        assert response.status_code == 404
        assert "This invitation link is used up or too old." in response.text


def test_used_link_is_dead(cast: Cast, client: Client) -> None:
    path = accept_path(cast)
    client.post(path, ACCEPTED)
    client.logout()
    assert_dead(client, path)


def test_old_link_is_dead(cast: Cast, client: Client) -> None:
    path = accept_path(cast)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert_dead(client, path)


def test_made_up_link_is_dead(db: None, client: Client) -> None:
    assert_dead(client, reverse("builder:invitation-accept", args=["made-up-\u00e9"]))


def test_new_link_ends_the_old_one(cast: Cast, as_user: SignIn) -> None:
    old = accept_path(cast)
    person = User.objects.get(email="neo@example.org")
    page = as_user(cast.ola).post(reverse("builder:person-link", args=[person.pk]))
    visitor = Client()
    assert_dead(visitor, old)
    assert visitor.get(link_on(page)).status_code == 200


def test_revoked_link_is_dead(cast: Cast, as_user: SignIn) -> None:
    path = accept_path(cast)
    person = User.objects.get(email="neo@example.org")
    admin = as_user(cast.ola)
    url = reverse("builder:person-link-revoke", args=[person.pk])
    page = admin.post(url, follow=True)
    assert "The invitation link of Neo no longer works." in page.text
    assert "no link works any more" in page.text
    assert_dead(Client(), path)
    assert admin.post(url).status_code == 409


def test_deactivated_person_has_no_link(cast: Cast, as_user: SignIn) -> None:
    path = accept_path(cast)
    User.objects.filter(email="neo@example.org").update(is_active=False)
    assert_dead(Client(), path)
    page = as_user(cast.ola).post(reverse("builder:invitation-create"), {"email": "neo@example.org"})
    assert page.status_code == 409
    assert "is deactivated. Activate it first." in page.text


def test_somebody_signed_in_is_told_and_signed_out(cast: Cast, as_user: SignIn) -> None:
    path = accept_path(cast)
    client = as_user(cast.ola)
    assert "Ola is signed in on this browser and will be signed out." in client.get(path).text
    client.post(path, ACCEPTED)
    assert client.get("/").context["user"].email == "neo@example.org"
