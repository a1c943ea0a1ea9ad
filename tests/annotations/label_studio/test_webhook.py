"""Messages from Label Studio: who may send one, what it does, and what a forged or repeated one does not."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotations.models import GradeEvent, GradingSession, LabelStudioConnection, LabelStudioProject
from annotations.services.label_studio.webhooks import MOST_REFUSALS
from builder.jobs.worker import run_due_jobs
from builder.models import Job
from tests.annotations.label_studio.conftest import Sync
from tests.annotations.label_studio.fake import FakeLabelStudio
from tests.annotations.label_studio.rows import make_there, project_of, verdicts
from tests.cast import Cast
from tests.costs import queries_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def session(cast: Cast, there: FakeLabelStudio, sync: Sync) -> GradingSession:
    """Return a session whose tasks were sent."""
    made = make_there(cast)
    sync(made)
    return made


@pytest.fixture
def project(cast: Cast, session: GradingSession) -> LabelStudioProject:
    """Return Gia's project."""
    return project_of(session, cast.gia)


def call(project: LabelStudioProject, secret: str | None = "hush", body: Any = None, **more: Any) -> Any:
    """Send a message as Label Studio does, with no session and no CSRF token."""
    headers = {} if secret is None else {"X-Clinwright-Secret": secret}
    place = reverse("api:label-studio-webhook", args=[project.connection_id, project.pk])
    data = json.dumps(body if body is not None else {"action": "ANNOTATION_CREATED"})
    return Client(enforce_csrf_checks=True).post(
        place, data=data, content_type="application/json", headers=headers, **more
    )


def test_a_message_asks_for_one_pull_of_its_project(cast: Cast, project: LabelStudioProject) -> None:
    answer = call(project)
    assert (answer.status_code, answer.content) == (204, b"")
    job = Job.objects.get(kind="label-studio:pull")
    assert job.arguments == {"session": project.session_rater.session_id, "project": project.pk}
    assert job.created_by == cast.lou
    project.refresh_from_db()
    assert project.webhook_at is not None


@pytest.mark.parametrize("secret", ["", "hus", "hushh", "HUSH", "none", "🤫"])
def test_a_wrong_secret_does_nothing(project: LabelStudioProject, secret: str) -> None:
    answer = call(project, secret.encode().decode("latin-1"))
    assert answer.status_code == (403 if secret else 401)
    assert not Job.objects.filter(kind="label-studio:pull").exists()
    project.refresh_from_db()
    assert project.webhook_at is None


def test_a_message_without_a_secret_is_turned_away(project: LabelStudioProject) -> None:
    answer = call(project, None)
    assert answer.status_code == 401
    assert answer.json()["message"] == "This address expects messages from Label Studio."


def test_a_connection_that_is_not_there_answers_like_a_wrong_secret(project: LabelStudioProject) -> None:
    place = reverse("api:label-studio-webhook", args=[project.connection_id + 99, project.pk])
    wrong = call(project, "wrong")
    absent = Client().post(
        place, "{}", content_type="application/json", headers={"X-Clinwright-Secret": "hush"}
    )
    assert (absent.status_code, absent.json()) == (wrong.status_code, wrong.json())


def test_the_secret_of_one_department_opens_no_project_of_another(
    cast: Cast, project: LabelStudioProject
) -> None:
    from builder.common.secret_text import seal

    other = LabelStudioConnection.objects.create(
        department=cast.elsewhere, url="https://other.example.org", token=seal("x"), webhook_secret=seal("psst"),
        saved_by=cast.eve,
    )  # fmt: skip
    place = reverse("api:label-studio-webhook", args=[other.pk, project.pk])
    answer = Client().post(
        place, "{}", content_type="application/json", headers={"X-Clinwright-Secret": "psst"}
    )
    assert answer.status_code == 404
    assert not Job.objects.filter(kind="label-studio:pull").exists()


def test_guessing_is_slowed_down_while_the_right_secret_still_gets_through(
    project: LabelStudioProject,
) -> None:
    statuses = [call(project, f"guess-{number}").status_code for number in range(MOST_REFUSALS + 5)]
    assert statuses == [403] * MOST_REFUSALS + [429] * 5
    assert call(project).status_code == 204


def test_five_mebibytes_are_refused_unread(project: LabelStudioProject) -> None:
    answer = call(project, body={"action": "x" * (5 * 1024 * 1024)})
    assert answer.status_code == 413
    assert not Job.objects.filter(kind="label-studio:pull").exists()


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        '{"action": "TASKS_DELETED", "project": {"id": 999}}',
        "[]",
        '{"annotation": {"result": []}}',
    ],
)
def test_the_body_is_never_believed(project: LabelStudioProject, body: str) -> None:
    place = reverse("api:label-studio-webhook", args=[project.connection_id, project.pk])
    answer = Client().post(place, body, content_type="text/plain", headers={"X-Clinwright-Secret": "hush"})
    assert answer.status_code == 204
    assert Job.objects.get(kind="label-studio:pull").arguments["project"] == project.pk


def test_a_hundred_replays_and_disorder_have_one_effect_for_each_version(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession, project: LabelStudioProject,
) -> None:  # fmt: skip
    task = project.tasks.order_by("remote_id").first()
    assert task is not None
    annotation = there.annotate(task.remote_id, verdicts("+++"))
    there.annotate(task.remote_id, verdicts("+o+"), pk=annotation)
    # The second version's message overtakes the first's, and both are repeated a hundred times.
    for number in range(100):
        assert (
            call(project, body={"action": "ANNOTATION_UPDATED", "version": 2 - number % 2}).status_code == 204
        )
    assert Job.objects.filter(kind="label-studio:pull").count() == 1
    sync(session)
    for _again in range(3):
        call(project)
        sync(session)
    events = GradeEvent.objects.filter(assignment=task.assignment).order_by("pk")
    assert [event.verdict for event in events] == ["met", "not_met", "met"]


def test_a_message_costs_few_queries(project: LabelStudioProject, client: Client) -> None:
    call(project)
    place = reverse("api:label-studio-webhook", args=[project.connection_id, project.pk])

    def again() -> None:
        client.post(place, "{}", content_type="application/json", headers={"X-Clinwright-Secret": "hush"})

    assert queries_in(again) <= 8


def test_a_closed_session_is_asked_for_nothing(
    cast: Cast, session: GradingSession, project: LabelStudioProject
) -> None:
    GradingSession.objects.filter(pk=session.pk).update(state="adjudicating")
    GradingSession.objects.filter(pk=session.pk).update(state="closed", closed_at=session.opened_at)
    assert call(project).status_code == 204
    run_due_jobs()
    assert not Job.objects.filter(kind="label-studio:pull").exists()
