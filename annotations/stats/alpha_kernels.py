"""Krippendorff's alpha with every metric."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from annotations.stats.arrays import FloatArray
from annotations.stats.kernels import (
    NOTHING,
    Columns,
    Influence,
    Parts,
    beside,
    one_category,
    quadratic_form,
    scaled_rows,
    weighted_square,
)
from annotations.stats.patterns import Patterns

LINEAR_CELLS = 4_000_000  # pattern × category-pair numbers held at once: 32 MB


class AlphaKernel:
    """Krippendorff's alpha with a fixed difference function (nominal, interval, ratio).

    With :math:`n_c` the ratings of category c in pairable units and n their sum,
    :math:`\\alpha = 1 - (n - 1) \\frac{\\sum_u \\frac{1}{r_u - 1} \\sum_{ck} n_{uc} n_{uk} \\delta^2_{ck}}
    {\\sum_{ck} n_c n_k \\delta^2_{ck}}`.

    Parameters
    ----------
    patterns : Patterns
    difference : ndarray of shape (q, q), or None
        Squared differences between categories; None stands for the nominal metric, [c ≠ k].

    References
    ----------
    Krippendorff, K. (2011). *Computing Krippendorff's Alpha-Reliability*.
    """

    needs_multiplicity = False

    def __init__(self, patterns: Patterns, difference: FloatArray | None) -> None:
        self.patterns = patterns
        self.difference = difference
        size = patterns.size
        pairs = (size >= 2).astype(np.float64)
        squares = weighted_square(patterns.counts, difference)
        if difference is None:
            squares = size**2 - squares
        within = pairs * squares / np.where(size >= 2, size - 1.0, 1.0)
        self.features: Columns = beside(within[:, None], scaled_rows(patterns.counts, pairs))

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return alpha for totals of shape (B, f)."""
        margins = totals[:, 1:]
        between = quadratic_form(margins, self.difference)
        if self.difference is None:
            return alpha_parts(totals[:, 0], margins, margins.sum(axis=1) ** 2 - between, 1.0)
        return alpha_parts(totals[:, 0], margins, between, float(self.difference.max()))

    def influence(self) -> Influence:
        r"""Return Gwet's linearised contributions, over pairable units.

        With agreement weights :math:`w = 1 - \delta^2 / \max \delta^2` and :math:`\bar r` the mean ratings
        per pairable unit, observed and chance agreement are ratios of means, each linearised in :math:`r_u`.
        """
        size = self.patterns.size
        paired = size >= 2
        counted = self.patterns.multiplicity * paired
        weights = None if self.difference is None else 1.0 - self.difference / self.difference.max()
        counts = self.patterns.counts
        n = counted.sum()
        mean_size = counted @ size / n
        excess = (size - mean_size) / mean_size
        agreed = weighted_square(self.patterns.counts, weights) - size
        own = agreed / (mean_size * np.where(paired, size - 1.0, 1.0))
        pa = counted @ own / n
        shares = np.asarray(counted @ counts) / (n * mean_size)
        weighted = shares if weights is None else weights @ shares
        pe = float(shares @ weighted)
        centre = float((pa - pe) / (1.0 - pe))
        observed = own - pa * excess
        chance = counts @ weighted / mean_size - pe * excess
        values = ((observed - pe) - 2.0 * (1.0 - centre) * (chance - pe)) / (1.0 - pe)
        return Influence(values, counted, centre)


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
    with np.errstate(divide="ignore", invalid="ignore"):
        value = 1.0 - (n - 1.0) * within / between
        pe = 1.0 - between / (n * n * largest)
        pa = pe + value * (1.0 - pe)
    single = one_category(margins)
    if single.any():
        value[single] = np.nan
        pa[single] = pe[single] = np.where(n[single] < 1.5, np.nan, 1.0)
    return Parts(value, pa, pe)


