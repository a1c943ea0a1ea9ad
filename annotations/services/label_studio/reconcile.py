"""Comparing everything there with everything here, and saying in sentences what differs."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.labelstudio.payloads import content_hash
from annotations.labelstudio.ports import RemoteTask, TaskKey
from annotations.models import LabelStudioTask, TaskState
from annotations.services.label_studio import pull
from annotations.services.label_studio.doubles import remove_doubles
from annotations.services.label_studio.projects import put_aside_doubles
from annotations.services.label_studio.pull import author_of, note_counts, tell_taken
from annotations.services.label_studio.purposes import Purpose
from annotations.services.label_studio.taking import Taken, take_tasks
from annotations.services.label_studio.turns import Turn


@dataclass(slots=True)
class Findings:
    """What a comparison found; `taken` is what came over on the way."""

    taken: Taken = field(default_factory=Taken)
    lost: int = 0
    doubles: int = 0
    edited: list[int] = field(default_factory=list)
    foreign: int = 0
    authorless: int = 0
    strangers: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing has to be looked at."""
        return not (
            self.lost or self.doubles or self.edited or self.foreign or self.authorless or self.strangers
        )


def reconcile(turn: Turn, purpose: Purpose) -> Findings:
    """Go through all tasks there; take over what polling missed, remove empty doubles, note what somebody deleted.

    Tasks of another tool are left alone. Cost: one pass over the project; memory: a page, and one small record a task.
    """
    findings, there, started = Findings(), dict[str, list[TaskKey]](), timezone.now()
    hashes = dict(turn.project.tasks.values_list("ext_id", "data_sha256"))
    author = author_of(turn)
    for page in turn.port.all_tasks(turn.remote_id, page_size=pull.PAGE):
        turn.step(findings.taken.tasks, turn.project.remote_tasks, _("Tasks compared"))
        findings.taken.add(take_tasks(turn, page, author, purpose))
        for task in page:
            _look_at(task, hashes, author.account_id, findings)
            if task.ext_id in hashes:
                there.setdefault(task.ext_id, []).append(TaskKey(task.id, task.ext_id, len(task.annotations)))
    findings.doubles = remove_doubles(turn, there)
    put_aside_doubles(turn)
    findings.lost = _note_missing(turn, there)
    note_counts(turn, turn.port.get_project(turn.remote_id))
    turn.project.reconciled_at = turn.project.pulled_at = started
    turn.project.save(update_fields=["reconciled_at", "pulled_at"])
    tell_taken(turn, findings.taken)
    _tell(turn, findings)
    return findings


def _look_at(task: RemoteTask, hashes: dict[str, str], account_id: int | None, findings: Findings) -> None:
    if task.ext_id not in hashes:
        findings.foreign += 1
        return
    if content_hash(task.data) != hashes[task.ext_id]:
        findings.edited.append(task.id)
    for annotation in task.annotations:
        findings.authorless += annotation.completed_by is None
        findings.strangers += annotation.completed_by not in (None, account_id) and account_id is not None


def _note_missing(turn: Turn, there: dict[str, list[TaskKey]]) -> int:
    """Note which tasks that had arrived are there no more; what had been graded in them is kept."""
    # Nobody misses what had been taken back; it only isn't counted there any more.
    _note_gone(turn, TaskState.WITHDRAWN, there, remote_id=None)
    return _note_gone(turn, TaskState.CONFIRMED, there, state=TaskState.LOST)


def _note_gone(turn: Turn, now: TaskState, there: dict[str, list[TaskKey]], **becomes: object) -> int:
    rows = turn.project.tasks.filter(state=now, remote_id__isnull=False).values_list("pk", "ext_id")
    gone = [pk for pk, ext_id in rows if ext_id not in there]
    for start in range(0, len(gone), 500):
        LabelStudioTask.objects.filter(pk__in=gone[start : start + 500]).update(**becomes)
    return len(gone)


def _tell(turn: Turn, findings: Findings) -> None:
    for text in _sentences(findings):
        turn.note(text, is_problem=True)
    if findings.is_clean:
        turn.note(_("Compared with Label Studio: everything is as it should be."))


def _sentences(found: Findings) -> Iterator[str]:
    if found.lost:
        text = ngettext(
            "Somebody deleted %(count)s task in Label Studio. Grades that had come back are kept; the answer without "
            "a grade can be sent again.",
            "Somebody deleted %(count)s tasks in Label Studio. Grades that had come back are kept; the answers "
            "without a grade can be sent again.",
            found.lost,
        )
        yield text % {"count": found.lost}
    if found.edited:
        yield _(
            "Somebody changed the text of tasks in Label Studio: %(tasks)s. Grades given before are kept; later ones "
            "are set aside, since nobody knows what was judged."
        ) % {"tasks": ", ".join(f"#{number}" for number in found.edited[:20])}
    if found.foreign:
        text = ngettext(
            "The project holds %(count)s task that isn’t ours. It was left alone.",
            "The project holds %(count)s tasks that aren’t ours. They were left alone.",
            found.foreign,
        )
        yield text % {"count": found.foreign}
    if found.authorless:
        text = ngettext(
            "%(count)s annotation has no author any more: the account was deleted. What had been taken over before "
            "is kept.",
            "%(count)s annotations have no author any more: the account was deleted. What had been taken over before "
            "is kept.",
            found.authorless,
        )
        yield text % {"count": found.authorless}
    if found.strangers:
        text = ngettext(
            "%(count)s annotation was written by somebody else than the project’s grader.",
            "%(count)s annotations were written by somebody else than the project’s grader.",
            found.strangers,
        )
        yield text % {"count": found.strangers}
