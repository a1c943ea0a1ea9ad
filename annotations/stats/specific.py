"""Agreement on one category at a time, and Light's kappa over all pairs of raters."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy import sparse

from annotations.stats.arrays import FloatArray
from annotations.stats.boundary import Disagreement, count_disagreement
from annotations.stats.estimate import Estimate
from annotations.stats.estimation import IntervalOptions, Plan, blank, no_pairs_note, plan, with_intervals
from annotations.stats.intervals import CiMethod
from annotations.stats.kernels import Columns, Parts
from annotations.stats.pairwise import kappas, weight_matrix
from annotations.stats.patterns import Patterns
from annotations.stats.ratings import RatingTable
from annotations.stats.weights import Weights

MOST_PAIR_CELLS = 40_000_000


class SpecificKernel:
    r"""Specific agreement on one category: :math:`\sum_u n_{uk} (n_{uk} - 1) / \sum_u n_{uk} (r_u - 1)`."""

    needs_multiplicity = False

    def __init__(self, patterns: Patterns, category: int) -> None:
        self.patterns = patterns
        column = patterns.counts[:, [category]]
        used = (column.toarray() if sparse.issparse(column) else np.asarray(column)).ravel()
        self.features: Columns = np.stack([used * (used - 1.0), used * (patterns.size - 1.0)], axis=1)

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return the agreement for totals of shape (B, 2)."""
        unused = totals[:, 1] < 0.5
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(unused, np.nan, totals[:, 0] / totals[:, 1])
        return Parts(value, value, np.zeros_like(value))

    def influence(self) -> None:
        """Return None: the jackknife serves instead."""
        return None


def specific_agreement(
    table: RatingTable,
    ci: CiMethod = "percentile",
    level: float = 0.95,
    n_boot: int = 1000,
    seed: int | None = 0,
) -> list[Estimate]:
    r"""Return the agreement on each category: of a pair's ratings in it, the share that the partner shares.

    :math:`\sum_u n_{uk} (n_{uk} - 1) / \sum_u n_{uk} (r_u - 1)` over pairable units. For two raters and two
    categories these are the positive and negative agreement :math:`2a / (2a + b + c)` and
    :math:`2d / (2d + b + c)`, which explain a low kappa beside a high raw agreement.

    Parameters
    ----------
    table : RatingTable
    ci, level, n_boot, seed
        As in ``agreement``.

    Returns
    -------
    list of Estimate
        One for each category, named ``"specific_agreement:CATEGORY"``; undefined for a category that no
        pairable unit uses.

    References
    ----------
    Cicchetti & Feinstein (1990). *J Clin Epidemiol* 43, 551–558. Spitzer & Fleiss (1974). *British Journal of
    Psychiatry* 125, 341–347.

    Examples
    --------
    a = 40, b + c = 15, d = 45: 80/95 and 90/105.

    >>> rows = [[1, 1]] * 40 + [[1, 0]] * 9 + [[0, 1]] * 6 + [[0, 0]] * 45
    >>> [(e.name, round(e.value, 4)) for e in specific_agreement(RatingTable.from_matrix(rows))]
    [('specific_agreement:0', 0.8571), ('specific_agreement:1', 0.8421)]
    """
    options = IntervalOptions(ci, level, n_boot, seed).checked()
    plans: list[Plan | Estimate] = []
    for index, category in enumerate(table.categories):
        name = f"specific_agreement:{category}"
        if table.n_units_pairable == 0:
            plans.append(blank(table, name, "undefined_no_pairs", no_pairs_note(table)))
            continue
        kernel = SpecificKernel(table.patterns, index)
        disagreement = _disagreement_on(table, index)
        if disagreement.n == 0:
            note = "No unit with two ratings uses this category."
            plans.append(blank(table, name, "undefined_no_pairs", note))
        else:
            plans.append(plan(table, name, kernel, disagreement, options, largest=1.0))
    return with_intervals(table, plans, options)