class IntervalAlphaKernel:
    r"""Krippendorff's alpha with the interval metric for any number of different values.

    With values centred on their mean, :math:`\sum_{ij} (x_i - x_j)^2 = 2 (r \sum x^2 - (\sum x)^2)`, so a
    unit needs its size and two moments instead of a count for every value.

    Parameters
    ----------
    patterns : Patterns
    values : ndarray, shape (q,)
        Value of each category.

    References
    ----------
    Krippendorff, K. (2011). *Computing Krippendorff's Alpha-Reliability*.
    """

    needs_multiplicity = False

    def __init__(self, patterns: Patterns, values: FloatArray) -> None:
        self.patterns = patterns
        size = patterns.size
        pairs = (size >= 2).astype(np.float64)
        used = np.asarray((patterns.multiplicity * pairs) @ patterns.counts)
        centred = values - (float(np.average(values, weights=used)) if used.any() else 0.0)
        self.spread = float(np.ptp(values)) ** 2
        first, second = patterns.counts @ centred, patterns.counts @ centred**2
        within = pairs * 2.0 * (size * second - first**2) / np.where(size >= 2, size - 1.0, 1.0)
        self.features: Columns = np.stack([within, pairs * size, pairs * first, pairs * second], axis=1)

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return alpha for totals of shape (B, 4)."""
        within, n, first, second = totals.T
        between = 2.0 * (n * second - first**2)
        # Equal values leave rounding behind, not 0.
        varied = between > 1e-12 * (n * second + n * n * self.spread)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(varied & (n > 1.5), 1.0 - (n - 1.0) * within / between, np.nan)
            pe = np.where(n > 1.5, 1.0 - between / (n * n * self.spread), np.nan)
        return Parts(value, np.where(varied, pe + value * (1.0 - pe), np.where(n > 1.5, 1.0, np.nan)), pe)

    def influence(self) -> None:
        """Return None: the jackknife serves instead."""
        return None


class OrdinalAlphaKernel:
    r"""Krippendorff's alpha with the ordinal difference.

    The ordinal difference :math:`\big(\sum_{g=c}^{k} n_g - \frac{n_c + n_k}{2}\big)^2` is the squared
    difference of mid-ranks :math:`R_c = \sum_{g<c} n_g + n_c / 2`, so each replicate is an interval alpha on
    its own mid-ranks. The sum of squares within units is then a quadratic form :math:`R^T C R` with
    :math:`C = \sum_u n_u n_u^T / (r_u - 1)`, whose cells are linear features while categories are few; with
    many categories it is evaluated pattern by pattern.

    Parameters
    ----------
    patterns : Patterns

    References
    ----------
    Krippendorff, K. (2011). *Computing Krippendorff's Alpha-Reliability*.
    """

    def __init__(self, patterns: Patterns) -> None:
        self.patterns = patterns
        pairs = (patterns.size >= 2).astype(np.float64)
        self.inverse = pairs / np.where(patterns.size >= 2, patterns.size - 1.0, 1.0)
        self.counts = patterns.counts
        self.q = int(self.counts.shape[1])
        # Σ_u Σ_c n_uc R_c² r_u/(r_u-1) is linear in these columns once the ranks R are known.
        scaled = scaled_rows(self.counts, patterns.size * self.inverse)
        columns: list[Columns] = [scaled_rows(self.counts, pairs), scaled]
        too_wide = sparse.issparse(self.counts) or int(self.counts.shape[0]) * self.q**2 > LINEAR_CELLS
        self.needs_multiplicity = bool(too_wide)
        if not too_wide:
            self.upper = np.triu_indices(self.q)
            counts = np.asarray(self.counts)
            doubled = np.where(self.upper[0] == self.upper[1], 1.0, 2.0)
            products = counts[:, self.upper[0]] * counts[:, self.upper[1]]
            columns.append(products * self.inverse[:, None] * doubled)
        self.features: Columns = beside(*columns)

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return alpha for totals (B, f) and, with many categories, multiplicities (B, P)."""
        q = self.q
        margins, scaled = totals[:, :q], totals[:, q : 2 * q]
        n = margins.sum(axis=1, keepdims=True)
        # Centred ranks keep the subtraction of squares below exact.
        ranks = np.cumsum(margins, axis=1) - margins / 2.0 - n / 2.0
        within = 2.0 * ((scaled * ranks**2).sum(axis=1) - self._squares_of_sums(ranks, totals, multiplicity))
        between = 2.0 * (n[:, 0] * (margins * ranks**2).sum(axis=1) - (margins * ranks).sum(axis=1) ** 2)
        used = margins > NOTHING
        top = np.where(used, ranks, -np.inf).max(axis=1)
        bottom = np.where(used, ranks, np.inf).min(axis=1)
        with np.errstate(invalid="ignore"):
            largest = (top - bottom) ** 2
        return alpha_parts(within, margins, between, largest)

    def _squares_of_sums(
        self, ranks: FloatArray, totals: FloatArray, multiplicity: FloatArray | None
    ) -> FloatArray:
        """Return Σ_u (Σ_c n_uc R_c)² / (r_u - 1) of every replicate, shape (B,)."""
        if multiplicity is None:
            products = ranks[:, self.upper[0]] * ranks[:, self.upper[1]]
            return np.asarray(np.einsum("bf,bf->b", products, totals[:, 2 * self.q :]), dtype=np.float64)
        sums = np.asarray((self.counts @ ranks.T).T)
        return np.asarray(((multiplicity * self.inverse) * sums**2).sum(axis=1), dtype=np.float64)

    def influence(self) -> None:
        """Return None: with ranks made from the data there is no published linearisation."""
        return None
