"""Workers as they really are: threads and processes with connections of their own, killed at any moment."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from builder.jobs import JobContext, files, holds, register_job, worker
from builder.models import Department, Job, JobState
from builder.services.jobs import cancel_job, enqueue_job
from tests.cast import Cast, make_cast
from tests.product_files import ROOT

SLOW = "slow"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def crowd(open_database: None, tmp_path: Path) -> Iterator[Cast]:
    """Everybody, in a database that other processes reach; a copy in a file stands in for one in memory."""
    if connection.vendor != "sqlite" or not connection.is_in_memory_db():
        yield make_cast()
        return
    connection.ensure_connection()
    memory, name = connection.connection, connection.settings_dict["NAME"]
    file = str(tmp_path / "jobs.sqlite3")
    memory.execute("VACUUM INTO ?", [file])
    connection.settings_dict["NAME"], connection.connection = file, None
    try:
        yield make_cast()
    finally:
        connection.close()
        connection.settings_dict["NAME"], connection.connection = name, memory


@pytest.fixture
def start(crowd: Cast) -> Iterator[Start]:
    """Return a function that starts `manage.py work` on the test's database; what is left at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start_worker(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work", *arguments], cwd=ROOT, env=environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(process)
        return process

    yield start_worker
    for process in started:
        process.kill()
        process.wait()


def environment() -> dict[str, str]:
    """Return the environment of a process that works on the test's database with the tests' kinds of job."""
    register_job(SLOW, "Slow work", lambda _context: {})
    place = connection.settings_dict
    url = f"sqlite:///{place['NAME']}"
    if connection.vendor == "postgresql":
        user = place["USER"] + (f":{place['PASSWORD']}" if place["PASSWORD"] else "")
        url = f"postgres://{user}@{place['HOST']}:{place['PORT']}/{place['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "tests.builder.jobs_settings",
        "TEST_JOB_FILES_DIR": str(files.files_directory()),
    }


def eventually(is_so: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until this is so; fail when it is not in time."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def made() -> int:
    """Return how many departments jobs have made."""
    return Department.objects.filter(code__startswith="J").count()


def state_of(job: Job) -> str:
    """Return where the job stands now."""
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


def ask_slowly(crowd: Cast, rows: int, pause: float, **given: Any) -> Job:
    """Ask for a job that takes `rows` × `pause` seconds."""
    environment()
    return enqueue_job(kind=SLOW, arguments={"rows": rows, "pause": pause}, by=crowd.ada, **given)


def in_threads(count: int, act: Callable[[], Any]) -> list[Any]:
    """Do this in so many threads that start together; return what each returned."""
    together = threading.Barrier(count)

    def do(_place: int) -> Any:
        together.wait(timeout=10)
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(do, range(count)))


def test_of_workers_racing_for_one_job_one_gets_it(crowd: Cast) -> None:
    for _round in range(5):
        job = ask_slowly(crowd, 1, 0)
        results = in_threads(4, lambda job=job: holds.take(worker.worker_name(), job.pk))
        assert sum(each is not None for each in results) == 1
        job.refresh_from_db()
        assert job.attempts == 1


def test_workers_share_the_jobs_and_do_none_twice(crowd: Cast) -> None:
    done: list[int] = []

    def count(context: JobContext) -> dict[str, Any]:
        done.append(context.arguments["n"])
        return {}

    register_job("count", "Count", count)
    for n in range(24):
        enqueue_job(kind="count", arguments={"n": n}, by=crowd.ada)
    counts = in_threads(3, worker.run_due_jobs)
    assert sum(counts) == 24
    assert sorted(done) == list(range(24))
    assert set(Job.objects.values_list("state", "attempts")) == {(JobState.SUCCESSFUL, 1)}


def test_of_requests_with_one_key_at_once_one_job_comes(crowd: Cast) -> None:
    environment()
    upload = b"text" * 1000
    jobs = in_threads(
        6,
        lambda: enqueue_job(
            kind=SLOW, arguments={}, by=crowd.ada, key="one", file=SimpleUploadedFile("a.txt", upload)
        ),
    )
    job = Job.objects.get()
    assert {each.pk for each in jobs} == {job.pk}
    assert files.path_of(job).read_bytes() == upload
    directories = [each.name for each in files.files_directory().iterdir() if (each / "a.txt").exists()]
    assert str(job.uuid) in directories
    assert not {str(each.uuid) for each in jobs} - {str(job.uuid)}


