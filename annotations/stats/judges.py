"""How far a judge can stand in for people: macro F1, bias and where it errs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from annotations.stats.arrays import FloatArray, IntArray
from annotations.stats.coding import as_column, encode
from annotations.stats.comparison import PairedDifference, paired_difference
from annotations.stats.intervals import percentile_interval

FEW_UNITS = 10


@dataclass(frozen=True, slots=True)
class MacroF1:
    """HealthBench's meta-evaluation score of one grader against people.

    Attributes
    ----------
    macro_f1 : float or None
        Mean of ``f1_met`` and ``f1_not_met``; None when one of them is.
    f1_met, f1_not_met : float or None
        None when the class occurs on neither side.
    precision_met, recall_met, precision_not_met, recall_not_met : float or None
    ci_low, ci_high, se : float or None
        Cluster bootstrap of ``macro_f1``.
    n_pairs, n_dropped : int
        (grader, person) pairs used, and those without a verdict on one side.
    n_boot, n_boot_undefined : int
    status : str
        ``"ok"``, ``"few_units"``, ``"boundary"`` (no disagreement), ``"single_unit"``, ``"ci_refused"``,
        ``"undefined_no_variation"`` or ``"undefined_no_pairs"``.

    Examples
    --------
    >>> judge_macro_f1([1], [None]).to_dict()["status"]
    'undefined_no_pairs'
    """

    macro_f1: float | None
    f1_met: float | None
    f1_not_met: float | None
    precision_met: float | None
    recall_met: float | None
    precision_not_met: float | None
    recall_not_met: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    n_pairs: int
    n_dropped: int
    n_boot: int
    n_boot_undefined: int
    status: str

    def to_dict(self) -> dict[str, Any]:
        """Return the score as a dictionary ready for JSON."""
        return asdict(self)


def _verdicts(values: Any) -> IntArray:
    """Return 1, 0 or -1 (no verdict) from booleans, numbers or None."""
    codes = np.array([-1 if v is None or np.isnan(v) else int(v) for v in values], dtype=np.int64)
    if codes.size and not set(np.unique(codes).tolist()) <= {-1, 0, 1}:
        raise ValueError("Verdicts must be 1 (met), 0 (not met), or -1 / None (no verdict).")
    return codes


def macro_f1_of_counts(counts: FloatArray) -> FloatArray:
    r"""Return the macro F1 of confusion counts.

    :math:`\frac12 \big(\frac{2 TP}{2 TP + FP + FN} + \frac{2 TN}{2 TN + FP + FN}\big)`.

    Parameters
    ----------
    counts : ndarray, shape (…, 4)
        Pairs with grader and person: both met, grader only, person only, neither.

    Returns
    -------
    ndarray, shape (…)
        NaN where a class occurs on neither side.

    Examples
    --------
    >>> macro_f1_of_counts(np.array([6.0, 2.0, 1.0, 3.0])).round(4).tolist()
    0.7333
    """
    both, grader, person, neither = np.moveaxis(counts, -1, 0)
    wrong = grader + person
    with np.errstate(divide="ignore", invalid="ignore"):
        met = 2.0 * both / (2.0 * both + wrong)
        not_met = 2.0 * neither / (2.0 * neither + wrong)
    return np.asarray((met + not_met) / 2.0, dtype=np.float64)


def judge_macro_f1(
    judge: Any, human: Any, cluster: Any = None, level: float = 0.95, n_boot: int = 1000, seed: int | None = 0
) -> MacroF1:
    r"""Return HealthBench's meta-evaluation score: every (judge, person) pair counts.

    :math:`\frac12 (F1_{met} + F1_{not\,met})`, precision over the judge's verdicts and recall over people's.
    A unit with three people gives three pairs: people are never reduced to their majority first.

    Parameters
    ----------
    judge, human : array_like, shape (pairs,)
        Verdicts of one pair in each row, 1 / 0; None, NaN and -1 are no verdict and drop the pair.
    cluster : array_like, shape (pairs,), optional
        What is resampled for the interval (unit or case). Default: each pair alone, which is too sure of
        itself when units have several people.
    level, n_boot, seed
        As in ``agreement``.

    Returns
    -------
    MacroF1

    Raises
    ------
    ValueError
        For columns of different length or other verdicts.

    References
    ----------
    Arora et al. (2025). HealthBench. arXiv:2505.08775, section 8.

    Examples
    --------
    Six agreed met, three agreed not met, two met by the judge alone, one by the person alone: F1 12/15 and
    6/9.

    >>> f = judge_macro_f1([1] * 6 + [0] * 3 + [1] * 2 + [0], [1] * 6 + [0] * 3 + [0] * 2 + [1])
    >>> round(f.f1_met, 4), round(f.f1_not_met, 4), round(f.macro_f1, 4)
    (0.8, 0.6667, 0.7333)
    """
    left, right = _verdicts(judge), _verdicts(human)
    if left.size != right.size:
        raise ValueError(
            f"There are {left.size} verdicts of the judge but {right.size} of people: give pairs."
        )
    kept = np.flatnonzero((left >= 0) & (right >= 0))
    codes = np.arange(left.size) if cluster is None else encode(as_column(cluster, "cluster"), "cluster")[0]
    if codes.size != left.size:
        raise ValueError(f"There are {left.size} pairs but {codes.size} cluster labels.")
    _, codes = np.unique(codes[kept], return_inverse=True)
    cell = (1 - left[kept]) * 2 + (1 - right[kept])
    n_clusters = int(codes.max()) + 1 if kept.size else 0
    table = np.bincount(codes * 4 + cell, minlength=n_clusters * 4).reshape(-1, 4).astype(np.float64)
    return _macro(table, left.size - kept.size, level, n_boot, seed)


def _macro(table: FloatArray, dropped: int, level: float, n_boot: int, seed: int | None) -> MacroF1:
    """Return the score from confusion counts of clusters, shape (C, 4)."""
    counts = table.sum(axis=0)
    both, grader, person, neither = (float(c) for c in counts)

    def share(part: float, whole: float) -> float | None:
        return part / whole if whole else None

    met = share(2 * both, 2 * both + grader + person)
    not_met = share(2 * neither, 2 * neither + grader + person)
    macro = None if met is None or not_met is None else (met + not_met) / 2.0
    status, se, low, high, drawn, undefined = _interval(table, macro, level, n_boot, seed)
    return MacroF1(
        macro, met, not_met, share(both, both + grader), share(both, both + person),
        share(neither, neither + person), share(neither, neither + grader),
        se, low, high, int(counts.sum()), dropped, drawn, undefined, status,
    )  # fmt: skip


def _interval(
    table: FloatArray, macro: float | None, level: float, n_boot: int, seed: int | None
) -> tuple[str, float | None, float | None, float | None, int, int]:
    n = table.shape[0]
    if n == 0:
        return "undefined_no_pairs", None, None, None, 0, 0
    if macro is None:
        return "undefined_no_variation", None, None, None, 0, 0
    if n == 1:
        return "single_unit", None, None, None, 0, 0
    if macro == 1.0:
        return "boundary", None, None, None, 0, 0
    rng = np.random.default_rng(seed)
    totals = np.concatenate(
        [
            (np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64) @ table)[None, :]
            for _ in range(n_boot)
        ]
    )
    interval = percentile_interval(macro_f1_of_counts(totals), level)
    if interval.refused:
        return "ci_refused", None, None, None, n_boot, interval.n_undefined
    status = "few_units" if n < FEW_UNITS else "ok"
    return status, interval.se, interval.low, interval.high, n_boot, interval.n_undefined


@dataclass(frozen=True, slots=True)
class HumanBaseline:
    """People scored like a judge, each against the other people on the same units.

    Attributes
    ----------
    raters : list
        In order of first appearance.
    macro_f1 : list of float or None
        Of each person; None when undefined.
    n_pairs : list of int
        (person, other person) pairs of each.
    mean : float or None
        Mean of the defined scores, weighted by pairs.

    Examples
    --------
    >>> human_macro_f1([0, 0], ["a", "b"], [1, 1]).to_dict()["mean"] is None
    True
    """

    raters: list[Any]
    macro_f1: list[float | None]
    n_pairs: list[int]
    mean: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the baseline as a dictionary ready for JSON."""
        return asdict(self)


