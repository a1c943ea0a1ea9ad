"""What every driver of jobs must do: asking, doing, failing, trying again, ending."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from builder.common.errors import BadInput, NotFound, NotReady
from builder.jobs import JobContext, TryLater, drivers, files, holds, pulses, register_job, worker
from builder.models import AuditEvent, Job, JobState, User
from builder.services.jobs import cancel_job, enqueue_job
from tests.cast import Cast

Function = Callable[[JobContext], Any]


@pytest.fixture(params=[drivers.EmbeddedDriver], ids=["embedded"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[drivers.Driver]:
    """Every driver there is."""
    chosen = request.param()
    monkeypatch.setattr(drivers, "driver", chosen)
    yield chosen


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at every step whether the job must end, instead of twice a second."""
    monkeypatch.setattr(pulses, "INTERVAL", 0.0)


def ask(function: Function, by: User, **given: Any) -> Job:
    """Ask for a job that does this."""
    register_job("task", gettext_lazy("Task"), function, max_attempts=given.pop("max_attempts", 5))
    return enqueue_job(kind="task", arguments=given.pop("arguments", {}), by=by, **given)


def now_due(job: Job) -> None:
    """Let the time pass until the job's next attempt."""
    Job.objects.filter(pk=job.pk).update(run_after=timezone.now())


def take(job: Job, *, expired: bool) -> Job:
    """Let another worker take the job and die."""
    taken = holds.take("another", job.pk)
    assert taken is not None
    if expired:
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    return taken


def never(_context: JobContext) -> dict[str, Any]:
    """Fail the test if it runs."""
    raise AssertionError("this job must not run")


# Asking.


def test_a_job_is_done_with_its_arguments_in_the_asker_s_name(driver: drivers.Driver, cast: Cast) -> None:
    seen: list[JobContext] = []

    def function(context: JobContext) -> dict[str, Any]:
        seen.append(context)
        return {"doubled": context.arguments["number"] * 2}

    job = ask(function, cast.ada, arguments={"number": 21}, department=cast.department)
    assert (job.state, job.attempts) == (JobState.READY, 0)
    assert driver.drain() == 1
    job.refresh_from_db()
    assert (job.state, job.result, job.error, job.attempts) == (JobState.SUCCESSFUL, {"doubled": 42}, "", 1)
    assert job.lease_until is None and job.ended_at is not None
    (context,) = seen
    assert (context.by, context.department, context.path, context.attempt) == (
        cast.ada,
        cast.department,
        None,
        1,
    )
    assert driver.drain() == 0


def test_the_same_key_returns_the_first_job(driver: drivers.Driver, cast: Cast) -> None:
    first = ask(lambda _c: {"n": 1}, cast.ada, key="request-7")
    assert ask(never, cast.ada, key="request-7") == first
    ask(lambda _c: {"n": 1}, cast.ada)
    assert driver.drain() == 2
    again = ask(never, cast.ada, key="request-7", file=SimpleUploadedFile("a.txt", b"unused"))
    assert (again, again.state, again.file_name) == (first, JobState.SUCCESSFUL, "")
    assert AuditEvent.objects.filter(verb="job:enqueue").count() == 2


def test_kinds_share_no_keys_and_keys_may_be_long(driver: drivers.Driver, cast: Cast) -> None:
    register_job("other", "Other", lambda _c: {})
    first = ask(lambda _c: {}, cast.ada, key="k" * 500)
    other = enqueue_job(kind="other", arguments={}, by=cast.ada, key="k" * 500)
    assert first != other
    assert enqueue_job(kind="other", arguments={}, by=cast.ada, key="k" * 500) == other


def test_the_database_refuses_a_second_row_of_a_key(cast: Cast) -> None:
    job = ask(never, cast.ada, key="once")
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(
            kind="task", created_by=cast.ada, run_after=timezone.now(), idempotency_key=job.idempotency_key
        )


