"""Cohen's kappa of two raters, and of every pair of raters in a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.linalg.blas import ssyrk

from annotations.stats.arrays import FloatArray, IntArray, nested_or_none, number_or_none
from annotations.stats.boundary import Disagreement, one_sided_low
from annotations.stats.estimate import Estimate
from annotations.stats.kernels import NOTHING
from annotations.stats.ratings import RatingTable
from annotations.stats.weights import WEIGHTS, Weights, agreement_weights, category_scores

FEW_UNITS = 10
DENSE_COLUMNS = 2_000
ONE_HOT_CELLS = 16_000_000  # 64 MB in single precision
CACHE_CELLS = 400_000


@dataclass(frozen=True, eq=False)
class PairwiseKappa:
    """Cohen's kappa of every pair of raters.

    Attributes
    ----------
    raters : list
        Labels in the order of rows and columns.
    kappa, se : ndarray, shape (R, R)
        Symmetric; NaN where undefined (no common unit, one category, and on the diagonal). ``se`` is also NaN
        where a pair never disagrees, whose asymptotic error of 0 would be a fake.
    n : ndarray of int, shape (R, R)
        Units both rated; on the diagonal the units the rater rated.
    """

    raters: list[Any]
    kappa: FloatArray
    se: FloatArray
    n: IntArray

    def to_dict(self) -> dict[str, Any]:
        """Return ``{raters, kappa, se, n}`` ready for JSON, with NaN as None.

        Returns
        -------
        dict

        Examples
        --------
        >>> t = RatingTable.from_matrix([[1, 1], [1, 2], [2, 2], [2, 2]], rater_labels=["a", "b"])
        >>> pairwise_cohen_kappa(t).to_dict()["kappa"]
        [[None, 0.5], [0.5, None]]
        """
        return {
            "raters": list(self.raters),
            "kappa": nested_or_none(self.kappa),
            "se": nested_or_none(self.se),
            "n": self.n.tolist(),
        }


def pairwise_cohen_kappa(table: RatingTable, weights: Weights | FloatArray | None = None) -> PairwiseKappa:
    r"""Return Cohen's kappa and its standard error for every pair of raters, on the units both rated.

    All joint counts come from one matrix product of the units × (rater, category) indicator with itself;
    kappa and its error follow as in ``cohen_kappa``. A single rating without a partner does not enter.

    Parameters
    ----------
    table : RatingTable
    weights : str or ndarray of shape (q, q), optional
        Agreement weights; default unweighted.

    Returns
    -------
    PairwiseKappa
        Matrices of shape (raters, raters).

    Raises
    ------
    ValueError
        For unknown weights, or weights the categories do not allow.

    References
    ----------
    Cohen (1960, 1968); Fleiss, Cohen & Everitt (1969).

    Examples
    --------
    >>> t = RatingTable.from_matrix([[1, 1, 1], [1, 2, 1], [2, 2, None], [2, 2, 2]])
    >>> k = pairwise_cohen_kappa(t)
    >>> k.kappa.round(3).tolist()[0][1:], k.n.tolist()[0]
    ([0.5, 1.0], [4, 4, 3])
    """
    r, q = table.n_raters, table.n_categories
    matrix = weight_matrix(table, weights)
    kappa: FloatArray = np.full((r, r), np.nan)
    se: FloatArray = np.full((r, r), np.nan)
    if not r or not q:
        return PairwiseKappa(table.rater_names, kappa, se, np.zeros((r, r), dtype=np.int64))
    if r * q <= DENSE_COLUMNS:
        joint = _joint_counts(table)
        n = joint.sum(axis=(2, 3)).astype(np.int64)
        kappa, se = kappa_and_se(joint, matrix)
    else:
        n = _fill_pair_by_pair(table, matrix, kappa, se)
    np.fill_diagonal(kappa, np.nan)
    np.fill_diagonal(se, np.nan)
    return PairwiseKappa(table.rater_names, kappa, se, n)


def weight_matrix(table: RatingTable, weights: Weights | FloatArray | None) -> FloatArray:
    """Return agreement weights by name or as given, checked against the categories; None is unweighted."""
    if isinstance(weights, np.ndarray):
        if weights.shape != (table.n_categories, table.n_categories):
            raise ValueError(
                f"The weights have shape {weights.shape}, but there are {table.n_categories} categories."
            )
        return weights.astype(np.float64)
    name: Weights = weights or "identity"
    if name not in WEIGHTS:
        raise ValueError(f"Unknown weights {weights!r}: use one of {', '.join(WEIGHTS)}.")
    values = category_scores(table.category_values, table.n_categories, table.declared, name)
    return agreement_weights(values, name)


def _joint_counts(table: RatingTable) -> FloatArray:
    """Return joint counts, shape (R, R, q, q): units that g put in k and h put in l."""
    r, q = table.n_raters, table.n_categories
    width = r * q
    rows = int(table.unit.max()) + 1
    unit, column = table.unit, table.rater.astype(np.int64) * q + table.value
    in_order = not bool((unit[1:] < unit[:-1]).any())
    if not in_order and rows * width > ONE_HOT_CELLS:
        order = np.argsort(unit, kind="stable")
        unit, column, in_order = unit[order], column[order], True
    # A block that stays in cache costs less than one large one; without order one block takes all.
    step = max(1, (CACHE_CELLS if in_order else ONE_HOT_CELLS) // width)
    edges = np.searchsorted(unit, np.arange(0, rows + step, step)) if in_order else np.array([0, unit.size])
    total: FloatArray = np.zeros((width, width))
    for block, start in enumerate(range(0, rows, step)):
        inside = slice(edges[block], edges[block + 1])
        chosen = np.zeros((min(step, rows - start), width), dtype=np.float32)
        chosen.ravel()[(unit[inside].astype(np.int64) - start) * width + column[inside]] = 1.0
        # Single precision is exact below 2**24 units in a block; of a symmetric product half is enough.
        total += ssyrk(1.0, chosen.T)
    total = np.triu(total) + np.triu(total, 1).T
    return total.reshape(r, q, r, q).transpose(0, 2, 1, 3)


def _fill_pair_by_pair(table: RatingTable, matrix: FloatArray, kappa: FloatArray, se: FloatArray) -> IntArray:
    """Fill kappa and se where raters × categories is too wide for one product; return the pair counts."""
    full = table.matrix()
    r = full.shape[1]
    n = np.zeros((r, r), dtype=np.int64)
    for g in range(r):
        n[g, g] = int((full[:, g] >= 0).sum())
        for h in range(g + 1, r):
            both = (full[:, g] >= 0) & (full[:, h] >= 0)
            n[g, h] = n[h, g] = int(both.sum())
            used, codes = np.unique(np.concatenate([full[both, g], full[both, h]]), return_inverse=True)
            k = used.size
            cells = np.bincount(codes[: n[g, h]] * k + codes[n[g, h] :], minlength=k * k)
            pair = kappa_and_se(cells.reshape(1, k, k).astype(np.float64), matrix[np.ix_(used, used)])
            kappa[g, h] = kappa[h, g] = pair[0][0]
            se[g, h] = se[h, g] = pair[1][0]
    return n


def kappa_and_se(joint: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Return weighted kappa and its asymptotic standard error from joint counts.

    With proportions :math:`p_{kl}`, margins :math:`p_{k.}, p_{.l}` and agreement weights w:
    :math:`\kappa = (p_o - p_e)/(1 - p_e)`, :math:`p_o = \sum w_{kl} p_{kl}`,
    :math:`p_e = \sum w_{kl} p_{k.} p_{.l}`, and
    :math:`Var = \frac{\sum p_{kl} [w_{kl} - (\bar w_{k.} + \bar w_{.l})(1 - \kappa)]^2
    - [\kappa - p_e (1 - \kappa)]^2}{n (1 - p_e)^2}`
    with :math:`\bar w_{k.} = \sum_l p_{.l} w_{kl}`, :math:`\bar w_{.l} = \sum_k p_{k.} w_{kl}`.

    Parameters
    ----------
    joint : ndarray, shape (…, q, q)
        Counts.
    weights : ndarray, shape (q, q)

    Returns
    -------
    kappa, se : ndarray, shape (…)
        NaN without counts or with one category; ``se`` is NaN too where nothing disagrees.

    References
    ----------
    Fleiss, Cohen & Everitt (1969). Large sample standard errors of kappa and weighted kappa. *Psychological
    Bulletin* 72, 323–327.

    Examples
    --------
    >>> k, se = kappa_and_se(np.array([[40.0, 9.0], [6.0, 45.0]]), np.eye(2))
    >>> round(float(k), 4), round(float(se), 4)
    (0.6995, 0.0714)
    """
    n = joint.sum(axis=(-2, -1))
    kappa, _, expected = kappas(joint, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = joint / n[..., None, None]
        of_row, of_column = p.sum(axis=-2) @ weights.T, p.sum(axis=-1) @ weights
        rest = (1.0 - kappa)[..., None, None]
        inner = weights - (of_row[..., :, None] + of_column[..., None, :]) * rest
        variance = (p * inner**2).sum(axis=(-2, -1)) - (kappa - expected * (1.0 - kappa)) ** 2
        se = np.sqrt(np.maximum(variance, 0.0) / n) / (1.0 - expected)
    agreed = np.trace(joint, axis1=-2, axis2=-1) >= n
    return kappa, np.where(agreed | (n < 2), np.nan, se)


def kappas(joint: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return kappa, observed and expected agreement of joint counts.

    Parameters
    ----------
    joint : ndarray, shape (…, q, q)
    weights : ndarray, shape (q, q)

    Returns
    -------
    kappa, observed, expected : ndarray, shape (…)
        NaN without counts; kappa is NaN too with one category.

    Examples
    --------
    >>> [round(float(x), 4) for x in kappas(np.array([[40.0, 9.0], [6.0, 45.0]]), np.eye(2))]
    [0.6995, 0.85, 0.5008]
    """
    n = joint.sum(axis=(-2, -1))
    row, column = joint.sum(axis=-1), joint.sum(axis=-2)
    single = ((row > NOTHING) | (column > NOTHING)).sum(axis=-1) < 2
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (joint * weights).sum(axis=(-2, -1)) / n
        expected = np.einsum("...k,...k->...", row @ weights, column) / n**2
        kappa = np.where(single, np.nan, (observed - expected) / (1.0 - expected))
    return kappa, observed, expected


def cohen_kappa(
    a: Sequence[Any] | FloatArray | IntArray,
    b: Sequence[Any] | FloatArray | IntArray,
    weights: Weights | FloatArray | None = None,
    categories: Iterable[Any] | None = None,
    level: float = 0.95,
) -> Estimate:
    r"""Return Cohen's kappa of two raters, with its asymptotic standard error and normal interval.

    :math:`\kappa = (p_o - p_e)/(1 - p_e)`; formulas in ``kappa_and_se``. scikit-learn's
    ``cohen_kappa_score`` gives the same value, but no standard error, no missing ratings
    and a NaN for one category.

    Parameters
    ----------
    a, b : array_like, shape (units,)
        Ratings of the same units; a unit that either left out (None, NaN, or -1 in integer arrays) is
        dropped.
    weights : str or ndarray of shape (q, q), optional
        Agreement weights: a name as in ``agreement_weights``, or a matrix with 1 on the diagonal.
    categories : iterable, optional
        The possible values in order; needed for ordered text.
    level : float
        Coverage of the interval.

    Returns
    -------
    Estimate
        Named ``"cohen_kappa"``; ``n_ratings`` counts both raters' ratings of the units both rated.

    Raises
    ------
    ValueError
        For sequences of different length, or weights the categories do not allow.

    References
    ----------
    Cohen, J. (1960). *Educational and Psychological Measurement* 20, 37–46. Cohen, J. (1968). *Psychological
    Bulletin* 70, 213–220. Fleiss, Cohen & Everitt (1969).

    Examples
    --------
    >>> e = cohen_kappa([1, 1, 2, 2, 1], [1, 2, 2, 2, None])
    >>> e.value, e.n_units_pairable, e.status
    (0.5, 4, 'few_units')
    """
    if len(a) != len(b):
        raise ValueError(f"The raters have {len(a)} and {len(b)} ratings: give one of each for every unit.")
    unit = np.arange(2 * len(a)) % max(len(a), 1)
    rater = np.repeat(np.array([0, 1]), len(a))
    value = np.concatenate([a, b]) if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) else [*a, *b]
    table = RatingTable.from_long(unit, rater, value, categories=categories)
    matrix = weight_matrix(table, weights)
    joint = _two_rater_counts(table)
    return _kappa_estimate(joint, matrix, level)


def _two_rater_counts(table: RatingTable) -> FloatArray:
    q = table.n_categories
    if table.n_raters < 2:
        return np.zeros((q, q))
    full = table.matrix()
    both = full[(full >= 0).all(axis=1)]
    return np.bincount(both[:, 0] * q + both[:, 1], minlength=q * q).reshape(q, q).astype(np.float64)


def _kappa_estimate(joint: FloatArray, weights: FloatArray, level: float) -> Estimate:
    n, q = int(joint.sum()), joint.shape[0]
    kappa, se = kappa_and_se(joint, weights) if q else (np.array(np.nan), np.array(np.nan))
    value, error = number_or_none(kappa), number_or_none(se)
    pa = float((joint * weights).sum() / n) if n else None
    pe = float(joint.sum(axis=1) @ weights @ joint.sum(axis=0)) / n**2 if n else None
    disagreement = Disagreement(n, n - int(np.trace(joint)))
    low = high = None
    method, status, note = "none", "ok", ""
    if n == 0:
        status, note = "undefined_no_pairs", "No unit was rated by both raters."
    elif value is None:
        status, note = "undefined_no_variation", "Only one category was used."
    elif n == 1:
        status, note, error = "single_unit", "Only one unit was rated by both, so there is no interval.", None
    elif disagreement.pins_resampling(level) and pe is not None:
        status, note, error = "boundary", "No or almost no disagreement: a one-sided exact bound.", None
        low, high, method = one_sided_low(disagreement, 1.0, value, pe, level), 1.0, "clopper_pearson"
    elif error is not None:
        z = float(stats.norm.ppf((1.0 + level) / 2.0))
        low, high, method = max(-1.0, value - z * error), min(1.0, value + z * error), "normal"
        if n < FEW_UNITS:
            status, note = "few_units", f"Only {n} units were rated by both: the interval is rough."
    return Estimate(
        "cohen_kappa", value, error, low, high, method, pa, pe, n, n, 2 * n, 2, q, 0, 0, status, note
    )  # fmt: skip
