"""All pairs of several runs compared at once, on shared resamples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from annotations.stats.arrays import FloatArray, IntArray
from annotations.stats.comparison import PairedDifference, Scores, clustered_se, scores_by_case
from annotations.stats.multiplicity import benjamini_hochberg, holm

CHUNK_CELLS = 500_000
FEW_CLUSTERS = 10


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs compared, with p-values corrected for all pairs compared.

    Attributes
    ----------
    run_a, run_b : object
        Keys of the runs.
    difference : PairedDifference
    p_holm, p_bh : float or None
        p-value after Holm's and Benjamini–Hochberg's correction; None where there is no p-value.

    Examples
    --------
    >>> [c] = paired_differences({"m1": [1.0, 0.5], "m2": [0.5, 0.25]})
    >>> c.run_a, c.run_b, c.difference.mean_difference
    ('m1', 'm2', 0.375)
    """

    run_a: Any
    run_b: Any
    difference: PairedDifference
    p_holm: float | None
    p_bh: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as one flat dictionary ready for JSON."""
        own = {"run_a": self.run_a, "run_b": self.run_b, "p_holm": self.p_holm, "p_bh": self.p_bh}
        return own | self.difference.to_dict()


def paired_differences(
    runs: Mapping[Any, Scores],
    cluster: Mapping[Any, Any] | None = None,
    level: float = 0.95,
    n_boot: int = 1000,
    n_permutations: int = 2000,
    seed: int | None = 0,
) -> list[RunComparison]:
    r"""Compare every pair of runs on the cases both have.

    Each pair as in ``paired_difference``, but all pairs share the resamples of clusters and the sign flips,
    so many runs cost little more than one pair: a resample is one row of a matrix product.

    Parameters
    ----------
    runs : mapping of run to scores
        Scores as in ``paired_difference``; arrays are aligned by position.
    cluster : mapping of case to cluster, optional
    level, n_boot, n_permutations, seed
        As in ``paired_difference``; the p-values of all pairs come from ``n_permutations`` random flips.

    Returns
    -------
    list of RunComparison
        In the order of the runs: (1, 2), (1, 3), … (2, 3), …

    References
    ----------
    Miller, E. (2024). Adding Error Bars to Evals. arXiv:2411.00640, section 3.

    Examples
    --------
    >>> runs = {"a": [0.9, 0.8, 0.7], "b": [0.5, 0.6, 0.5], "c": [0.5, 0.6, None]}
    >>> [(c.run_a, c.run_b, round(c.difference.mean_difference, 3)) for c in paired_differences(runs)]
    [('a', 'b', 0.267), ('a', 'c', 0.3), ('b', 'c', 0.0)]
    """
    names = list(runs)
    scored = [scores_by_case(scores) for scores in runs.values()]
    matrix, codes = _aligned(scored, cluster)
    pairs = list(combinations(range(len(names)), 2))
    if not pairs:
        return []
    left, right = np.array(pairs).T
    difference = matrix[:, left] - matrix[:, right]
    shared = ~np.isnan(difference)
    filled = np.where(shared, difference, 0.0)
    n_clusters = int(codes.max()) + 1 if codes.size else 0
    sums, sizes = _per_cluster(filled, codes, n_clusters), _per_cluster(shared * 1.0, codes, n_clusters)
    rng = np.random.default_rng(seed)
    low, high = _intervals(sums, sizes, rng, level, n_boot)
    p = _sign_flips(sums, rng, n_permutations)
    found = [
        _difference(
            filled[shared[:, i], i], codes[shared[:, i]], (low[i], high[i], p[i]),
            len(scored[a]), len(scored[b]), n_boot, n_permutations,
        )
        for i, (a, b) in enumerate(pairs)
    ]  # fmt: skip
    return _corrected([(names[a], names[b]) for a, b in pairs], found)


def _aligned(
    scored: list[dict[Any, float]], cluster: Mapping[Any, Any] | None
) -> tuple[FloatArray, IntArray]:
    """Return scores as cases × runs with NaN where a run has none, and the cluster code of each case."""
    rows: dict[Any, int] = {}
    for scores in scored:
        for case in scores:
            rows.setdefault(case, len(rows))
    matrix = np.full((len(rows), len(scored)), np.nan)
    for column, scores in enumerate(scored):
        matrix[[rows[case] for case in scores], column] = list(scores.values())
    if cluster is None:
        return matrix, np.arange(len(rows))
    place: dict[Any, int] = {}
    labels = [cluster.get(case, case) for case in rows]
    return matrix, np.array([place.setdefault(label, len(place)) for label in labels], dtype=np.int64)


def _per_cluster(values: FloatArray, codes: IntArray, n_clusters: int) -> FloatArray:
    if n_clusters == codes.size:
        ordered = np.empty_like(values)
        ordered[codes] = values
        return ordered
    total = np.zeros((n_clusters, values.shape[1]))
    np.add.at(total, codes, values)
    return total


def _intervals(
    sums: FloatArray, sizes: FloatArray, rng: np.random.Generator, level: float, n_boot: int
) -> tuple[FloatArray, FloatArray]:
    """Return percentile ends of every column's mean over resampled clusters, each of shape (pairs,)."""
    n, columns = sums.shape
    complete = bool((sizes == sizes[:, :1]).all())
    means = np.full((n_boot, columns), np.nan)
    step = max(1, CHUNK_CELLS // max(n, 1))
    for start in range(0, n_boot if n else 0, step):
        rows = min(step, n_boot - start)
        picked = rng.integers(0, n, size=(rows, n)) + np.arange(rows)[:, None] * n
        weights = np.bincount(picked.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)
        counted = weights @ (sizes[:, :1] if complete else sizes)
        with np.errstate(divide="ignore", invalid="ignore"):
            means[start : start + rows] = (weights @ sums) / counted
    tail = (1.0 - level) / 2.0
    if np.isfinite(means).all():
        low, high = np.quantile(means, [tail, 1.0 - tail], axis=0)
    else:
        kept = [column[np.isfinite(column)] for column in means.T]
        ends = [np.quantile(c, [tail, 1.0 - tail]) if c.size else np.full(2, np.nan) for c in kept]
        low, high = np.array(ends).T
    return low, high


def _sign_flips(sums: FloatArray, rng: np.random.Generator, n_permutations: int) -> FloatArray:
    """Return two-sided sign-flip p-values of every column, shape (pairs,)."""
    n = sums.shape[0]
    observed = np.abs(sums.sum(axis=0)) - 1e-12 * np.abs(sums).sum(axis=0)
    total = sums.sum(axis=0)
    hits = np.zeros(sums.shape[1])
    step = max(1, CHUNK_CELLS // max(n, 1))
    for start in range(0, n_permutations, step):
        rows = min(step, n_permutations - start)
        packed = rng.integers(0, 256, size=(rows, -(-n // 8)), dtype=np.uint8)
        chosen = np.unpackbits(packed, axis=1, count=n).astype(np.float64)
        # Flipping the signs of the rest: the chosen minus the others.
        hits += (np.abs(2.0 * (chosen @ sums) - total) >= observed).sum(axis=0)
    return np.asarray((1.0 + hits) / (1.0 + n_permutations), dtype=np.float64)


def _difference(
    values: FloatArray,
    codes: IntArray,
    ends: tuple[float, float, float],
    n_a: int,
    n_b: int,
    n_boot: int,
    n_permutations: int,
) -> PairedDifference:
    n = values.size
    n_clusters = int(np.unique(codes).size)
    only = (n_a - n, n_b - n)
    blank = PairedDifference(None, None, None, None, None, n, n_clusters, *only, 0, 0, "ok", "")
    if n == 0:
        return replace(blank, status="undefined_no_pairs", note="The runs have no case in common.")
    blank = replace(blank, mean_difference=float(values.mean()))
    if n_clusters < 2:
        note = "Only one case (or cluster) in common, so there is no interval."
        return replace(blank, status="single_unit", note=note)
    if not values.any():
        note = "The runs score the same on every common case: resampling would claim certainty."
        return replace(blank, status="no_difference", note=note)
    few = n_clusters < FEW_CLUSTERS
    note = f"Only {n_clusters} cases or clusters in common: the interval is rough." if few else ""
    low, high, p = (float(end) for end in ends)
    return replace(
        blank, se=clustered_se(values, codes), ci_low=low, ci_high=high, p_value=p, n_boot=n_boot,
        n_permutations=n_permutations, status="few_units" if few else "ok", note=note,
    )  # fmt: skip


def _corrected(names: list[tuple[Any, Any]], found: list[PairedDifference]) -> list[RunComparison]:
    tested = [i for i, difference in enumerate(found) if difference.p_value is not None]
    p = np.array([found[i].p_value for i in tested], dtype=np.float64)
    by_holm = dict(zip(tested, holm(p).tolist(), strict=True))
    by_bh = dict(zip(tested, benjamini_hochberg(p).tolist(), strict=True))
    return [
        RunComparison(a, b, difference, by_holm.get(i), by_bh.get(i))
        for i, ((a, b), difference) in enumerate(zip(names, found, strict=True))
    ]
