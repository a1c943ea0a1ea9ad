"""Writing verdicts: the one place where grades, their history and *done* come from, at whatever desk."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.models import HUMAN_VERDICTS, Assignment, Desk, Grade, GradeEvent
from annotations.models.grades import new_key
from annotations.selectors.grading import asked_criteria
from builder.common.errors import BadInput, NotReady
from builder.common.prepared import Given, Prepared

ROUND = 1
BATCH = 500


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """What a grader says of one criterion; an empty verdict takes an earlier one back.

    `key` names the act, so that sending it twice says it once; `at` is when it was said, where another desk knows.
    """

    verdict: str
    explanation: str = ""
    quote: str = ""
    key: str = ""
    at: datetime | None = None


# By the criterion's place from 0; as pairs, when one criterion is named more than once, in the order it was said.
Verdicts = Mapping[int, GivenVerdict] | Sequence[tuple[int, GivenVerdict]]
Said = tuple[str, str, str]  # verdict, explanation, quote


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is written of one assignment: each criterion's grade and its row, and the acts that were received."""

    said: dict[int, Said] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)


def write_verdicts(
    assignment: Assignment, verdicts: Verdicts, *, desk: str = Desk.IN_APP, at: datetime | None = None
) -> bool:
    """Write one assignment's verdicts; say whether any grade changed. See `write_many`."""
    return write_many([(assignment, verdicts)], desk=desk, at=at) == 1


def write_many(
    given: Sequence[tuple[Assignment, Verdicts]], *, desk: str = Desk.IN_APP, at: datetime | None = None
) -> int:
    """Write the verdicts of assignments that the caller holds and whose rights it checked; count those that changed.

    The same again, by its key or by what it says, changes nothing. `done_at` is set, here and in the database, when
    every criterion that is asked for has a verdict. Raises what `check_verdicts` raises, before anything is written,
    and NotReady for another verdict on a calibration answer whose right verdicts were shown.
    Cost: one to six queries for a few assignments, rows in batches of 500 beyond; items that weren't selected are read.
    """
    for assignment, verdicts in given:
        check_verdicts(assignment, verdicts)
    was_done = {assignment.pk: assignment.done_at for assignment, _verdicts in given}
    written = write_rows(given, desk=desk, at=at or timezone.now())
    _save_done([assignment for assignment, _v in given if assignment.done_at != was_done[assignment.pk]])
    return len(written.changed)


def check_verdicts(assignment: Assignment, verdicts: Verdicts) -> None:
    """Raise BadInput for an unknown criterion or verdict, and for a note or a quote without a verdict to live in."""
    asked = asked_criteria(assignment)
    n_criteria = len(assignment.response.item.content.rubrics)
    for index, given in in_order(verdicts):
        if not 0 <= index < n_criteria:
            raise BadInput(_("There is no criterion %(number)s.") % {"number": index + 1}, field="verdicts")
        if index not in asked:
            raise BadInput(
                _("You aren’t asked about criterion %(number)s.") % {"number": index + 1}, field="verdicts"
            )
        if given.verdict and given.verdict not in HUMAN_VERDICTS:
            raise BadInput(
                _("A verdict is met, not_met or cannot_judge, not %(verdict)s.") % {"verdict": given.verdict},
                field="verdicts",
            )
        if not given.verdict and (given.explanation.strip() or given.quote.strip()):
            raise BadInput(
                _(
                    "Criterion %(number)s has a note but no verdict. Choose a verdict, so that the note is kept."
                )
                % {"number": index + 1},
                field="verdicts",
            )


def in_order(verdicts: Verdicts) -> list[tuple[int, GivenVerdict]]:
    """Return verdicts as they were said."""
    return list(verdicts.items()) if isinstance(verdicts, Mapping) else list(verdicts)


@dataclass(frozen=True, slots=True)
class Written:
    """What came of verdicts: the assignments whose grades changed, and how many acts were new."""

    changed: Sequence[Assignment]
    n_events: int


def write_rows(given: Sequence[tuple[Assignment, Verdicts]], *, desk: str, at: datetime) -> Written:
    """Write checked verdicts and set `done_at` on the objects alone."""
    stored = _read_stored(given)
    events: list[GradeEvent] = []
    grades: list[Grade] = []
    gone: list[int] = []
    changed = []
    for assignment, verdicts in given:
        before = stored[assignment.pk]
        said, new = _replay(assignment, before, in_order(verdicts), desk=desk, at=at)
        events += new
        assignment.n_judged = len(said)
        if said == before.said:
            continue
        if assignment.is_calibration and assignment.done_at is not None:
            raise NotReady(
                _("You were shown the right verdicts of this answer: yours stay as you gave them.")
            )
        changed.append(assignment)
        grades += _grades(assignment, before.said, said)
        gone += [row for index, row in before.rows.items() if index not in said]
        _set_done(assignment, said, max((event.at for event in new), default=at))
    _write(events, grades, gone)
    return Written(changed, len(events))


