"""The pages and endpoints of jobs: how far one is, what came out, and who sees it."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.services.sessions import open_session
from builder.common.errors import BadInput
from builder.jobs import JobContext, TryLater, holds, register_job
from builder.jobs.holds import Hold, Progress
from builder.jobs.worker import run_due_jobs
from builder.models import Job, JobState, User
from builder.services.jobs import enqueue_job
from exports.models import Response, Run, RunState
from tests.api_client import Caller
from tests.cast import Cast
from tests.costs import queries_of
from tests.exports.builders import make_release
from tests.html_form import buttons_of

SignIn = Callable[[User], Client]
JOBS = "/jobs/"


def done(_context: JobContext) -> dict[str, Any]:
    """Come out with something."""
    return {"cases": 12}


def ask(by: User, function: Callable[[JobContext], dict[str, Any]] = done, **given: Any) -> Job:
    """Ask for an import of cases."""
    register_job(
        "import", "Import of cases", function, done_url=lambda job: f"/cases/?n={job.result['cases']}",
        done_label="See the cases", start_url=lambda _job: "/cases/new/",
        summary=lambda job: f"{job.result['cases']} cases are in.", max_attempts=given.pop("max_attempts", 5),
        names_runs=given.pop("names_runs", False),
    )  # fmt: skip
    return enqueue_job(kind="import", arguments={}, by=by, **given)


def address(job: Job) -> str:
    """Return the page of the job."""
    return reverse("builder:job", args=[job.uuid])


def run_halfway(job: Job) -> None:
    """Let a worker take the job and come to the fourth of ten rows."""
    taken = holds.take("worker", job.pk)
    assert taken and Hold(job.pk, "worker", taken.attempts).renew(Progress(4, 10, "Checking"))


def test_a_waiting_job(cast: Cast, as_user: SignIn) -> None:
    job = ask(cast.ada, department=cast.department)
    page = as_user(cast.ada).get(address(job))
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    for text in (
        "Import of cases",
        "Waiting",
        "It begins in a moment.",
        "Asked for by Ada",
        "Emergency",
        "Look again",
    ):
        assert text in page.text
    assert f'hx-get="{address(job)}?seen=ready"' in page.text
    assert 'aria-live="polite"' in page.text


def test_a_job_that_nobody_takes_says_whom_to_ask(cast: Cast, as_user: SignIn) -> None:
    job = ask(cast.ada)
    Job.objects.update(run_after=timezone.now() - timedelta(minutes=2))
    assert "ask an administrator whether the worker is running" in as_user(cast.ada).get(address(job)).text


def test_a_running_job_shows_a_bar_with_its_text(cast: Cast, as_user: SignIn) -> None:
    job = ask(cast.ada)
    run_halfway(job)
    text = as_user(cast.ada).get(address(job)).text
    assert "It is being done now." in text and "Running" in text
    assert (
        '<progress class="cw-progress" id="job-progress" max="10" value="4">Checking: 4 of 10</progress>'
        in text
    )
    assert '<label class="cw-note" for="job-progress">Checking: 4 of 10</label>' in text


def test_a_bar_without_a_total_has_no_value(cast: Cast, as_user: SignIn) -> None:
    job = ask(cast.ada)
    run_halfway(job)
    Job.objects.update(progress_total=None, progress_done=1200)
    text = as_user(cast.ada).get(address(job)).text
    assert '<progress class="cw-progress" id="job-progress">Checking: 1,200 so far</progress>' in text


def test_a_done_job_leads_to_what_came_out(cast: Cast, as_user: SignIn) -> None:
    job = ask(cast.ada)
    run_due_jobs()
    text = as_user(cast.ada).get(address(job)).text
    assert "It is done." in text and "12 cases are in." in text
    assert '<a class="nhsuk-button" id="job-done" href="/cases/?n=12">See the cases</a>' in text
    assert "hx-get" not in text and "Cancel this job" not in text


def test_a_failed_job_says_why_and_where_to_start_again(cast: Cast, as_user: SignIn) -> None:
    def function(_context: JobContext) -> dict[str, Any]:
        raise BadInput("Line 3 has <no> prompt.")

    job = ask(cast.ada, function)
    run_due_jobs()
    text = as_user(cast.ada).get(address(job)).text
    assert "It failed." in text and "Line 3 has &lt;no&gt; prompt." in text
    assert '<a class="nhsuk-link" id="job-start" href="/cases/new/">Start again</a>' in text
    assert "12 cases" not in text


def test_a_crash_shows_nothing_of_the_inside(cast: Cast, as_user: SignIn) -> None:
    def function(_context: JobContext) -> dict[str, Any]:
        raise RuntimeError("secret of the inside")

    job = ask(cast.ada, function, max_attempts=1)
    run_due_jobs()
    text = as_user(cast.ada).get(address(job)).text
    assert "Something went wrong on our side" in text and str(job.uuid) in text
    assert "secret" not in text and "Traceback" not in text


def test_a_job_between_attempts_says_when_the_next_one_begins(cast: Cast, as_user: SignIn) -> None:
    def function(_context: JobContext) -> dict[str, Any]:
        raise TryLater("The other system does not answer.")

    job = ask(cast.ada, function)
    run_due_jobs()
    text = as_user(cast.ada).get(address(job)).text
    assert "The next one begins at" in text and "The other system does not answer." in text
    assert "Cancel this job" in text


def test_the_script_gets_the_moving_part_alone(cast: Cast, as_user: SignIn) -> None:
    job = ask(cast.ada)
    client, script = as_user(cast.ada), {"HX-Request": "true"}
    part = client.get(address(job) + "?seen=ready", headers=script).text
    assert "<html" not in part and "hx-trigger" in part
    # News are told once, when the state has changed: a screen reader reads them out.
    assert "job-news" not in part
    run_due_jobs()
    part = client.get(address(job) + "?seen=ready", headers=script).text
    assert '<div hx-swap-oob="innerHTML:#job-news">It is done.</div>' in part
    assert "hx-trigger" not in part


def test_cancelling_by_the_page(cast: Cast, as_user: SignIn) -> None:
    job, client = ask(cast.ada), as_user(cast.ada)
    cancel = reverse("builder:job-cancel", args=[job.uuid])
    assert f'action="{cancel}"' in client.get(address(job)).text
    assert client.get(cancel).status_code == 405
    page = client.post(cancel, follow=True)
    assert page.redirect_chain == [(address(job), 302)]
    assert "It was cancelled." in page.text and "Start again" in page.text
    assert "This job has ended already" in client.post(cancel, follow=True).text


def test_a_job_that_is_ending_has_no_second_button(cast: Cast, as_user: SignIn) -> None:
    job, client = ask(cast.ada), as_user(cast.ada)
    run_halfway(job)
    text = client.post(reverse("builder:job-cancel", args=[job.uuid]), follow=True).text
    assert "It ends at its next step." in text and "Cancel this job" not in text
    assert buttons_of(text) == []


def test_other_people_s_jobs_are_no_such_thing(cast: Cast, as_user: SignIn) -> None:
    job = ask(cast.ada, department=cast.department)
    for person in (cast.lou, cast.eve):
        client = as_user(person)
        assert client.get(address(job)).status_code == 404
        assert client.post(reverse("builder:job-cancel", args=[job.uuid])).status_code == 404
        assert str(job.uuid) not in client.get(JOBS).text
    job.refresh_from_db()
    assert job.state == JobState.READY
    assert as_user(cast.ada).get(reverse("builder:job", args=[uuid.uuid4()])).status_code == 404


def test_the_administrator_sees_everybody_s(cast: Cast, as_user: SignIn) -> None:
    job = ask(cast.ada)
    client = as_user(cast.ola)
    text = client.get(JOBS).text
    assert "Everybody’s jobs" in text and "Ada" in text and address(job) in text
    assert client.get(address(job)).status_code == 200


def test_the_list_has_one_s_own_newest_first(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.ada)
    assert "You have asked for no job yet." in client.get(JOBS).text
    first, second = ask(cast.ada), ask(cast.ada)
    text = client.get(JOBS).text
    assert "My jobs" in text and text.index(address(second)) < text.index(address(first))
    assert JOBS in client.get("/account/").text


@pytest.mark.parametrize("person", ["ada", "ola"])
def test_the_list_costs_the_same_however_long(cast: Cast, as_user: SignIn, person: str) -> None:
    client, caller = as_user(getattr(cast, person)), Caller(getattr(cast, person))
    ask(cast.ada, names_runs=True, department=cast.department)
    few = queries_of(client, JOBS), len(caller.get("jobs/").json()["results"])
    for _each in range(10):
        ask(cast.ada, names_runs=True, department=cast.department)
    assert (queries_of(client, JOBS), len(caller.get("jobs/").json()["results"])) == (few[0], 11)


def make_grader_of_an_open_session(cast: Cast, grader: User) -> None:
    """Let this person grade a run blind."""
    release = make_release(cast, cases=1)
    run = Run.objects.create(
        release=release, name="m", state=RunState.READY, source_sha256="0" * 64, imported_by=cast.lou
    )
    Response.objects.create(run=run, item=release.items.get(), completion="Record an ECG.")
    open_session(release=release, runs=[run], graders=[grader], by=cast.lou)


@pytest.mark.parametrize("is_failed", [False, True])
def test_whoever_grades_blind_learns_nothing_of_runs(
    cast: Cast, as_user: SignIn, tmp_path: Any, is_failed: bool
) -> None:
    """An administrator who also grades, and a grader who asked for the import before."""

    def function(context: JobContext) -> dict[str, Any]:
        list(context.progress(["row"], "zebra-model rows"))
        if is_failed:
            raise BadInput("zebra-model has no answers.")
        return {"cases": 12, "run": "zebra-model"}

    source = tmp_path / "zebra-model.jsonl"
    source.write_text("{}", encoding="utf-8")
    job = ask(cast.gia, function, names_runs=True, file=source)
    run_due_jobs()
    assert "zebra" in as_user(cast.gia).get(address(job)).text
    make_grader_of_an_open_session(cast, cast.gia)
    answers = [as_user(cast.gia).get(path).text for path in (address(job), JOBS)]
    answers += [Caller(cast.gia).get(path).content.decode() for path in ("jobs/", f"jobs/{job.uuid}/")]
    assert not any("zebra" in answer or "12 cases" in answer or "/cases/?n" in answer for answer in answers)
    assert "The details are hidden from you while you grade answers" in answers[0]
    assert "zebra" in as_user(cast.ola).get(address(job)).text


def test_the_api_tells_the_same(cast: Cast) -> None:
    job, caller = ask(cast.ada, department=cast.department, key="k"), Caller(cast.ada)
    run_halfway(job)
    told = caller.get(f"jobs/{job.uuid}/").json()
    assert told == {
        "uuid": str(job.uuid), "kind": "import", "kind_label": "Import of cases", "state": "running",
        "department": "ED", "asked_by": "ada@example.org", "file_name": "", "attempts": 1, "cancel_requested": False,
        "progress_done": 4, "progress_total": 10, "progress_label": "Checking", "result": {}, "error": "",
        "created_at": told["created_at"], "ended_at": None,
    }  # fmt: skip
    assert caller.get("jobs/").json()["results"] == [told]
    Job.objects.update(state=JobState.READY, lease_until=None)
    run_due_jobs()
    told = caller.get(f"jobs/{job.uuid}/").json()
    assert (told["state"], told["result"]) == ("successful", {"cases": 12})
    assert told["ended_at"]


def test_a_job_without_a_department_in_the_api(cast: Cast) -> None:
    job = ask(cast.ada)
    assert Caller(cast.ada).get(f"jobs/{job.uuid}/").json()["department"] is None


def test_cancelling_by_the_api(cast: Cast) -> None:
    job, caller = ask(cast.ada), Caller(cast.ada)
    answer = caller.post(f"jobs/{job.uuid}/cancel/")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    answer = caller.post(f"jobs/{job.uuid}/cancel/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_the_api_is_as_closed_as_the_pages(cast: Cast) -> None:
    job = ask(cast.ada)
    for caller, status in ((Caller(cast.lou), 404), (Caller(None), 401)):
        assert caller.get(f"jobs/{job.uuid}/").status_code == status
        assert caller.post(f"jobs/{job.uuid}/cancel/").status_code == status
    assert Caller(cast.lou).get("jobs/").json()["results"] == []
    assert len(Caller(cast.ola).get("jobs/").json()["results"]) == 1


def test_a_kind_that_is_gone_is_shown_by_its_name(cast: Cast, as_user: SignIn) -> None:
    job = ask(cast.ada)
    Job.objects.update(kind="gone:kind", state=JobState.SUCCESSFUL, ended_at=timezone.now())
    text = as_user(cast.ada).get(address(job)).text
    assert "gone:kind" in text and "It is done." in text
    assert "gone:kind" in as_user(cast.ada).get(JOBS).text
