"""Units collapsed into patterns: equal units are counted once, whatever the number of units.

A unit matters to a rater-exchangeable coefficient only through its category-count vector. Writing that vector
as one integer key, :math:`\\sum_r (R+1)^{category_r}`, turns the collapse into a single ``bincount``; the
unit bootstrap is then exactly a multinomial draw over the patterns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from annotations.stats.arrays import FloatArray, IntArray

EXACT_BITS = 53
DENSE_KEYS = 1 << 22
DENSE_CELLS = 20_000_000
COMPRESSIBLE_COLUMNS = 64


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct count vectors of units.

    Attributes
    ----------
    counts : ndarray or csr_array, shape (P, columns)
        Ratings of each category (or of each rater × category) in a unit of this pattern. Sparse when
        the table is too wide to be dense.
    size : ndarray of float, shape (P,)
        Ratings per unit, at least 1.
    multiplicity : ndarray of float, shape (P,)
        Units with this pattern.
    of_unit : ndarray of int, shape (unit codes,)
        Pattern of each unit code, -1 for a code without ratings.
    """

    counts: FloatArray | sparse.csr_array
    size: FloatArray
    multiplicity: FloatArray
    of_unit: IntArray

    @cached_property
    def n_units(self) -> int:
        """Units with at least one rating."""
        return int(self.multiplicity.sum())

    @cached_property
    def n_pairable(self) -> int:
        """Units with at least two ratings."""
        return int(self.multiplicity[self.size >= 2].sum())

    def incidence(self, cluster_of_unit: IntArray) -> sparse.csr_array:
        """Return how many units of each pattern every cluster holds.

        Parameters
        ----------
        cluster_of_unit : ndarray of int, shape (unit codes,)

        Returns
        -------
        csr_array, shape (clusters, P)
            Clusters without a rated unit are left out.
        """
        rated = np.flatnonzero(self.of_unit >= 0)
        _, cluster = np.unique(cluster_of_unit[rated], return_inverse=True)
        shape = (int(cluster.max()) + 1 if rated.size else 0, self.multiplicity.size)
        cells = (np.ones(rated.size), (cluster, self.of_unit[rated]))
        return sparse.csr_array(sparse.coo_array(cells, shape=shape))


def count_patterns(unit: IntArray, value: IntArray, n_categories: int) -> Patterns:
    """Collapse units by their category-count vector.

    Parameters
    ----------
    unit, value : ndarray of int, shape (n,)
        Codes of unit and category of each rating.
    n_categories : int

    Returns
    -------
    Patterns
        ``counts`` has one column per category.
    """
    if not unit.size:
        return _empty(n_categories)
    most = int(np.bincount(unit).max())
    if _fits(most + 1, n_categories):
        base = float(most + 1) ** np.arange(n_categories)
        key = np.bincount(unit, weights=base[value]).astype(np.int64)
        distinct, of_unit, multiplicity = _collapse_keys(key, (most + 1) ** n_categories)
        counts = (distinct[:, None] // base.astype(np.int64)[None, :] % (most + 1)).astype(np.float64)
        return Patterns(counts, counts.sum(axis=1), multiplicity, of_unit)
    return _collapse_rows(unit, value, n_categories)


def rater_patterns(
    unit: IntArray, rater: IntArray, value: IntArray, n_raters: int, n_categories: int
) -> Patterns:
    """Collapse units by who chose which category.

    Parameters
    ----------
    unit, rater, value : ndarray of int, shape (n,)
    n_raters, n_categories : int

    Returns
    -------
    Patterns
        ``counts`` has one column per rater × category, rater-major: column ``rater * q + category``.
    """
    if not unit.size:
        return _empty(n_raters * n_categories)
    states = n_categories + 1
    if _fits(states, n_raters) and n_raters * n_categories <= 512:
        base = float(states) ** np.arange(n_raters)
        key = np.bincount(unit, weights=base[rater] * (value + 1.0)).astype(np.int64)
        distinct, of_unit, multiplicity = _collapse_keys(key, states**n_raters)
        chosen = distinct[:, None] // base.astype(np.int64)[None, :] % states
        counts = (chosen[:, :, None] == np.arange(1, states)).reshape(distinct.size, -1).astype(np.float64)
        return Patterns(counts, counts.sum(axis=1), multiplicity, of_unit)
    return _collapse_rows(unit, rater.astype(np.int64) * n_categories + value, n_raters * n_categories)


def _fits(base: int, digits: int) -> bool:
    """Return whether numbers of so many digits are exact as floats."""
    return digits * math.log2(base) < EXACT_BITS


def _empty(columns: int) -> Patterns:
    none = np.zeros(0)
    return Patterns(np.zeros((0, columns)), none, none, np.zeros(0, dtype=np.int64))


def _collapse_keys(key: IntArray, span: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the distinct keys but 0 (a unit without ratings), the index of each unit's key, and counts."""
    if span <= max(DENSE_KEYS, 4 * key.size):
        seen = np.bincount(key, minlength=1)
        seen[0] = 0
        distinct = np.flatnonzero(seen)
        index = np.full(seen.size, -1, dtype=np.int64)
        index[distinct] = np.arange(distinct.size)
        return distinct, index[key], seen[distinct].astype(np.float64)
    distinct, inverse, seen = np.unique(key, return_inverse=True, return_counts=True)
    if distinct[0] == 0:
        return distinct[1:], inverse - 1, seen[1:].astype(np.float64)
    return distinct, inverse, seen.astype(np.float64)


def _collapse_rows(unit: IntArray, column: IntArray, n_columns: int) -> Patterns:
    """Collapse by comparing whole rows, or keep every unit where rows are too wide to repeat."""
    rows = int(unit.max()) + 1
    if n_columns <= COMPRESSIBLE_COLUMNS and rows * n_columns <= DENSE_CELLS:
        flat = np.bincount(unit.astype(np.int64) * n_columns + column, minlength=rows * n_columns)
        table = np.ascontiguousarray(
            flat.reshape(rows, n_columns).astype(np.uint16 if flat.max() < 65536 else np.int64)
        )
        as_bytes = table.view(np.dtype((np.void, table.dtype.itemsize * n_columns))).ravel()
        _, first, inverse, seen = np.unique(
            as_bytes, return_index=True, return_inverse=True, return_counts=True
        )
        counts = table[first].astype(np.float64)
        return _without_empty(counts, seen.astype(np.float64), inverse.ravel())
    cells = (np.ones(unit.size), (unit, column))
    wide = sparse.csr_array(sparse.coo_array(cells, shape=(rows, n_columns)))
    if rows * n_columns <= DENSE_CELLS:
        return _without_empty(wide.toarray(), np.ones(rows), np.arange(rows))
    return _without_empty(wide, np.ones(rows), np.arange(rows))


def _without_empty(
    counts: FloatArray | sparse.csr_array, multiplicity: FloatArray, of_unit: IntArray
) -> Patterns:
    size = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    rated = size > 0
    if rated.all():
        return Patterns(counts, size, multiplicity, of_unit)
    index = np.full(size.size, -1, dtype=np.int64)
    index[rated] = np.arange(int(rated.sum()))
    return Patterns(counts[rated], size[rated], multiplicity[rated], index[of_unit])