def test_an_unknown_kind_is_refused(cast: Cast) -> None:
    with pytest.raises(LookupError, match="nonesuch"):
        enqueue_job(kind="nonesuch", arguments={}, by=cast.ada)


def test_a_rolled_back_request_leaves_no_job(driver: drivers.Driver, cast: Cast) -> None:
    upload = SimpleUploadedFile("a.txt", b"text")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        job = ask(never, cast.ada, file=upload)
        raise ZeroDivisionError
    assert driver.drain() == 0
    assert not Job.objects.exists()
    assert not AuditEvent.objects.filter(verb="job:enqueue").exists()
    later = timezone.now() + timedelta(hours=2)
    assert files.sweep(later) >= 1
    assert files.path_of(job) and not files.path_of(job).exists()


def test_a_driver_is_told_when_the_row_is_committed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[Job] = []

    class Telling(drivers.EmbeddedDriver):
        def announce(self, job: Job) -> None:
            told.append(job)

    monkeypatch.setattr(drivers, "driver", Telling())
    with django_capture_on_commit_callbacks(execute=True):
        job = ask(never, cast.ada)
        assert not told
    assert told == [job]


def test_jobs_are_done_in_the_order_they_came(driver: drivers.Driver, cast: Cast) -> None:
    seen: list[int] = []

    def function(context: JobContext) -> dict[str, Any]:
        seen.append(context.arguments["place"])
        return {}

    for place in range(4):
        ask(function, cast.ada, arguments={"place": place})
    assert driver.drain() == 4
    assert seen == [0, 1, 2, 3]


def test_a_job_of_a_later_time_waits(driver: drivers.Driver, cast: Cast) -> None:
    job = ask(lambda _c: {}, cast.ada)
    Job.objects.filter(pk=job.pk).update(run_after=timezone.now() + timedelta(minutes=1))
    assert driver.drain() == 0
    now_due(job)
    assert driver.drain() == 1


def test_a_kind_this_worker_does_not_know_is_left_for_another(driver: drivers.Driver, cast: Cast) -> None:
    job = ask(never, cast.ada)
    Job.objects.filter(pk=job.pk).update(kind="of-a-newer-version")
    assert driver.drain() == 0
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.READY, 0)


# Failing and trying again.


def test_a_domain_error_ends_the_job_with_its_sentence(driver: drivers.Driver, cast: Cast) -> None:
    def function(_context: JobContext) -> dict[str, Any]:
        raise BadInput("Line 3 has no prompt.\0")

    job = ask(function, cast.ada)
    assert driver.drain() == 1
    job.refresh_from_db()
    assert (job.state, job.error, job.attempts) == (JobState.FAILED, "Line 3 has no prompt.\ufffd", 1)
    now_due(job)
    assert driver.drain() == 0


def test_any_other_error_is_tried_again_later_each_time(
    driver: drivers.Driver, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    def function(_context: JobContext) -> dict[str, Any]:
        raise KeyError("secret of the inside")

    job = ask(function, cast.ada, max_attempts=3)
    waits = []
    for attempt in (1, 2):
        before = timezone.now()
        assert driver.drain() == 1
        job.refresh_from_db()
        assert (job.state, job.attempts, job.error) == (JobState.READY, attempt, "")
        assert job.waits_for_another_attempt
        waits.append((job.run_after - before).total_seconds())
        now_due(job)
    assert waits == pytest.approx([5, 10], abs=1.5)
    assert driver.drain() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.FAILED, 3)
    assert str(job.uuid) in job.error and "secret" not in job.error
    assert caplog.text.count("Traceback") == 3 and "secret of the inside" in caplog.text
    assert driver.drain() == 0


def test_the_wait_has_a_longest() -> None:
    # 5·2⁰ … 5·2⁵ = 160 s; the next would be 320 s, more than the longest of 300 s.
    waits = [holds.delay_after(attempt).total_seconds() for attempt in (1, 2, 3, 6, 7, 60_000)]
    assert waits == [5, 10, 20, 160, 300, 300]


