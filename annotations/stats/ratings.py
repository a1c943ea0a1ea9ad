"""Ratings as typed integer codes, collapsed to the patterns that agreement coefficients need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotations.stats.arrays import FloatArray, IntArray
from annotations.stats.coding import (
    Labels,
    as_column,
    encode,
    encode_values,
    label_of,
    numeric_values,
)
from annotations.stats.patterns import Patterns, count_patterns, rater_patterns


@dataclass(frozen=True, eq=False)
class RatingTable:
    """Ratings of units by raters, as integer codes; build it with ``from_long`` or ``from_matrix``.

    Attributes
    ----------
    unit, rater, value : ndarray of int, shape (n_ratings,)
        Codes of the ratings that are not missing.
    cluster : ndarray of int, shape (unit codes,), or None
        Cluster code of each unit code; -1 for a code without ratings.
    unit_labels, rater_labels, cluster_labels : ndarray or None
        Label of each code; None when the code is its own label.
    categories : tuple, length q
        Values in category order.
    declared : bool
        Whether the categories (and so their order) were given rather than taken from the data.
    n_missing : int
        Ratings left out because their value was missing.

    Examples
    --------
    >>> t = RatingTable.from_long(["u1", "u1", "u2", "u2"], ["a", "b", "a", "b"], [1, 1, 0, None])
    >>> t.n_units, t.n_units_pairable, t.n_ratings, t.n_raters, t.n_missing
    (2, 1, 3, 2, 1)
    """

    unit: IntArray
    rater: IntArray
    value: IntArray
    cluster: IntArray | None
    unit_labels: Labels | None
    rater_labels: Labels | None
    cluster_labels: Labels | None
    categories: tuple[Any, ...]
    declared: bool
    n_missing: int

    @classmethod
    def from_long(
        cls,
        unit: Any,
        rater: Any,
        value: Any,
        cluster: Any = None,
        categories: Iterable[Any] | None = None,
        missing_code: int | None = -1,
    ) -> RatingTable:
        """Build a table from one row per rating.

        Parameters
        ----------
        unit, rater, value : array_like, shape (n,)
            What was rated, by whom, and how. Typed integer ids are the fast path. A value of None
            or NaN is missing and dropped.
        cluster : array_like, shape (n,), optional
            What units belong together (the product passes the case); resampling is then over clusters.
        categories : iterable, optional
            The possible values in their order. Needed for ordered text, and to make coefficients defined
            that depend on the number of categories when only one was used. Default: values used, sorted.
        missing_code : int or None, default -1
            Value that means *missing* in arrays of integer dtype, which have no NaN; ignored when it is
            a declared category. Pass None where -1 is a real value.

        Returns
        -------
        RatingTable

        Raises
        ------
        ValueError
            For columns of different length, a duplicate (unit, rater), a missing unit or rater, a value
            outside the categories, mixed numbers and text, or a unit in two clusters.

        Examples
        --------
        >>> RatingTable.from_long([1, 1], ["ann", "ann"], [0, 1])
        Traceback (most recent call last):
        ValueError: Unit 1 has more than one rating by rater 'ann': keep one rating for each unit and rater.
        """
        units, raters = as_column(unit, "unit"), as_column(rater, "rater")
        values = as_column(value, "value")
        clusters = None if cluster is None else as_column(cluster, "cluster")
        _refuse_unequal_lengths(units, raters, values, clusters)
        codes, order = encode_values(values, categories, missing_code)
        n_missing = 0
        if codes.size and int(codes.min()) < 0:
            keep = np.flatnonzero(codes >= 0)
            n_missing = codes.size - keep.size
            units, raters, codes = units[keep], raters[keep], codes[keep]
            clusters = None if clusters is None else clusters[keep]
        unit_codes, unit_labels = encode(units, "unit")
        rater_codes, rater_labels = _compact_raters(*encode(raters, "rater"))
        cluster_codes, cluster_labels = _cluster_of_units(unit_codes, unit_labels, clusters)
        table = cls(
            unit_codes, rater_codes, codes, cluster_codes, unit_labels, rater_labels, cluster_labels,
            order, categories is not None, n_missing,
        )  # fmt: skip
        table._refuse_duplicates()
        return table

    @classmethod
    def from_matrix(
        cls,
        matrix: Any,
        unit_labels: Iterable[Any] | None = None,
        rater_labels: Iterable[Any] | None = None,
        cluster: Any = None,
        categories: Iterable[Any] | None = None,
        missing_code: int | None = -1,
    ) -> RatingTable:
        """Build a table from a units × raters matrix.

        Parameters
        ----------
        matrix : array_like, shape (units, raters), or DataFrame
            One row per unit, one column per rater; None, NaN (and -1 in integer matrices) are missing.
        unit_labels, rater_labels : iterable, optional
            Names of rows and columns. Default: a DataFrame's own, else 0, 1, 2 …
        cluster : array_like, shape (units,), optional
            Cluster of each row.
        categories, missing_code
            As in ``from_long``.

        Returns
        -------
        RatingTable

        Raises
        ------
        ValueError
            When the matrix is not two-dimensional, and as in ``from_long``.

        Examples
        --------
        >>> t = RatingTable.from_matrix([[1, 1, None], [2, 2, 3]])
        >>> t.n_units, t.n_raters, t.categories
        (2, 3, (1, 2, 3))
        """
        if isinstance(matrix, pd.DataFrame):
            unit_labels = matrix.index if unit_labels is None else unit_labels
            rater_labels = matrix.columns if rater_labels is None else rater_labels
            matrix = matrix.to_numpy()
        flat, n_units, n_raters = _flatten(matrix)
        rows, columns = np.divmod(np.arange(n_units * n_raters), max(n_raters, 1))
        units = rows if unit_labels is None else as_column(unit_labels, "unit_labels")[rows]
        raters = columns if rater_labels is None else as_column(rater_labels, "rater_labels")[columns]
        clusters = None if cluster is None else as_column(cluster, "cluster")[rows]
        return cls.from_long(units, raters, flat, clusters, categories, missing_code)

    @property
    def n_ratings(self) -> int:
        """Number of ratings that are not missing."""
        return int(self.value.size)

    @cached_property
    def n_raters(self) -> int:
        """Number of raters with at least one rating."""
        return int(self.rater.max()) + 1 if self.rater.size else 0

    @property
    def n_categories(self) -> int:
        """Number of declared categories, or of those used when none were declared."""
        return len(self.categories)

    @property
    def n_units(self) -> int:
        """Number of units with at least one rating."""
        return self.patterns.n_units

    @property
    def n_units_pairable(self) -> int:
        """Number of units with at least two ratings."""
        return self.patterns.n_pairable

    @cached_property
    def category_values(self) -> FloatArray | None:
        """Categories as numbers, or None when they are text."""
        return numeric_values(self.categories)

    @property
    def rater_names(self) -> list[Any]:
        """Labels of the raters in code order."""
        return [label_of(self.rater_labels, code) for code in range(self.n_raters)]

    @cached_property
    def patterns(self) -> Patterns:
        """Units collapsed by how often each category was used: all that rater-exchangeable numbers need."""
        return count_patterns(self.unit, self.value, self.n_categories)

    @cached_property
    def rater_patterns(self) -> Patterns:
        """Units collapsed by who chose which category: what Conger's kappa needs."""
        return rater_patterns(self.unit, self.rater, self.value, self.n_raters, self.n_categories)

    def matrix(self) -> NDArray[np.int64]:
        """Return category codes as a units × raters matrix, -1 where there is no rating.

        Returns
        -------
        ndarray of int, shape (unit codes, n_raters)
            Memory is units × raters × 8 bytes.

        Examples
        --------
        >>> RatingTable.from_matrix([[1, 2], [None, 2]]).matrix().tolist()
        [[0, 1], [-1, 1]]
        """
        rows = int(self.unit.max()) + 1 if self.unit.size else 0
        full = np.full((rows, self.n_raters), -1, dtype=np.int64)
        full[self.unit, self.rater] = self.value
        return full

    def _refuse_duplicates(self) -> None:
        if not self.n_ratings:
            return
        key = self.unit.astype(np.int64) * self.n_raters + self.rater
        span = int(key.max()) + 1
        if span <= 8 * key.size + 4096:
            seen = np.bincount(key, minlength=span)
            if int(seen.max()) < 2:
                return
            twice = int(np.argmax(seen))
        else:
            ordered = np.sort(key)
            same = np.flatnonzero(ordered[1:] == ordered[:-1])
            if not same.size:
                return
            twice = int(ordered[same[0]])
        unit, rater = divmod(twice, self.n_raters)
        raise ValueError(
            f"Unit {label_of(self.unit_labels, unit)!r} has more than one rating by rater "
            f"{label_of(self.rater_labels, rater)!r}: keep one rating for each unit and rater."
        )


