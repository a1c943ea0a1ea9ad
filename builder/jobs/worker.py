"""Running jobs: one job, all that are due, or for as long as a process lives."""

import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils.translation import gettext as _
from django.utils.translation import override

from builder.common.errors import DomainError
from builder.jobs import files, holds
from builder.jobs.context import JobContext, JobInterrupted, TryLater
from builder.jobs.holds import Hold, storable, storable_json
from builder.jobs.kinds import JobKind, find_kind
from builder.jobs.pulses import Cancelled, InlinePulse, LeaseLost, RunningPulse, ThreadPulse
from builder.models import Job, JobState

logger = logging.getLogger(__name__)
POLL_SECONDS = 1.0
SWEEP_SECONDS = 600.0
# After a database that could not be reached.
PAUSE_SECONDS = 5.0
MakePulse = Callable[[Hold, threading.Event], RunningPulse]
NEVER = threading.Event()


def worker_name() -> str:
    """Return a name no other worker has: where it runs, and something random."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"


def run_due_jobs(
    *, stopping: threading.Event = NEVER, make_pulse: MakePulse = InlinePulse, worker: str | None = None
) -> int:
    """Run every job that is due now, one after the other, in this thread; return how many attempts that were.

    Tests call it without arguments after whatever enqueued a job. A job that failed and waits for its next attempt
    isn't due.
    """
    worker, count = worker or worker_name(), 0
    while not stopping.is_set() and (job := holds.take_next(worker)):
        _attempt(job, stopping, make_pulse)
        count += 1
    return count


def run_job(pk: int, *, worker: str | None = None, stopping: threading.Event = NEVER) -> bool:
    """Run this one job if it is due and nobody else has it; return whether it was run: what a queue's task calls."""
    job = holds.take(worker or worker_name(), pk)
    if job is not None:
        _attempt(job, stopping, ThreadPulse)
    return job is not None


def work_until(stopping: threading.Event) -> None:
    """Run jobs as they come until `stopping` is set; a running one then goes back at its next tick."""
    worker, swept_at = worker_name(), -SWEEP_SECONDS
    while not stopping.is_set():
        close_old_connections()
        try:
            if time.monotonic() - swept_at > SWEEP_SECONDS:
                files.sweep()
                swept_at = time.monotonic()
            run_due_jobs(stopping=stopping, make_pulse=ThreadPulse, worker=worker)
        except (DatabaseError, OSError):
            # Whatever job was under way is taken over when its lease ends.
            logger.exception("The worker could not go on; it tries again in %s seconds.", PAUSE_SECONDS)
            stopping.wait(PAUSE_SECONDS)
        stopping.wait(POLL_SECONDS)


def _attempt(job: Job, stopping: threading.Event, make_pulse: MakePulse) -> None:
    """Run a job that this worker holds, and write what became of it."""
    hold = Hold(job.pk, job.worker, job.attempts)
    kind = find_kind(job.kind)
    if kind is None:
        raise LookupError(f"No kind of job is called {job.kind}.")
    # What the function says and raises is read by the person who asked.
    with override(job.created_by.language):
        ended = _run(job, kind, hold, make_pulse(hold, stopping))
    if ended:
        files.remove(job.uuid)


def _run(job: Job, kind: JobKind, hold: Hold, pulse: RunningPulse) -> bool:
    """Call the function and store what came of it; return whether the job's file is needed no more."""
    try:
        with pulse:
            result = _checked(kind.function(_context(job, pulse)))
    except DomainError as error:
        hold.end(JobState.FAILED, error=storable(error.message))
        return False
    except JobInterrupted as interruption:
        return _interrupted(hold, interruption)
    except Exception as error:
        return _failed(job, kind, hold, error)
    return hold.end(JobState.SUCCESSFUL, result=result, **pulse.progress.columns())


def _interrupted(hold: Hold, interruption: JobInterrupted) -> bool:
    if isinstance(interruption, Cancelled):
        return hold.end(JobState.CANCELLED)
    if not isinstance(interruption, LeaseLost):
        hold.release()
    return False


def _failed(job: Job, kind: JobKind, hold: Hold, error: Exception) -> bool:
    """Put the job back for another attempt, or end it. The traceback is for the log, never for a page."""
    if not connection.in_atomic_block:
        # The error may have been the database's, and what became of the job must be written all the same.
        close_old_connections()
    logger.exception(
        "Job %s (%s), attempt %s of %s, failed.", job.uuid, job.kind, job.attempts, kind.max_attempts
    )
    said = storable(error.message) if isinstance(error, TryLater) else ""
    if hold.is_cancelled():
        return hold.end(JobState.CANCELLED)
    if job.attempts >= kind.max_attempts:
        hold.end(JobState.FAILED, error=said or holds.gave_up(job))
    else:
        hold.retry(error=said)
    return False


def _context(job: Job, pulse: RunningPulse) -> JobContext:
    path = files.path_of(job)
    if path is not None and not path.exists():
        raise TryLater(
            _(
                "The uploaded file has not reached the machine that does the work. Tell an administrator: web server "
                "and worker must share the directory JOB_FILES_DIR."
            )
        )
    return JobContext(job.uuid, job.arguments, job.created_by, job.department, path, job.attempts, pulse)


def _checked(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result as the database will give it back; raises TypeError or ValueError for what JSON can't carry."""
    if not isinstance(result, dict):
        raise TypeError(f"A job's function returns a dictionary, not {type(result).__name__}.")
    kept: dict[str, Any] = storable_json(json.loads(json.dumps(result, allow_nan=False)))
    return kept
