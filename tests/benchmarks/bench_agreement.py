"""Compare agreement statistics with scikit-learn on the same machine in the same run.

Run it with ``python -m tests.benchmarks.bench_agreement``. scikit-learn has no Krippendorff's alpha; the peer
of a bootstrap is therefore the loop people write today, its ``cohen_kappa_score`` on resampled units.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import sklearn
from sklearn.metrics import cohen_kappa_score

from annotations.stats import RatingTable, agreement, pairwise_cohen_kappa

PEER_RESAMPLES = 10
RESAMPLES = 1_000


def best_time(work: Callable[[], Any], repeats: int) -> float:
    """Return the shortest time in seconds: the one least disturbed by other work on the machine."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def ratings(units: int, raters: int, categories: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return a units × raters matrix in which raters agree more than by chance."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, categories, size=(units, 1))
    noise = rng.integers(0, categories, size=(units, raters))
    return np.where(rng.random((units, raters)) < 0.6, truth, noise)


def peer_pairs(matrix: Any) -> list[float]:
    """Return Cohen's kappa of every pair of raters by scikit-learn."""
    pairs = combinations(range(matrix.shape[1]), 2)
    return [float(cohen_kappa_score(matrix[:, g], matrix[:, h])) for g, h in pairs]


def peer_bootstrap(matrix: Any) -> list[float]:
    """Return a few bootstrap replicates of one kappa by scikit-learn."""
    rng = np.random.default_rng(0)
    units = matrix.shape[0]
    picks = [rng.integers(0, units, units) for _ in range(PEER_RESAMPLES)]
    return [float(cohen_kappa_score(matrix[p, 0], matrix[p, 1])) for p in picks]


def rows(units: int, raters: int, categories: int) -> list[tuple[str, float, float]]:
    """Return (work, our seconds, peer's seconds) for one size."""
    matrix = ratings(units, raters, categories)
    table = RatingTable.from_matrix(matrix)
    table.patterns  # noqa: B018  the one-off collapse is measured in the row of its own
    size = f"{matrix.size:>9,} ratings"

    def interval() -> Any:
        return agreement(table, "krippendorff_alpha", n_boot=RESAMPLES)

    def value() -> Any:
        return agreement(RatingTable.from_matrix(matrix), "krippendorff_alpha", ci="none")

    np.testing.assert_allclose(
        peer_pairs(matrix[:2_000]),
        pairwise_cohen_kappa(RatingTable.from_matrix(matrix[:2_000])).kappa[np.triu_indices(raters, 1)],
        atol=1e-12,
    )
    one_kappa = best_time(lambda: cohen_kappa_score(matrix[:, 0], matrix[:, 1]), 3)
    loop = best_time(lambda: peer_bootstrap(matrix), 1) * RESAMPLES / PEER_RESAMPLES
    pairs = best_time(lambda: pairwise_cohen_kappa(table), 3)
    return [
        (f"{size}: alpha from a matrix vs one kappa", best_time(value, 3), one_kappa),
        (f"{size}: alpha, {RESAMPLES} resamples vs kappa loop", best_time(interval, 3), loop),
        (
            f"{size}: {raters * (raters - 1) // 2} pairwise kappas + SE vs loop",
            pairs,
            best_time(lambda: peer_pairs(matrix), 1),
        ),
    ]


def main() -> None:
    """Print the table."""
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, ", end="")
    print(f"numpy {np.__version__}; peer: scikit-learn {sklearn.__version__} cohen_kappa_score")
    print(f"The peer's bootstrap is {PEER_RESAMPLES} resamples scaled to {RESAMPLES:,}.\n")
    print(f"{'work':<60} {'ours ms':>10} {'peer ms':>12} {'ratio':>9}")
    for units, raters in ((200, 5), (2_000, 5), (20_000, 5), (50_000, 20)):
        for work, ours, theirs in rows(units, raters, 5):
            print(f"{work:<60} {ours * 1e3:>10.2f} {theirs * 1e3:>12.1f} {theirs / ours:>8.0f}x")


if __name__ == "__main__":
    main()