def _refuse_unequal_lengths(*columns: NDArray[Any] | None) -> None:
    sizes = [column.size for column in columns if column is not None]
    if len(set(sizes)) > 1:
        raise ValueError(f"The columns must have the same length, but have {', '.join(map(str, sizes))}.")


def _flatten(matrix: Any) -> tuple[NDArray[Any], int, int]:
    if isinstance(matrix, np.ndarray):
        if matrix.ndim != 2:
            raise ValueError(f"The matrix must be units × raters, but has shape {matrix.shape}.")
        return matrix.ravel(), matrix.shape[0], matrix.shape[1]
    rows = [list(row) for row in matrix]
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise ValueError("The rows of the matrix differ in length: give each unit a cell for every rater.")
    width = widths.pop() if widths else 0
    return as_column([cell for row in rows for cell in row], "matrix"), len(rows), width


def _compact_raters(codes: IntArray, labels: Labels | None) -> tuple[IntArray, Labels | None]:
    """Close gaps in rater codes: rater tables cost raters × categories."""
    if labels is not None or not codes.size:
        return codes, labels
    present = np.flatnonzero(np.bincount(codes))
    if present.size == int(present[-1]) + 1:
        return codes, None
    lookup = np.zeros(int(present[-1]) + 1, dtype=np.int64)
    lookup[present] = np.arange(present.size)
    return lookup[codes], present


def _cluster_of_units(
    units: IntArray, unit_labels: Labels | None, clusters: NDArray[Any] | None
) -> tuple[IntArray | None, Labels | None]:
    if clusters is None:
        return None, None
    codes, labels = encode(clusters, "cluster")
    of_unit = np.full(int(units.max()) + 1 if units.size else 0, -1, dtype=np.int64)
    of_unit[units] = codes
    astray = np.flatnonzero(of_unit[units] != codes)
    if astray.size:
        row = int(astray[0])
        raise ValueError(
            f"Unit {label_of(unit_labels, int(units[row]))!r} is in two clusters, "
            f"{label_of(labels, int(codes[row]))!r} and {label_of(labels, int(of_unit[units[row]]))!r}."
        )
    return of_unit, labels
