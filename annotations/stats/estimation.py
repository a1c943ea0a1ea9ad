"""From a coefficient's kernel to its estimate: status, interval, and honesty about degenerate data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from annotations.stats.arrays import FloatArray, number_or_none
from annotations.stats.boundary import Disagreement, largest_disagreement, one_sided_low
from annotations.stats.estimate import Estimate
from annotations.stats.intervals import (
    CI_METHODS,
    CiMethod,
    Interval,
    bca_interval,
    gwet_interval,
    jackknife_interval,
    percentile_interval,
)
from annotations.stats.kernels import Kernel, point
from annotations.stats.ratings import RatingTable
from annotations.stats.resampling import Resampler, bootstrap, leave_one_out

FEW_UNITS = 10
NO_WIDTH = 1e-12


class IntervalOptions(NamedTuple):
    """How intervals are made: method, coverage, resamples and seed."""

    ci: CiMethod
    level: float
    n_boot: int
    seed: int | None

    def checked(self) -> IntervalOptions:
        """Return the options, refusing those that make no sense with a ValueError."""
        if self.ci not in CI_METHODS:
            raise ValueError(f"Unknown ci {self.ci!r}: use one of {', '.join(CI_METHODS)}.")
        if not 0.0 < self.level < 1.0:
            raise ValueError(f"The level must lie between 0 and 1, but is {self.level!r}.")
        if self.ci in ("percentile", "bca") and self.n_boot < 2:
            raise ValueError(f"An interval needs at least 2 resamples, but n_boot is {self.n_boot!r}.")
        return self


class Plan(NamedTuple):
    """A coefficient that still needs resampling, and its estimate so far."""

    kernel: Kernel
    estimate: Estimate


def blank(
    table: RatingTable,
    name: str,
    status: str,
    note: str,
    value: float | None = None,
    pa: float | None = None,
    pe: float | None = None,
) -> Estimate:
    """Return an estimate without an interval."""
    return Estimate(
        name, value, None, None, None, "none", pa, pe, table.n_units, table.n_units_pairable,
        table.n_ratings, table.n_raters, table.n_categories, 0, 0, status, note,
    )  # fmt: skip


def no_pairs_note(table: RatingTable) -> str:
    """Return why nothing can be compared."""
    if table.n_ratings == 0:
        return "There are no ratings."
    return "No unit was rated by two raters, so there is nothing to compare."


def plan(
    table: RatingTable,
    name: str,
    kernel: Kernel,
    disagreement: Disagreement,
    options: IntervalOptions,
    largest: float | None = None,
) -> Plan | Estimate:
    """Return the estimate when it needs no resampling, else the estimate so far with its kernel.

    ``largest`` is the most a unit can disagree in the coefficient's own terms; by default in mean pairs.
    """
    parts = point(kernel)
    value, pa, pe = (number_or_none(part[0]) for part in parts)
    if value is None:
        note = "Only one category was used, so agreement beyond chance cannot be told."
        return blank(table, name, "undefined_no_variation", note, pa=pa, pe=pe)
    estimate = blank(table, name, "ok", "", value, pa, pe)
    unit = "unit" if table.cluster is None else "cluster"
    if disagreement.n == 1:
        note = f"Only one {unit} has two ratings, so there is no interval."
        return replace(estimate, status="single_unit", note=note)
    if disagreement.n_disagreeing == 0:
        return _at_boundary(table, estimate, options, disagreement, largest)
    if options.ci != "gwet" and disagreement.pins_resampling(options.level):
        estimate = _at_boundary(table, estimate, options, disagreement, largest)
        return estimate if options.ci == "none" else Plan(kernel, estimate)
    if min(disagreement.n, table.n_units_pairable) < FEW_UNITS:
        note = f"Only {disagreement.n} {unit}s have two ratings: the interval is rough."
        estimate = replace(estimate, status="few_units", note=note)
    return estimate if options.ci == "none" else Plan(kernel, estimate)


def _at_boundary(
    table: RatingTable,
    estimate: Estimate,
    options: IntervalOptions,
    disagreement: Disagreement,
    largest: float | None,
) -> Estimate:
    unit = "unit" if table.cluster is None else "cluster"
    d, n = disagreement.n_disagreeing, disagreement.n
    found = f"No disagreement in {n} {unit}s" if d == 0 else f"Disagreement in only {d} of {n} {unit}s"
    estimate = replace(
        estimate, status="boundary", note=f"{found}: resampling would claim too much certainty."
    )
    if options.ci == "none" or estimate.value is None or estimate.pe is None:
        return estimate
    if largest is None:
        largest = largest_disagreement(table.patterns, table.n_categories)
    low = one_sided_low(disagreement, largest, estimate.value, estimate.pe, options.level)
    note = estimate.note + f" The interval is a one-sided {options.level:.0%} bound."
    return replace(estimate, ci_low=low, ci_high=1.0, ci_method="clopper_pearson", note=note)


def with_intervals(
    table: RatingTable, plans: Iterable[Plan | Estimate], options: IntervalOptions
) -> list[Estimate]:
    """Return the estimates with their intervals; coefficients on the same patterns share the resamples."""
    plans = list(plans)
    done: dict[int, Estimate] = {i: plan for i, plan in enumerate(plans) if isinstance(plan, Estimate)}
    waiting = [(i, plan) for i, plan in enumerate(plans) if isinstance(plan, Plan)]
    for patterns in {id(plan.kernel.patterns): plan.kernel.patterns for _, plan in waiting}.values():
        group = [(i, plan) for i, plan in waiting if plan.kernel.patterns is patterns]
        resampler = Resampler(patterns, table.cluster)
        replicates: list[FloatArray | None] = [None] * len(group)
        if options.ci in ("percentile", "bca"):
            replicates = [*bootstrap([p.kernel for _, p in group], resampler, options.n_boot, options.seed)]
        for (index, plan), values in zip(group, replicates, strict=True):
            done[index] = _with_interval(plan, _interval(plan, resampler, values, options), values)
    return [done[index] for index in range(len(plans))]


def _interval(
    plan: Plan, resampler: Resampler, replicates: FloatArray | None, options: IntervalOptions
) -> Interval:
    value = plan.estimate.value or 0.0
    if options.ci == "percentile" and replicates is not None:
        return percentile_interval(replicates, options.level)
    if options.ci == "gwet" and resampler.incidence is None:
        interval = gwet_interval(value, plan.kernel, options.level)
        if interval is not None:
            return interval
    left_out = leave_one_out(plan.kernel, resampler)
    if left_out is None:
        too_many = "There are too many categories for leaving out one unit at a time."
        if replicates is None:
            return Interval(None, None, None, "none", 0, too_many + " Use the percentile interval.")
        return percentile_interval(replicates, options.level)._replace(note=too_many)
    if replicates is not None:
        return bca_interval(value, replicates, left_out, resampler.cell_weights, options.level)
    interval = jackknife_interval(value, left_out, resampler.cell_weights, options.level)
    if options.ci == "gwet" and not interval.refused:
        return interval._replace(note="Gwet's error has no form for this: the jackknife is given.")
    return interval


def _with_interval(plan: Plan, interval: Interval, replicates: FloatArray | None) -> Estimate:
    n_boot = 0 if replicates is None else replicates.size
    estimate = replace(plan.estimate, n_boot=n_boot, n_boot_undefined=interval.n_undefined if n_boot else 0)
    if estimate.status == "boundary":  # the exact bound stands; the error is still worth having
        return replace(estimate, se=interval.se)
    if interval.refused:
        note = interval.note or (
            f"{interval.n_undefined} of {n_boot} resamples had no value (one category only), "
            "more than 5 %: no interval is given."
        )
        return replace(estimate, status="ci_refused", note=note)
    if interval.high is not None and interval.low is not None and interval.high - interval.low < NO_WIDTH:
        note = "Every resample gives the same value, so there is no telling how certain it is."
        return replace(estimate, status="boundary", note=note)
    note = " ".join(part for part in (estimate.note, interval.note) if part)
    return replace(
        estimate, se=interval.se, ci_low=interval.low, ci_high=interval.high,
        ci_method=interval.method, note=note,
    )  # fmt: skip
