"""Sending tasks: each once, however often the connection breaks and whoever dies in between.

A batch is noted as *sent* before it goes out and as *arrived* when the answer is in. Only where no answer came does
anybody look there before sending again; what a late server makes of it afterwards, `doubles` puts right.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.labelstudio.errors import BadAnswer, LabelStudioError, Missing
from annotations.labelstudio.ports import RemoteTask
from annotations.models import LabelStudioTask, TaskState
from annotations.services.label_studio.doubles import remove_doubles, tasks_there
from annotations.services.label_studio.pull import author_of
from annotations.services.label_studio.purposes import Outgoing, Purpose
from annotations.services.label_studio.taking import take_tasks
from annotations.services.label_studio.turns import Turn

BATCH = 200


def push(turn: Turn, purpose: Purpose) -> int:
    """Send what is to be sent, take back what nobody needs; return how many tasks arrived."""
    _take_up(turn, purpose)
    arrived = _settle(turn)
    arrived += _send_again(turn, purpose)
    arrived += _send_new(turn, purpose)
    _take_back(turn, purpose)
    if turn.doubtful:
        _check_for_doubles(turn)
    if arrived:
        text = ngettext("%(count)s task was sent.", "%(count)s tasks were sent.", arrived)
        turn.note(text % {"count": arrived})
    turn.project.pushed_at = timezone.now()
    turn.project.save(update_fields=["pushed_at"])
    return arrived


def _take_up(turn: Turn, purpose: Purpose) -> None:
    """Let tasks that were taken back count again where they still are; what isn't there is to be sent again."""
    for row in purpose.returned(turn.project):
        turn.step(0, None, _("Tasks given back"))
        task = _task_there(turn, row)
        # As if its answer hadn't come: a late import may have brought it since, so it is looked for before it is sent.
        row.state = TaskState.SENT if task is None else TaskState.CONFIRMED
        row.remote_id = None if task is None else task.id
        row.save(update_fields=["state", "remote_id"])
        if task is not None:
            take_tasks(turn, [task], author_of(turn), purpose, again=True)


def _settle(turn: Turn) -> int:
    """Find out what became of tasks whose sending was interrupted; what didn't arrive is to be sent again."""
    unknown = list(turn.project.tasks.filter(state=TaskState.SENT))
    if not unknown:
        return 0
    turn.doubtful = True
    missing = _read_back(turn, unknown)
    _put(missing, TaskState.PENDING)
    return len(unknown) - len(missing)


def _send_again(turn: Turn, purpose: Purpose) -> int:
    pending = list(turn.project.tasks.filter(state=TaskState.PENDING))
    some = (pending[start : start + BATCH] for start in range(0, len(pending), BATCH))
    return _send_all(turn, (purpose.again(rows) for rows in some), len(pending)) if pending else 0


def _send_new(turn: Turn, purpose: Purpose) -> int:
    total = purpose.count_new(turn.project)
    return _send_all(turn, _new_batches(turn, purpose), total) if total else 0


def _new_batches(turn: Turn, purpose: Purpose) -> Iterator[list[Outgoing]]:
    while batch := purpose.new_tasks(turn.project, BATCH):
        yield batch


def _send_all(turn: Turn, batches: Iterator[list[Outgoing]], total: int) -> int:
    """Send batch after batch, each in its own request.

    While one is under way the next one is made ready and noted, so that nothing but the server is waited for. A batch
    that was noted and never sent is found missing, and sent, by the next push.
    Cost, when nothing goes wrong: one request and two short transactions a batch.
    """
    sent, batch = 0, _noted(batches)
    with ThreadPoolExecutor(max_workers=1) as line:
        turn.step(0, total, _("Tasks sent"))
        under_way = line.submit(_import, turn, batch)
        while batch:
            following = _noted(batches)
            turn.step(sent, max(total, sent + len(batch)), _("Tasks sent"))
            rows, ids = _see_through(turn, batch, under_way.result)
            if following:
                under_way = line.submit(_import, turn, following)
            _note_arrived(rows, ids)
            sent += len(batch)
            batch = following
    return sent


def _noted(batches: Iterator[list[Outgoing]]) -> list[Outgoing]:
    """Return the next batch, noted as sent; nothing when there is none."""
    batch = next(batches, [])
    _note_sent([each.row for each in batch])
    return batch


def _see_through(
    turn: Turn, batch: Sequence[Outgoing], answer: Callable[[], Sequence[int]]
) -> tuple[Sequence[LabelStudioTask], Sequence[int]]:
    """Wait for the answer, send again what didn't arrive until all has, and return what is to be noted as arrived.

    Raises the error when patience is at its end; the rows then say the truth.
    """
    tries = 0
    while batch:
        try:
            return [each.row for each in batch], answer()
        except LabelStudioError as error:
            tries += 1
            batch = _after(error, turn, batch, tries)
            turn.hold.renew()
            _note_sent([each.row for each in batch])
            answer = partial(_import, turn, batch)
    return [], []


