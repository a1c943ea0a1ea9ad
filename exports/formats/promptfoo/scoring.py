"""How promptfoo computes a case's number: with the bundle's scoring function, and by itself."""

from exports.formats.base import Formula, Marks
from exports.formats.formulas import healthbench_case_score, negative_points, points_met, positive_points


def default_case_score(marks: Marks) -> float | None:
    """Return promptfoo's own weighted mean of assertions; None while a verdict is undecided.

    A criterion with negative points is a `not-llm-rubric`: it scores 1 when it is not met and weighs the amount of its
    points. With A the points met (negative ones included), P the positive points and N the amount of the negative
    ones, the sum of score × weight is A + N, and the sum of the weights P + N.
    """
    achieved = points_met(marks)
    total = positive_points(marks) + negative_points(marks)
    return None if achieved is None or not total else (achieved + negative_points(marks)) / total


def ours_from_default(score: float, marks: Marks) -> float:
    """Return HealthBench's score A / P of promptfoo's own s = (A + N) / (P + N): (s · (P + N) − N) / P."""
    positive, negative = positive_points(marks), negative_points(marks)
    return (score * (positive + negative) - negative) / positive


SCORED = Formula(
    "Per case: sum of the points of met criteria / sum of the positive points, not clipped, by the bundle's score.cjs. "
    "promptfoo has no score of its own for a whole run.",
    healthbench_case_score,
    None,
    same_as_ours=True,
)
DEFAULT = Formula(
    "Without the bundle's score.cjs promptfoo gives (A + N) / (P + N), with A the points met, P the sum of the "
    "positive points and N the sum of the amounts of the negative ones; ours is A / P = (s · (P + N) − N) / P.",
    default_case_score,
    None,
    same_as_ours=False,
)