def test_try_later_shows_its_sentence_and_is_tried_again(driver: drivers.Driver, cast: Cast) -> None:
    def function(context: JobContext) -> dict[str, Any]:
        if context.attempt < 3:
            raise TryLater("The other system does not answer.")
        return {"attempt": context.attempt}

    job = ask(function, cast.ada)
    for attempt in (1, 2):
        assert driver.drain() == 1
        job.refresh_from_db()
        assert (job.state, job.attempts) == (JobState.READY, attempt)
        assert job.error == "The other system does not answer."
        now_due(job)
    driver.drain()
    job.refresh_from_db()
    assert (job.state, job.result, job.error) == (JobState.SUCCESSFUL, {"attempt": 3}, "")


def test_the_last_try_later_is_the_reason(driver: drivers.Driver, cast: Cast) -> None:
    def function(_context: JobContext) -> dict[str, Any]:
        raise TryLater("The other system does not answer.")

    job = ask(function, cast.ada, max_attempts=1)
    driver.drain()
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "The other system does not answer.")


@pytest.mark.parametrize(
    "result",
    [{"when": object()}, {"number": float("nan")}, ["a list"], None],
    ids=["an object", "not a number", "a list", "nothing"],
)
def test_a_result_that_json_cannot_carry_is_a_failure(
    driver: drivers.Driver, cast: Cast, result: Any
) -> None:
    job = ask(lambda _c: result, cast.ada, max_attempts=1)
    driver.drain()
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.FAILED, {})


def test_a_result_may_hold_any_text(driver: drivers.Driver, cast: Cast) -> None:
    job = ask(lambda _c: {"text": ["환자\0", "\ud800", "\\u0000", 1.5, None]}, cast.ada)
    driver.drain()
    job.refresh_from_db()
    assert job.result == {"text": ["환자\ufffd", "?", "\\u0000", 1.5, None]}


def test_one_failure_keeps_no_other_job_back(driver: drivers.Driver, cast: Cast) -> None:
    def broken(_context: JobContext) -> dict[str, Any]:
        raise RuntimeError

    ask(broken, cast.ada)
    register_job("fine", "Fine", lambda _c: {"fine": True})
    fine = enqueue_job(kind="fine", arguments={}, by=cast.ada)
    assert driver.drain() == 2
    fine.refresh_from_db()
    assert fine.state == JobState.SUCCESSFUL


def test_sentences_are_in_the_asker_s_language(driver: drivers.Driver, cast: Cast) -> None:
    from django.utils.translation import get_language

    cast.ada.language = "ko"
    cast.ada.save(update_fields=["language"])
    job = ask(lambda _c: {"language": get_language()}, cast.ada)
    driver.drain()
    job.refresh_from_db()
    assert job.result == {"language": "ko"}


# Progress and ending.


def test_progress_is_a_watch(driver: drivers.Driver, cast: Cast, eager: None) -> None:
    shown: list[tuple[int, int | None, str]] = []

    def function(context: JobContext) -> dict[str, Any]:
        for _row in context.progress(["a", "b", "c"], "Checking"):
            row = Job.objects.get(uuid=context.job_id)
            shown.append((row.progress_done, row.progress_total, row.progress_label))
        rows = list(context.progress(iter("de"), "Writing\0" + "g" * 200))
        return {"rows": rows}

    job = ask(function, cast.ada)
    driver.drain()
    job.refresh_from_db()
    assert shown == [(0, 3, "Checking"), (1, 3, "Checking"), (2, 3, "Checking")]
    assert job.result == {"rows": ["d", "e"]}
    assert (job.progress_done, job.progress_total) == (2, None)
    assert job.progress_label == "Writing\ufffd" + "g" * 92


