"""Agreement coefficients with honest intervals: the public entry point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from annotations.stats.alpha_kernels import AlphaKernel, IntervalAlphaKernel, OrdinalAlphaKernel
from annotations.stats.boundary import count_disagreement
from annotations.stats.estimate import Estimate
from annotations.stats.estimation import IntervalOptions, Plan, blank, no_pairs_note, plan, with_intervals
from annotations.stats.intervals import CiMethod
from annotations.stats.kernels import Kernel
from annotations.stats.pair_kernels import CongerKernel, PairKernel
from annotations.stats.ratings import RatingTable
from annotations.stats.weights import (
    METRICS,
    WEIGHTS,
    Metric,
    Weights,
    agreement_weights,
    category_scores,
    difference_function,
)

Coefficient = Literal[
    "percent_agreement",
    "krippendorff_alpha",
    "gwet_ac1",
    "gwet_ac2",
    "fleiss_kappa",
    "conger_kappa",
    "brennan_prediger",
    "scott_pi",
]
FEW_CATEGORIES = 64  # up to here interval differences are a matrix, which is exact to the last digit
MOST_CATEGORIES = 4_000  # a matrix of this size takes 128 MB
COEFFICIENTS: tuple[str, ...] = get_args(Coefficient)
_SCOTT_NOTE = "Scott's pi is for two raters; there are {}. Fleiss' kappa is its form for more."


def agreement(
    table: RatingTable,
    coefficients: Iterable[str] | str | None = None,
    metric: Metric = "nominal",
    weights: Weights = "identity",
    ci: CiMethod = "percentile",
    level: float = 0.95,
    n_boot: int = 1000,
    seed: int | None = 0,
) -> list[Estimate]:
    r"""Return agreement coefficients of a table of ratings, each with an interval.

    Every coefficient is :math:`(p_a - p_e) / (1 - p_e)`; the formulas are in the kernels of
    ``annotations.stats.coefficients``. Only what is asked for is computed. The bootstrap resamples clusters
    when the table has them, else units.

    Parameters
    ----------
    table : RatingTable
    coefficients : iterable of str or str, optional
        Names out of ``COEFFICIENTS``. Default: all that apply (``gwet_ac2`` when ``weights`` is not identity,
        ``scott_pi`` for two raters).
    metric : {"nominal", "ordinal", "interval", "ratio"}
        Difference function of Krippendorff's alpha.
    weights : {"identity", "linear", "quadratic", "ordinal", "radical", "ratio"}
        Agreement weights of the others; ``gwet_ac1`` is always unweighted.
    ci : {"percentile", "bca", "jackknife", "gwet", "none"}
        How the interval is made: the percentile or BCa bootstrap; the jackknife with a t interval; Gwet's
        linearised error, which reproduces published tables but is too large with missing ratings.
    level : float
        Coverage of the interval, between 0 and 1.
    n_boot : int
        Bootstrap resamples.
    seed : int or None
        Seed of the resampling; the same seed gives the same interval.

    Returns
    -------
    list of Estimate
        In the order asked for. A coefficient without a value has ``value=None`` and says why in ``status``.

    Raises
    ------
    ValueError
        For an unknown name, a level outside (0, 1), or a metric the categories do not allow.

    Notes
    -----
    *One category used*: undefined, except percent agreement and, when two or more categories are declared,
    Gwet's and Brennan–Prediger's. *No pairable unit*: undefined. *One unit or cluster*: a value without
    interval. *No or almost no disagreement*: a one-sided exact bound (see ``boundary``). *More than 5 % of
    resamples without a value*: no interval. *Fewer than 10 pairable units or clusters*: flagged
    ``few_units``.

    References
    ----------
    Fleiss (1971); Krippendorff (2011); Gwet (2008, 2014); Conger (1980); Brennan & Prediger (1981); Scott
    (1955); Zapf et al. (2016).

    Examples
    --------
    Krippendorff's (2011) four observers, twelve units:

    >>> t = RatingTable.from_matrix([
    ...     [1, 1, None, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    ...     [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [None, 5, 5, 5], [None, None, 1, 1],
    ...     [None, 3, None, None]])
    >>> [e] = agreement(t, "krippendorff_alpha", ci="none")
    >>> round(e.value, 3), e.n_units_pairable
    (0.743, 11)
    """
    for what, given, allowed in (("metric", metric, METRICS), ("weights", weights, WEIGHTS)):
        if given not in allowed:
            raise ValueError(f"Unknown {what} {given!r}: use one of {', '.join(allowed)}.")
    options = IntervalOptions(ci, level, n_boot, seed).checked()
    names = _checked_names(table, coefficients, weights)
    if table.n_units_pairable == 0:
        return [blank(table, name, "undefined_no_pairs", no_pairs_note(table)) for name in names]
    disagreement = count_disagreement(table)
    plans: list[Plan | Estimate] = []
    for name in names:
        if name == "scott_pi" and table.n_raters != 2:
            plans.append(blank(table, name, "not_applicable", _SCOTT_NOTE.format(table.n_raters)))
        else:
            kernel = _kernel(table, name, metric, weights)
            plans.append(plan(table, name, kernel, disagreement, options))
    return with_intervals(table, plans, options)


def applicable_coefficients(table: RatingTable, weights: Weights = "identity") -> list[str]:
    """Return the names of the coefficients that apply to a table.

    Parameters
    ----------
    table : RatingTable
    weights : str
        ``gwet_ac2`` applies when this is not ``"identity"``.

    Returns
    -------
    list of str

    Examples
    --------
    >>> "scott_pi" in applicable_coefficients(RatingTable.from_matrix([[1, 1, 2]]))
    False
    """
    skip = set()
    if weights == "identity":
        skip.add("gwet_ac2")
    if table.n_raters != 2:
        skip.add("scott_pi")
    return [name for name in COEFFICIENTS if name not in skip]


def _checked_names(
    table: RatingTable, coefficients: Iterable[str] | str | None, weights: Weights
) -> list[str]:
    if coefficients is None:
        return applicable_coefficients(table, weights)
    names = [coefficients] if isinstance(coefficients, str) else list(coefficients)
    for name in names:
        if name not in COEFFICIENTS:
            raise ValueError(f"Unknown coefficient {name!r}: use {', '.join(COEFFICIENTS)}.")
    return names


def _kernel(table: RatingTable, name: str, metric: Metric, weights: Weights) -> Kernel:
    if name == "krippendorff_alpha":
        values = category_scores(table.category_values, table.n_categories, table.declared, metric)
        if metric == "ordinal":
            return OrdinalAlphaKernel(table.patterns)
        if metric == "nominal":
            return AlphaKernel(table.patterns, None)
        if metric == "interval" and table.n_categories > FEW_CATEGORIES:
            return IntervalAlphaKernel(table.patterns, values)
        _refuse_too_many(table, f"the {metric} metric")
        return AlphaKernel(table.patterns, difference_function(values, metric))
    wanted: Weights = "identity" if name == "gwet_ac1" else weights
    values = category_scores(table.category_values, table.n_categories, table.declared, wanted)
    matrix = None
    if wanted != "identity":
        _refuse_too_many(table, f"{wanted} weights")
        matrix = agreement_weights(values, wanted)
    if name == "conger_kappa":
        return CongerKernel(table.rater_patterns, matrix, table.n_raters, table.n_categories)
    if name == "scott_pi":
        return PairKernel(table.patterns, matrix, "fleiss", pairable_only=True)
    chance = {
        "percent_agreement": "none",
        "fleiss_kappa": "fleiss",
        "gwet_ac1": "gwet",
        "gwet_ac2": "gwet",
        "brennan_prediger": "uniform",
    }[name]
    return PairKernel(table.patterns, matrix, chance)


def _refuse_too_many(table: RatingTable, what: str) -> None:
    if table.n_categories > MOST_CATEGORIES:
        raise ValueError(
            f"There are {table.n_categories} different values, too many for {what}: round them to at most "
            f"{MOST_CATEGORIES}, or use the interval or ordinal metric."
        )
