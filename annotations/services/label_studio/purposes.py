"""What a project is for: which tasks it gets, and what becomes of their annotations. The sync itself doesn't care."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from annotations.labelstudio.ports import ProjectDraft
from annotations.models import LabelStudioProject, LabelStudioTask

Data = dict[str, Any]
Result = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A task and the data to send; the row may not be stored yet."""

    row: LabelStudioTask
    data: Data


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one task comes to: `said` is what the annotation that counts says, None when none does (any more).

    `at` is when it was written there.
    """

    row: LabelStudioTask
    said: Any | None
    at: datetime | None = None


class Purpose(Protocol):
    """What a project is for."""

    def draft(self, title: str, marker: str, language: str) -> ProjectDraft:
        """Return what the project is to be made of; the marker stands in its description."""
        ...

    def count_new(self, project: LabelStudioProject) -> int:
        """Return how many tasks have never been sent."""
        ...

    def new_tasks(self, project: LabelStudioProject, limit: int) -> list[Outgoing]:
        """Return the next tasks that were never sent, with rows that aren't stored yet."""
        ...

    def again(self, rows: Sequence[LabelStudioTask]) -> list[Outgoing]:
        """Return tasks that have rows, with their data."""
        ...

    def surplus(self, project: LabelStudioProject) -> list[LabelStudioTask]:
        """Return the tasks there that nobody needs any more."""
        ...

    def returned(self, project: LabelStudioProject) -> list[LabelStudioTask]:
        """Return the tasks that were taken back and are needed after all."""
        ...

    def ended_at(self) -> datetime | None:
        """Return when people had to be done (None: they still work); it stays so until the transaction ends."""
        ...

    def parse(self, row: LabelStudioTask, data: Data, result: Result) -> tuple[Any | None, str]:
        """Return what an annotation says, or None and why it can't be taken over."""
        ...

    def write(self, project: LabelStudioProject, outcomes: Sequence[Outcome]) -> int:
        """Write what tasks came to, inside the caller's transaction; return for how many something changed."""
        ...
