"""Asking for synchronisations: jobs that end, wait for their turn or say what is wrong, and acts that leave a trace."""

import importlib
import inspect
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.utils import timezone

from annotations.labelstudio.errors import Unauthorised, Unreachable
from annotations.models import GradingSession, LabelStudioConnection, ProjectState
from annotations.services.label_studio import sync as sync_module
from annotations.services.label_studio.closing import archive_projects, enqueue_archive, pull_last
from annotations.services.label_studio.holding import Holder, take_hold
from annotations.services.label_studio.quarantine import recheck
from annotations.services.label_studio.requests import hint_pull, recheck_set_aside, request_sync, send_again
from annotations.services.label_studio.sync import Means, sync_session
from annotations.services.members import remove_grader
from annotations.services.sessions import close_session, end_grading, reopen_session
from builder.common.errors import BadInput, NotAllowed, NotReady
from builder.jobs.worker import run_due_jobs
from builder.models import AuditEvent, JobState
from builder.services.audit import verify_chain
from tests.annotations.label_studio.conftest import Sync
from tests.annotations.label_studio.fake import FakeLabelStudio
from tests.annotations.label_studio.rows import everything, make_there, project_of, verdicts
from tests.annotations.rows import make_session
from tests.cast import Cast

pytestmark = pytest.mark.django_db
MODULES = ("closing", "quarantine", "requests", "sync")


@pytest.fixture
def everywhere(there: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch) -> FakeLabelStudio:
    """Return the server that jobs and commands reach, too."""
    monkeypatch.setattr(
        sync_module.Means, "__init__", _reaching(sync_module.Means.__init__, lambda _connection: there)
    )
    return there


def _reaching(make: Callable[..., None], gateway: Any) -> Callable[..., None]:
    def init(self: Means, *args: Any, **given: Any) -> None:
        make(self, *args, **{**given, "gateway": gateway})

    return init


def test_a_job_sends_and_pulls_and_says_what_it_did(cast: Cast, everywhere: FakeLabelStudio) -> None:
    session = make_there(cast)
    job = request_sync(session=session, act="sync", by=cast.lou, key="one")
    assert request_sync(session=session, act="sync", by=cast.lou, key="one") == job
    run_due_jobs()
    job.refresh_from_db()
    assert (job.state, job.result["sent"], job.progress_label) == (JobState.SUCCESSFUL, 4, "Tasks sent")
    there = everywhere
    there.annotate(min(there.tasks), verdicts("+o?"))
    for act in ("pull", "reconcile", "recheck"):
        job = request_sync(session=session, act=act, by=cast.lou)
        run_due_jobs()
        job.refresh_from_db()
        assert job.state == JobState.SUCCESSFUL, job.error
    assert len(everything(session)) == 3


