"""Resampling of units or clusters, and the intervals drawn from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse

from annotations.stats.arrays import FloatArray, IntArray
from annotations.stats.coefficients import Kernel, Parts
from annotations.stats.patterns import Patterns

CHUNK_CELLS = 500_000  # replicate × cell numbers held at once: 4 MiB stay in cache
MAX_UNDEFINED_SHARE = 0.05


class Resampler:
    """Draws resamples of units, or of clusters of units, as rows of weights over cells.

    A cell is a pattern when units are resampled (the draw is then exactly multinomial over patterns)
    and a cluster when clusters are.

    Parameters
    ----------
    patterns : Patterns
    cluster : ndarray of int, shape (unit codes,), or None
        Cluster of each unit code.

    Attributes
    ----------
    n : int
        Units, or clusters, in the sample and in every resample.
    n_cells : int

    Examples
    --------
    >>> from annotations.stats.patterns import count_patterns
    >>> p = count_patterns(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), 2)
    >>> r = Resampler(p, None)
    >>> r.n, r.n_cells, [w.tolist() for w in r.draw(np.random.default_rng(0), 2)]
    (2, 1, [[[2.0], [2.0]]])
    """

    def __init__(self, patterns: Patterns, cluster: IntArray | None) -> None:
        self.patterns = patterns
        self.incidence: sparse.csr_array | None = None if cluster is None else patterns.incidence(cluster)
        self.n_cells = patterns.multiplicity.size if self.incidence is None else int(self.incidence.shape[0])
        self.n = patterns.n_units if self.incidence is None else self.n_cells

    @property
    def cell_weights(self) -> FloatArray:
        """How many units (or 1 cluster) each cell stands for, shape (n_cells,)."""
        return self.patterns.multiplicity if self.incidence is None else np.ones(self.n_cells)

    def of_cells(self, features: FloatArray) -> FloatArray:
        """Return features of patterns (P, f) summed over each cell, shape (n_cells, f)."""
        return features if self.incidence is None else np.asarray(self.incidence @ features)

    def multiplicities(self, weights: FloatArray) -> FloatArray:
        """Return pattern multiplicities (B, P) of cell weights (B, n_cells)."""
        if self.incidence is None:
            return weights
        return np.asarray((self.incidence.T @ weights.T).T, dtype=np.float64)

    def draw(self, rng: np.random.Generator, n_boot: int) -> Iterator[FloatArray]:
        """Yield blocks of resample weights, each of shape (b, n_cells), ``n_boot`` rows in all."""
        width = max(self.n_cells, self.patterns.multiplicity.size, 1)
        step = max(1, CHUNK_CELLS // width)
        for start in range(0, n_boot, step):
            rows = min(step, n_boot - start)
            yield self._draw_block(rng, rows)

    def _draw_block(self, rng: np.random.Generator, rows: int) -> FloatArray:
        multiplicity = self.cell_weights
        if self.n_cells * 8 < self.n:
            return rng.multinomial(self.n, multiplicity / multiplicity.sum(), size=rows).astype(np.float64)
        picked = rng.integers(0, self.n, size=(rows, self.n))
        if self.n_cells < self.n:
            cell_of = np.repeat(np.arange(self.n_cells), multiplicity.astype(np.int64))
            picked = cell_of[picked]
        picked += np.arange(rows)[:, None] * self.n_cells
        counted = np.bincount(picked.ravel(), minlength=rows * self.n_cells)
        return counted.reshape(rows, self.n_cells).astype(np.float64)


class Interval(NamedTuple):
    """An interval with its standard error; None where refused."""

    se: float | None
    low: float | None
    high: float | None
    n_undefined: int
    refused: bool


def point(kernel: Kernel) -> Parts:
    """Return the coefficient of the sample itself, each part of shape (1,).

    Parameters
    ----------
    kernel : Kernel

    Returns
    -------
    Parts
    """
    multiplicity = kernel.patterns.multiplicity[None, :]
    return kernel.evaluate(
        multiplicity @ kernel.features, multiplicity if kernel.needs_multiplicity else None
    )


def bootstrap(kernels: list[Kernel], resampler: Resampler, n_boot: int, seed: int | None) -> list[FloatArray]:
    """Return bootstrap replicates of several coefficients from the same resamples.

    Parameters
    ----------
    kernels : list of Kernel
        All on the resampler's patterns.
    resampler : Resampler
    n_boot : int
    seed : int or None

    Returns
    -------
    list of ndarray, each of shape (n_boot,)
        NaN where a resample has no value.
    """
    rng = np.random.default_rng(seed)
    features = [resampler.of_cells(kernel.features) for kernel in kernels]
    needs_multiplicity = any(kernel.needs_multiplicity for kernel in kernels)
    blocks: list[list[FloatArray]] = [[] for _ in kernels]
    for weights in resampler.draw(rng, n_boot):
        multiplicity = resampler.multiplicities(weights) if needs_multiplicity else None
        for index, kernel in enumerate(kernels):
            blocks[index].append(kernel.evaluate(weights @ features[index], multiplicity).value)
    return [np.concatenate(block) if block else np.zeros(0) for block in blocks]


def percentile_interval(replicates: FloatArray, level: float) -> Interval:
    """Return the percentile interval and bootstrap standard error of replicates.

    Parameters
    ----------
    replicates : ndarray, shape (B,)
        NaN where undefined; refused when more than 5 % are.
    level : float
        Coverage, e.g. 0.95.

    Returns
    -------
    Interval

    References
    ----------
    Zapf et al. (2016). Measuring inter-rater reliability for nominal data. *BMC Medical Research
    Methodology* 16:93.

    Examples
    --------
    >>> i = percentile_interval(np.arange(101) / 100, 0.9)
    >>> round(i.low, 3), round(i.high, 3), i.n_undefined
    (0.05, 0.95, 0)
    """
    defined = replicates[np.isfinite(replicates)]
    undefined = replicates.size - defined.size
    if defined.size < 2 or undefined > MAX_UNDEFINED_SHARE * replicates.size:
        return Interval(None, None, None, undefined, True)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Interval(float(defined.std(ddof=1)), float(low), float(high), undefined, False)
