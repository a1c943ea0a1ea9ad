"""Resampling of units or clusters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from annotations.stats.arrays import FloatArray, IntArray
from annotations.stats.kernels import Columns, Kernel
from annotations.stats.patterns import Patterns

CHUNK_CELLS = 120_000  # replicate × cell numbers held at once: 1 MiB stays in cache
PART = 30_000  # units drawn at once
MAX_LEAVE_ONE_OUT_CELLS = 1e9  # numbers to go through: a few seconds


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

    def of_cells(self, features: Columns) -> Columns:
        """Return features of patterns (P, f) summed over each cell, shape (n_cells, f)."""
        return features if self.incidence is None else self.incidence @ features

    def multiplicities(self, weights: FloatArray) -> FloatArray:
        """Return pattern multiplicities (B, P) of cell weights (B, n_cells)."""
        if self.incidence is None:
            return weights
        return np.asarray((self.incidence.T @ weights.T).T, dtype=np.float64)

    def draw(self, rng: np.random.Generator, n_boot: int, columns: int = 1) -> Iterator[FloatArray]:
        """Yield blocks of resample weights, each of shape (b, n_cells), ``n_boot`` rows in all.

        ``columns`` is the widest row that will be made of one resample; it limits the rows of a block.
        """
        width = max(self.n_cells, self.patterns.multiplicity.size, columns)
        step = max(1, CHUNK_CELLS // width)
        for start in range(0, n_boot, step):
            rows = min(step, n_boot - start)
            yield self._draw_block(rng, rows)

    def _draw_block(self, rng: np.random.Generator, rows: int) -> FloatArray:
        multiplicity = self.cell_weights
        # In units of one draw of a unit: what a Poisson or binomial draw for each cell costs.
        by_poisson = 9 * self.n_cells + 2.5 * np.sqrt(self.n)
        by_binomial = 19 * self.n_cells
        if min(by_poisson, by_binomial) < self.n:
            if by_poisson < by_binomial:
                return _multinomial(rng, multiplicity, rows)
            return rng.multinomial(self.n, multiplicity / multiplicity.sum(), size=rows).astype(np.float64)
        return self._draw_units(rng, rows)

    def _draw_units(self, rng: np.random.Generator, rows: int) -> FloatArray:
        """Draw unit by unit, in parts that stay in the fastest cache."""
        cells, drawn = self.n_cells, np.empty((rows, self.n_cells))
        cell_of = np.repeat(np.arange(cells), self.cell_weights.astype(np.int64)) if cells < self.n else None
        step = max(1, PART // self.n)
        for start in range(0, rows, step):
            part = drawn[start : start + step]
            picked = rng.integers(0, self.n, size=(len(part), self.n))
            if cell_of is not None:
                picked = cell_of.take(picked)
            picked += np.arange(len(part))[:, None] * cells
            part[:] = np.bincount(picked.ravel(), minlength=part.size).reshape(part.shape)
        return drawn


def _multinomial(rng: np.random.Generator, multiplicity: FloatArray, rows: int) -> FloatArray:
    """Return exact multinomial draws of all units over cells, shape (rows, cells).

    Independent Poisson counts are multinomial given their sum. Drawn for slightly fewer units than there are, their sum
    exceeds the number of units in one row of a hundred, which is repeated; what lacks is drawn unit by unit.
    """
    n, cells = int(multiplicity.sum()), multiplicity.size
    rate = multiplicity * (1.0 - 2.5 / np.sqrt(n))
    counts = rng.poisson(rate, size=(rows, cells))
    lacking = n - counts.sum(axis=1)
    while (over := np.flatnonzero(lacking < 0)).size:
        counts[over] = rng.poisson(rate, size=(over.size, cells))
        lacking[over] = n - counts[over].sum(axis=1)
    cell_of = np.repeat(np.arange(cells), multiplicity.astype(np.int64))
    picked = cell_of[rng.integers(0, n, int(lacking.sum()))] + np.repeat(np.arange(rows) * cells, lacking)
    counts += np.bincount(picked, minlength=rows * cells).reshape(rows, cells)
    return counts.astype(np.float64)


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
    widest = max((int(kernel.features.shape[1]) for kernel in kernels), default=1)
    for weights in resampler.draw(rng, n_boot, widest):
        multiplicity = resampler.multiplicities(weights) if needs_multiplicity else None
        for index, kernel in enumerate(kernels):
            blocks[index].append(kernel.evaluate(np.asarray(weights @ features[index]), multiplicity).value)
    return [np.concatenate(block) if block else np.zeros(0) for block in blocks]


def leave_one_out(kernel: Kernel, resampler: Resampler) -> FloatArray | None:
    """Return the coefficient without one unit of each cell (or without one cluster).

    Parameters
    ----------
    kernel : Kernel
    resampler : Resampler

    Returns
    -------
    ndarray of shape (n_cells,), or None
        NaN where nothing is left; None where a kernel with many categories would cost too much.
    """
    features = resampler.of_cells(kernel.features)
    totals = np.asarray(resampler.cell_weights @ features)
    patterns = resampler.patterns.multiplicity.size if kernel.needs_multiplicity else 1
    width = max(int(features.shape[1]), patterns)
    if float(resampler.n_cells) * width > MAX_LEAVE_ONE_OUT_CELLS:
        return None
    values = np.empty(resampler.n_cells)
    step = max(1, CHUNK_CELLS // width)
    for start in range(0, resampler.n_cells, step):
        rows = slice(start, min(start + step, resampler.n_cells))
        own = features[rows]
        own = own.toarray() if sparse.issparse(own) else own
        without = _multiplicities_without(resampler, rows) if kernel.needs_multiplicity else None
        values[rows] = kernel.evaluate(totals - own, without).value
    return values


def _multiplicities_without(resampler: Resampler, rows: slice) -> FloatArray:
    """Return pattern multiplicities without one unit of each cell in turn, shape (rows, P)."""
    count = rows.stop - rows.start
    without = np.repeat(resampler.cell_weights[None, :], count, axis=0)
    without[np.arange(count), np.arange(rows.start, rows.stop)] -= 1.0
    return resampler.multiplicities(without)
