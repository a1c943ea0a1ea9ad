"""The only bridge from rows to arrays: grades become units, units become what `annotations.stats` computes with."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import Count, QuerySet
from numpy.typing import NDArray

from annotations.models import (
    DecisionRule,
    Grade,
    GradingSession,
    Rater,
    Resolution,
    Ruling,
    SessionRater,
    Verdict,
)
from annotations.selectors.counted import (
    count_due,
    count_third_opinions,
    counted_answers,
    counted_grades,
    counted_runs,
)
from annotations.stats import RatingTable, RubricGrades
from builder.content import MAX_CRITERIA, Criterion
from exports.models import ReleaseItem, Response, Run
from exports.selectors import answers_of

IntArray = NDArray[np.int64]
MET, NOT_MET, UNDECIDED = 1, 0, -1
NO_RULING, RULED, RULED_CANNOT_JUDGE, RULED_UNCLEAR = 0, 1, 2, 3
SEED = 20_250_508  # of every report's resampling: the same grades always print the same interval
# Plain texts as keys: looking up an enum member costs three times as much, once for each grade.
_VERDICT_CODES = {
    Verdict.MET.value: 0, Verdict.NOT_MET.value: 1, Verdict.CANNOT_JUDGE.value: 2, Verdict.JUDGE_FAILED.value: 3,
}  # fmt: skip
# What a ruling makes of a unit, and how it is counted.
_RULINGS = {
    Ruling.MET.value: (MET, RULED), Ruling.NOT_MET.value: (NOT_MET, RULED),
    Ruling.CANNOT_JUDGE.value: (UNDECIDED, RULED_CANNOT_JUDGE), Ruling.UNCLEAR.value: (UNDECIDED, RULED_UNCLEAR),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Units:
    """Every (response, criterion) of some responses of one release; all arrays have one row per unit.

    `case` is the item's place in `items`, `sample` the epoch, `met` the resolution: 1 met, 0 not met, -1 undecided.
    `votes` has shape (units, 4): how many raters said met, not met, cannot judge, judge failed. `ruling` says whether
    an adjudicator ruled on the unit: 0 nobody did, 1 met or not met, 2 cannot judge, 3 unclear wording; the last two
    leave it undecided for good.
    """

    items: Sequence[ReleaseItem]
    response: IntArray
    run: IntArray
    case: IntArray
    sample: IntArray
    criterion: IntArray
    points: NDArray[np.float64]
    red_line: NDArray[np.bool_]
    met: NDArray[np.int8]
    votes: IntArray
    ruling: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.response)

    def only(self, mask: NDArray[np.bool_]) -> "Units":
        """Return the units of a mask."""
        return Units(
            self.items, self.response[mask], self.run[mask], self.case[mask], self.sample[mask],
            self.criterion[mask], self.points[mask], self.red_line[mask], self.met[mask], self.votes[mask],
            self.ruling[mask],
        )  # fmt: skip

    def of_run(self, run: Run) -> "Units":
        """Return one run's units."""
        return self.only(self.run == run.pk)

    def undecided_counts(self) -> dict[str, int]:
        """Count the undecided units by why.

        What an adjudicator left undecided is counted apart; of the rest a unit with votes is unresolved (a tie, or a
        disagreement that waits for its ruling); else there was an abstention, a failure, or no grade at all.
        """
        undecided = (self.met == UNDECIDED) & (self.ruling == NO_RULING)
        voted = (self.votes[:, 0] + self.votes[:, 1]) > 0
        cannot = ~voted & (self.votes[:, 2] > 0)
        failed = ~voted & ~cannot & (self.votes[:, 3] > 0)
        return {
            "unresolved": int((undecided & voted).sum()),
            "cannot_judge": int((undecided & cannot).sum()),
            "judge_failed": int((undecided & failed).sum()),
            "missing": int((undecided & ~voted & ~cannot & ~failed).sum()),
            "ruled_cannot_judge": int((self.ruling == RULED_CANNOT_JUDGE).sum()),
            "ruled_unclear": int((self.ruling == RULED_UNCLEAR).sum()),
        }

    def rubric_grades(self) -> RubricGrades:
        """Return what the scores are computed from. The units must be of one run."""
        return RubricGrades.from_arrays(
            case=self.case, sample=self.sample, points=self.points, met=self.met,
            criterion_tags={
                tag: np.flatnonzero(np.isin(self._criterion_key, keys)) for tag, keys in self._tags.items()
            },
            case_tags=self._case_tags,
        )  # fmt: skip

    @cached_property
    def _criterion_key(self) -> IntArray:
        # Case and criterion share one integer key; a rubric has at most MAX_CRITERIA criteria.
        return self.case * MAX_CRITERIA + self.criterion

    @cached_property
    def _tags(self) -> dict[str, list[int]]:
        """The criterion tags in order of first appearance, each with the keys of its criteria."""
        tags: dict[str, list[int]] = {}
        for place, item in enumerate(self.items):
            for index, criterion in enumerate(item.content.rubrics):
                for tag in criterion.tags:
                    tags.setdefault(tag, []).append(place * MAX_CRITERIA + index)
        return tags

    @cached_property
    def _case_tags(self) -> dict[str, list[int]]:
        tags: dict[str, list[int]] = {}
        for place, item in enumerate(self.items):
            for tag in item.content.example_tags:
                tags.setdefault(tag, []).append(place)
        return tags


