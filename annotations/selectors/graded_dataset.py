"""A closed session as the rows of a graded dataset, answer by answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import numpy as np
from django.db.models import QuerySet
from django.utils import translation
from django.utils.crypto import salted_hmac

from annotations.frames import MET, NOT_MET, Units, session_units
from annotations.graded_dataset.records import (
    DatasetHead,
    GivenGrade,
    GradedAnswer,
    Grader,
    Judged,
    RulingGiven,
)
from annotations.models import (
    Assignment,
    GoldVerdict,
    Grade,
    GradeEvent,
    GradingSession,
    Resolution,
    SessionItem,
    SessionKind,
    SessionRun,
)
from annotations.selectors.desks import independence_note
from annotations.selectors.grades import hash_of_grades
from exports.access import stage_of
from exports.models import ReleaseItem, Response, Split

CHUNK = 200  # answers held in memory at a time
_SALT = "annotations.graded_dataset"
_OUTCOMES = {MET: "met", NOT_MET: "not_met"}
_UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an answer belongs, without its text."""

    response: int
    item: ReleaseItem
    run: SessionRun
    epoch: int
    calibration: bool


def read_head(session: GradingSession, *, canary: str, recipient: str) -> DatasetHead:
    """Return what all rows of a closed session share; without a recipient with what is withheld.

    Cost: about twelve queries, one pass over the grades for their hash.
    """
    with translation.override("en"):  # the same session gives the same bytes, whoever asks
        note = independence_note([session])
    return DatasetHead(
        session=session.pk, kind=session.kind, release=session.release.label,
        release_sha256=session.release.sha256, stage=stage_of(session.release), rule=session.rule,
        overlap=session.overlap, closed_at=session.closed_at, grades_sha256=hash_of_grades(session), canary=canary,
        recipient=recipient, graders=list(_graders(session).values()), independence_note=note,
        withheld=_withheld(session, recipient),
    )  # fmt: skip


def count_answers(session: GradingSession, *, with_held_out: bool) -> int:
    """Return how many answers of the session a dataset would hold. Cost: one query."""
    answers = _answers(session)
    return (answers if with_held_out else answers.exclude(item__split=Split.HELD_OUT)).count()


def iterate_answers(session: GradingSession, *, with_held_out: bool) -> Iterator[GradedAnswer]:
    """Yield every answer of the session with all that was said of it, by case, run and epoch.

    Cost: about twelve queries, and four or five for every 200 answers; holds what the verdicts of all answers come to,
    and the texts of 200, in memory.
    """
    units = session_units(session)
    outcomes = _outcomes(units)
    rulings, gold, graders = _rulings(session), _gold(session), _graders(session)
    places = _places(session, units.items, with_held_out=with_held_out)
    for start in range(0, len(places), CHUNK):
        chunk = places[start : start + CHUNK]
        keys = [place.response for place in chunk]
        texts = dict(Response.objects.filter(pk__in=keys).values_list("pk", "completion"))
        judged = _judged(session, keys, graders)
        for place in chunk:
            yield GradedAnswer(
                prompt_id=place.item.prompt_id, item_sha256=place.item.sha256, split=place.item.split,
                content=place.item.content, run=place.run.run.name, model=place.run.run.model, epoch=place.epoch,
                response_id=place.response, completion=texts[place.response],
                withdrawn=place.run.withdrawn_at is not None, calibration=place.calibration,
                outcomes=outcomes.get(place.response, ()), rulings=rulings.get(place.response, {}),
                gold=gold.get(place.response, {}), judged=judged.get(place.response, ()),
            )  # fmt: skip


def _graders(session: GradingSession) -> dict[int, Grader]:
    members = session.session_raters.select_related("rater").order_by("position")
    return {
        member.rater_id: Grader(
            label=member.label,
            # Keyed with the installation's secret: nobody can try out people's numbers.
            anonymous_id=salted_hmac(
                _SALT, f"{session.pk}:{member.rater_id}", algorithm="sha256"
            ).hexdigest()[:16],
            desk=member.desk,
            is_person=member.rater.user_id is not None,
        )
        for member in members
    }


def _answers(session: GradingSession) -> QuerySet[Response]:
    """Return the session's answers, whether they count or not."""
    if session.kind == SessionKind.IMPORTED:
        return Response.objects.filter(assignments__session=session)
    return Response.objects.filter(session_items__session=session)


