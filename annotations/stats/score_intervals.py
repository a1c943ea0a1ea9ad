"""Run scores and tag scores with an interval from resampling cases."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from annotations.stats.arrays import FloatArray
from annotations.stats.scoring import CaseScores, RubricGrades, case_scores, run_score

CHUNK_CELLS = 500_000
OVERALL = "overall_score"


@dataclass(frozen=True, slots=True)
class Score:
    """The mean score of a run, or of one of its tags.

    Attributes
    ----------
    name : str
        ``"overall_score"`` or the tag.
    mean : float or None
        Mean over cases, clipped to [0, 1] after the mean; None without a case.
    n : int
        Cases in the mean.
    std_error : float or None
        Standard deviation (ddof 0) of the clipped bootstrap means; None below two cases.
    ci_low, ci_high : float or None
        Interval; None below two cases.
    n_boot : int
        Resamples drawn; 0 where none were.
    note : str
        One plain sentence, empty when there is nothing to say.
    n_incomplete : int
        Responses left out because a verdict is unresolved.
    worst, best : float or None
        The mean if every unresolved verdict went against, or for, the response.
    """

    name: str
    mean: float | None
    n: int
    std_error: float | None
    ci_low: float | None
    ci_high: float | None
    n_boot: int
    note: str
    n_incomplete: int = 0
    worst: float | None = None
    best: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the score as a dictionary ready for JSON.

        Returns
        -------
        dict

        Examples
        --------
        >>> Score("overall_score", 0.5, 1, None, None, None, 0, "").to_dict()["mean"]
        0.5
        """
        return asdict(self)


def score_of_cases(
    name: str, scores: CaseScores, level: float = 0.95, n_boot: int = 1000, seed: int | None = 0
) -> Score:
    r"""Return the clipped mean of case scores with a bootstrap interval over cases.

    Each resample draws as many cases as there are, with replacement; its mean is clipped to [0, 1], as the
    score is.

    Parameters
    ----------
    name : str
    scores : CaseScores
    level : float
        Coverage of the interval.
    n_boot : int
        Resamples.
    seed : int or None
        The same seed gives the same interval, whatever else is computed.

    Returns
    -------
    Score
        Below two cases there is no interval. When all cases score the same, resampling would give an interval
        without width; instead the share of cases that could score otherwise is bounded exactly
        (:math:`1 - \alpha^{1/n}`, about 3/n) and taken to score the least, or the most, that the rubric
        allows.

    References
    ----------
    Arora et al. (2025). HealthBench. arXiv:2505.08775, appendix D.

    Examples
    --------
    >>> g = RubricGrades.from_arrays(case=[0, 1, 2, 3], points=[1, 1, 1, 1], met=[1, 0, 1, 1])
    >>> s = score_of_cases("overall_score", case_scores(g))
    >>> s.mean, s.n, s.ci_low <= 0.75 <= s.ci_high
    (0.75, 4, True)
    """
    values = scores.defined
    mean = run_score(values)
    worst, best = bounds(scores)
    incomplete = scores.responses_incomplete
    if mean is None or values.size < 2:
        note = "No case has a score." if mean is None else "Only one case, so there is no interval."
        return Score(name, mean, int(values.size), None, None, None, 0, note, incomplete, worst, best)
    if float(np.ptp(values)) <= 1e-12:
        low, high = _bounds_of_equal(values, float(scores.floor.min()), level)
        note = f"All {values.size} cases score the same: the interval is an exact bound, not a resampled one."
        return Score(name, mean, int(values.size), 0.0, low, high, 0, note, incomplete, worst, best)
    means = np.clip(bootstrap_means(values, n_boot, seed), 0.0, 1.0)
    tail = (1.0 - level) / 2.0
    low, high = (float(end) for end in np.quantile(means, [tail, 1.0 - tail]))
    return Score(
        name, mean, int(values.size), float(means.std()), low, high, n_boot, "", incomplete, worst, best
    )  # fmt: skip


def bootstrap_means(values: FloatArray, n_boot: int, seed: int | None) -> FloatArray:
    """Return the means of resamples of values, not clipped.

    Parameters
    ----------
    values : ndarray, shape (n,)
    n_boot : int
    seed : int or None

    Returns
    -------
    ndarray, shape (n_boot,)

    Examples
    --------
    >>> bootstrap_means(np.array([2.0, 2.0]), 3, 0).tolist()
    [2.0, 2.0, 2.0]
    """
    rng = np.random.default_rng(seed)
    n = values.size
    step = max(1, CHUNK_CELLS // n)
    parts = []
    for start in range(0, n_boot, step):
        picked = rng.integers(0, n, size=(min(step, n_boot - start), n))
        parts.append(values[picked].mean(axis=1))
    return np.concatenate(parts)


def _bounds_of_equal(values: FloatArray, floor: float, level: float) -> tuple[float, float]:
    value, n = float(values[0]), values.size
    at_end = value >= 1.0 or value <= floor
    alpha = 1.0 - level if at_end else (1.0 - level) / 2.0
    share = 1.0 - alpha ** (1.0 / n)
    low = value - share * (value - min(floor, value))
    high = value + share * (max(1.0, value) - value)
    return float(np.clip(low, 0.0, 1.0)), float(np.clip(high, 0.0, 1.0))


def bounds(scores: CaseScores) -> tuple[float | None, float | None]:
    """Return the run score if all unresolved verdicts went against, and for, the responses.

    An unresolved positive criterion counts as not met in the worst and met in the best case, a negative one
    the other way round; cases without a complete response are included.

    Parameters
    ----------
    scores : CaseScores

    Returns
    -------
    worst, best : float or None
        Clipped to [0, 1]; None without a case.

    Examples
    --------
    >>> bounds(case_scores(RubricGrades.from_arrays([0, 0], [3, 1], [1, -1])))
    (0.75, 1.0)
    """
    return run_score(scores.worst), run_score(scores.best)


def score_grades(
    grades: RubricGrades, level: float = 0.95, n_boot: int = 1000, seed: int | None = 0
) -> list[Score]:
    """Return the overall score and the score of every tag.

    Criterion tags use the criteria so tagged, in cases with a positive one; a response is incomplete there
    when one of *those* criteria is unresolved. Case tags use the whole score of the cases so tagged.

    Parameters
    ----------
    grades : RubricGrades
    level, n_boot, seed
        As in ``score_of_cases``.

    Returns
    -------
    list of Score
        ``overall_score`` first, then criterion tags, then case tags, each in the order given. A tag without
        any positive criterion has ``n`` 0 and no mean.

    Examples
    --------
    >>> g = RubricGrades.from_arrays([0, 0, 1], [2, 2, 1], [1, 0, 1],
    ...                              criterion_tags={"axis:accuracy": [0, 2]},
    ...                              case_tags={"theme:hedging": [0]})
    >>> [(s.name, s.mean, s.n) for s in score_grades(g)]
    [('overall_score', 0.75, 2), ('axis:accuracy', 1.0, 2), ('theme:hedging', 0.5, 1)]
    """
    overall = case_scores(grades)
    named = [(OVERALL, overall)]
    named += [(tag, case_scores(grades, rows)) for tag, rows in grades.criterion_tags.items()]
    named += [(tag, overall.of(cases)) for tag, cases in grades.case_tags.items()]
    return [score_of_cases(name, scores, level, n_boot, seed) for name, scores in named]