def _grades_of(**assignments: object) -> QuerySet[Grade, Any]:
    columns = ("pk", "assignment_id", "criterion_index", "verdict", "explanation", "quote")
    return Grade.objects.filter(**assignments, round=ROUND).order_by().values_list(*columns)


def _keys_of(**assignments: object) -> QuerySet[GradeEvent, Any]:
    return GradeEvent.objects.filter(**assignments).order_by().values_list("assignment_id", "key")


# One answer at a time is what the desk saves, all day.
_GRADES_OF_ONE = Prepared(lambda: _grades_of(assignment=Given("assignment")))
_KEYS_OF_ONE = Prepared(lambda: _keys_of(assignment=Given("assignment")))


def _read_stored(given: Sequence[tuple[Assignment, Verdicts]]) -> dict[int, _Stored]:
    stored = {assignment.pk: _Stored() for assignment, _verdicts in given}
    pks = list(stored)
    alone = len(pks) == 1
    grades = _GRADES_OF_ONE.rows(assignment=pks[0]) if alone else _grades_of(assignment__in=pks)
    for pk, owner_id, index, *said in grades:
        stored[owner_id].said[index] = (said[0], said[1], said[2])
        stored[owner_id].rows[index] = pk
    if any(each.key for _assignment, verdicts in given for _index, each in in_order(verdicts)):
        for owner_id, key in _KEYS_OF_ONE.rows(assignment=pks[0]) if alone else _keys_of(assignment__in=pks):
            stored[owner_id].keys.add(key)
    return stored


def _replay(
    assignment: Assignment, before: _Stored, verdicts: Iterable[tuple[int, GivenVerdict]], *, desk: str, at: datetime
) -> tuple[dict[int, Said], list[GradeEvent]]:  # fmt: skip
    """Return what the verdicts come to, and the events that say so.

    What has a key leaves an event even when it repeats what stands: were it sent again after another verdict, it
    would otherwise be taken for news.
    """
    said, events, seen = dict(before.said), [], set(before.keys)
    for index, given in verdicts:
        if given.key and given.key in seen:
            continue
        now = (given.verdict, given.explanation.strip(), given.quote.strip())
        if not given.key and said.get(index, ("", "", "")) == now:
            continue
        seen.add(given.key)
        events.append(
            GradeEvent(
                assignment=assignment, criterion_index=index, round=ROUND, verdict=now[0], explanation=now[1],
                quote=now[2], key=given.key or new_key(), desk=desk, at=given.at or at,
            )
        )  # fmt: skip
        if now[0]:
            said[index] = now
        else:
            said.pop(index, None)
    return said, events


def _grades(assignment: Assignment, before: Mapping[int, Said], said: Mapping[int, Said]) -> list[Grade]:
    """Return what differs from what is stored, so that `updated_at` is the time of the last change."""
    return [
        Grade(
            assignment=assignment, criterion_index=index, round=ROUND, verdict=verdict, explanation=explanation,
            quote=quote,
        )
        for index, (verdict, explanation, quote) in sorted(said.items())
        if before.get(index) != (verdict, explanation, quote)
    ]  # fmt: skip


def _set_done(assignment: Assignment, said: Mapping[int, Said], at: datetime) -> None:
    if any(index not in said for index in asked_criteria(assignment)):
        assignment.done_at = None
    elif assignment.done_at is None:
        assignment.done_at = at


def _write(events: Sequence[GradeEvent], grades: Sequence[Grade], gone: Sequence[int]) -> None:
    GradeEvent.objects.bulk_create(events, batch_size=BATCH)
    Grade.objects.bulk_create(
        grades,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["assignment", "criterion_index", "round"],
        update_fields=["verdict", "explanation", "quote", "updated_at"],
    )
    if gone:
        Grade.objects.filter(pk__in=gone).delete()


def _save_done(assignments: Sequence[Assignment]) -> None:
    if assignments:
        Assignment.objects.bulk_update(assignments, ["done_at"], batch_size=BATCH)
