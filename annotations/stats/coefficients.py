"""Agreement coefficients as functions of feature totals, so that a resample costs one matrix product.

Each kernel turns every pattern of ratings into a row of features; the coefficient is a function of
``multiplicity @ features``. Evaluating a thousand resamples is then the same function on a thousand rows.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from scipy import sparse

from annotations.stats.arrays import BoolArray, FloatArray
from annotations.stats.patterns import Patterns

NOTHING = 1e-9  # totals below this are rounding left by leave-one-out subtraction
ROWS_AT_ONCE = 4_000_000


class Parts(NamedTuple):
    """Coefficient, observed and chance agreement of B replicates, each of shape (B,); NaN where undefined."""

    value: FloatArray
    pa: FloatArray
    pe: FloatArray


class Kernel(Protocol):
    """What resampling needs of a coefficient."""

    patterns: Patterns
    features: FloatArray
    needs_multiplicity: bool
    pairs_weight: float

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return the coefficient for totals of shape (B, f) and, where needed, multiplicities (B, P)."""
        ...


def weighted_square(counts: FloatArray | sparse.csr_array, matrix: FloatArray) -> FloatArray:
    """Return the quadratic form of every row of counts.

    Parameters
    ----------
    counts : ndarray or csr_array, shape (P, q)
    matrix : ndarray, shape (q, q)

    Returns
    -------
    ndarray, shape (P,)
        :math:`\\sum_{kl} n_k M_{kl} n_l`.

    Examples
    --------
    >>> weighted_square(np.array([[2.0, 1.0]]), np.eye(2)).tolist()
    [5.0]
    """
    if not sparse.issparse(counts):
        return np.asarray(np.einsum("pk,pk->p", counts @ matrix, counts), dtype=np.float64)
    step = max(1, ROWS_AT_ONCE // max(1, counts.shape[1]))
    blocks = [counts[start : start + step].toarray() for start in range(0, counts.shape[0], step)]
    return np.concatenate([np.einsum("pk,pk->p", block @ matrix, block) for block in blocks])


def quadratic_form(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return the quadratic form of every row, shape (B,).

    Parameters
    ----------
    rows : ndarray, shape (B, q)
    matrix : ndarray, shape (q, q)

    Returns
    -------
    ndarray, shape (B,)

    Examples
    --------
    >>> quadratic_form(np.array([[0.5, 0.5]]), np.eye(2)).tolist()
    [0.5]
    """
    return np.asarray(np.einsum("bk,bk->b", rows @ matrix, rows), dtype=np.float64)


def one_category(margins: FloatArray) -> BoolArray:
    """Return, for each replicate, whether at most one category was used.

    Parameters
    ----------
    margins : ndarray, shape (B, q)

    Returns
    -------
    ndarray of bool, shape (B,)

    Examples
    --------
    >>> one_category(np.array([[3.0, 0.0], [2.0, 1.0]])).tolist()
    [True, False]
    """
    return np.asarray((margins > NOTHING).sum(axis=1) <= 1)


def chance_corrected(pa: FloatArray, pe: FloatArray, undefined: BoolArray) -> Parts:
    """Return (pa - pe) / (1 - pe), NaN where undefined.

    Parameters
    ----------
    pa, pe : ndarray, shape (B,)
    undefined : ndarray of bool, shape (B,)

    Returns
    -------
    Parts

    Examples
    --------
    >>> chance_corrected(np.array([0.8]), np.array([0.5]), np.array([False])).value.round(3).tolist()
    [0.6]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (pa - pe) / (1.0 - pe)
    return Parts(np.where(undefined, np.nan, value), pa, pe)


class PairKernel:
    """Coefficients of mean pairwise agreement: percent agreement, Fleiss, Gwet, Brennan–Prediger, Scott.

    Observed agreement is :math:`p_a = \\frac{1}{n'} \\sum_{u: r_u \\ge 2}
    \\frac{\\sum_{kl} n_{uk} w_{kl} n_{ul} - r_u}{r_u (r_u - 1)}` over the n' pairable units. The share of
    category k is :math:`\\pi_k = \\frac{1}{n} \\sum_u n_{uk} / r_u` over the units with a rating (over
    pairable ones for Scott). Chance agreement by ``chance``: ``none`` 0; ``fleiss``
    :math:`\\sum_{kl} w_{kl} \\pi_k \\pi_l`; ``gwet``
    :math:`\\frac{T_w}{q (q - 1)} \\sum_k \\pi_k (1 - \\pi_k)`; ``uniform`` :math:`T_w / q^2`, with
    :math:`T_w = \\sum_{kl} w_{kl}`.

    Parameters
    ----------
    patterns : Patterns
    weights : ndarray, shape (q, q)
    chance : {"none", "fleiss", "gwet", "uniform"}
    pairable_only : bool
        Take category shares from pairable units only.

    References
    ----------
    Gwet, K. L. (2014). *Handbook of Inter-Rater Reliability*, 4th ed., chapters 3 and 5.
    """

    needs_multiplicity = False
    pairs_weight = 0.0

    def __init__(
        self, patterns: Patterns, weights: FloatArray, chance: str, pairable_only: bool = False
    ) -> None:
        self.patterns = patterns
        self.weights = weights
        self.chance = chance
        self.q = weights.shape[0]
        size = patterns.size
        pairs = (size >= 2).astype(np.float64)
        possible = np.where(size >= 2, size * (size - 1.0), 1.0)
        self.pa_of_pattern = pairs * (weighted_square(patterns.counts, weights) - size) / possible
        columns = [pairs[:, None], self.pa_of_pattern[:, None]]
        if chance in ("fleiss", "gwet"):
            used = pairs if pairable_only else np.ones_like(size)
            counts = patterns.counts.toarray() if sparse.issparse(patterns.counts) else patterns.counts
            columns += [used[:, None], counts * (used / size)[:, None]]
        self.features = np.hstack(columns)

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return the coefficient for totals of shape (B, f)."""
        no_pairs = totals[:, 0] < 0.5
        with np.errstate(divide="ignore", invalid="ignore"):
            pa = np.where(no_pairs, np.nan, totals[:, 1] / totals[:, 0])
            shares = totals[:, 3:] / totals[:, 2:3] if totals.shape[1] > 2 else totals[:, :0]
        if self.chance == "none":
            return Parts(pa, pa, np.zeros_like(pa))
        if self.chance == "fleiss":
            undefined = no_pairs | one_category(totals[:, 3:])
            return chance_corrected(pa, quadratic_form(shares, self.weights), undefined)
        if self.q < 2:
            nothing = np.full_like(pa, np.nan)
            return Parts(nothing, pa, nothing)
        if self.chance == "gwet":
            spread = (shares * (1.0 - shares)).sum(axis=1)
            pe = self.weights.sum() / (self.q * (self.q - 1.0)) * spread
        else:
            pe = np.full_like(pa, self.weights.sum() / self.q**2)
        return chance_corrected(pa, pe, no_pairs)


class AlphaKernel:
    """Krippendorff's alpha with a fixed difference function (nominal, interval, ratio).

    With :math:`n_c` the ratings of category c in pairable units and n their sum,
    :math:`\\alpha = 1 - (n - 1) \\frac{\\sum_u \\frac{1}{r_u - 1} \\sum_{ck} n_{uc} n_{uk} \\delta^2_{ck}}
    {\\sum_{ck} n_c n_k \\delta^2_{ck}}`.

    Parameters
    ----------
    patterns : Patterns
    difference : ndarray, shape (q, q)
        Squared differences between categories.

    References
    ----------
    Krippendorff, K. (2011). *Computing Krippendorff's Alpha-Reliability*.
    """

    needs_multiplicity = False
    pairs_weight = 1.0

    def __init__(self, patterns: Patterns, difference: FloatArray) -> None:
        self.patterns = patterns
        self.difference = difference
        size = patterns.size
        pairs = (size >= 2).astype(np.float64)
        within = pairs * weighted_square(patterns.counts, difference) / np.where(size >= 2, size - 1.0, 1.0)
        counts = patterns.counts.toarray() if sparse.issparse(patterns.counts) else patterns.counts
        self.features = np.hstack([within[:, None], counts * pairs[:, None]])

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return alpha for totals of shape (B, f)."""
        margins = totals[:, 1:]
        return alpha_parts(
            totals[:, 0], margins, quadratic_form(margins, self.difference), self.difference.max()
        )


def alpha_parts(
    within: FloatArray, margins: FloatArray, between: FloatArray, largest: float | FloatArray
) -> Parts:
    """Return alpha from the sums of squared differences within units and between all ratings.

    Parameters
    ----------
    within, between : ndarray, shape (B,)
        :math:`\\sum_u \\sum_{ck} n_{uc} n_{uk} \\delta^2 / (r_u - 1)` and
        :math:`\\sum_{ck} n_c n_k \\delta^2`.
    margins : ndarray, shape (B, q)
        Pairable ratings of each category.
    largest : float or ndarray, shape (B,)
        Largest squared difference; scales observed and chance agreement to at most 1.

    Returns
    -------
    Parts

    Examples
    --------
    One unit rated 0 and 1 by two raters: observed equals expected disagreement.

    >>> m = np.array([[1.0, 1.0]])
    >>> alpha_parts(np.array([2.0]), m, np.array([2.0]), 1.0).value.tolist()
    [0.0]
    """
    n = margins.sum(axis=1)
    undefined = one_category(margins) | (n < 1.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(undefined, np.nan, 1.0 - (n - 1.0) * within / between)
        pe = np.where(n < 1.5, np.nan, 1.0 - between / (n * n * largest))
        pe = np.where(one_category(margins) & (n > 1.5), 1.0, pe)
        pa = np.where(undefined, np.where(n < 1.5, np.nan, 1.0), pe + value * (1.0 - pe))
    return Parts(value, pa, pe)


class OrdinalAlphaKernel:
    """Krippendorff's alpha with the ordinal difference.

    The ordinal difference :math:`\\big(\\sum_{g=c}^{k} n_g - \\frac{n_c + n_k}{2}\\big)^2` is the squared
    difference of mid-ranks :math:`R_c = \\sum_{g<c} n_g + n_c / 2`, so each replicate is an interval alpha on
    its     own mid-ranks; no category × category work is needed.

    Parameters
    ----------
    patterns : Patterns

    References
    ----------
    Krippendorff, K. (2011). *Computing Krippendorff's Alpha-Reliability*.
    """

    needs_multiplicity = True
    pairs_weight = 1.0

    def __init__(self, patterns: Patterns) -> None:
        self.patterns = patterns
        pairs = (patterns.size >= 2).astype(np.float64)
        self.inverse = pairs / np.where(patterns.size >= 2, patterns.size - 1.0, 1.0)
        counts = patterns.counts.toarray() if sparse.issparse(patterns.counts) else patterns.counts
        self.counts = counts
        # Σ_u Σ_c n_uc R_c² r_u/(r_u-1) is linear in these columns once the ranks R are known.
        scaled = counts * (patterns.size * self.inverse)[:, None]
        self.features = np.hstack([counts * pairs[:, None], scaled])

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return alpha for totals (B, 2q) and multiplicities (B, P)."""
        if multiplicity is None:
            raise ValueError("The ordinal alpha needs the multiplicities of the patterns.")
        q = self.counts.shape[1]
        margins, scaled = totals[:, :q], totals[:, q:]
        n = margins.sum(axis=1, keepdims=True)
        # Centred ranks keep the subtraction of squares below exact.
        ranks = np.cumsum(margins, axis=1) - margins / 2.0 - n / 2.0
        unit_sums = ranks @ self.counts.T
        within = 2.0 * (
            (scaled * ranks**2).sum(axis=1)
            - np.einsum("bp,bp,bp,p->b", multiplicity, unit_sums, unit_sums, self.inverse)
        )
        between = 2.0 * (n[:, 0] * (margins * ranks**2).sum(axis=1) - (margins * ranks).sum(axis=1) ** 2)
        used = margins > NOTHING
        top = np.where(used, ranks, -np.inf).max(axis=1)
        bottom = np.where(used, ranks, np.inf).min(axis=1)
        with np.errstate(invalid="ignore"):
            largest = (top - bottom) ** 2
        return alpha_parts(within, margins, between, largest)


class CongerKernel:
    """Conger's kappa: chance agreement from each rater's own category shares.

    With :math:`p_{gk}` the share of category k among the ratings of rater g,
    :math:`p_e = \\frac{1}{R (R - 1)} \\sum_{g \\ne h} \\sum_{kl} w_{kl} p_{gk} p_{hl}`;
    observed agreement as in     ``PairKernel``. For two raters without missing ratings it is Cohen's kappa.

    Parameters
    ----------
    patterns : Patterns
        Rater × category patterns.
    weights : ndarray, shape (q, q)
    n_raters : int

    References
    ----------
    Conger, A. J. (1980). Integration and generalization of kappas for multiple raters. *Psychological
    Bulletin* 88, 322–328. Missing ratings: Gwet (2014).
    """

    needs_multiplicity = False
    pairs_weight = 0.0

    def __init__(self, patterns: Patterns, weights: FloatArray, n_raters: int) -> None:
        self.patterns = patterns
        self.weights = weights
        self.n_raters = n_raters
        self.q = weights.shape[0]
        counts = patterns.counts.toarray() if sparse.issparse(patterns.counts) else patterns.counts
        per_category = counts.reshape(-1, n_raters, self.q).sum(axis=1)
        size = patterns.size
        pairs = (size >= 2).astype(np.float64)
        possible = np.where(size >= 2, size * (size - 1.0), 1.0)
        self.pa_of_pattern = pairs * (weighted_square(per_category, weights) - size) / possible
        self.features = np.hstack([pairs[:, None], self.pa_of_pattern[:, None], counts])

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return the coefficient for totals of shape (B, 2 + R q)."""
        no_pairs = totals[:, 0] < 0.5
        margins = totals[:, 2:].reshape(-1, self.n_raters, self.q)
        of_rater = margins.sum(axis=2, keepdims=True)
        active = (of_rater[:, :, 0] > 0.5).sum(axis=1)
        shares = np.divide(margins, of_rater, out=np.zeros_like(margins), where=of_rater > 0.5)
        both = quadratic_form(shares.sum(axis=1), self.weights)
        own = np.einsum("bgk,kl,bgl->b", shares, self.weights, shares, optimize=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            pa = np.where(no_pairs, np.nan, totals[:, 1] / totals[:, 0])
            pe = np.where(active < 2, np.nan, (both - own) / (active * (active - 1.0)))
        undefined = no_pairs | (active < 2) | one_category(margins.sum(axis=1))
        return chance_corrected(pa, pe, undefined)
