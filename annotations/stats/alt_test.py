"""The alternative annotator test: may a judge replace a human annotator?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from annotations.stats.arrays import BoolArray, FloatArray

FEWEST_FOR_T = 30


@dataclass(frozen=True, slots=True)
class AnnotatorTest:
    """The judge against one annotator.

    Attributes
    ----------
    annotator : object
    n : int
        Units this annotator and at least one other rated, and the judge too.
    judge_wins, annotator_wins : float
        Share of units on which each is at least as close to the remaining annotators as the other.
    p_value : float or None
        One-sided, for the judge losing by ``epsilon`` or more; None below two units.
    rejected : bool
        Whether that is rejected after the Benjamini–Yekutieli correction.
    test : str
        ``"t"``, ``"wilcoxon"`` (below 30 units) or ``"none"`` (all units alike, or too few).

    Examples
    --------
    >>> alt_test([1, 0], [[1, 1], [0, 0]]).annotators[0].judge_wins
    1.0
    """

    annotator: Any
    n: int
    judge_wins: float | None
    annotator_wins: float | None
    p_value: float | None
    rejected: bool
    test: str


@dataclass(frozen=True, slots=True)
class AltTest:
    """Result of the alternative annotator test.

    Attributes
    ----------
    omega : float or None
        Winning rate: share of annotators the judge may replace.
    rho : float or None
        Average advantage probability: mean over annotators of ``judge_wins``.
    passes : bool or None
        ``omega`` of at least 0.5.
    epsilon, q : float
    annotators : list of AnnotatorTest
    n_units : int
        Units the judge and at least two annotators rated.
    status : str
        ``"ok"``, ``"few_units"`` (fewer than 30 units for some annotator), ``"few_annotators"`` (below three)
        or ``"undefined_no_pairs"``.

    Examples
    --------
    >>> alt_test([1], [[1, None]]).to_dict()["status"]
    'undefined_no_pairs'
    """

    omega: float | None
    rho: float | None
    passes: bool | None
    epsilon: float
    q: float
    annotators: list[AnnotatorTest]
    n_units: int
    status: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a dictionary ready for JSON."""
        return asdict(self)


def alt_test(
    judge: Any,
    human: Any,
    epsilon: float = 0.2,
    scoring: Literal["accuracy", "rmse"] = "accuracy",
    q: float = 0.05,
    annotators: list[Any] | None = None,
) -> AltTest:
    r"""Return whether a judge may replace the human annotators, by the alternative annotator test.

    Leave annotator j out. On each unit i that j, the judge f and at least one other rated, S is the closeness
    to the *remaining* annotators: the share who agree (``accuracy``), or minus the root mean square distance
    (``rmse``). :math:`W^f = [S(f) \ge S(h_j)]`, :math:`W^h = [S(h_j) \ge S(f)]`. The judge may replace j when
    :math:`H_0: E[W^h - W^f] \ge \varepsilon` is rejected by a one-sided t-test (Wilcoxon's below 30 units),
    with the Benjamini–Yekutieli correction over annotators. :math:`\omega` is the share of rejections,
    :math:`\rho` the mean of the means of :math:`W^f`.

    Parameters
    ----------
    judge : array_like, shape (units,)
        Numbers or labels; None and NaN are missing.
    human : array_like, shape (units, annotators)
        The same; missing cells allowed.
    epsilon : float
        What the judge's lower cost is worth: 0.2 against experts, 0.15 skilled annotators, 0.1 a crowd.
    scoring : {"accuracy", "rmse"}
    q : float
        False-discovery rate.
    annotators : list, optional
        Names of the columns.

    Returns
    -------
    AltTest

    Raises
    ------
    ValueError
        When the shapes do not match, or ``rmse`` is asked of text.

    References
    ----------
    Calderon, Reichart & Dror (2025). The Alternative Annotator Test for LLM-as-a-Judge. ACL 2025.

    Examples
    --------
    A judge that always sides with the majority of three:

    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 60)
    >>> people = np.where(rng.random((60, 3)) < 0.8, truth[:, None], 1 - truth[:, None])
    >>> result = alt_test(np.where(people.sum(axis=1) >= 2, 1, 0), people)
    >>> result.omega, result.passes
    (1.0, True)
    """
    verdict, ratings, rated = _coded(judge, human, scoring)
    people = ratings.shape[1]
    names = list(range(people)) if annotators is None else list(annotators)
    if len(names) != people:
        raise ValueError(f"There are {people} annotators but {len(names)} names.")
    usable = ~np.isnan(verdict)
    tests = [_against(j, verdict, ratings, rated & usable[:, None], epsilon, scoring) for j in range(people)]
    tested = [j for j, (_, p, _) in enumerate(tests) if p is not None]
    rejected = np.zeros(people, dtype=bool)
    if tested:
        p_values = np.array([tests[j][1] for j in tested], dtype=np.float64)
        rejected[tested] = stats.false_discovery_control(p_values, method="by") <= q
    results = []
    for j, (wins, p, test) in enumerate(tests):
        judge_wins = float(wins[0].mean()) if wins.shape[1] else None
        annotator_wins = float(wins[1].mean()) if wins.shape[1] else None
        results.append(
            AnnotatorTest(names[j], wins.shape[1], judge_wins, annotator_wins, p, bool(rejected[j]), test)
        )
    n_units = int((usable & (rated.sum(axis=1) >= 2)).sum())
    return _result(results, epsilon, q, n_units)


