"""Writing a page of tasks: annotations as they came, and what they say as verdicts, in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.utils import timezone

from annotations.labelstudio.ports import RemoteTask
from annotations.models import AnnotationState, LabelStudioAnnotation, LabelStudioTask, TaskState
from annotations.services.label_studio.judging import UNSETTLED, Author, Judged, is_settled, judge
from annotations.services.label_studio.purposes import Outcome, Purpose
from annotations.services.label_studio.turns import Turn

COLUMNS = ["updated_at", "account", "result", "state", "reason", "seen_at"]


@dataclass(slots=True)
class Taken:
    """What came of some pages."""

    tasks: int = 0
    annotations: int = 0
    changed: int = 0
    quarantined: int = 0
    withdrawn: int = 0

    def add(self, other: "Taken") -> None:
        """Count another page along."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class _Writing:
    """The rows a page changes. Those that no longer count are written first: one annotation of a task counts."""

    new: list[LabelStudioAnnotation] = field(default_factory=list)
    demoted: list[LabelStudioAnnotation] = field(default_factory=list)
    promoted: list[LabelStudioAnnotation] = field(default_factory=list)
    moved: list[LabelStudioTask] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


@transaction.atomic
def take_tasks(
    turn: Turn, tasks: Sequence[RemoteTask], author: Author, purpose: Purpose, *, again: bool = False
) -> Taken:
    """Take over what a page of tasks holds; with `again` what was judged before is judged anew.

    When people had to be done is read here, under the lock under which that changes.
    Cost: two queries for a page on which nothing is new; else nine or so, whatever the number of tasks.
    """
    keys = {task.ext_id for task in tasks if task.ext_id}
    rows = {row.ext_id: row for row in turn.project.tasks.filter(ext_id__in=keys)}
    stored: dict[int, list[LabelStudioAnnotation]] = defaultdict(list)
    for each in LabelStudioAnnotation.objects.filter(task__in=rows.values()).defer("result"):
        stored[each.task_id].append(each)
    taken, writing, is_held = Taken(tasks=len(tasks)), _Writing(), False
    for task in tasks:
        row = rows.get(task.ext_id)
        if row is None or (not again and is_settled(task, row, stored[row.pk])):
            continue
        if not is_held:
            author, is_held = replace(author, until=purpose.ended_at()), True
        _adopt(task, row, stored[row.pk], writing)
        if task.id == row.remote_id:
            judged = judge(task, row, stored[row.pk], author, purpose)
            _note(row, judged, stored[row.pk], taken, writing)
    taken.changed = _write(turn, writing, purpose)
    return taken


def _adopt(
    task: RemoteTask, row: LabelStudioTask, stored: Sequence[LabelStudioAnnotation], writing: _Writing
) -> None:
    """Let a row point at the task that was graded: where an answer is there twice, that is the one which counts."""
    was_graded = any(each.state != AnnotationState.WITHDRAWN for each in stored)
    moves = task.id != row.remote_id and (
        row.remote_id is None or (bool(task.annotations) and not was_graded)
    )
    if row in writing.moved or not (moves or (task.id == row.remote_id and row.state in UNSETTLED)):
        return
    row.remote_id = task.id
    if row.state != TaskState.WITHDRAWN:
        row.state = TaskState.CONFIRMED
    writing.moved.append(row)


def _note(
    row: LabelStudioTask, judged: Sequence[Judged], stored: Sequence[LabelStudioAnnotation], taken: Taken,
    writing: _Writing,
) -> None:  # fmt: skip
    known = {each.remote_id: each for each in stored}
    accepted = next((each for each in judged if each.state == AnnotationState.ACCEPTED), None)
    had_one = any(each.state == AnnotationState.ACCEPTED for each in stored)
    for each in judged:
        found = known.pop(each.remote.id, None)
        if found is None:
            found = LabelStudioAnnotation(task=row, remote_id=each.remote.id)
            place = writing.new
        else:
            place = writing.promoted if each.state == AnnotationState.ACCEPTED else writing.demoted
        found.updated_at, found.account = each.remote.updated_at, each.account
        found.result, found.state, found.reason = list(each.remote.result), each.state, each.reason
        found.seen_at = timezone.now()
        place.append(found)
        taken.annotations += 1
        taken.quarantined += each.state == AnnotationState.QUARANTINED
    for gone in known.values():
        if gone.state != AnnotationState.WITHDRAWN:
            gone.state, gone.reason, gone.seen_at = AnnotationState.WITHDRAWN, "", timezone.now()
            writing.demoted.append(gone)
            taken.withdrawn += 1
    if accepted is not None or had_one:
        counts = (accepted.said, accepted.remote.updated_at) if accepted else (None, None)
        writing.outcomes.append(Outcome(row, *counts))


def _write(turn: Turn, writing: _Writing, purpose: Purpose) -> int:
    if writing.moved:
        LabelStudioTask.objects.bulk_update(writing.moved, ["remote_id", "state"])
    for rows in (writing.demoted, writing.promoted):
        if rows:
            LabelStudioAnnotation.objects.bulk_update(rows, COLUMNS, batch_size=100)
    if writing.new:
        LabelStudioAnnotation.objects.bulk_create(writing.new, batch_size=200)
    return purpose.write(turn.project, writing.outcomes) if writing.outcomes else 0
