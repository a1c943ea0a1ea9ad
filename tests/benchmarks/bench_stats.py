"""Time the statistics against their targets and their peers, both sides in the same run.

Run it with ``make bench-stats`` or ``python -m tests.benchmarks.bench_stats [--out FILE.md] [--quick]``. What is
measured needs numpy, scipy, pandas and scikit-learn only, so the interpreter may be that of the oracles, where
krippendorff and pingouin are installed; a peer that cannot be imported leaves its cells empty. A peer that would take
minutes is run for fewer resamples and scaled, marked ``~``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from annotations.stats import (
    RatingTable,
    RubricGrades,
    agreement,
    case_scores,
    icc,
    paired_differences,
    pairwise_cohen_kappa,
    worst_at_k,
)

EXCHANGEABLE = ["percent_agreement", "krippendorff_alpha", "gwet_ac1", "fleiss_kappa", "brennan_prediger"]
PEERS = ("krippendorff", "scikit-learn", "pingouin", "numpy", "scipy", "pandas")
CATEGORIES = 5


@dataclass(frozen=True)
class Row:
    """One line of the table: what was done, our time, the yardstick's, and the target ratio or time."""

    work: str
    ours: float
    theirs: float | None
    yardstick: str
    target: str
    met: bool | None

    def cells(self) -> list[str]:
        """Return the line as text cells."""
        theirs = "–" if self.theirs is None else f"{self.theirs * 1e3:,.2f}"
        ratio = "–" if self.theirs is None else f"{self.theirs / self.ours:,.2f}×"
        verdict = {True: "met", False: "missed", None: "–"}[self.met]
        return [self.work, f"{self.ours * 1e3:,.3f}", theirs, self.yardstick, ratio, self.target, verdict]


def best_time(work: Callable[[], Any], budget: float = 1.0, most: int = 30) -> float:
    """Return the shortest of several times in seconds: the one least disturbed by other work."""
    best, spent, count = float("inf"), 0.0, 0
    while count < 2 or (spent < budget and count < most):
        start = time.perf_counter()
        work()
        took = time.perf_counter() - start
        best, spent, count = min(best, took), spent + took, count + 1
        if took > budget:
            break
    return best


def long_ratings(n: int, raters: int = 5, seed: int = 0) -> tuple[Any, Any, Any]:
    """Return n typed ratings (unit, rater, value), 30 % of the cells missing, raters agreeing beyond chance."""
    rng = np.random.default_rng(seed)
    units = int(n / raters / 0.7 * 1.02) + 2
    truth = rng.integers(0, CATEGORIES, size=(units, 1))
    noise = rng.integers(0, CATEGORIES, size=(units, raters))
    matrix = np.where(rng.random((units, raters)) < 0.6, truth, noise)
    unit, rater = np.nonzero(rng.random((units, raters)) < 0.7)
    return unit[:n], rater[:n], matrix[unit, rater][:n]


def as_matrix(unit: Any, rater: Any, value: Any) -> Any:
    """Return ratings as raters × units with NaN, the layout krippendorff takes."""
    matrix = np.full((int(rater.max()) + 1, int(unit.max()) + 1), np.nan)
    matrix[rater, unit] = value
    return matrix


