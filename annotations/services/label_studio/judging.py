"""What becomes of one task's annotations: which one counts, and why the others don't. Always decided on all of them.

The decision depends on what is there now, not on the order in which it came here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from annotations.labelstudio.ports import RemoteAnnotation, RemoteTask
from annotations.models import AnnotationState, LabelStudioAnnotation, LabelStudioTask, TaskState
from annotations.services.label_studio.purposes import Purpose

UNSETTLED = (TaskState.PENDING, TaskState.SENT, TaskState.LOST)
# When an annotation was looked at that is to be judged anew: as good as never.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Author:
    """Whose annotations a project takes, until when (None: still), and everybody's addresses."""

    account_id: int | None
    addresses: Mapping[int, str]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One annotation and what becomes of it; `said` only for the one that counts."""

    remote: RemoteAnnotation
    account: str
    state: AnnotationState
    reason: str = ""
    said: Any | None = None


def judge_anew_later(annotations: "QuerySet[LabelStudioAnnotation]") -> int:
    """Have those of them that were set aside judged anew by the next pull or comparison; return how many."""
    return annotations.filter(state=AnnotationState.QUARANTINED).update(seen_at=NEVER)


def is_settled(task: RemoteTask, row: LabelStudioTask, stored: Sequence[LabelStudioAnnotation]) -> bool:
    """Whether all that is there was judged before: the same annotations in the same versions, in the same task."""
    if any(each.seen_at == NEVER for each in stored):
        return False
    known = {each.remote_id: each.updated_at for each in stored if each.state != AnnotationState.WITHDRAWN}
    now = {each.id: each.updated_at for each in task.annotations}
    if not now and task.id != row.remote_id:
        return row.remote_id is not None
    return known == now and task.id == row.remote_id and row.state not in UNSETTLED


def judge(
    task: RemoteTask, row: LabelStudioTask, stored: Sequence[LabelStudioAnnotation], author: Author, purpose: Purpose,
) -> list[Judged]:  # fmt: skip
    """Return what becomes of each annotation of the task: at most one is accepted, the newest that can be."""
    standing = {each.remote_id: each for each in stored if each.state == AnnotationState.ACCEPTED}
    about_the_task = _objection_to_task(task, row)
    valid: list[tuple[RemoteAnnotation, Any]] = []
    judged: list[Judged] = []
    for remote in task.annotations:
        before = standing.get(remote.id)
        was_taken = before is not None and before.updated_at == remote.updated_at
        # What was taken over stays so, even if its author's account or the task's text was changed since.
        why = "" if was_taken else about_the_task or _objection_to_author(remote, author)
        said = None
        if not why:
            said, why = purpose.parse(row, task.data, remote.result)
        if why:
            judged.append(_set_aside(remote, author, why))
        else:
            valid.append((remote, said))
    return judged + _choose(valid, author)


def _choose(valid: Sequence[tuple[RemoteAnnotation, Any]], author: Author) -> list[Judged]:
    if not valid:
        return []
    newest = max(valid, key=lambda each: (each[0].updated_at, each[0].id))
    later = _("The grader’s later annotation of the same task counts.")
    return [
        _set_aside(remote, author, later)
        if remote is not newest[0]
        else Judged(remote, _address(remote, author), AnnotationState.ACCEPTED, said=said)
        for remote, said in valid
    ]


def _set_aside(remote: RemoteAnnotation, author: Author, why: str) -> Judged:
    return Judged(remote, _address(remote, author), AnnotationState.QUARANTINED, why)


def _address(remote: RemoteAnnotation, author: Author) -> str:
    return author.addresses.get(remote.completed_by, "") if remote.completed_by is not None else ""


def _objection_to_task(task: RemoteTask, row: LabelStudioTask) -> str:
    if row.state == TaskState.WITHDRAWN:
        return _("This answer had been taken back: nobody was to grade it any more.")
    if row.remote_id is not None and task.id != row.remote_id:
        return _("This answer is there twice: the annotations of task %(task)s count.") % {
            "task": row.remote_id
        }
    return ""


def _objection_to_author(remote: RemoteAnnotation, author: Author) -> str:
    if remote.was_cancelled:
        return _("The grader skipped this task in Label Studio.")
    if remote.completed_by is None:
        return _("Label Studio no longer knows who wrote this: the account was deleted.")
    if author.until is not None and remote.updated_at > author.until:
        return _("This was written after grading had ended.")
    if remote.completed_by == author.account_id:
        return ""
    if author.account_id is None:
        return _("The grader of this project has no account in Label Studio, so somebody else wrote this.")
    return _("Somebody else wrote this: %(account)s. The project belongs to one grader.") % {
        "account": author.addresses.get(remote.completed_by)
        or _("an account of Label Studio that is unknown here")
    }
