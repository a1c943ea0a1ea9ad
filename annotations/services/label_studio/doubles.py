"""Tasks that are there twice, since a server may carry out what it never answered; only empty ones are removed."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from annotations.labelstudio.ports import TaskKey
from annotations.models import LabelStudioTask, TaskState
from annotations.services.label_studio.turns import Turn

There = Mapping[str, Sequence[TaskKey]]


def tasks_there(turn: Turn, *, after_id: int = 0) -> dict[str, list[TaskKey]]:
    """Return the tasks with an id above this one by our own key, each in the order of their ids."""
    there: dict[str, list[TaskKey]] = {}
    for page in turn.port.task_keys(turn.remote_id, after_id=after_id):
        for key in page:
            if key.ext_id:
                there.setdefault(key.ext_id, []).append(key)
    return there


def remove_doubles(turn: Turn, there: There) -> int:
    """Keep the task of each key that was graded, else the oldest, and delete the others that hold no annotation.

    One that was graded as well is left alone and named in the log: what a person wrote is never deleted. Returns how
    many were deleted.
    """
    doubled = {ext_id: keys for ext_id, keys in there.items() if len(keys) > 1}
    rows = {row.ext_id: row for row in turn.project.tasks.filter(ext_id__in=doubled)}
    removed = 0
    for ext_id, keys in doubled.items():
        if row := rows.get(ext_id):
            removed += _remove(turn, row, keys)
    if removed:
        turn.note(
            _("Tasks that had arrived twice and were not graded were removed: %(count)s.")
            % {"count": removed}
        )
    return removed


def _remove(turn: Turn, row: LabelStudioTask, keys: Sequence[TaskKey]) -> int:
    kept = next((key for key in keys if key.annotations), keys[0])
    removed = 0
    for key in keys:
        if key is kept:
            continue
        # It may have been graded since the list was made.
        if key.annotations or turn.port.get_task(key.id).annotations:
            text = _(
                "Task %(task)s is there twice, and both were graded: the annotations of task %(kept)s count."
            )
            turn.note(text % {"task": key.id, "kept": kept.id}, is_problem=True)
            continue
        turn.step(removed, None, _("Doubled tasks removed"))
        removed += turn.port.delete_task(key.id)
    if row.remote_id != kept.id and row.state != TaskState.WITHDRAWN:
        row.remote_id, row.state = kept.id, TaskState.CONFIRMED
        row.save(update_fields=["remote_id", "state"])
    return removed
