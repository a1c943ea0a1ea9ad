"""What a job's function is given, and what it may raise."""

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from builder.models import Department, User

T = TypeVar("T")


class TryLater(Exception):
    """Something outside is not there just now; the job is tried again, and this sentence is shown meanwhile."""

    def __init__(self, message: object) -> None:
        super().__init__(str(message))
        self.message = str(message)


class JobInterrupted(BaseException):
    """The job must end here: it was cancelled, its worker stops, or another worker has taken it over.

    No Exception on purpose: a service that catches every failure must not take this for one.
    """


class Pulse(Protocol):
    """Where a running job tells how far it is, and learns that it must end."""

    def tell(self, done: int, total: int | None, label: str) -> None:
        """Note how far the job is; raises JobInterrupted when it must end here."""
        ...


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job's function is given.

    `path` is the file that came with the job, under the name it was uploaded with; it is gone when the job has
    ended. `attempt` counts from 1.
    """

    job_id: UUID
    arguments: dict[str, Any]
    by: "User"
    department: "Department | None"
    path: Path | None
    attempt: int
    _pulse: Pulse = field(repr=False)

    @property
    def file(self) -> Path:
        """The file that came with the job, of a kind that always has one."""
        if self.path is None:
            raise LookupError("This job was enqueued without a file.")
        return self.path

    def progress(self, rows: Iterable[T], label: str) -> Iterator[T]:
        """Yield the rows and count them for whoever waits: a `builder.common.progress.Watch`.

        Raises JobInterrupted between two rows when the job must end. The total is known if `rows` has a length.
        """
        total = len(rows) if isinstance(rows, Sized) else None
        self._pulse.tell(0, total, label)
        for done, row in enumerate(rows, start=1):
            yield row
            self._pulse.tell(done, total, label)

    def tell(self, done: int, total: int | None = None, label: str = "") -> None:
        """Say how far the job is, where there are no rows to watch; raises JobInterrupted when it must end."""
        self._pulse.tell(done, total, label)
