"""How a running job shows that it lives and how far it is, and learns that it must end."""

import logging
import threading
import time
from types import TracebackType
from typing import Protocol, Self

from django.db import Error as DatabaseError
from django.db import connection

from builder.jobs.context import JobInterrupted, Pulse
from builder.jobs.holds import Hold, Progress, lease

logger = logging.getLogger(__name__)
# Somebody watches a bar, and the job has better things to do: at most two writes a second.
INTERVAL = 0.5
# A missed renewal or two must not cost the job.
RENEWALS_PER_LEASE = 4


class Cancelled(JobInterrupted):
    """A person asked to end the job."""


class LeaseLost(JobInterrupted):
    """Another worker has the job now: this attempt must not write any more."""


class Stopping(JobInterrupted):
    """The worker is told to end; the job goes back to be done by the next one."""


class RunningPulse(Pulse, Protocol):
    """A pulse that beats while its block runs."""

    progress: Progress

    def __enter__(self) -> Self:
        """Begin to beat."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Beat no more."""
        ...


class InlinePulse:
    """Beats only when the job tells something, on the job's own connection: for tests, which have only one."""

    def __init__(self, hold: Hold, stopping: threading.Event) -> None:
        self.progress = Progress()
        self._hold, self._stopping, self._next = hold, stopping, 0.0

    def __enter__(self) -> Self:
        """Nothing to begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""

    def tell(self, done: int, total: int | None, label: str) -> None:
        """Write the progress, twice a second at most, and look whether the job must end."""
        self.progress = Progress(done, total, label)
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + INTERVAL
        beat(self._hold, self._stopping, self.progress)


class ThreadPulse:
    """Beats in a thread with a connection of its own.

    The job may be in a transaction for minutes or wait for a network: neither must cost it its lease, and its
    progress must be seen before it commits. Cost: one query every half a second, and a write when something is new.
    """

    def __init__(self, hold: Hold, stopping: threading.Event) -> None:
        self.progress = Progress()
        self._hold, self._stopping = hold, stopping
        self._interruption: JobInterrupted | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pulse-{hold.pk}", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread, so that nothing is written after the job has ended."""
        self._ended.set()
        self._thread.join()

    def tell(self, done: int, total: int | None, label: str) -> None:
        """Note the progress for the next beat; raises what the last beat learned. Cost: no query."""
        self.progress = Progress(done, total, label)
        if self._interruption is not None:
            raise self._interruption

    def _run(self) -> None:
        shown, renewed = self.progress, time.monotonic()
        try:
            while self._interruption is None and not self._ended.wait(INTERVAL):
                progress, now = self.progress, time.monotonic()
                is_due = now - renewed > lease().total_seconds() / RENEWALS_PER_LEASE
                is_new = is_due or progress != shown
                try:
                    beat(self._hold, self._stopping, progress if is_new else None)
                except JobInterrupted as interruption:
                    self._interruption = interruption
                except DatabaseError:
                    # A busy or absent database: the next beat tries again, and the lease lasts for several.
                    logger.warning("Job %s: no beat this time.", self._hold.pk, exc_info=True)
                    connection.close()
                else:
                    shown, renewed = (progress, now) if is_new else (shown, renewed)
        finally:
            connection.close()


def beat(hold: Hold, stopping: threading.Event, progress: Progress | None) -> None:
    """Renew the lease with the progress, if given; raises JobInterrupted when the job must end."""
    if progress is not None and not hold.renew(progress):
        raise LeaseLost
    if stopping.is_set():
        raise Stopping
    if hold.is_cancelled():
        raise Cancelled