def optional(name: str) -> Any:
    """Return a peer's module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def table_rows(n: int) -> list[Row]:
    """Return construction and point estimates against one bincount, and alpha against krippendorff."""
    unit, rater, value = long_ratings(n)
    size = f"{n:,} ratings"
    pass_time = best_time(lambda: np.bincount(unit), 0.3, 200)

    def build() -> RatingTable:
        table = RatingTable.from_long(unit, rater, value)
        table.patterns  # noqa: B018  collapsing the units belongs to building the table
        return table

    table = build()
    built = best_time(build, most=100)
    points = best_time(lambda: agreement(table, EXCHANGEABLE, ci="none"), 0.5, 200)
    rows = []
    if n >= 1_000_000:
        rows = [
            Row(
                f"{size}: table", built, pass_time, "one bincount", "≤ 12 bincounts", built <= 12 * pass_time
            ),
            Row(
                f"{size}: {len(EXCHANGEABLE)} coefficients from it",
                points,
                pass_time,
                "one bincount",
                "≤ 2 bincounts",
                points <= 2 * pass_time,
            ),
        ]
    return rows + krippendorff_rows(n, table, unit, rater, value)


def krippendorff_rows(n: int, table: RatingTable, unit: Any, rater: Any, value: Any) -> list[Row]:
    """Return one alpha, and resamples of every coefficient, against krippendorff where it is installed."""
    krippendorff = optional("krippendorff")
    if krippendorff is None:
        return []
    matrix, size = as_matrix(unit, rater, value), f"{n:,} ratings"

    def single() -> Any:
        return agreement(RatingTable.from_long(unit, rater, value), "krippendorff_alpha", ci="none")

    def peer() -> Any:
        return krippendorff.alpha(reliability_data=matrix, level_of_measurement="nominal")

    assert abs(single()[0].value - peer()) < 1e-12
    theirs = best_time(peer, 0.5, 400)
    alone = best_time(lambda: agreement(table, "krippendorff_alpha", ci="none"), 0.5, 400)
    whole = best_time(single, 0.5, 400)
    met, target = (alone <= theirs, "not slower") if n == 1_000 else (None, "–")
    return [
        Row(f"{size}: one alpha from the table", alone, theirs, "krippendorff, from matrix", target, met),
        Row(f"{size}: table and one alpha", whole, theirs, "krippendorff, from matrix", "–", None),
        bootstrap_row(size, table, matrix, krippendorff, n),
    ]


def bootstrap_row(size: str, table: RatingTable, matrix: Any, krippendorff: Any, n: int) -> Row:
    """Return 1,000 BCa resamples of every coefficient against a loop over krippendorff."""
    ours = best_time(lambda: agreement(table, EXCHANGEABLE, ci="bca"))
    loops = max(2, min(200, 2_000_000 // n))
    rng = np.random.default_rng(0)
    units = matrix.shape[1]

    def loop() -> None:
        for _ in range(loops):
            picked = matrix[:, rng.integers(0, units, units)]
            krippendorff.alpha(reliability_data=picked, level_of_measurement="nominal")

    theirs = best_time(loop, 0.1, 2) * 1_000 / loops
    least = 5_000 if n >= 1_000_000 else 300 if n >= 100_000 else 50
    return Row(
        f"{size}: {len(EXCHANGEABLE)} coefficients, 1,000 BCa resamples",
        ours,
        theirs,
        f"~ krippendorff loop ({loops} of 1,000)",
        f"≥ {least:,}×",
        theirs / ours >= least,
    )


def kappa_row() -> Row:
    """Return 190 pairwise kappas with errors against a scikit-learn loop."""
    unit, rater, value = long_ratings(1_000_000, raters=20)
    table = RatingTable.from_long(unit, rater, value)
    matrix = as_matrix(unit, rater, value).T
    rated = ~np.isnan(matrix)

    def peer() -> list[float]:
        found = []
        for g, h in combinations(range(20), 2):
            both = rated[:, g] & rated[:, h]
            found.append(float(cohen_kappa_score(matrix[both, g], matrix[both, h])))
        return found

    ours, theirs = best_time(lambda: pairwise_cohen_kappa(table)), best_time(peer, 0.1, 2)
    np.testing.assert_allclose(peer(), pairwise_cohen_kappa(table).kappa[np.triu_indices(20, 1)], atol=1e-12)
    work = "1,000,000 ratings, 20 raters: 190 Cohen kappas + SE"
    return Row(work, ours, theirs, "scikit-learn loop", "≥ 100×", theirs / ours >= 100)


def icc_row(quick: bool) -> Row:
    """Return six intraclass correlations against pingouin."""
    rng = np.random.default_rng(0)
    units = 2_000 if quick else 20_000
    ratings = rng.normal(size=(units, 1)) + rng.normal(size=(units, 5))
    ours = best_time(lambda: icc(ratings), most=500)
    pingouin = optional("pingouin")
    if pingouin is None:
        return Row(f"{units * 5:,} ratings: ICC, six forms", ours, None, "pingouin", "≥ 1,000×", None)
    unit, rater = np.divmod(np.arange(ratings.size), 5)
    frame = pd.DataFrame({"unit": unit, "rater": rater, "value": ratings.ravel()})

    def peer() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pingouin.intraclass_corr(frame, targets="unit", raters="rater", ratings="value")

    theirs = best_time(peer, 0.1, 2)
    met = None if quick else theirs / ours >= 1_000
    return Row(f"{units * 5:,} ratings: ICC, six forms", ours, theirs, "pingouin", "≥ 1,000×", met)


def cluster_row() -> Row:
    """Return the clustered bootstrap of one million ratings; ten units to a case."""
    unit, rater, value = long_ratings(1_000_000)
    table = RatingTable.from_long(unit, rater, value, cluster=unit // 10)
    ours = best_time(lambda: agreement(table, EXCHANGEABLE))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    work = f"1,000,000 ratings: 1,000 resamples of cases (peak of the whole run {peak:,.0f} MB)"
    return Row(work, ours, None, "–", "≤ 1.5 s", ours <= 1.5)


def score_rows() -> list[Row]:
    """Return rubric scores of a million grades, ten runs compared, and worst-at-k."""
    rng = np.random.default_rng(0)
    cases, runs, criteria = 5_000, 10, 20
    n = cases * runs * criteria
    case = np.repeat(np.arange(cases), runs * criteria)
    sample = np.tile(np.repeat(np.arange(runs), criteria), cases)
    points = rng.choice([-8, -5, 3, 5, 7, 10], size=n).astype(np.float64)
    met = rng.integers(0, 2, n).astype(np.int8)
    axis = rng.integers(0, 5, n)
    tags = {f"axis:{i}": np.flatnonzero(axis == i) for i in range(5)}

    def score() -> Any:
        grades = RubricGrades.from_arrays(case, points, met, sample, criterion_tags=tags)
        return [case_scores(grades), *(case_scores(grades, rows) for rows in tags.values())]

    frame = pd.DataFrame({"case": case, "sample": sample, "points": points, "met": met, "axis": axis})

    def peer() -> Any:
        earned, possible = frame.points * frame.met, frame.points.clip(lower=0)
        sums = frame.assign(earned=earned, possible=possible)
        whole = sums.groupby(["case", "sample"])[["earned", "possible"]].sum()
        tagged = sums.groupby(["axis", "case", "sample"])[["earned", "possible"]].sum()
        return whole.earned / whole.possible, tagged.earned / tagged.possible

    compared = {i: rng.normal(0.5, 0.3, cases) for i in range(10)}
    samples = rng.normal(0.5, 0.3, (cases, 16))
    scored, differed = best_time(score), best_time(lambda: paired_differences(compared))
    worst = best_time(lambda: worst_at_k(samples), 0.3)
    return [
        Row(f"{n:,} grades: case scores, overall and 5 tags", scored, best_time(peer, 0.1, 2), "pandas groupby",
            "≤ 20 ms", scored <= 0.020),
        Row("10 runs, 45 paired differences, 5,000 cases", differed, None, "–", "≤ 100 ms", differed <= 0.1),
        Row("worst-at-k, 5,000 × 16, all k", worst, None, "–", "≤ 1 ms", worst <= 0.001),
    ]  # fmt: skip


def machine() -> str:
    """Return one line that names the machine and the versions."""
    info = Path("/proc/cpuinfo")
    virtual = info.exists() and "hypervisor" in info.read_text()
    model = f"{os.cpu_count()}-core {platform.machine()} {'virtual ' * virtual}machine"
    parts = []
    for name in PEERS:
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            parts.append(f"{name} not installed")
    load = os.getloadavg()[0]
    return f"{model} (load {load:.1f} when it began), Python {platform.python_version()}; {', '.join(parts)}."


def all_rows(quick: bool) -> list[Row]:
    """Return every line of the table; ``quick`` leaves out the million ratings and pingouin's half minute."""
    rows: list[Row] = []
    for n in (1_000, 10_000, 100_000) if quick else (1_000, 10_000, 100_000, 1_000_000):
        rows += table_rows(n)
    if not quick:
        rows += [kappa_row(), cluster_row()]
    return [*rows, icc_row(quick), *score_rows()]


