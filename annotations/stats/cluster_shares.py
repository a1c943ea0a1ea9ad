"""Shares and differences of shares with intervals over whole clusters, many at once from the same resamples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotations.stats.arrays import FloatArray
from annotations.stats.boundary import Disagreement, one_sided_low
from annotations.stats.intervals import percentile_interval

FEW_CLUSTERS = 10
LEVEL, WIDE_LEVEL = 0.95, 0.99
BLOCK_CELLS = 2_000_000  # resample × cluster numbers held at once: 8 MiB


@dataclass(frozen=True, slots=True)
class ShareEstimate:
    """A share, or the difference of two shares, with its interval.

    Attributes
    ----------
    value : float or None
        None when nothing was counted.
    ci_low, ci_high : float or None
        At 95 %.
    n : int
        What the share is of; of a difference the smaller of both.
    n_clusters : int
        Clusters that hold any of it; of a difference the smaller of both.
    wide_low, wide_high : float or None
        The interval at 99 %, for decisions that are taken many times over.
    status : str
        ``"ok"``, ``"few_units"`` (fewer than ten clusters), ``"boundary"`` (an exact bound on one side),
        ``"single_unit"``, ``"no_variation"`` (every resample gives the same), ``"ci_refused"`` or
        ``"undefined_no_pairs"``.

    Examples
    --------
    >>> NO_SHARE.n, NO_SHARE.is_below_zero
    (0, False)
    """

    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    n_clusters: int
    status: str
    wide_low: float | None = None
    wide_high: float | None = None

    @property
    def is_below_zero(self) -> bool:
        """Whether the whole 99 % interval lies below 0."""
        return self.wide_high is not None and self.wide_high < 0.0

    @property
    def is_above_zero(self) -> bool:
        """Whether the whole 99 % interval lies above 0."""
        return self.wide_low is not None and self.wide_low > 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate at 95 % as a dictionary ready for JSON."""
        return {
            "value": self.value, "ci_low": self.ci_low, "ci_high": self.ci_high, "n": self.n,
            "n_clusters": self.n_clusters, "status": self.status,
        }  # fmt: skip


NO_SHARE = ShareEstimate(None, None, None, 0, 0, "undefined_no_pairs")