def _result(results: list[AnnotatorTest], epsilon: float, q: float, n_units: int) -> AltTest:
    counted = [r for r in results if r.p_value is not None]
    if not counted:
        return AltTest(None, None, None, epsilon, q, results, n_units, "undefined_no_pairs")
    omega = sum(r.rejected for r in counted) / len(counted)
    rho = float(np.mean([r.judge_wins for r in counted if r.judge_wins is not None]))
    status = "ok"
    if len(counted) < 3:
        status = "few_annotators"
    elif any(r.n < FEWEST_FOR_T for r in counted):
        status = "few_units"
    return AltTest(omega, rho, omega >= 0.5, epsilon, q, results, n_units, status)


def _coded(judge: Any, human: Any, scoring: str) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return judge (units,) and human (units, annotators) as numbers with NaN, and what is rated."""
    if scoring not in ("accuracy", "rmse"):
        raise ValueError(f"Unknown scoring {scoring!r}: use accuracy or rmse.")
    rows = [list(row) for row in human]
    one = list(judge)
    if len({len(row) for row in rows}) > 1 or len(rows) != len(one):
        raise ValueError("human must be units × annotators, with one judge verdict for each unit.")
    codes: dict[Any, float] = {}

    def number(value: Any) -> float:
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return float("nan")
        if scoring == "rmse":
            if isinstance(value, str):
                raise ValueError(f"rmse needs numbers, but a rating is {value!r}.")
            return float(value)
        return codes.setdefault(value, float(len(codes)))

    ratings = np.array([[number(v) for v in row] for row in rows], dtype=np.float64).reshape(len(rows), -1)
    return np.array([number(v) for v in one], dtype=np.float64), ratings, ~np.isnan(ratings)


def _against(
    j: int, verdict: FloatArray, ratings: FloatArray, rated: BoolArray, epsilon: float, scoring: str
) -> tuple[FloatArray, float | None, str]:
    """Return (judge wins, annotator wins) of shape (2, n), the p-value and the test used."""
    others = rated.copy()
    others[:, j] = False
    rows = np.flatnonzero(rated[:, j] & others.any(axis=1))
    remaining, table = others[rows], ratings[rows]
    judge = _closeness(verdict[rows], table, remaining, scoring)
    annotator = _closeness(table[:, j], table, remaining, scoring)
    wins = np.stack([judge >= annotator, annotator >= judge]).astype(np.float64)
    lost = wins[1] - wins[0]
    if rows.size < 2:
        return wins, None, "none"
    if float(np.ptp(lost)) == 0.0:
        return wins, float(lost[0] >= epsilon), "none"
    if rows.size < FEWEST_FOR_T:
        return wins, float(stats.wilcoxon(lost - epsilon, alternative="less").pvalue), "wilcoxon"
    return wins, float(stats.ttest_1samp(lost, epsilon, alternative="less").pvalue), "t"


def _closeness(own: FloatArray, table: FloatArray, remaining: BoolArray, scoring: str) -> FloatArray:
    """Return closeness to the remaining annotators up to a monotone change, as exact sums to be compared.

    Both sides have the same remaining annotators, so counts and sums of squares compare like their means.
    """
    if scoring == "accuracy":
        return np.asarray((remaining & (table == own[:, None])).sum(axis=1), dtype=np.float64)
    squares = np.where(remaining, (table - own[:, None]) ** 2, 0.0).sum(axis=1)
    return np.asarray(-squares, dtype=np.float64)
