"""Simulate how often the intervals of agreement coefficients hold the true value.

Run it with ``python -m tests.benchmarks.coverage_agreement [--samples N] [--out FILE.md]``; it takes minutes.
Three raters, 30 % of the ratings missing. The truth is the coefficient of a very large sample of the same
process. A sample at the boundary counts with the one-sided bound that is reported for it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from annotations.stats import Estimate, RatingTable, agreement
from annotations.stats.intervals import CiMethod

COEFFICIENTS = ("krippendorff_alpha", "gwet_ac1")
METHODS = tuple(method for method in get_args(CiMethod) if method != "none")
MISSING = 0.3


@dataclass(frozen=True)
class Process:
    """How ratings come about: each rater gives the true category, or with ``slip`` a random one."""

    units: int
    shares: tuple[float, ...]
    slip: float

    def table(self, units: int, rng: np.random.Generator) -> RatingTable:
        """Return a table of ratings drawn from the process."""
        q = len(self.shares)
        truth = rng.choice(q, size=(units, 1), p=self.shares)
        slips = rng.random((units, 3)) < self.slip
        ratings = np.where(slips, rng.choice(q, size=(units, 3), p=self.shares), truth)
        ratings[rng.random((units, 3)) < MISSING] = -1
        return RatingTable.from_matrix(ratings, categories=range(q))

    def label(self) -> str:
        """Return the process in words."""
        return (
            f"{self.units} units, {len(self.shares)} categories, {'/'.join(f'{s:.2f}' for s in self.shares)}"
        )


PROCESSES = (
    Process(20, (1 / 3, 1 / 3, 1 / 3), 0.3),
    Process(50, (1 / 3, 1 / 3, 1 / 3), 0.3),
    Process(50, (0.9, 0.1), 0.1),
    Process(200, (0.9, 0.1), 0.1),
)


@dataclass
class Tally:
    """What happened to one coefficient and method over the samples."""

    held: int = 0
    given: int = 0
    boundary: int = 0
    none: int = 0

    def add(self, estimate: Estimate, truth: float) -> None:
        """Count one sample."""
        self.boundary += estimate.status == "boundary"
        if estimate.ci_low is None or estimate.ci_high is None:
            self.none += 1
            return
        self.given += 1
        self.held += estimate.ci_low <= truth <= estimate.ci_high

    def cell(self) -> str:
        """Return coverage, with the share of boundary samples and of samples without an interval."""
        total = self.given + self.none
        coverage = self.held / self.given if self.given else float("nan")
        extra = [
            f"{count / total:.0%} {what}"
            for count, what in ((self.boundary, "boundary"), (self.none, "none"))
            if count / total >= 0.01
        ]
        return f"{coverage:.3f}" + (f" ({', '.join(extra)})" if extra else "")


def truths(process: Process, rng: np.random.Generator) -> dict[str, float]:
    """Return the coefficients of a very large sample."""
    found = agreement(process.table(400_000, rng), list(COEFFICIENTS), ci="none")
    return {estimate.name: float(estimate.value or 0.0) for estimate in found}


def simulate(process: Process, samples: int, n_boot: int) -> dict[tuple[str, str], Tally]:
    """Return the tallies of every coefficient and method."""
    rng = np.random.default_rng(1)
    truth = truths(process, rng)
    tallies = {(name, method): Tally() for name in COEFFICIENTS for method in METHODS}
    for index in range(samples):
        table = process.table(process.units, rng)
        for method in METHODS:
            options: dict[str, Any] = {"ci": method, "n_boot": n_boot, "seed": index}
            for estimate in agreement(table, list(COEFFICIENTS), **options):
                tallies[estimate.name, method].add(estimate, truth[estimate.name])
    return tallies


def as_markdown(samples: int, n_boot: int) -> str:
    """Return the table of coverages."""
    lines = [
        f"Coverage of nominal 95 % intervals, {samples} samples, {n_boot} resamples each, three raters, 30 % missing.",
        "",
        "| process | coefficient | " + " | ".join(METHODS) + " |",
        "| --- | --- |" + " --- |" * len(METHODS),
    ]
    for process in PROCESSES:
        tallies = simulate(process, samples, n_boot)
        for name in COEFFICIENTS:
            cells = " | ".join(tallies[name, method].cell() for method in METHODS)
            lines.append(f"| {process.label()} | {name} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, and save it where asked."""
    parser = argparse.ArgumentParser(description="Simulate the coverage of agreement intervals.")
    parser.add_argument("--samples", type=int, default=800)
    parser.add_argument("--n-boot", type=int, default=1000)
    parser.add_argument("--out", type=Path, help="also write the table to this Markdown file")
    options = parser.parse_args()
    text = as_markdown(options.samples, options.n_boot)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
