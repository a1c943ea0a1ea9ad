"""Percent agreement, Fleiss, Gwet, Brennan–Prediger, Scott and Conger: mean pairwise agreement."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from annotations.stats.arrays import FloatArray
from annotations.stats.kernels import (
    Columns,
    Influence,
    Parts,
    beside,
    chance_corrected,
    one_category,
    point,
    quadratic_form,
    scaled_rows,
    weighted_square,
)
from annotations.stats.patterns import Patterns


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
    weights : ndarray of shape (q, q), or None for the identity
    chance : {"none", "fleiss", "gwet", "uniform"}
    pairable_only : bool
        Take category shares from pairable units only.

    References
    ----------
    Gwet, K. L. (2014). *Handbook of Inter-Rater Reliability*, 4th ed., chapters 3 and 5.
    """

    needs_multiplicity = False

    def __init__(
        self,
        patterns: Patterns,
        weights: FloatArray | None,
        chance: str,
        pairable_only: bool = False,
    ) -> None:
        self.patterns = patterns
        self.weights = weights
        self.chance = chance
        self.pairable_only = pairable_only
        self.q = int(patterns.counts.shape[1])
        self.total_weight = float(self.q if weights is None else weights.sum())
        size = patterns.size
        pairs = (size >= 2).astype(np.float64)
        possible = np.where(size >= 2, size * (size - 1.0), 1.0)
        self.pa_of_pattern = pairs * (weighted_square(patterns.counts, weights) - size) / possible
        columns: list[Columns] = [pairs[:, None], self.pa_of_pattern[:, None]]
        if chance in ("fleiss", "gwet"):
            used = pairs if pairable_only else np.ones_like(size)
            columns += [used[:, None], scaled_rows(patterns.counts, used / size)]
        self.features = beside(*columns)

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
            pe = self.total_weight / (self.q * (self.q - 1.0)) * spread
        else:
            pe = np.full_like(pa, self.total_weight / self.q**2)
        return chance_corrected(pa, pe, no_pairs)

    def influence(self) -> Influence:
        r"""Return Gwet's linearised contributions.

        :math:`x_u = \frac{n}{n'} \frac{p_{a,u} - p_e [r_u \ge 2]}{1 - p_e}
        - 2 (1 - \gamma) \frac{p_{e,u} - p_e}{1 - p_e}`. The factor n/n' is not linearised, so the error is
        too large whenever units have one rating: it is offered to reproduce published numbers.
        """
        patterns, counted = self.patterns, self.patterns.multiplicity
        if self.pairable_only:
            counted = counted * (patterns.size >= 2)
        value, _, pe = (float(part[0]) for part in point(self))
        pairs = (patterns.size >= 2).astype(np.float64)
        scale = counted.sum() / (patterns.multiplicity @ pairs)
        own = scale * (self.pa_of_pattern - pe * pairs) / (1.0 - pe)
        return Influence(own - 2.0 * (1.0 - value) * self._chance_of_patterns(counted, pe), counted, value)

    def _chance_of_patterns(self, counted: FloatArray, pe: float) -> FloatArray:
        """Return (pe of a pattern - pe) / (1 - pe), shape (P,)."""
        own = scaled_rows(self.patterns.counts, 1.0 / self.patterns.size)
        shares = np.asarray(counted @ own) / counted.sum()
        if self.chance == "fleiss":
            chance = own @ (shares if self.weights is None else self.weights @ shares)
        elif self.chance == "gwet":
            chance = own @ (1.0 - shares) * self.total_weight / (self.q * (self.q - 1.0))
        else:
            return np.zeros(own.shape[0])
        return np.asarray((chance - pe) / (1.0 - pe), dtype=np.float64)