def _after(error: LabelStudioError, turn: Turn, batch: Sequence[Outgoing], tries: int) -> Sequence[Outgoing]:
    """Wait, and return what has to be sent again after this failure."""
    if not error.may_have_happened:
        _put([each.row for each in batch], TaskState.PENDING)
        if error.permanent:
            raise error
        turn.patience.wait(tries, error)
        return batch
    turn.doubtful = True
    turn.patience.wait(tries, error)
    return _missing_of(turn, batch)


def _import(turn: Turn, batch: Sequence[Outgoing]) -> Sequence[int]:
    ids = turn.port.import_tasks(turn.remote_id, [each.data for each in batch])
    if len(ids) != len(batch):
        raise BadAnswer(may_have_happened=True)
    return ids


def _missing_of(turn: Turn, batch: Sequence[Outgoing]) -> list[Outgoing]:
    missing = {row.pk for row in _read_back(turn, [each.row for each in batch])}
    return [each for each in batch if each.row.pk in missing]


def _read_back(turn: Turn, rows: Sequence[LabelStudioTask]) -> list[LabelStudioTask]:
    """Note which of the rows arrived, and return those that didn't.

    All that was confirmed before has lower ids, so only the tasks above them are asked for.
    """
    confirmed = turn.project.tasks.filter(state=TaskState.CONFIRMED).order_by("-remote_id")
    highest = confirmed.values_list("remote_id", flat=True).first() or 0
    there = tasks_there(turn, after_id=highest)
    found = [row for row in rows if row.ext_id in there]
    _note_arrived(found, [there[row.ext_id][0].id for row in found])
    return [row for row in rows if row.ext_id not in there]


def _take_back(turn: Turn, purpose: Purpose) -> None:
    """Delete tasks that nobody is to grade any more, unless somebody already has; their rows stay."""
    for row in purpose.surplus(turn.project):
        turn.step(0, None, _("Tasks taken back"))
        remote, is_graded = row.remote_id, row.annotations.exists()
        task = None if is_graded else _task_there(turn, row)
        if not is_graded and (task is None or not task.annotations):
            if task is not None:
                turn.port.delete_task(task.id)
            row.remote_id = None
        row.state = TaskState.WITHDRAWN
        row.save(update_fields=["state", "remote_id"])
        if remote is not None:
            turn.note(
                _("Task %(task)s was taken back: nobody is to grade its answer any more.") % {"task": remote}
            )


def _task_there(turn: Turn, row: LabelStudioTask) -> RemoteTask | None:
    """Return the row's task if it is there; another one under its number is not ours to touch."""
    try:
        task = None if row.remote_id is None else turn.port.get_task(row.remote_id)
    except Missing:
        return None
    return task if task is not None and task.ext_id == row.ext_id else None


def _check_for_doubles(turn: Turn) -> None:
    """After a doubtful sending, see whether there are more tasks than were meant, and remove what is doubled."""
    ours = turn.project.tasks.filter(
        state__in=(TaskState.CONFIRMED, TaskState.WITHDRAWN), remote_id__isnull=False
    )
    if turn.port.counts(turn.remote_id).tasks > ours.count():
        remove_doubles(turn, tasks_there(turn))


@transaction.atomic
def _note_sent(rows: Sequence[LabelStudioTask]) -> None:
    now = timezone.now()
    for row in rows:
        row.state, row.sent_at = TaskState.SENT, now
    stored = [row for row in rows if row.pk is not None]
    LabelStudioTask.objects.bulk_create([row for row in rows if row.pk is None])
    LabelStudioTask.objects.bulk_create(
        stored, update_conflicts=True, unique_fields=["id"], update_fields=["state", "sent_at", "data_sha256"]
    )


def _put(rows: Sequence[LabelStudioTask], state: TaskState) -> None:
    for row in rows:
        row.state = state
    LabelStudioTask.objects.filter(pk__in=[row.pk for row in rows]).update(state=state)


@transaction.atomic
def _note_arrived(rows: Sequence[LabelStudioTask], ids: Sequence[int]) -> None:
    for row, remote_id in zip(rows, ids, strict=True):
        row.state, row.remote_id = TaskState.CONFIRMED, remote_id
    # As an upsert it costs a tenth of an UPDATE with a case for each row.
    LabelStudioTask.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=["state", "remote_id"]
    )