def test_progress_costs_two_writes_a_second_at_most(cast: Cast, django_assert_max_num_queries: Any) -> None:
    job = ask(lambda context: {"n": sum(1 for _row in context.progress(range(20_000), "Rows"))}, cast.ada)
    began = time.monotonic()
    with django_assert_max_num_queries(1000) as captured:
        worker.run_due_jobs()
    writes = sum("progress_done" in each["sql"] and "UPDATE" in each["sql"] for each in captured)
    # One at once, two a second after that, and the last one with the result.
    assert 2 <= writes <= 2 + 2 * (time.monotonic() - began) + 1
    job.refresh_from_db()
    assert (job.result, job.progress_done) == ({"n": 20_000}, 20_000)


def test_told_progress_without_rows(driver: drivers.Driver, cast: Cast) -> None:
    def function(context: JobContext) -> dict[str, Any]:
        context.tell(40, 100, "Batches")
        return {}

    job = ask(function, cast.ada)
    driver.drain()
    job.refresh_from_db()
    assert (job.progress_done, job.progress_total, job.progress_label) == (40, 100, "Batches")


def test_a_waiting_job_is_cancelled_at_once(
    driver: drivers.Driver, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    job = ask(never, cast.ada, file=SimpleUploadedFile("a.txt", b"text"))
    with django_capture_on_commit_callbacks(execute=True):
        cancel_job(job=job, by=cast.ada)
    assert driver.drain() == 0
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED and job.ended_at is not None
    assert not files.path_of(job).exists()


def test_a_running_job_is_cancelled_at_its_next_step(driver: drivers.Driver, cast: Cast, eager: None) -> None:
    seen: list[int] = []

    def function(context: JobContext) -> dict[str, Any]:
        try:
            for row in context.progress(range(100), "Rows"):
                seen.append(row)
                if row == 1:
                    running = cancel_job(job=Job.objects.get(uuid=context.job_id), by=cast.ada)
                    assert (running.state, running.cancel_requested) == (JobState.RUNNING, True)
        except Exception:
            pytest.fail("a service that catches every failure must not catch this")
        return {}

    job = ask(function, cast.ada)
    driver.drain()
    job.refresh_from_db()
    assert (job.state, seen) == (JobState.CANCELLED, [0, 1])
    assert driver.drain() == 0


def test_what_was_done_before_the_cancellation_was_seen_counts(driver: drivers.Driver, cast: Cast) -> None:
    def function(context: JobContext) -> dict[str, Any]:
        cancel_job(job=Job.objects.get(uuid=context.job_id), by=cast.ada)
        return {"done": True}

    job = ask(function, cast.ada)
    driver.drain()
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.SUCCESSFUL, {"done": True})


def test_a_cancelled_job_that_fails_is_not_tried_again(driver: drivers.Driver, cast: Cast) -> None:
    def function(context: JobContext) -> dict[str, Any]:
        cancel_job(job=Job.objects.get(uuid=context.job_id), by=cast.ada)
        raise RuntimeError

    job = ask(function, cast.ada)
    driver.drain()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_cancelling_is_the_asker_s_and_the_administrator_s(cast: Cast) -> None:
    job = ask(never, cast.ada)
    with pytest.raises(NotFound):
        cancel_job(job=job, by=cast.lou)
    assert cancel_job(job=job, by=cast.ola).state == JobState.CANCELLED
    with pytest.raises(NotReady, match="ended already"):
        cancel_job(job=job, by=cast.ada)


def test_cancelling_twice_is_recorded_once(cast: Cast) -> None:
    job = ask(never, cast.ada)
    take(job, expired=False)
    for _time in range(2):
        assert cancel_job(job=job, by=cast.ada).state == JobState.RUNNING
    assert AuditEvent.objects.filter(verb="job:cancel").count() == 1


# Leases.


