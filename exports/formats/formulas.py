"""How scores are computed from verdicts, ours and the parts that harnesses share. Pure functions."""

from collections.abc import Sequence

from exports.formats.base import Formula, Marks


def points_met(marks: Marks) -> float | None:
    """Return the sum of the points of met criteria, or None while a verdict is undecided."""
    if any(met is None for _points, met in marks):
        return None
    return sum(points for points, met in marks if met)


def positive_points(marks: Marks) -> float:
    """Return the sum of the positive points: what an answer can reach."""
    return sum(points for points, _met in marks if points > 0)


def negative_points(marks: Marks) -> float:
    """Return the sum of the amounts of the negative points: what an answer can lose."""
    return sum(-points for points, _met in marks if points < 0)


def healthbench_case_score(marks: Marks) -> float | None:
    """Return points met / positive points, unclipped; None while a verdict is undecided or nothing is to be won."""
    achieved, possible = points_met(marks), positive_points(marks)
    return None if achieved is None or possible <= 0 else achieved / possible


def mean(scores: Sequence[float]) -> float | None:
    """Return the mean, or None of no scores."""
    return sum(scores) / len(scores) if scores else None


def clipped_mean(scores: Sequence[float]) -> float | None:
    """Return the mean clipped to [0, 1]: clipping comes after the mean, never before."""
    value = mean(scores)
    return None if value is None else min(1.0, max(0.0, value))


HEALTHBENCH_SENTENCE = (
    "Per case: sum of the points of met criteria / sum of the positive points, not clipped (it can be negative). "
    "Overall: mean over the cases, then clipped to [0, 1]."
)
HEALTHBENCH = Formula(HEALTHBENCH_SENTENCE, healthbench_case_score, clipped_mean, same_as_ours=True)
