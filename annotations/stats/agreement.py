"""Agreement coefficients with honest intervals: the public entry point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

from annotations.stats.arrays import number_or_none
from annotations.stats.boundary import Disagreement, count_disagreement, largest_disagreement, one_sided_low
from annotations.stats.coefficients import AlphaKernel, CongerKernel, Kernel, OrdinalAlphaKernel, PairKernel
from annotations.stats.estimate import Estimate
from annotations.stats.ratings import RatingTable
from annotations.stats.resampling import Interval, Resampler, bootstrap, percentile_interval, point
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
CiMethod = Literal["percentile", "none"]
COEFFICIENTS: tuple[str, ...] = get_args(Coefficient)
CI_METHODS: tuple[str, ...] = get_args(CiMethod)
FEW_UNITS = 10


class _Options(NamedTuple):
    metric: Metric
    weights: Weights
    ci: CiMethod
    level: float
    n_boot: int
    seed: int | None


class _Plan(NamedTuple):
    kernel: Kernel
    estimate: Estimate


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
    ci : {"percentile", "none"}
        How the interval is made.
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
    options = _Options(metric, weights, ci, level, n_boot, seed)
    _check_options(options)
    names = _checked_names(table, coefficients, weights)
    if table.n_units_pairable == 0:
        return [_blank(table, name, "undefined_no_pairs", _no_pairs_note(table)) for name in names]
    disagreement = count_disagreement(table)
    plans: list[_Plan | Estimate] = [_plan(table, name, options, disagreement) for name in names]
    return _with_intervals(table, plans, options)


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


def _check_options(options: _Options) -> None:
    choices = (
        ("metric", options.metric, METRICS),
        ("weights", options.weights, WEIGHTS),
        ("ci", options.ci, CI_METHODS),
    )
    for what, given, allowed in choices:
        if given not in allowed:
            raise ValueError(f"Unknown {what} {given!r}: use one of {', '.join(allowed)}.")
    if not 0.0 < options.level < 1.0:
        raise ValueError(f"The level must lie between 0 and 1, but is {options.level!r}.")
    if options.ci != "none" and options.n_boot < 2:
        raise ValueError(f"An interval needs at least 2 resamples, but n_boot is {options.n_boot!r}.")


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


def _kernel(table: RatingTable, name: str, options: _Options) -> Kernel:
    if name == "krippendorff_alpha":
        values = category_scores(table.category_values, table.n_categories, table.declared, options.metric)
        if options.metric == "ordinal":
            return OrdinalAlphaKernel(table.patterns)
        return AlphaKernel(table.patterns, difference_function(values, options.metric))
    wanted: Weights = "identity" if name == "gwet_ac1" else options.weights
    values = category_scores(table.category_values, table.n_categories, table.declared, wanted)
    matrix = agreement_weights(values, wanted)
    if name == "conger_kappa":
        return CongerKernel(table.rater_patterns, matrix, table.n_raters)
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


def _blank(table: RatingTable, name: str, status: str, note: str) -> Estimate:
    return Estimate(
        name, None, None, None, None, "none", None, None, table.n_units, table.n_units_pairable,
        table.n_ratings, table.n_raters, table.n_categories, 0, 0, status, note,
    )  # fmt: skip


def _no_pairs_note(table: RatingTable) -> str:
    if table.n_ratings == 0:
        return "There are no ratings."
    return "No unit was rated by two raters, so there is nothing to compare."


def _plan(table: RatingTable, name: str, options: _Options, disagreement: Disagreement) -> _Plan | Estimate:
    """Return the estimate when it needs no resampling, else the estimate so far with its kernel."""
    if name == "scott_pi" and table.n_raters != 2:
        note = (
            f"Scott's pi is for two raters; there are {table.n_raters}. Fleiss' kappa is its form for more."
        )
        return _blank(table, name, "not_applicable", note)
    kernel = _kernel(table, name, options)
    parts = point(kernel)
    value, pa, pe = (number_or_none(part[0]) for part in parts)
    if value is None:
        note = "Only one category was used, so agreement beyond chance cannot be told."
        return replace(_blank(table, name, "undefined_no_variation", note), pa=pa, pe=pe)
    estimate = replace(_blank(table, name, "ok", ""), value=value, pa=pa, pe=pe)
    unit = "unit" if table.cluster is None else "cluster"
    if disagreement.n == 1:
        note = f"Only one {unit} has two ratings, so there is no interval."
        return replace(estimate, status="single_unit", note=note)
    if disagreement.pins_resampling(options.level):
        return _at_boundary(table, estimate, options, disagreement)
    if min(disagreement.n, table.n_units_pairable) < FEW_UNITS:
        note = f"Only {disagreement.n} {unit}s have two ratings: the interval is rough."
        estimate = replace(estimate, status="few_units", note=note)
    return estimate if options.ci == "none" else _Plan(kernel, estimate)


def _at_boundary(
    table: RatingTable, estimate: Estimate, options: _Options, disagreement: Disagreement
) -> Estimate:
    unit = "unit" if table.cluster is None else "cluster"
    d, n = disagreement.n_disagreeing, disagreement.n
    found = f"No disagreement in {n} {unit}s" if d == 0 else f"Disagreement in only {d} of {n} {unit}s"
    estimate = replace(
        estimate, status="boundary", note=f"{found}: resampling would claim too much certainty."
    )
    if options.ci == "none" or estimate.value is None or estimate.pe is None:
        return estimate
    largest = largest_disagreement(table.patterns, table.n_categories)
    low = one_sided_low(disagreement, largest, estimate.value, estimate.pe, options.level)
    note = estimate.note + f" The interval is a one-sided {options.level:.0%} bound."
    return replace(estimate, ci_low=low, ci_high=1.0, ci_method="clopper_pearson", note=note)


def _with_intervals(table: RatingTable, plans: list[_Plan | Estimate], options: _Options) -> list[Estimate]:
    done: dict[int, Estimate] = {i: plan for i, plan in enumerate(plans) if isinstance(plan, Estimate)}
    waiting = [(i, plan) for i, plan in enumerate(plans) if isinstance(plan, _Plan)]
    for patterns in {id(plan.kernel.patterns): plan.kernel.patterns for _, plan in waiting}.values():
        group = [(i, plan) for i, plan in waiting if plan.kernel.patterns is patterns]
        resampler = Resampler(patterns, table.cluster)
        replicates = bootstrap([plan.kernel for _, plan in group], resampler, options.n_boot, options.seed)
        for (index, plan), values in zip(group, replicates, strict=True):
            interval = percentile_interval(values, options.level)
            done[index] = _with_interval(plan.estimate, interval, options)
    return [done[index] for index in range(len(plans))]


def _with_interval(estimate: Estimate, interval: Interval, options: _Options) -> Estimate:
    estimate = replace(estimate, n_boot=options.n_boot, n_boot_undefined=interval.n_undefined)
    if interval.refused:
        note = (
            f"{interval.n_undefined} of {options.n_boot} resamples had no value (one category only), "
            "more than 5 %: no interval is given."
        )
        return replace(estimate, status="ci_refused", note=note)
    return replace(
        estimate, se=interval.se, ci_low=interval.low, ci_high=interval.high, ci_method=options.ci
    )  # fmt: skip