def human_macro_f1(unit: Any, rater: Any, verdict: Any) -> HumanBaseline:
    """Return what people score against each other: each one against the others, never against themselves.

    Parameters
    ----------
    unit, rater : array_like, shape (n,)
    verdict : array_like, shape (n,)
        1 / 0; None, NaN and -1 are no verdict.

    Returns
    -------
    HumanBaseline

    Raises
    ------
    ValueError
        For columns of different length or other verdicts.

    References
    ----------
    Arora et al. (2025). HealthBench. arXiv:2505.08775, section 8.

    Examples
    --------
    On three units a and b agree met, agree not met and differ: each has F1 2/3 for both classes.

    >>> b = human_macro_f1([0, 0, 1, 1, 2, 2], ["a", "b"] * 3, [1, 1, 0, 0, 1, 0])
    >>> b.raters, [round(f, 4) for f in b.macro_f1], b.n_pairs
    (['a', 'b'], [0.6667, 0.6667], [3, 3])
    """
    verdicts = _verdicts(verdict)
    units, _ = encode(as_column(unit, "unit"), "unit")
    column = as_column(rater, "rater")
    raters = list(dict.fromkeys(column.tolist()))
    place = {label: index for index, label in enumerate(raters)}
    people = np.array([place[label] for label in column.tolist()], dtype=np.int64)
    if not units.size == people.size == verdicts.size:
        raise ValueError("unit, rater and verdict must have the same length.")
    kept = verdicts >= 0
    units, people, verdicts = units[kept], people[kept], verdicts[kept]
    size = int(units.max()) + 1 if units.size else 0
    met = np.bincount(units, weights=verdicts, minlength=size)[units] - verdicts
    not_met = np.bincount(units, weights=1 - verdicts, minlength=size)[units] - (1 - verdicts)
    counts = np.zeros((len(raters), 4))
    for cell, weights in enumerate((verdicts * met, verdicts * not_met, (1 - verdicts) * met)):
        counts[:, cell] = np.bincount(people, weights=weights, minlength=len(raters))
    counts[:, 3] = np.bincount(people, weights=(1 - verdicts) * not_met, minlength=len(raters))
    scores, pairs = macro_f1_of_counts(counts), counts.sum(axis=1)
    defined = np.isfinite(scores)
    mean = float(np.average(scores[defined], weights=pairs[defined])) if defined.any() else None
    shown = [float(s) if np.isfinite(s) else None for s in scores]
    return HumanBaseline(raters, shown, [int(p) for p in pairs], mean)