def _places(session: GradingSession, items: Sequence[ReleaseItem], *, with_held_out: bool) -> list[_Place]:
    by_key = {item.pk: item for item in items}
    runs = {entry.run_id: entry for entry in session.session_runs.select_related("run")}
    calibration = set(
        SessionItem.objects.filter(session=session, is_calibration=True).values_list("response_id", flat=True)
    )
    rows = _answers(session).order_by().values_list("pk", "item_id", "run_id", "epoch")
    places = [
        _Place(pk, by_key[item], runs[run], epoch, pk in calibration)
        for pk, item, run, epoch in rows.iterator(chunk_size=20_000)
        if with_held_out or by_key[item].split == Split.PUBLIC
    ]
    return sorted(places, key=lambda place: (place.item.position, place.run.position, place.epoch))


def _outcomes(units: Units) -> dict[int, Sequence[str]]:
    """Return what each unit of each counted answer counts as."""
    words = [_OUTCOMES.get(met, _UNDECIDED) for met in units.met.tolist()]
    first = np.flatnonzero(units.criterion == 0).tolist()
    ends = [*first[1:], len(words)]
    keys = units.response.tolist()
    return {keys[start]: words[start:end] for start, end in zip(first, ends, strict=True)}


def _rulings(session: GradingSession) -> dict[int, dict[int, RulingGiven]]:
    found: dict[int, dict[int, RulingGiven]] = {}
    rows = Resolution.objects.filter(session=session, withdrawn_at=None)
    fields = ("response_id", "criterion_index", "verdict", "reason", "at")
    for response, index, *ruling in rows.values_list(*fields):
        found.setdefault(response, {})[index] = RulingGiven(*ruling)
    return found


def _gold(session: GradingSession) -> dict[int, dict[int, tuple[str, str]]]:
    found: dict[int, dict[int, tuple[str, str]]] = {}
    rows = GoldVerdict.objects.filter(item__session=session)
    for response, index, verdict, why in rows.values_list(
        "item__response_id", "criterion_index", "verdict", "explanation"
    ):
        found.setdefault(response, {})[index] = (verdict, why)
    return found


def _judged(
    session: GradingSession, responses: Sequence[int], graders: dict[int, Grader]
) -> dict[int, list[Judged]]:
    """Return what was said of some answers, each by the graders' order. Cost: three queries."""
    rows = list(
        Assignment.objects.filter(session=session, response__in=responses).values_list(
            "pk", "response_id", "rater_id", "position", "active_seconds", "asked", "released_cause"
        )
    )
    order = {rater: place for place, rater in enumerate(graders)}
    rows.sort(key=lambda row: (row[1], order[row[2]]))
    grades = _grades([row[0] for row in rows])
    found: dict[int, list[Judged]] = {}
    for pk, response, rater, position, seconds, asked, released in rows:
        found.setdefault(response, []).append(
            Judged(graders[rater], position, seconds or None, bool(asked), released, grades.get(pk, {}))
        )
    return found


def _grades(assignments: Sequence[int]) -> dict[int, dict[int, GivenGrade]]:
    """Return the grades of some assignments, each with when it was last said: a desk may know better than our clock.

    Cost: two queries, and a third where verdicts were imported, which have no history.
    """
    events = GradeEvent.objects.filter(assignment__in=assignments).order_by("pk")
    said: dict[tuple[int, int], datetime] = {
        (assignment, index): at
        for assignment, index, at in events.values_list("assignment_id", "criterion_index", "at")
    }
    grades = Grade.objects.filter(assignment__in=assignments)
    rows = list(
        grades.order_by("assignment_id", "criterion_index", "round").values_list(
            "assignment_id", "criterion_index", "verdict", "explanation", "quote"
        )
    )
    if any((assignment, index) not in said for assignment, index, *_rest in rows):
        written = grades.order_by().values_list("assignment_id", "criterion_index", "updated_at")
        said = {(assignment, index): at for assignment, index, at in written} | said
    return {
        assignment: {
            index: GivenGrade(verdict, explanation, quote, said[assignment, index])
            for _assignment, index, verdict, explanation, quote in group
        }
        for assignment, group in groupby(rows, key=itemgetter(0))
    }


def _withheld(session: GradingSession, recipient: str) -> dict[str, int]:
    """Count the held-out cases that stay here, with their answers and verdicts. Cost: three queries, or none."""
    if recipient:
        return {"cases": 0, "answers": 0, "verdicts": 0}
    held = _answers(session).filter(item__split=Split.HELD_OUT)
    grades = Grade.objects.filter(
        assignment__session=session, assignment__response__item__split=Split.HELD_OUT
    )
    return {
        "cases": held.order_by().values("item").distinct().count(),
        "answers": held.count(),
        "verdicts": grades.count(),
    }