INTRODUCTION = """# Benchmarks of the statistics

Made by `make bench-stats`, one thread, every line with its yardstick in the same run. Each time is the best of several;
on a shared machine ratios move by up to a factor of two. A peer that would take minutes ran for fewer resamples and is
scaled: `~`. What the numbers mean is in [Statistics](statistics.md).
"""

# What bounds a line that can miss its target; printed for those that do.
BOUNDS = {
    "one bincount": (
        "Building a table goes over the three columns about eight times: for the smallest and largest code of each, "
        "for the categories and the raters present, for the duplicate check, and for the collapse into patterns. It "
        "is bound by memory, as is the yardstick, so other work on the machine moves the ratio."
    ),
    "krippendorff loop": (
        "Two fifths of the time are the random draws and counting them, a fifth the coefficients of the resamples; the "
        "rest is fixed work for each coefficient (BCa corrections, leaving one unit out, quantiles), which does not "
        "grow with the ratings and weighs most where they are few."
    ),
    "scikit-learn loop": (
        "Two thirds of the time are one product: the table of units × (raters × categories) with itself, 700 million "
        "operations at the speed of the linear algebra library; most of the rest fills that table."
    ),
    "pingouin": (
        "Three quarters of the time are one copy, three passes and three products over the ratings, bound by memory; "
        "the rest are six quantiles of F. The target was set against pingouin 0.6, which took half a minute."
    ),
    "pandas groupby": (
        "All of it are passes over the million rows, bound by memory: a third packs four sums into one number, a third "
        "gathers and sums the rows of each tag, the rest turns sums into scores."
    ),
    "fetching and converting the rows": (
        "Most of the time is the yardstick's own work, the database's cursor and Django's tuples."
    ),
}