def judge_bias(
    judge: Any, human: Any, cluster: Any = None, level: float = 0.95, n_boot: int = 1000, seed: int | None = 0
) -> PairedDifference:
    r"""Return how much more often the judge says *met* than people do.

    :math:`\frac1n \sum_i (j_i - \bar h_i)`.

    Parameters
    ----------
    judge : array_like, shape (units,)
        The judge's verdict (1 / 0) or score of each unit; None and NaN are missing.
    human : array_like, shape (units,)
        People's mean verdict, or score, of the same unit.
    cluster : array_like, shape (units,), optional
        Case of each unit.
    level, n_boot, seed
        As in ``paired_difference``.

    Returns
    -------
    PairedDifference
        Positive: the judge is more lenient on positive criteria and harsher on negative ones.

    Examples
    --------
    >>> judge_bias([1, 1, 0, 1], [0.5, 1, 0, 0.5]).mean_difference
    0.25
    """
    of_unit = None if cluster is None else dict(enumerate(cluster))
    return paired_difference(list(judge), list(human), cluster=of_unit, level=level, n_boot=n_boot, seed=seed)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Verdicts of a judge against people's, for criteria of one sign of points.

    Attributes
    ----------
    sign : str
        ``"positive"`` or ``"negative"``.
    both_met, judge_only, human_only, neither : int
    false_met, false_not_met : float or None
        Share of the verdicts people called not met (met) that the judge called otherwise. A false *met*
        flatters the response on positive criteria; on negative ones a false *not met* does.

    Examples
    --------
    >>> positive, negative = confusion_by_sign([1, 0], [0, 1], [5, -5])
    >>> positive.false_met, negative.false_not_met
    (1.0, 1.0)
    """

    sign: str
    both_met: int
    judge_only: int
    human_only: int
    neither: int
    false_met: float | None
    false_not_met: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the table as a dictionary ready for JSON."""
        return asdict(self)


def confusion_by_sign(judge: Any, human: Any, points: Any) -> list[Confusion]:
    """Return the judge's confusion table for positive and for negative criteria.

    Parameters
    ----------
    judge, human : array_like, shape (pairs,)
        Verdicts, as in ``judge_macro_f1``.
    points : array_like, shape (pairs,)
        Points of the criterion.

    Returns
    -------
    list of Confusion
        Positive first.

    Raises
    ------
    ValueError
        For columns of different length or other verdicts.

    Examples
    --------
    >>> [c.to_dict()["judge_only"] for c in confusion_by_sign([1, 1, 0], [1, 0, 0], [5, -3, -3])]
    [0, 1]
    """
    left, right, signed = _verdicts(judge), _verdicts(human), np.asarray(points, dtype=np.float64)
    if not left.size == right.size == signed.size:
        raise ValueError("judge, human and points must have the same length.")
    kept = (left >= 0) & (right >= 0)
    tables = []
    for sign, chosen in (("positive", signed > 0), ("negative", signed < 0)):
        rows = kept & chosen
        cell = (1 - left[rows]) * 2 + (1 - right[rows])
        both, judge_only, human_only, neither = (int(c) for c in np.bincount(cell, minlength=4))
        false_met = judge_only / (judge_only + neither) if judge_only + neither else None
        false_not_met = human_only / (human_only + both) if human_only + both else None
        tables.append(Confusion(sign, both, judge_only, human_only, neither, false_met, false_not_met))
    return tables
