"""What brings jobs to a worker. The rows are the truth; a driver only says when to look at them."""

from typing import Protocol

from builder.jobs.worker import run_due_jobs
from builder.models import Job


class Driver(Protocol):
    """How jobs get done. One that stands on a queue sends a task which calls `worker.run_job`."""

    def announce(self, job: Job) -> None:
        """Tell that the job is there; called when its row is committed. A lost announcement may only delay it."""
        ...

    def drain(self) -> int:
        """Have every job done that is due now; return how many attempts that were, when they are over."""
        ...


class EmbeddedDriver:
    """Workers look into the table every second: no service but the database."""

    def announce(self, job: Job) -> None:
        """Nothing to tell: a worker will find the row."""

    def drain(self) -> int:
        """Do them in this thread."""
        return run_due_jobs()


driver: Driver = EmbeddedDriver()
