"""API tokens: shown once, listed without the key, revoked by the owner or an administrator."""

import re
from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from builder.models import ApiToken, AuditEvent, User
from builder.services.people import create_api_token, find_user_of_key
from tests.cast import Cast
from tests.costs import queries_of

SignIn = Callable[[User], Client]
TOKENS = "/account/tokens/"


def test_key_is_shown_once(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ana)
    assert "You have no token." in client.get(TOKENS).text
    page = client.post(TOKENS, {"name": "nightly harness"})
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    (key,) = re.findall(r'id="api-key">(cw_[\w-]+)</pre>', page.text)
    assert find_user_of_key(key) == cast.ana
    again = client.get(TOKENS)
    assert key not in again.text
    assert f"{key[:8]}…" in again.text
    assert "nightly harness" in again.text
    assert ApiToken.objects.get().token_hash not in again.text


def test_token_needs_a_name_of_its_own(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ana)
    page = client.post(TOKENS, {"name": "  "})
    assert page.status_code == 422
    assert "Say what the token is for" in page.text
    client.post(TOKENS, {"name": "harness"})
    page = client.post(TOKENS, {"name": "harness"})
    assert page.status_code == 409
    assert "You already have a token with this name." in page.text
    assert ApiToken.objects.count() == 1


def test_owner_revokes(cast: Cast, as_user: SignIn) -> None:
    token, key = create_api_token(name="harness", by=cast.ana)
    page = as_user(cast.ana).post(reverse("builder:token-revoke", args=[token.pk]), follow=True)
    assert "The token “harness” no longer works." in page.text
    assert "You have no token." in page.text
    assert find_user_of_key(key) is None
    assert AuditEvent.objects.filter(verb="token:revoke", actor=cast.ana).count() == 1


def test_others_can_neither_see_nor_revoke(cast: Cast, as_user: SignIn) -> None:
    token, key = create_api_token(name="harness of Ana", by=cast.ana)
    client = as_user(cast.lou)
    assert "harness of Ana" not in client.get(TOKENS).text
    assert client.post(reverse("builder:token-revoke", args=[token.pk])).status_code == 404
    assert find_user_of_key(key) == cast.ana


def test_administrator_sees_and_revokes_everybodys(cast: Cast, as_user: SignIn) -> None:
    token, key = create_api_token(name="harness of Ana", by=cast.ana)
    client = as_user(cast.ola)
    page = client.get(reverse("builder:all-tokens"))
    assert "harness of Ana" in page.text and "Ana" in page.text
    assert key not in page.text
    page = client.post(reverse("builder:token-revoke", args=[token.pk]), follow=True)
    assert page.redirect_chain == [(reverse("builder:all-tokens"), 302)]
    assert "Nobody has a token." in page.text
    assert client.post(reverse("builder:token-revoke", args=[token.pk])).status_code == 404


def test_revoking_is_posted(cast: Cast, as_user: SignIn) -> None:
    token, _key = create_api_token(name="harness", by=cast.ana)
    assert as_user(cast.ana).get(reverse("builder:token-revoke", args=[token.pk])).status_code == 405


def test_queries_of_the_lists_do_not_grow(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ola)

    paths = (TOKENS, reverse("builder:all-tokens"))
    for number in range(2):
        create_api_token(name=f"harness {number}", by=cast.ola)
    few = [queries_of(client, path) for path in paths]
    for number in range(2, 12):
        create_api_token(name=f"harness {number}", by=cast.ola)
        create_api_token(name=f"harness {number}", by=cast.ana)
    assert [queries_of(client, path) for path in paths] == few