def test_a_server_that_is_away_is_asked_again_and_a_wrong_token_is_not(
    cast: Cast, everywhere: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(error: Exception) -> None:
        def raising(*_args: object) -> Any:
            raise error

        monkeypatch.setattr(everywhere, "create_project", raising)

    session = make_there(cast)
    monkeypatch.setattr(
        sync_module.Patience, "wait", lambda _self, _tries, error: (_ for _ in ()).throw(error)
    )
    fail(Unreachable())
    job = request_sync(session=session, act="sync", by=cast.lou)
    run_due_jobs()
    job.refresh_from_db()
    assert job.state == JobState.READY and "can't be reached" in job.error
    fail(Unauthorised())
    job = request_sync(session=session, act="sync", by=cast.lou)
    run_due_jobs()
    job.refresh_from_db()
    assert job.state == JobState.FAILED and "doesn't accept the access token" in job.error
    assert "doesn't accept" in project_of(session, cast.gia).log.first().text


def test_a_project_that_is_held_makes_a_job_wait(cast: Cast, everywhere: FakeLabelStudio, sync: Sync) -> None:
    session = make_there(cast)
    sync(session)
    take_hold(project_of(session, cast.gia), Holder("command:other"))
    for act in ("pull", "recheck"):
        job = request_sync(session=session, act=act, by=cast.lou)
        run_due_jobs()
        job.refresh_from_db()
        assert job.state == (JobState.READY if act == "pull" else job.state)
        assert job.state != JobState.FAILED


def test_hints_ask_for_one_pull_at_a_time(cast: Cast, everywhere: FakeLabelStudio, sync: Sync) -> None:
    session = make_there(cast)
    sync(session)
    project = project_of(session, cast.gia)
    first = hint_pull(project)
    assert first is not None and first.created_by == cast.lou
    assert [hint_pull(project) for _time in range(100)] == [None] * 100
    everywhere.annotate(min(everywhere.tasks), verdicts("+o?"))
    run_due_jobs()
    assert len(everything(session)) == 3
    assert hint_pull(project) is not None
    close_session(session=session, reason="Done.", by=cast.lou, without_last_pull=True)
    assert hint_pull(project_of(session, cast.gia)) is None


def test_what_cannot_be_asked_for_is_said(cast: Cast, there: FakeLabelStudio) -> None:
    session = make_there(cast)
    with pytest.raises(BadInput):
        request_sync(session=session, act="everything", by=cast.lou)
    with pytest.raises(NotAllowed):
        request_sync(session=session, act="sync", by=cast.gia)
    with pytest.raises(NotReady, match="Nobody grades this session in Label Studio"):
        request_sync(session=make_session(cast), act="sync", by=cast.lou)
    LabelStudioConnection.objects.update(token="")
    with pytest.raises(NotReady, match="no Label Studio yet"):
        request_sync(session=session, act="sync", by=cast.lou)


def test_a_closed_session_is_put_away_and_nothing_in_it_is_deleted(
    cast: Cast, everywhere: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast)
    sync(session)
    with pytest.raises(NotReady):
        archive_projects(session=session, by=cast.lou)
    end_grading(session=session, by=cast.lou)
    session.refresh_from_db()
    sync(session, ["pull"])
    close_session(session=session, reason="Done.", by=cast.lou)
    run_due_jobs()
    project = project_of(session, cast.gia)
    assert project.state == ProjectState.ARCHIVED
    assert everywhere.projects[project.remote_id].is_archived and len(everywhere.tasks) == 4


def test_a_session_that_was_never_pulled_is_closed_only_when_its_lead_says_so(
    cast: Cast, everywhere: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast)
    sync(session, ["push"])
    with pytest.raises(NotReady, match="close without the last pull"):
        close_session(session=session, reason="Done.", by=cast.lou)
    close_session(session=session, reason="Done.", by=cast.lou, without_last_pull=True)
    session.refresh_from_db()
    assert session.state == "closed"


def test_however_fresh_no_pull_is_the_last_one_while_people_grade(
    cast: Cast, everywhere: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast)
    sync(session)
    with pytest.raises(NotReady, match="End grading first"):
        close_session(session=session, reason="Done.", by=cast.lou)


def test_what_was_written_after_the_end_counts_once_grading_goes_on(
    cast: Cast, everywhere: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast)
    sync(session)
    end_grading(session=session, by=cast.lou)
    everywhere.now = timezone.now()
    everywhere.annotate(min(everywhere.tasks), verdicts("+o?"))
    session.refresh_from_db()
    assert sync(session, ["pull"]).quarantined == 1
    assert everything(session) == []
    reopen_session(session=session, reason="Ended too early.", by=cast.lou)
    run_due_jobs()
    assert [verdict for *_, verdict, _note in everything(session)] == ["met", "not_met", "cannot_judge"]


def test_a_session_is_reopened_though_its_connection_was_taken_away(
    cast: Cast, everywhere: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast)
    sync(session)
    end_grading(session=session, by=cast.lou)
    everywhere.now = timezone.now()
    everywhere.annotate(min(everywhere.tasks), verdicts("+o?"))
    session.refresh_from_db()
    sync(session, ["pull"])
    LabelStudioConnection.objects.update(token="")
    assert reopen_session(session=session, reason="Ended too early.", by=cast.lou).state == "open"


def test_the_closing_command_ends_grading_then_pulls_then_closes(
    cast: Cast, everywhere: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast)
    sync(session)
    everywhere.annotate(min(everywhere.tasks), verdicts("+o?"))
    out = StringIO()
    call_command("close_session", str(session.pk), "--reason", "Done.", "--by", "lou@example.org", stdout=out)
    assert "The grades of 1 more answers came from Label Studio." in out.getvalue()
    session.refresh_from_db()
    assert session.state == "closed"
    assert session.ended_at is not None


def test_the_command_says_what_it_did_and_what_to_look_at(cast: Cast, everywhere: FakeLabelStudio) -> None:
    session = make_there(cast)

    def run(*options: str) -> str:
        out = StringIO()
        call_command(
            "sync_session", str(session.pk), "--by", "lou@example.org", *options, stdout=out, stderr=out
        )
        return out.getvalue()

    assert "1 projects, 4 tasks sent" in run()
    everywhere.annotate(min(everywhere.tasks), verdicts("+o?"))
    assert "grades of 1 answers came" in run("--pull")
    everywhere.delete_task(max(everywhere.tasks))
    assert "1 tasks" in run("--reconcile")
    with pytest.raises(CommandError, match="at least 10 seconds"):
        run("--watch", "1")
    everywhere.annotate(sorted(everywhere.tasks)[1], verdicts("ooo"))
    end_grading(session=session, by=cast.lou)
    out = StringIO()
    call_command("close_session", str(session.pk), "--reason", "Done.", "--by", "lou@example.org", stdout=out)
    assert "The grades of 1 more answers came from Label Studio." in out.getvalue()
    assert "nothing more to do" in run("--watch", "60")


@pytest.mark.parametrize("command", ["sync_session", "sync_reviews", "close_session"])
def test_every_argument_of_a_command_is_explained(command: str) -> None:
    parser = load_command_class("annotations", command).create_parser("manage.py", command)
    unexplained = [action.dest for action in parser._actions if not action.help]
    assert unexplained == []


def test_the_command_says_what_was_handed_on(cast: Cast, everywhere: FakeLabelStudio) -> None:
    session = make_there(cast, [cast.gia, cast.gus], overlap=1)
    out = StringIO()
    given = ("sync_session", str(session.pk), "--by", "lou@example.org")
    call_command(*given, stdout=out)
    assert "given to other graders" not in out.getvalue()
    rater = project_of(session, cast.gia).session_rater.rater
    remove_grader(session=session, rater=rater, reason="Left.", by=cast.lou)
    call_command(*given, stdout=out)
    assert "Answers that somebody had left, given to other graders there: 2." in out.getvalue()


Scene = Callable[[Cast, GradingSession, Means], Any]


def _ended(cast: Cast, session: GradingSession, means: Means) -> GradingSession:
    sync_session(session=session, by=cast.lou, means=means)
    close_session(session=session, reason="Done.", by=cast.lou, without_last_pull=True)
    return session


SCENES: dict[str, tuple[Scene, str]] = {
    "sync_session": (lambda c, s, m: sync_session(session=s, by=c.lou, means=m), "label-studio:sync"),
    "request_sync": (lambda c, s, m: request_sync(session=s, act="pull", by=c.lou), "job:enqueue"),
    "recheck_set_aside": (lambda c, s, m: recheck_set_aside(_aside(c, s, m), by=c.lou), "job:enqueue"),
    "recheck": (lambda c, s, m: recheck(session=s, by=c.lou, means=m), "label-studio:recheck"),
    "send_again": (lambda c, s, m: send_again(project=project_of(_synced(c, s, m), c.gia), by=c.lou),
                   "label-studio:send-again"),
    "pull_last": (lambda c, s, m: pull_last(session=_graded(c, s, m), by=c.lou, means=m), "label-studio:sync"),
    "enqueue_archive": (lambda c, s, m: enqueue_archive(_synced(c, s, m), by=c.lou), "job:enqueue"),
    "archive_projects": (lambda c, s, m: archive_projects(session=_ended(c, s, m), by=c.lou, means=m),
                         "label-studio:archive"),
}  # fmt: skip


def _graded(cast: Cast, session: GradingSession, means: Means) -> GradingSession:
    sync_session(session=session, by=cast.lou, steps=["push"], means=means)
    there = means.gateway(cast.department.label_studio)
    there.annotate(min(there.tasks), verdicts("+o?"))
    return session


def _aside(cast: Cast, session: GradingSession, means: Means) -> GradingSession:
    sync_session(session=session, by=cast.lou, steps=["push"], means=means)
    there = means.gateway(cast.department.label_studio)
    there.annotate(min(there.tasks), verdicts("+o."))
    sync_session(session=session, by=cast.lou, steps=["pull"], means=means)
    return session


def _synced(cast: Cast, session: GradingSession, means: Means) -> GradingSession:
    sync_session(session=session, by=cast.lou, means=means)
    return session


def acting_services() -> set[str]:
    """Return the services of the sync that act in somebody's name."""
    found = set()
    for module in (importlib.import_module(f"annotations.services.label_studio.{name}") for name in MODULES):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            is_own = function.__module__ == module.__name__ and not name.startswith("_")
            if is_own and "by" in inspect.signature(function).parameters:
                found.add(name)
    return found


def test_every_service_has_its_scene() -> None:
    assert acting_services() == SCENES.keys()


@pytest.mark.parametrize("service", sorted(SCENES))
def test_the_act_is_recorded(cast: Cast, there: FakeLabelStudio, with_it: Means, service: str) -> None:
    act, verb = SCENES[service]
    session = make_there(cast)
    before = AuditEvent.objects.count()
    act(cast, session, with_it)
    told = AuditEvent.objects.filter(sequence__gt=before)
    assert verb in told.values_list("verb", flat=True)
    assert set(told.values_list("actor", flat=True)) == {cast.lou.pk}
    assert verify_chain() is None