def test_a_job_somebody_holds_is_not_taken(driver: drivers.Driver, cast: Cast) -> None:
    job = ask(never, cast.ada)
    take(job, expired=False)
    assert driver.drain() == 0
    assert not worker.run_job(job.pk)


def test_an_expired_lease_is_taken_over(driver: drivers.Driver, cast: Cast) -> None:
    job = ask(lambda context: {"attempt": context.attempt}, cast.ada)
    take(job, expired=True)
    assert driver.drain() == 1
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.SUCCESSFUL, {"attempt": 2})


def test_whoever_lost_the_lease_writes_nothing(driver: drivers.Driver, cast: Cast, eager: None) -> None:
    """A worker that slept too long wakes, learns it at its next step, and leaves the other one's work alone."""
    rows: list[int] = []

    def function(context: JobContext) -> dict[str, Any]:
        for row in context.progress(range(5), "Rows"):
            rows.append(row)
            if context.attempt == 1 and row == 1:
                Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
                assert holds.take("the other", job.pk) is not None
        return {"attempt": context.attempt}

    job = ask(function, cast.ada, file=SimpleUploadedFile("a.txt", b"text"))
    assert driver.drain() == 1
    assert rows == [0, 1]
    job.refresh_from_db()
    assert (job.state, job.worker, job.attempts, job.result) == (JobState.RUNNING, "the other", 2, {})
    assert files.path_of(job).exists()


def test_a_late_result_of_a_lost_lease_is_dropped(driver: drivers.Driver, cast: Cast) -> None:
    def function(_context: JobContext) -> dict[str, Any]:
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert holds.take("the other", job.pk) is not None
        return {"by": "the late one"}

    job = ask(function, cast.ada)
    driver.drain()
    job.refresh_from_db()
    assert (job.state, job.worker, job.result) == (JobState.RUNNING, "the other", {})


def test_a_job_that_kills_every_worker_fails_in_the_end(driver: drivers.Driver, cast: Cast) -> None:
    job = ask(never, cast.ada, max_attempts=2)
    for _attempt in range(2):
        take(job, expired=True)
    driver.drain()
    job.refresh_from_db()
    assert job.state == JobState.FAILED and str(job.uuid) in job.error


def test_a_job_cancelled_while_its_worker_died_ends_cancelled(driver: drivers.Driver, cast: Cast) -> None:
    job = ask(never, cast.ada)
    take(job, expired=True)
    cancel_job(job=job, by=cast.ada)
    driver.drain()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_a_worker_told_to_stop_gives_its_job_back(cast: Cast, eager: None) -> None:
    stopping, seen = threading.Event(), []

    def function(context: JobContext) -> dict[str, Any]:
        for row in context.progress(range(5), "Rows"):
            seen.append(row)
            if row == 2:
                stopping.set()
        return {"attempt": context.attempt}

    job = ask(function, cast.ada)
    assert worker.run_due_jobs(stopping=stopping) == 1
    job.refresh_from_db()
    assert (job.state, job.attempts, seen) == (JobState.READY, 0, [0, 1, 2])
    worker.run_due_jobs()
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.SUCCESSFUL, {"attempt": 1})


def test_a_running_job_must_have_a_lease(cast: Cast) -> None:
    job = ask(never, cast.ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)


# Files.


def test_the_file_is_there_for_the_job_and_gone_after_success(driver: drivers.Driver, cast: Cast) -> None:
    def function(context: JobContext) -> dict[str, Any]:
        mode = context.file.stat().st_mode & 0o777, context.file.parent.stat().st_mode & 0o777
        return {
            "name": context.file.name,
            "text": context.file.read_text(encoding="utf-8"),
            "mode": list(mode),
        }

    upload = SimpleUploadedFile("../문서/환자 답변.jsonl", "환자".encode())
    job = ask(function, cast.ada, file=upload)
    kept = files.path_of(job)
    assert kept.read_text(encoding="utf-8") == "환자"
    assert kept.parent.name == str(job.uuid)
    driver.drain()
    job.refresh_from_db()
    assert job.result == {"name": "환자_답변.jsonl", "text": "환자", "mode": [0o600, 0o700]}
    assert not kept.parent.exists()