class CongerKernel:
    """Conger's kappa: chance agreement from each rater's own category shares.

    With :math:`p_{gk}` the share of category k among the ratings of rater g,
    :math:`p_e = \\frac{1}{R (R - 1)} \\sum_{g \\ne h} \\sum_{kl} w_{kl} p_{gk} p_{hl}`;
    observed agreement as in ``PairKernel``. For two raters without missing ratings it is Cohen's kappa.

    Parameters
    ----------
    patterns : Patterns
        Rater × category patterns.
    weights : ndarray of shape (q, q), or None for the identity
    n_raters, n_categories : int

    References
    ----------
    Conger, A. J. (1980). Integration and generalization of kappas for multiple raters. *Psychological
    Bulletin* 88, 322–328. Missing ratings: Gwet (2014).
    """

    needs_multiplicity = False

    def __init__(
        self, patterns: Patterns, weights: FloatArray | None, n_raters: int, n_categories: int
    ) -> None:
        self.patterns = patterns
        self.weights = weights
        self.n_raters = n_raters
        self.q = n_categories
        per_category = _sum_over_raters(patterns.counts, n_raters, n_categories)
        size = patterns.size
        pairs = (size >= 2).astype(np.float64)
        possible = np.where(size >= 2, size * (size - 1.0), 1.0)
        self.pa_of_pattern = pairs * (weighted_square(per_category, weights) - size) / possible
        self.features = beside(pairs[:, None], self.pa_of_pattern[:, None], patterns.counts)

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return the coefficient for totals of shape (B, 2 + R q)."""
        no_pairs = totals[:, 0] < 0.5
        margins = totals[:, 2:].reshape(-1, self.n_raters, self.q)
        of_rater = margins.sum(axis=2, keepdims=True)
        active = (of_rater[:, :, 0] > 0.5).sum(axis=1)
        shares = np.divide(margins, of_rater, out=np.zeros_like(margins), where=of_rater > 0.5)
        both = quadratic_form(shares.sum(axis=1), self.weights)
        own = quadratic_form(shares.reshape(-1, self.q), self.weights).reshape(active.size, -1).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            pa = np.where(no_pairs, np.nan, totals[:, 1] / totals[:, 0])
            pe = np.where(active < 2, np.nan, (both - own) / (active * (active - 1.0)))
        undefined = no_pairs | (active < 2) | one_category(margins.sum(axis=1))
        return chance_corrected(pa, pe, undefined)

    def influence(self) -> Influence:
        r"""Return linearised contributions: the shares of each rater are means over that rater's units.

        With :math:`\partial p_e / \partial p_{gk} = \frac{2}{R (R - 1)} \sum_l w_{kl} \sum_{h \ne g} p_{hl}`,
        a unit moves :math:`p_{gk}` by :math:`\frac{n}{n_g} ([x_{ug} = k] - p_{gk})` when g rated it. Observed
        agreement as in ``PairKernel.influence``.
        """
        counted = self.patterns.multiplicity
        value, _, pe = (float(part[0]) for part in point(self))
        counts = self.patterns.counts
        margins = np.asarray(counted @ counts).reshape(self.n_raters, self.q)
        of_rater = margins.sum(axis=1, keepdims=True)
        shares = margins / of_rater
        others = shares.sum(axis=0, keepdims=True) - shares
        others = others if self.weights is None else others @ self.weights
        slope = 2.0 * others / (self.n_raters * (self.n_raters - 1.0))
        # A rating of k by g moves pe by slope_gk less its mean, times n / n_g: one number for each column.
        per_rating = (slope - (slope * shares).sum(axis=1, keepdims=True)) * counted.sum() / of_rater
        chance = np.asarray(counts @ per_rating.ravel(), dtype=np.float64)
        pairs = (self.patterns.size >= 2).astype(np.float64)
        scale = counted.sum() / (counted @ pairs)
        own = scale * (self.pa_of_pattern - pe * pairs) / (1.0 - pe)
        return Influence(own - (1.0 - value) * chance / (1.0 - pe), counted, value)


def _sum_over_raters(counts: Columns, n_raters: int, n_categories: int) -> Columns:
    """Return category counts (P, q) of rater × category indicators (P, R q)."""
    if not sparse.issparse(counts):
        summed: FloatArray = np.asarray(counts).reshape(-1, n_raters, n_categories).sum(axis=1)
        return summed
    fold = sparse.vstack([sparse.eye_array(n_categories)] * n_raters)
    return sparse.csr_array(counts @ sparse.csr_array(fold))