def _disagreement_on(table: RatingTable, category: int) -> Disagreement:
    """Count units (or clusters) that use a category, and those that do not use it alone."""
    patterns = table.patterns
    column = patterns.counts[:, [category]]
    used = (column.toarray() if sparse.issparse(column) else np.asarray(column)).ravel()
    uses = ((used > 0) & (patterns.size >= 2)).astype(np.float64)
    mixed = uses * (used < patterns.size)
    if table.cluster is None:
        return Disagreement(int(patterns.multiplicity @ uses), int(patterns.multiplicity @ mixed))
    incidence = patterns.incidence(table.cluster)
    return Disagreement(int(np.count_nonzero(incidence @ uses)), int(np.count_nonzero(incidence @ mixed)))


class LightKernel:
    """Mean of Cohen's kappas over the pairs of raters that have one."""

    needs_multiplicity = False

    def __init__(self, patterns: Patterns, weights: FloatArray, n_raters: int) -> None:
        self.patterns = patterns
        self.weights = weights
        self.q = weights.shape[0]
        counts = patterns.counts
        full = counts.toarray() if sparse.issparse(counts) else np.asarray(counts)
        chosen = full.reshape(-1, n_raters, self.q)
        blocks = [
            np.einsum("pk,pl->pkl", chosen[:, g], chosen[:, h]).reshape(full.shape[0], -1)
            for g, h in combinations(range(n_raters), 2)
        ]
        self.features: Columns = np.hstack(blocks)

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return the mean kappa for totals of shape (B, pairs q q)."""
        joint = totals.reshape(totals.shape[0], -1, self.q, self.q)
        kappa, observed, expected = kappas(joint, self.weights)
        defined = np.isfinite(kappa)
        n = defined.sum(axis=1)

        def mean(values: FloatArray) -> FloatArray:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(np.where(defined, values, 0.0).sum(axis=1) / n, dtype=np.float64)

        return Parts(mean(kappa), mean(observed), mean(expected))

    def influence(self) -> None:
        """Return None: the jackknife serves instead."""
        return None


def light_kappa(
    table: RatingTable,
    weights: Weights | None = None,
    ci: CiMethod = "percentile",
    level: float = 0.95,
    n_boot: int = 1000,
    seed: int | None = 0,
) -> Estimate:
    r"""Return Light's kappa: the mean of Cohen's kappa over all pairs of raters.

    :math:`\kappa_L = \frac{2}{R (R - 1)} \sum_{g < h} \kappa_{gh}`, each pair on the units both rated; pairs
    without a kappa (no common unit, one category) are left out. ``pa`` and ``pe`` are means over the same
    pairs.

    Parameters
    ----------
    table : RatingTable
    weights : str, optional
        Agreement weights; default unweighted.
    ci, level, n_boot, seed
        As in ``agreement``.

    Returns
    -------
    Estimate
        Named ``"light_kappa"``.

    Raises
    ------
    ValueError
        For weights that the categories do not allow, or a table of more patterns × pairs × cells than fit.

    References
    ----------
    Light, R. J. (1971). *Psychological Bulletin* 76, 365–377. Conger, A. J. (1980). *Psychological Bulletin*
    88, 322–328.

    Examples
    --------
    The pairs have kappa .5, 1 and .5 (the last two on the units with all three ratings):

    >>> t = RatingTable.from_matrix([[1, 1, 1], [1, 2, 1], [2, 2, 2], [2, 2, 2]])
    >>> round(light_kappa(t).value, 4)
    0.6667
    """
    options = IntervalOptions(ci, level, n_boot, seed).checked()
    if table.n_units_pairable == 0:
        return blank(table, "light_kappa", "undefined_no_pairs", no_pairs_note(table))
    pairs = table.n_raters * (table.n_raters - 1) // 2
    cells = table.rater_patterns.multiplicity.size * pairs * table.n_categories**2
    if cells > MOST_PAIR_CELLS:
        raise ValueError(
            f"Light's kappa of {table.n_raters} raters and {table.n_categories} categories is too large: "
            "use the mean of pairwise_cohen_kappa, or conger_kappa."
        )
    kernel = LightKernel(table.rater_patterns, weight_matrix(table, weights), table.n_raters)
    planned = plan(table, "light_kappa", kernel, count_disagreement(table), options)
    return with_intervals(table, [planned], options)[0]