def bound(row: Row) -> str:
    """Return what bounds a line, by its yardstick."""
    return next((text for yardstick, text in BOUNDS.items() if yardstick in row.yardstick), "")


def missed(rows: list[Row]) -> str:
    """Return what bounds the lines that missed their targets."""
    lines = [f"- **{row.work}** ({row.target}). {bound(row)}".rstrip() for row in rows if row.met is False]
    return "## Missed\n\n" + ("\n".join(lines) if lines else "No target was missed.") + "\n"


def product_rows(path: Path) -> list[Row]:
    """Return the lines that `bench_product` saved."""
    return [Row(**line) for line in json.loads(path.read_text(encoding="utf-8"))]


def as_markdown(rows: list[Row]) -> str:
    """Return the table as Markdown."""
    head = ["work", "ours, ms", "yardstick, ms", "yardstick", "ratio", "target", "result"]
    lines = [head, ["---", "---:", "---:", "---", "---:", "---", "---"], *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Print the table, and save it where asked."""
    parser = argparse.ArgumentParser(description="Time the statistics against their targets and peers.")
    parser.add_argument("--out", type=Path, help="also write the table to this Markdown file")
    parser.add_argument("--quick", action="store_true", help="leave out what takes more than a few seconds")
    parser.add_argument(
        "--also", type=Path, help="lines measured by bench_product, to go into the same table"
    )
    options = parser.parse_args()
    named = machine()
    rows = all_rows(options.quick) + (product_rows(options.also) if options.also else [])
    text = f"{INTRODUCTION}\n{named}\n\n{as_markdown(rows)}\n\n{missed(rows)}"
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