class ClusterResamples:
    """Resamples of whole clusters that serve any number of shares.

    Parameters
    ----------
    n_clusters : int
    n_boot : int
    seed : int

    Examples
    --------
    >>> r = ClusterResamples(2, 3, seed=0)
    >>> [block.sum(axis=1).tolist() for block in r.blocks()]
    [[2.0, 2.0, 2.0]]
    """

    def __init__(self, n_clusters: int, n_boot: int, seed: int) -> None:
        self.n_clusters, self.n_boot, self.seed = n_clusters, n_boot, seed

    def blocks(self) -> Iterator[Any]:
        """Yield weights of shape (b, n_clusters), ``n_boot`` rows in all; the same each time."""
        rng = np.random.default_rng(self.seed)
        n = self.n_clusters
        step = max(1, BLOCK_CELLS // max(n, 1))
        for start in range(0, self.n_boot, step):
            rows = min(step, self.n_boot - start)
            picked = rng.integers(0, n, size=(rows, n))
            picked += np.arange(rows)[:, None] * n
            drawn = np.bincount(picked.ravel(), minlength=rows * n).reshape(rows, n)
            # Half the cost of doubles, and exact: no sum of counts comes near 2^24.
            yield drawn.astype(np.float32)

    def totals(self, counts: FloatArray) -> FloatArray:
        """Return the resampled sums of counts of shape (n_clusters, columns), shape (n_boot, columns)."""
        columns = counts.astype(np.float32)
        return np.concatenate([np.asarray(block @ columns, dtype=np.float64) for block in self.blocks()])


def cluster_shares(hits: FloatArray, n: FloatArray, resamples: ClusterResamples) -> list[ShareEstimate]:
    r"""Return the share :math:`\sum_c h_c / \sum_c n_c` of each column, with its percentile intervals.

    Where (almost) no cluster holds a miss, resampling would print 1 to 1: the exact one-sided bound of
    ``boundary.one_sided_low`` is given instead, with status ``"boundary"``.

    Parameters
    ----------
    hits, n : ndarray, shape (clusters, columns)
        What was counted, and of how many, by cluster.
    resamples : ClusterResamples

    Returns
    -------
    list of ShareEstimate

    Examples
    --------
    Twelve clusters of four; in six of them one is missed: 42 of 48.

    >>> hits = np.array([[4.0], [3.0]] * 6)
    >>> [s] = cluster_shares(hits, np.full((12, 1), 4.0), ClusterResamples(12, 1000, seed=0))
    >>> s.value, round(s.ci_low, 2), round(s.ci_high, 2), s.status
    (0.875, 0.81, 0.94, 'ok')
    """
    columns = n.shape[1]
    if not n.size:
        return [NO_SHARE] * columns
    sums = resamples.totals(np.hstack([hits, n]))
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = sums[:, :columns] / sums[:, columns:]
    found = []
    for column in range(columns):
        total, used = float(n[:, column].sum()), int(np.count_nonzero(n[:, column]))
        if not total:
            found.append(NO_SHARE)
            continue
        value = float(hits[:, column].sum() / total)
        missed = Disagreement(used, int(np.count_nonzero(n[:, column] > hits[:, column])))
        if used > 1 and missed.pins_resampling(LEVEL):
            low = one_sided_low(missed, 1.0, value, 0.0, LEVEL)
            found.append(ShareEstimate(value, low, 1.0, int(total), used, "boundary"))
        else:
            found.append(_estimate(value, replicates[:, column], int(total), used))
    return found


Counts = tuple[FloatArray, FloatArray]  # hits, and of how many; each of shape (clusters, columns)


def cluster_differences(first: Counts, second: Counts, resamples: ClusterResamples) -> list[ShareEstimate]:
    """Return the second share minus the first of each column, with its percentile intervals.

    Both shares are of the same clusters in each resample, so what a cluster does to both cancels.

    Parameters
    ----------
    first, second : (hits, n), each an ndarray of shape (clusters, columns)
    resamples : ClusterResamples

    Returns
    -------
    list of ShareEstimate
        Undefined when one of the two counts nothing.

    Examples
    --------
    4 of 4 and 2 of 4 in each cluster: every resample says the same, so there is no interval.

    >>> four, two = np.full((12, 1), 4.0), np.full((12, 1), 2.0)
    >>> [d] = cluster_differences((four, four), (two, four), ClusterResamples(12, 1000, seed=0))
    >>> d.value, d.status, d.ci_low
    (-0.5, 'no_variation', None)
    """
    columns = first[1].shape[1]
    if not first[1].size:
        return [NO_SHARE] * columns
    sums = np.split(resamples.totals(np.hstack([*first, *second])), 4, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = sums[2] / sums[3] - sums[0] / sums[1]
    found = []
    for column in range(columns):
        sizes = [float(n[:, column].sum()) for _hits, n in (first, second)]
        used = min(int(np.count_nonzero(n[:, column])) for _hits, n in (first, second))
        if not min(sizes):
            found.append(NO_SHARE)
            continue
        before, after = (
            float(hits[:, column].sum()) / size
            for (hits, _n), size in zip((first, second), sizes, strict=True)
        )
        found.append(_estimate(after - before, replicates[:, column], int(min(sizes)), used))
    return found


def _estimate(value: float, replicates: FloatArray, n: int, used: int) -> ShareEstimate:
    if used < 2:
        return ShareEstimate(value, None, None, n, used, "single_unit")
    interval, wide = percentile_interval(replicates, LEVEL), percentile_interval(replicates, WIDE_LEVEL)
    if interval.low is None or interval.se is None:
        return ShareEstimate(value, None, None, n, used, "ci_refused")
    if interval.se < 1e-12:
        return ShareEstimate(value, None, None, n, used, "no_variation")
    status = "few_units" if used < FEW_CLUSTERS else "ok"
    return ShareEstimate(value, interval.low, interval.high, n, used, status, wide.low, wide.high)
