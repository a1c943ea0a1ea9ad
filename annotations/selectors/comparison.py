"""Comparing a harness's own numbers with what its formula makes of the verdicts it brought, and with ours."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from annotations.frames import MET, SEED, UNDECIDED, Units, units_of_runs
from annotations.models import ComparisonFinding, GradingSession
from annotations.selectors.results import find_comparison, formulas_of
from annotations.stats import RubricGrades, Score, case_scores, score_of_cases
from annotations.stats.score_intervals import OVERALL
from exports.formats.base import Formula
from exports.formats.formulas import HEALTHBENCH
from exports.models import Response, Run

# Sums in another order differ by less; what a harness computes otherwise differs by more.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """One answer's scores; None where the harness gave none, or where a verdict is undecided."""

    prompt_id: str
    place: int  # the case's position in the release
    epoch: int
    reported: float | None
    expected: float | None
    ours: float | None

    @property
    def is_unexplained(self) -> bool:
        """Whether the harness says something else than its formula makes of its verdicts."""
        return self.reported is not None and _differ(self.reported, self.expected)

    @property
    def is_other(self) -> bool:
        """Whether the harness's score differs from ours."""
        return self.reported is not None and _differ(self.reported, self.ours)

    @property
    def difference(self) -> float | None:
        """The harness's score minus what its formula gives."""
        if self.reported is None or self.expected is None:
            return None
        return self.reported - self.expected


@dataclass(frozen=True, slots=True)
class Compared:
    """A run compared by one formula: the run's scores and every answer's."""

    formula_place: int
    ours: Score
    expected: float | None
    reported: float | None
    answers: list[AnswerScores]

    @property
    def unexplained(self) -> list[AnswerScores]:
        """The answers whose score the formula doesn't give."""
        return [each for each in self.answers if each.is_unexplained]

    @property
    def is_explained(self) -> bool:
        """Whether the formula gives every number the harness reported."""
        whole = self.reported is None or not _differ(self.reported, self.expected)
        return whole and not any(each.is_unexplained for each in self.answers)

    @property
    def finding(self) -> ComparisonFinding:
        """What became of the harness's numbers."""
        if self.reported is None and all(each.reported is None for each in self.answers):
            return ComparisonFinding.NOT_REPORTED
        if not self.is_explained:
            return ComparisonFinding.UNEXPLAINED
        other = self.reported is not None and _differ(self.reported, self.ours.mean)
        if other or any(each.is_other for each in self.answers):
            return ComparisonFinding.EXPLAINED
        return ComparisonFinding.SAME


def compare_results(run: Run, session: GradingSession) -> Compared:
    """Compare what the harness reported with what its formula makes of the verdicts in the session.

    Of several formulas the first that explains every number is taken, else the usual one. Cost: five queries and one
    pass over the grades.
    """
    units = units_of_runs(session, [run])
    ours = score_of_cases(OVERALL, case_scores(_without_tags(units)), seed=SEED)
    reported = dict(Response.objects.filter(run=run).values_list("pk", "reported_score"))
    formulas = formulas_of(run)
    tried = (_compare(place, formula, run, units, ours, reported) for place, formula in enumerate(formulas))
    first = next(tried)
    if first.is_explained:
        return first
    return next((each for each in tried if each.is_explained), first)


def list_differences(run: Run) -> list[AnswerScores]:
    """Return the answers whose reported score is not ours, or not what the harness's formula gives, in order.

    Cost: two queries where there are none, else that of `compare_results`.
    """
    comparison = find_comparison(run)
    if comparison is None or not comparison.n_other + comparison.n_unexplained:
        return []
    session = GradingSession.objects.get(pk=comparison.session_id)
    compared = compare_results(run, session)
    return [each for each in compared.answers if each.is_other or each.is_unexplained]


def _without_tags(units: Units) -> RubricGrades:
    return RubricGrades.from_arrays(case=units.case, sample=units.sample, points=units.points, met=units.met)


def _compare(
    place: int, formula: Formula, run: Run, units: Units, ours: Score, reported: dict[int, float | None]
) -> Compared:
    answers = list(_answers(formula, units, reported))
    by_case: dict[int, list[float]] = {}
    for each in answers:
        if each.expected is not None:
            by_case.setdefault(each.place, []).append(each.expected)
    means = [sum(scores) / len(scores) for scores in by_case.values()]
    expected = formula.overall(means) if formula.overall and means else None
    return Compared(place, ours, expected, run.reported_score, answers)


def _answers(formula: Formula, units: Units, reported: dict[int, float | None]) -> Iterator[AnswerScores]:
    """Yield every answer's scores; an answer's units lie side by side, in rubric order."""
    starts = np.flatnonzero(units.criterion == 0)
    ends = np.append(starts, len(units))[1:]
    cases, samples = units.case[starts].tolist(), units.sample[starts].tolist()
    answers = units.response[starts].tolist()
    for index, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        verdicts = units.met[start:end].tolist()
        met = [None if verdict == UNDECIDED else verdict == MET for verdict in verdicts]
        marks = list(zip(units.points[start:end].tolist(), met, strict=True))
        yield AnswerScores(
            prompt_id=units.items[cases[index]].prompt_id, place=units.items[cases[index]].position,
            epoch=samples[index],
            reported=reported.get(answers[index]), expected=formula.per_case(marks),
            ours=HEALTHBENCH.per_case(marks),
        )  # fmt: skip


def _differ(one: float, other: float | None) -> bool:
    return other is None or abs(one - other) > TOLERANCE