def test_a_path_is_copied(driver: drivers.Driver, cast: Cast, tmp_path: Any) -> None:
    source = tmp_path / "log.json"
    source.write_bytes(b"x" * 3_000_000)
    job = ask(lambda context: {"size": context.file.stat().st_size}, cast.ada, file=source)
    source.unlink()
    driver.drain()
    job.refresh_from_db()
    assert job.result == {"size": 3_000_000}


def test_a_long_korean_name_fits_the_file_system(driver: drivers.Driver, cast: Cast) -> None:
    job = ask(
        lambda context: {"suffix": context.file.suffix},
        cast.ada,
        file=SimpleUploadedFile("환" * 90 + ".jsonl", b""),
    )
    driver.drain()
    job.refresh_from_db()
    assert job.result == {"suffix": ".jsonl"}


def test_the_file_stays_for_the_next_attempt_and_a_day_after_failure(
    driver: drivers.Driver, cast: Cast
) -> None:
    def function(_context: JobContext) -> dict[str, Any]:
        raise RuntimeError

    job = ask(function, cast.ada, max_attempts=2, file=SimpleUploadedFile("a.txt", b"text"))
    kept = files.path_of(job)
    driver.drain()
    files.sweep(timezone.now() + timedelta(days=30))
    assert kept.exists()
    now_due(job)
    driver.drain()
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    files.sweep(timezone.now() + timedelta(hours=23))
    assert kept.exists()
    files.sweep(timezone.now() + timedelta(hours=25))
    assert not kept.exists()


def test_the_sweep_takes_orphans_and_leaves_what_is_young_or_not_ours(cast: Cast) -> None:
    directory = files.files_directory()
    assert directory is not None
    orphan = directory / str(uuid.uuid4())
    orphan.mkdir(parents=True)
    (orphan / "a.txt").write_bytes(b"text")
    other = directory / "not-a-job"
    other.mkdir(exist_ok=True)
    job = ask(never, cast.ada, file=SimpleUploadedFile("a.txt", b"text"))
    files.sweep(timezone.now() + timedelta(minutes=30))
    assert orphan.exists()
    files.sweep(timezone.now() + timedelta(minutes=61))
    assert not orphan.exists()
    assert other.exists() and files.path_of(job).exists()


def test_a_file_that_is_elsewhere_is_told(driver: drivers.Driver, cast: Cast) -> None:
    job = ask(never, cast.ada, file=SimpleUploadedFile("a.txt", b"text"))
    files.remove(job.uuid)
    driver.drain()
    job.refresh_from_db()
    assert job.state == JobState.READY and "JOB_FILES_DIR" in job.error


def test_without_a_place_for_files_the_request_is_refused(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOB_FILES_DIR = ""
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": "clinwright"}
    monkeypatch.setitem(settings.DATABASES, "default", database)
    with pytest.raises(NotReady, match="JOB_FILES_DIR"):
        ask(never, cast.ada, file=SimpleUploadedFile("a.txt", b"text"))
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("engine", "name", "place"),
    [
        ("sqlite3", "/srv/clinwright/db.sqlite3", "/srv/clinwright/db.sqlite3-jobs"),
        ("sqlite3", ":memory:", None),
        ("postgresql", "clinwright", None),
    ],
)
def test_the_place_is_beside_the_sqlite_database(
    settings: Any, monkeypatch: pytest.MonkeyPatch, engine: str, name: str, place: str | None
) -> None:
    settings.JOB_FILES_DIR = ""
    database = {"ENGINE": f"django.db.backends.{engine}", "NAME": name}
    monkeypatch.setitem(settings.DATABASES, "default", database)
    found = files.files_directory()
    assert (None if found is None else found.as_posix()) == place