def session_units(session: GradingSession, *, rater: Rater | None = None) -> Units:
    """Return the units of all answers that count in a session, resolved; or by one rater's verdicts alone.

    Cost: five queries whatever the size, and one pass over the grades.
    """
    return _resolved(session, counted_runs(session), counted_grades([session]), rater)


def units_of_runs(session: GradingSession, runs: Sequence[Run], *, rater: Rater | None = None) -> Units:
    """Return the units of some of the session's runs; of a withdrawn one there are none."""
    grades = counted_grades([session]).filter(assignment__response__run__in=runs)
    return _resolved(session, runs, grades, rater)


def _resolved(
    session: GradingSession, runs: Sequence[Run], grades: QuerySet[Grade], rater: Rater | None
) -> Units:
    items = list(ReleaseItem.objects.filter(release_id=session.release_id).order_by("position"))
    units = _empty_units(items, counted_answers(session, runs))
    if rater is not None:
        grades = grades.filter(assignment__rater=rater)
    _count_votes(units, grades.values_list("assignment__response_id", "criterion_index", "verdict"))
    _decide(units, DecisionRule.MAJORITY if rater else session.rule)
    if rater is None:
        _apply_rulings(units, session)
    return units


@dataclass(frozen=True, eq=False)
class Ratings:
    """The met / not met verdicts of one or more sessions, one row each.

    `unit` is a row of the `Units`, `rater` a place in `labels` (from 0), `met` 1 or 0. An abstention and a failure are
    no rating. A rater in `labels` may have no row.
    """

    labels: list[str]
    unit: IntArray
    rater: IntArray
    met: IntArray

    def table(self, units: Units, mask: NDArray[np.bool_] | None = None) -> RatingTable:
        """Return the ratings of the units in `mask` (default all) for `agreement`; clusters are cases."""
        keep = slice(None) if mask is None else mask[self.unit]
        unit = self.unit[keep]
        return RatingTable.from_long(
            unit, self.rater[keep], self.met[keep], cluster=units.case[unit], categories=(0, 1)
        )

    def matrix(self, n_units: int) -> NDArray[np.int8]:
        """Return 1 met, 0 not met, -1 no verdict, by unit and rater."""
        full: NDArray[np.int8] = np.full((n_units, len(self.labels)), -1, dtype=np.int8)
        full[self.unit, self.rater] = self.met
        return full


@dataclass(frozen=True, slots=True)
class Abstentions:
    """Verdicts that decide nothing: by rater, in the order of `Ratings.labels`, and those nobody gave.

    `third_opinions` counts the verdicts that were asked for later, on disagreements: no rating holds them.
    """

    cannot_judge: list[int]
    judge_failed: list[int]
    missing: int
    third_opinions: int = 0


def agreement_units(sessions: Sequence[GradingSession]) -> Units:
    """Return the units of the answers that count in sessions of one release, without anybody's verdict.

    Cost: one query, and three for each session.
    """
    items = list(ReleaseItem.objects.filter(release_id=sessions[0].release_id).order_by("position"))
    if len(sessions) == 1:
        return _empty_units(items, counted_answers(sessions[0], counted_runs(sessions[0])))
    found: set[int] = set()
    for session in sessions:
        answers = counted_answers(session, counted_runs(session))
        found.update(answers.values_list("pk", flat=True))
    runs = Run.objects.filter(sessions__in=sessions).distinct()
    return _empty_units(items, answers_of(list(runs)), only=found)


def session_ratings(sessions: Sequence[GradingSession], units: Units) -> Ratings:
    """Return the ratings of the answers in `units`, third opinions left out.

    Cost: four queries and one pass over the grades.
    """
    places, labels = _raters(sessions)
    offsets = _row_offsets(units)
    rows = (
        counted_grades(sessions, third_opinions=False)
        .filter(verdict__in=(Verdict.MET, Verdict.NOT_MET))
        .values_list("assignment__response_id", "criterion_index", "assignment__rater_id", "verdict")
    )
    found = [
        (offsets[response] + criterion, places[rater], verdict == Verdict.MET)
        for response, criterion, rater, verdict in rows.iterator(chunk_size=20_000)
        if response in offsets
    ]
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return Ratings(labels, table[:, 0], table[:, 1], table[:, 2])


