"""What every answer carries, what a production installation insists on, and doors that must not lead elsewhere."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from builder.models import User
from builder.services.people import create_api_token, set_active
from tests.annotations.rows import freeze
from tests.cast import PASSWORD, Cast
from tests.factories import make_draft
from tests.product_files import ROOT

GOOD_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ELSEWHERE = (
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "///evil.example", "https:evil.example",
    "javascript:alert(1)", "http://testserver@evil.example/", "\thttps://evil.example/", "https://testserver.evil.example/",
)  # fmt: skip


def in_production(*command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of manage.py with the production settings and these variables alone."""
    environment = {
        "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "builder.config.settings.production",
        "ALLOWED_HOSTS": "clinwright.example", "DATABASE_URL": "sqlite://:memory:", **settings,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "key", [{}, {"SECRET_KEY": ""}, {"SECRET_KEY": "development-only-key-production-refuses-it"}]
)
def test_production_does_not_start_without_a_key_of_its_own(key: dict[str, str]) -> None:
    started = in_production("-c", "import builder.config.wsgi", **key)
    assert started.returncode != 0
    assert "SECRET_KEY" in started.stderr


def test_the_check_of_a_deployment_warns_of_sqlite_alone() -> None:
    checked = in_production(
        "manage.py", "check", "--deploy", "--fail-level", "ERROR", SECRET_KEY=GOOD_KEY, JOB_FILES_DIR="jobs"
    )
    assert checked.returncode == 0, checked.stderr
    warnings = [line for line in checked.stderr.splitlines() if line.startswith("?:")]
    assert [line.split()[1] for line in warnings] == ["(builder.W001)"]


def test_production_keeps_cookies_to_https_and_shows_no_details() -> None:
    names = (
        "DEBUG SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SESSION_COOKIE_HTTPONLY SECURE_SSL_REDIRECT "
        "SESSION_COOKIE_SAMESITE CSRF_COOKIE_SAMESITE DEMONSTRATION_ALLOWED"
    )
    say = f"from django.conf import settings; print([getattr(settings, n) for n in {names.split()}])"
    said = in_production("-c", say, SECRET_KEY=GOOD_KEY).stdout.strip()
    assert said == "[False, True, True, True, True, 'Lax', 'Lax', False]"


def answers(cast: Cast) -> Iterator[tuple[str, HttpResponse]]:
    """Yield an answer of every sort: pages, parts, downloads, JSON, redirects and errors."""
    release, draft = freeze(cast), make_draft(cast, title="Another")
    label = [release.name, release.version]
    lou, nobody = Client(), Client(enforce_csrf_checks=True)
    lou.force_login(cast.lou)
    for client, method, address in (
        (lou, "GET", "/"), (lou, "GET", reverse("builder:case-edit", args=[draft.pk])),
        (lou, "GET", reverse("exports:release-detail", args=label)),
        (lou, "GET", reverse("exports:release-manifest", args=label)),
        (lou, "POST", reverse("exports:release-download", args=label)),
        (lou, "GET", f"/api/v1/releases/{release.name}/{release.version}/bundle/?format=canonical"),
        (lou, "GET", "/api/v1/cases/"), (lou, "GET", "/api/v1/nowhere/"), (lou, "GET", "/nowhere/"),
        (lou, "GET", reverse("builder:people")), (lou, "DELETE", "/cases/"), (lou, "GET", "/cases"),
        (nobody, "GET", "/"), (nobody, "GET", "/accounts/login/"), (nobody, "POST", "/accounts/login/"),
        (nobody, "GET", "/api/v1/cases/"), (nobody, "GET", "/invitations/none/"),
    ):  # fmt: skip
        body = {"format": "canonical"} if method == "POST" else None
        yield f"{method} {address}", getattr(client, method.lower())(address, body or {})


def test_every_answer_is_framed_by_nobody_and_guessed_by_nobody(cast: Cast) -> None:
    found = dict(answers(cast))
    assert {200, 301, 302, 401, 403, 404, 405} <= {each.status_code for each in found.values()}
    for asked, answer in found.items():
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "default-src 'self'" in policy, asked
        assert "frame-ancestors 'none'" in policy, asked
        assert "unsafe" not in policy, asked
        assert "script-src" not in policy or "'self'" in policy, asked
        assert answer.headers["X-Frame-Options"] == "DENY", asked
        assert answer.headers["X-Content-Type-Options"] == "nosniff", asked
        assert answer.headers["Referrer-Policy"] == "same-origin", asked


def test_a_page_without_its_token_changes_nothing(cast: Cast) -> None:
    client, case = Client(enforce_csrf_checks=True), make_draft(cast)
    client.force_login(cast.ada)
    for address in (
        reverse("builder:case-submit", args=[case.pk]), reverse("builder:account"), reverse("builder:tokens"),
        reverse("set_language"), reverse("account_logout"), reverse("exports:run-new"),
    ):  # fmt: skip
        assert client.post(address, {"name": "x"}).status_code == 403, address
    for address in (reverse("api:tokens"), reverse("api:case-submit", args=[case.pk])):
        assert client.post(address, {"name": "x"}, content_type="application/json").status_code == 403, (
            address
        )
    case.refresh_from_db()
    assert (case.state, cast.ada.api_tokens.count()) == ("draft", 0)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_door_leads_elsewhere(cast: Cast, target: str) -> None:
    client = Client()
    arrived = [client.post(reverse("set_language"), {"language": "ko", "next": target})]
    arrived.append(
        client.post(reverse("set_language"), {"language": "ko"}, headers={"referer": target.strip()})
    )
    sent = {"login": cast.ada.email, "password": PASSWORD, "next": target}
    arrived.append(client.post(reverse("account_login") + "?next=" + target, sent))
    arrived.append(client.get(reverse("account_login"), {"next": target}))
    arrived.append(client.post(reverse("account_logout"), {"next": target}))
    for answer in arrived:
        assert answer.status_code in (200, 302), answer
        assert "evil" not in answer.headers.get("Location", "")
        assert "javascript" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("by_key", [False, True])
def test_a_closed_account_is_out_at_once(cast: Cast, by_key: bool) -> None:
    client, headers = Client(), {}
    if by_key:
        headers = {"Authorization": f"Token {create_api_token(name='harness', by=cast.ada)[1]}"}
    else:
        client.force_login(cast.ada)
    assert client.get("/api/v1/me/", headers=headers).status_code == 200
    set_active(user=User.objects.get(pk=cast.ada.pk), is_active=False, by=cast.ola)
    assert client.get("/api/v1/me/", headers=headers).status_code == 401
    assert by_key or client.get("/").status_code == 302