def test_progress_and_cancellation_pass_while_the_job_is_at_work(crowd: Cast) -> None:
    """The pulse has a connection of its own: it shows progress and learns of the cancellation between two beats."""
    shown: list[int] = []

    def function(context: JobContext) -> dict[str, Any]:
        for _row in context.progress(range(200), "Rows"):
            time.sleep(0.05)
            shown.append(Job.objects.values_list("progress_done", flat=True).get(uuid=context.job_id))
            if shown[-1] > 0:
                cancel_job(job=Job.objects.get(uuid=context.job_id), by=crowd.ada)
        return {}

    register_job("watched", "Watched", function)
    job = enqueue_job(kind="watched", arguments={}, by=crowd.ada)
    assert worker.run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert 0 < len(shown) < 200 and shown[-1] > 0


def test_a_long_transaction_does_not_cost_the_lease(crowd: Cast, settings: Any) -> None:
    settings.JOB_LEASE_SECONDS = 1

    def function(context: JobContext) -> dict[str, Any]:
        with transaction.atomic():
            Department.objects.create(code="J0", name="Held")
            for _row in context.progress(range(25), "Rows"):
                time.sleep(0.1)
        return {"attempt": context.attempt}

    register_job("long", "Long", function)
    job = enqueue_job(kind="long", arguments={}, by=crowd.ada)
    assert worker.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.SUCCESSFUL, {"attempt": 1})


def test_a_killed_worker_s_job_is_finished_by_another(crowd: Cast, start: Start) -> None:
    job = ask_slowly(crowd, 40, 0.05)
    first = start()
    eventually(lambda: made() >= 5)
    first.kill()
    first.wait()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.RUNNING, 1)
    before = made()
    assert 5 <= before < 40
    start()
    eventually(lambda: state_of(job) == JobState.SUCCESSFUL)
    job.refresh_from_db()
    assert made() == 40
    assert job.attempts == 2
    # Each row is there once; the one that was under way when the worker died may have been made by either.
    assert 40 - before - 1 <= job.result["made"] <= 40 - before
    assert job.result["attempt"] == 2


def test_a_terminated_worker_gives_its_job_back_at_once(crowd: Cast, start: Start) -> None:
    job = ask_slowly(crowd, 200, 0.05)
    process = start()
    eventually(lambda: made() >= 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_until) == (JobState.READY, 0, None)
    said = process.stdout.read()
    assert "Stopped." in said and "Traceback" not in said


def test_once_does_what_is_due_and_ends(crowd: Cast, start: Start) -> None:
    job = ask_slowly(crowd, 3, 0, file=SimpleUploadedFile("a.txt", b"text"))
    kept = files.path_of(job)
    process = start("--once")
    assert process.wait(timeout=30) == 0
    assert "Jobs run: 1." in process.stdout.read()
    assert (state_of(job), made(), kept.exists()) == (JobState.SUCCESSFUL, 3, False)


def test_several_jobs_at_the_same_time(crowd: Cast, start: Start) -> None:
    """Two jobs of one second each: done one after the other, the second would begin when the first has ended."""
    jobs = [ask_slowly(crowd, 20, 0.05, key=str(place)) for place in range(2)]
    start("--concurrency", "2")
    eventually(lambda: {state_of(job) for job in jobs} == {JobState.RUNNING})
    eventually(lambda: {state_of(job) for job in jobs} == {JobState.SUCCESSFUL})


def test_a_worker_ends_with_the_process_that_started_it(crowd: Cast, start: Start) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys, os, time\n"
         "child = subprocess.Popen([sys.executable, 'manage.py', 'work', '--parent', str(os.getpid())])\n"
         "print(child.pid, flush=True)\ntime.sleep(60)"],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    child = int(parent.stdout.readline())
    job = ask_slowly(crowd, 400, 0.05)
    try:
        eventually(lambda: made() >= 1)
        parent.kill()
        parent.wait()
        # Nobody is left to hold the pipe when both have ended.
        parent.stdout.read()
        eventually(lambda: state_of(job) == JobState.READY)
        eventually(lambda: not is_alive(child))
    finally:
        parent.kill()
        if is_alive(child):
            os.kill(child, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether the process runs: one that has ended and that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", ["0", "17", "-1"])
def test_concurrency_has_bounds(number: str, db: None) -> None:
    with pytest.raises(CommandError, match="from 1 to 16"):
        call_command("work", f"--concurrency={number}")


def test_serve_does_jobs_and_takes_its_worker_along(crowd: Cast) -> None:
    job = ask_slowly(crowd, 3, 0)
    server = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", "8731"], cwd=ROOT, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said = server.stdout.readline()
        while "Ready: " not in said:
            assert said, "the server did not start"
            said = server.stdout.readline()
        url = said.split("Ready: ")[1].split()[0]
        with urlopen(f"{url}accounts/login/", timeout=30) as answer:  # noqa: S310 -- our own server
            assert answer.status == 200
        eventually(lambda: state_of(job) == JobState.SUCCESSFUL)
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
        # The pipe ends when the last process that holds it has ended: the worker, too.
        assert "Traceback" not in server.stdout.read()
    finally:
        server.kill()
        server.wait()