def count_abstentions(sessions: Sequence[GradingSession], units: Units) -> Abstentions:
    """Count what raters could not judge, what a judge failed at, and the grades nobody gave.

    Third opinions are left out, as in `session_ratings`. Cost: seven queries.
    """
    places, _labels = _raters(sessions)
    cannot, failed = [0] * len(places), [0] * len(places)
    given = 0
    grades = counted_grades(sessions, third_opinions=False)
    for rater, verdict, n in (
        grades.values_list("assignment__rater_id", "verdict").annotate(n=Count("pk")).order_by()
    ):
        given += n
        if verdict == Verdict.CANNOT_JUDGE:
            cannot[places[rater]] += n
        elif verdict == Verdict.JUDGE_FAILED:
            failed[places[rater]] += n
    return Abstentions(cannot, failed, _due(sessions, units) - given, count_third_opinions(sessions))


def _due(sessions: Sequence[GradingSession], units: Units) -> int:
    responses, sizes = np.unique(units.response, return_counts=True)
    return count_due(sessions, dict(zip(responses.tolist(), sizes.tolist(), strict=True)))


def _raters(sessions: Sequence[GradingSession]) -> tuple[dict[int, int], list[str]]:
    """Return each rater's place, and the labels: a session's own, or grader-N in order when sessions are pooled."""
    members = (
        SessionRater.objects.filter(session__in=sessions)
        .select_related("rater")
        .order_by("session_id", "position")
    )
    first = {member.rater_id: member for member in reversed(members)}
    ordered = sorted(first.values(), key=lambda member: (member.session_id, member.position))
    if len(sessions) == 1:
        labels = [member.label for member in ordered]
    else:
        labels = [
            f"grader-{place}" if member.rater.user_id else member.rater.name
            for place, member in enumerate(ordered, start=1)
        ]
    return {member.rater_id: place for place, member in enumerate(ordered)}, labels


def _empty_units(
    items: list[ReleaseItem], answers: QuerySet[Response], *, only: Collection[int] | None = None
) -> Units:
    place_of = {item.pk: place for place, item in enumerate(items)}
    rubrics: list[list[Criterion]] = [item.content.rubrics for item in items]
    responses = list(answers.values_list("pk", "run_id", "item_id", "epoch"))
    if only is not None:
        responses = [row for row in responses if row[0] in only]
    places = [place_of[item_id] for _pk, _run, item_id, _epoch in responses]
    sizes = np.array([len(rubrics[place]) for place in places], dtype=np.int64)
    total = int(sizes.sum())
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    criterion = np.arange(total, dtype=np.int64) - starts
    case = np.repeat(np.array(places, dtype=np.int64), sizes)
    row = _rubric_starts(rubrics)[case] + criterion  # of all rubrics, one after the other
    points = np.array([each.points for rubric in rubrics for each in rubric], dtype=np.float64)
    red_line = np.array([each.red_line for rubric in rubrics for each in rubric], dtype=np.bool_)

    def spread(values: Iterable[Any]) -> IntArray:
        return np.repeat(np.fromiter(values, dtype=np.int64, count=len(responses)), sizes)

    return Units(
        items=items,
        response=spread(row[0] for row in responses),
        run=spread(row[1] for row in responses),
        case=case,
        sample=spread(row[3] for row in responses),
        criterion=criterion,
        points=points[row],
        red_line=red_line[row],
        met=np.full(total, UNDECIDED, dtype=np.int8),
        votes=np.zeros((total, len(_VERDICT_CODES)), dtype=np.int64),
        ruling=np.full(total, NO_RULING, dtype=np.int8),
    )


def _rubric_starts(rubrics: Sequence[Sequence[Criterion]]) -> IntArray:
    sizes = np.array([len(rubric) for rubric in rubrics], dtype=np.int64)
    return np.cumsum(sizes) - sizes


def _row_offsets(units: Units) -> dict[int, int]:
    """Return the row of each response's first criterion."""
    first = np.flatnonzero(units.criterion == 0)
    return dict(zip(units.response[first].tolist(), first.tolist(), strict=True))


def _count_votes(units: Units, rows: Any) -> None:
    offsets = _row_offsets(units)
    width = len(_VERDICT_CODES)
    cells = [
        (offsets[response] + criterion) * width + _VERDICT_CODES[verdict]
        for response, criterion, verdict in rows.iterator(chunk_size=20_000)
        if response in offsets
    ]
    counted = np.bincount(np.asarray(cells, dtype=np.int64), minlength=units.votes.size)
    units.votes[:] = counted.reshape(units.votes.shape)


def _decide(units: Units, rule: str) -> None:
    """A unit goes by the strict majority of met / not met; where the lead decides, only if nobody disagrees."""
    met, not_met = units.votes[:, 0], units.votes[:, 1]
    if rule == DecisionRule.LEAD:
        met, not_met = met * (not_met == 0), not_met * (met == 0)
    units.met[met > not_met] = MET
    units.met[not_met > met] = NOT_MET


def _apply_rulings(units: Units, session: GradingSession) -> None:
    offsets = _row_offsets(units)
    rows = Resolution.objects.filter(session=session, withdrawn_at=None)
    for response, criterion, verdict in rows.values_list("response_id", "criterion_index", "verdict"):
        if response in offsets:
            row = offsets[response] + criterion
            units.met[row], units.ruling[row] = _RULINGS[verdict]
