"""Connecting a department to a real Label Studio: what is kept, what is refused, and whether it hears us."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import LabelStudioConnection
from annotations.services.label_studio.connections import (
    TRIAL_TITLE,
    check_connection,
    disconnect,
    save_connection,
)
from builder.common.errors import BadInput, Conflict, NotAllowed
from builder.common.secret_text import reveal
from builder.models import AuditEvent
from tests.annotations.label_studio.rows import make_there
from tests.annotations.labelstudio.small_server import answer, small_server
from tests.cast import Cast
from tests.conformance.labelstudio.server import LabelStudioInTest

pytestmark = pytest.mark.django_db


def save(cast: Cast, label_studio: LabelStudioInTest, **given: Any) -> Any:
    wanted = {
        "url": label_studio.url,
        "token": label_studio.token,
        "department": cast.department,
        "by": cast.lou,
    }
    return save_connection(**{**wanted, **given})


def test_a_working_connection_is_kept_with_its_token_unreadable(
    cast: Cast, label_studio: LabelStudioInTest
) -> None:
    report = save(cast, label_studio, url=f"{label_studio.url}/")
    assert (report.check.version, report.check.may_create_projects, report.hears_us) == ("1.23.2", True, None)
    stored = LabelStudioConnection.objects.get()
    assert stored.url == label_studio.url
    assert label_studio.token not in stored.token
    assert reveal(stored.token) == label_studio.token
    told = "".join(str(event.__dict__) for event in AuditEvent.objects.all())
    assert label_studio.token not in told
    assert stored.webhook_secret not in told


def test_a_personal_access_token_works_too(cast: Cast, label_studio: LabelStudioInTest) -> None:
    report = save(cast, label_studio, token=label_studio.admin().personal_token())
    assert report.check.identity.email == report.connection.account
    assert report.check.token_expires_at is not None


def test_an_empty_token_keeps_the_stored_one_but_never_goes_to_another_server(
    cast: Cast, label_studio: LabelStudioInTest
) -> None:
    save(cast, label_studio)
    assert save(cast, label_studio, token="").check.version == "1.23.2"
    with small_server(lambda _asked: answer(200, {"release": "1.23.2"})) as other:
        with pytest.raises(BadInput, match="enter the access token again") as refused:
            save(cast, label_studio, url=other.url, token="")
        assert not other.connections
    assert refused.value.data["field"] == "token"
    assert LabelStudioConnection.objects.get().url == label_studio.url


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"token": "0" * 40}, "token", "doesn't accept the access token"),
        ({"token": ""}, "token", "Enter the access token"),
        ({"token": "토큰" * 20}, "token", "doesn't look like"),
        ({"url": "http://127.0.0.1:1"}, "url", "can't be reached"),
        ({"url": ""}, "url", "Write the address"),
        ({"url": "label-studio.example.org"}, "url", "such as https"),
        ({"url": "https://label-studio.example.org"}, "url", "LABEL_STUDIO_ALLOWED_HOSTS"),
        ({"url": "http://169.254.169.254"}, "url", "LABEL_STUDIO_ALLOWED_HOSTS"),
        ({"webhook_base_url": "ftp://us.example.org"}, "webhook_base_url", "such as https"),
    ],
)
def test_what_does_not_work_is_not_kept(
    cast: Cast, label_studio: LabelStudioInTest, given: dict[str, str], field: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        save(cast, label_studio, **given)
    assert refused.value.data["field"] == field
    assert not LabelStudioConnection.objects.exists()


def test_only_who_leads_or_administers_connects(cast: Cast, label_studio: LabelStudioInTest) -> None:
    for person in (cast.ada, cast.gia, cast.ana, cast.eve):
        with pytest.raises(NotAllowed):
            save(cast, label_studio, by=person)
    assert save(cast, label_studio, by=cast.ola).connection.saved_by == cast.ola


def test_a_connection_that_stops_working_says_so_and_keeps_what_it_had(
    cast: Cast, label_studio: LabelStudioInTest
) -> None:
    token = label_studio.person("clinwright@example.org").legacy_token()
    connection = save(cast, label_studio, token=token).connection
    label_studio.wipe()  # the account and its token are gone with everything else
    with pytest.raises(BadInput, match="token"):
        check_connection(connection=connection, by=cast.lou)
    connection.refresh_from_db()
    assert "token" in connection.problem
    assert reveal(connection.token)


def test_a_server_in_use_is_neither_exchanged_nor_forgotten(
    cast: Cast, label_studio: LabelStudioInTest
) -> None:
    from annotations.services.label_studio.sync import sync_session

    connection = save(cast, label_studio).connection
    label_studio.person("gia@example.org")
    session = make_there(cast)
    sync_session(session=session, by=cast.lou)
    with pytest.raises(Conflict, match="still in use: 1"):
        disconnect(connection=connection, by=cast.lou)
    localhost = label_studio.url.replace("127.0.0.1", "localhost")
    with pytest.raises((Conflict, BadInput)):
        save(cast, label_studio, url=localhost)
    assert LabelStudioConnection.objects.get().url == label_studio.url


def test_a_forgotten_token_has_to_be_entered_again(cast: Cast, label_studio: LabelStudioInTest) -> None:
    connection = save(cast, label_studio).connection
    disconnect(connection=connection, by=cast.lou)
    with pytest.raises(BadInput, match="Enter the access token"):
        check_connection(connection=connection, by=cast.lou)


def test_it_is_tried_whether_label_studio_reaches_us(
    open_database: None, cast: Cast, label_studio: LabelStudioInTest, live_server: Any
) -> None:
    report = save(cast, label_studio, webhook_base_url=live_server.url)
    assert report.hears_us is True
    report = save(cast, label_studio, token="", webhook_base_url="http://127.0.0.1:9")
    assert report.hears_us is False
    assert "http://127.0.0.1:9" in report.hook_problem
    assert LabelStudioConnection.objects.get().problem == report.hook_problem
    projects = label_studio.ask("GET", "/api/projects/")["results"]
    assert [(project["title"], project["task_number"]) for project in projects] == [(TRIAL_TITLE, 0)]
    assert label_studio.ask("GET", "/api/webhooks/") == []


def test_the_page_says_in_plain_words_what_works(cast: Cast, label_studio: LabelStudioInTest) -> None:
    lou = Client()
    lou.force_login(cast.lou)
    place = reverse("annotations:label-studio-connection", args=["ED"])
    wrong = lou.post(place, {"url": label_studio.url, "token": "0" * 40, "act": "save"})
    assert wrong.status_code == 422
    assert "doesn&#x27;t accept the access token" in wrong.text
    assert "0" * 40 not in wrong.text
    works = lou.post(place, {"url": label_studio.url, "token": label_studio.token, "act": "save"})
    assert works.status_code == 200
    assert "Label Studio 1.23.2 answers" in works.text
    assert "This account may create projects" in works.text
    assert label_studio.token not in works.text
    again = lou.post(place, {"act": "check"})
    assert "Label Studio 1.23.2 answers" in again.text
    gone = lou.post(place, {"act": "forget"}, follow=True)
    assert "Not connected" in gone.text


def test_the_api_does_the_same_and_never_shows_the_token(cast: Cast, label_studio: LabelStudioInTest) -> None:
    lou = Client()
    lou.force_login(cast.lou)
    place = "/api/v1/departments/ED/label-studio/"
    assert lou.get(place).status_code == 404
    body = {"url": label_studio.url, "token": label_studio.token}
    kept = lou.put(place, body, content_type="application/json")
    assert kept.status_code == 200, kept.text
    assert kept.json()["is_connected"] is True
    assert label_studio.token not in kept.text
    assert lou.post(place).status_code == 200
    refused = lou.put(place, {**body, "token": "0" * 40}, content_type="application/json")
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["token"])
    assert lou.delete(place).status_code == 204
    assert lou.get(place).json()["is_connected"] is False


def test_every_act_is_recorded_and_none_tells_a_secret(cast: Cast, label_studio: LabelStudioInTest) -> None:
    connection = save(cast, label_studio).connection
    check_connection(connection=connection, by=cast.lou)
    disconnect(connection=connection, by=cast.lou)
    told = AuditEvent.objects.filter(verb__startswith="label-studio:").order_by("sequence")
    assert [event.verb for event in told] == [
        "label-studio:connect", "label-studio:check", "label-studio:disconnect",
    ]  # fmt: skip
    assert {event.actor_id for event in told} == {cast.lou.pk}
    assert not any(label_studio.token in str(event.__dict__) for event in told)
