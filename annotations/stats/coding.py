"""Labels of any type to integer codes: units, raters, clusters and rating values."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotations.stats.arrays import FloatArray, IntArray

Labels = NDArray[Any]


def as_column(values: Any, what: str) -> NDArray[Any]:
    """Return a one-dimensional array, keeping the type of typed input.

    Parameters
    ----------
    values : array_like, shape (n,)
    what : str
        Name used in the error.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        When the input is not one-dimensional.

    Examples
    --------
    >>> as_column(["a", None], "value").dtype
    dtype('O')
    >>> as_column([1, 2], "unit").tolist()
    [1, 2]
    """
    column: NDArray[Any]
    if isinstance(values, pd.Series | pd.Index):
        column = values.to_numpy()
    elif isinstance(values, np.ndarray):
        column = values
    else:
        listed = list(values)
        column = np.asarray(listed) if _all_of_one_number_type(listed) else _object_array(listed)
    if column.ndim != 1:
        raise ValueError(f"{what} must be one-dimensional, but has shape {column.shape}.")
    if column.dtype == np.uint64 and column.size and int(column.max()) <= np.iinfo(np.int64).max:
        return column.astype(np.int64)  # bincount refuses it, and sums with signed codes turn into floats
    return column


def _all_of_one_number_type(values: Sequence[Any]) -> bool:
    kinds = {type(value) for value in values}
    return len(kinds) == 1 and issubclass(kinds.pop(), bool | int | float | np.number)


def _object_array(values: Sequence[Any]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def is_integer_typed(column: NDArray[Any]) -> bool:
    """Return whether an array has an integer dtype (booleans are not integers).

    Parameters
    ----------
    column : ndarray

    Returns
    -------
    bool

    Examples
    --------
    >>> is_integer_typed(np.array([1, 2])), is_integer_typed(np.array([True]))
    (True, False)
    """
    return column.dtype.kind in "iu"


def encode(column: NDArray[Any], what: str) -> tuple[IntArray, Labels | None]:
    """Return integer codes for labels, without sorting them.

    Non-negative integers that are dense enough are their own codes, so typed ids cost one pass.

    Parameters
    ----------
    column : ndarray, shape (n,)
        Labels; None and NaN are refused.
    what : str
        Name used in the error.

    Returns
    -------
    codes : ndarray of int, shape (n,)
    labels : ndarray, shape (n_codes,), or None
        Label of each code; None when a code is its own label.

    Raises
    ------
    ValueError
        When a label is missing.

    Examples
    --------
    >>> codes, labels = encode(np.array(["b", "a", "b"], dtype=object), "unit")
    >>> codes.tolist(), labels.tolist()
    ([0, 1, 0], ['b', 'a'])
    >>> encode(np.array([2, 0, 1]), "unit")[1] is None
    True
    """
    if is_integer_typed(column):
        if column.size == 0:
            return column.astype(np.int64), None
        if int(column.min()) >= 0 and int(column.max()) <= 4 * column.size + 1024:
            return column, None
    codes, labels = pd.factorize(column)
    if codes.size and int(codes.min()) < 0:
        raise ValueError(f"Rating {int(np.argmin(codes)) + 1} has no {what}.")
    return codes, np.asarray(labels)


def label_of(labels: Labels | None, code: int) -> Any:
    """Return the label behind a code.

    Parameters
    ----------
    labels : ndarray or None
        As returned by ``encode``.
    code : int

    Returns
    -------
    object

    Examples
    --------
    >>> label_of(None, 4), label_of(np.array(["x"]), 0)
    (4, 'x')
    """
    if labels is None:
        return int(code)
    label = labels[code]
    return label.item() if isinstance(label, np.generic) else label


def _plain(values: Iterable[Any]) -> list[Any]:
    return [value.item() if isinstance(value, np.generic) else value for value in values]


def _is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _refuse_mixed(categories: Sequence[Any]) -> None:
    numbers = [c for c in categories if _is_number(c)]
    if numbers and len(numbers) < len(categories):
        text = next(c for c in categories if not _is_number(c))
        raise ValueError(
            f"Values mix numbers and text (for example {numbers[0]!r} and {text!r}): use one kind."
        )
    if any(isinstance(c, float) and not np.isfinite(c) for c in numbers):
        raise ValueError("Values must be finite numbers: an infinite value was given.")


def declared_categories(categories: Iterable[Any]) -> tuple[Any, ...]:
    """Return declared categories as a tuple, refusing empty, repeated, missing or mixed ones.

    Parameters
    ----------
    categories : iterable
        The possible values in their order.

    Returns
    -------
    tuple

    Raises
    ------
    ValueError

    Examples
    --------
    >>> declared_categories(["low", "high"])
    ('low', 'high')
    """
    listed = _plain(categories)
    if not listed:
        raise ValueError("The list of categories is empty: give at least one, or leave it out.")
    if any(pd.isna(c) for c in listed):
        raise ValueError("A category is missing (None or NaN): leave missing values out of the categories.")
    if len(set(listed)) < len(listed):
        raise ValueError(f"The categories {listed!r} repeat a value: name each once.")
    _refuse_mixed(listed)
    return tuple(listed)


def encode_values(
    column: NDArray[Any], categories: Iterable[Any] | None, missing_code: int | None
) -> tuple[IntArray, tuple[Any, ...]]:
    """Return category codes of rating values, -1 where the rating is missing.

    Parameters
    ----------
    column : ndarray, shape (n,)
        Values; None and NaN are missing.
    categories : iterable or None
        Declared categories in order; None takes the values used, sorted.
    missing_code : int or None
        Value that also means missing in arrays of integer dtype, unless it is a declared category.

    Returns
    -------
    codes : ndarray of int, shape (n,)
    categories : tuple, length q

    Raises
    ------
    ValueError
        For a value outside the declared categories, mixed numbers and text, or an infinite value.

    Examples
    --------
    >>> encode_values(np.array([3, 1, -1]), None, -1)
    (array([ 1,  0, -1]), (1, 3))
    """
    declared = None if categories is None else declared_categories(categories)
    if is_integer_typed(column):
        skip = missing_code if declared is None or missing_code not in declared else None
        dense = _encode_dense_integers(column, declared, skip)
        if dense is not None:
            return dense
        if skip is not None:
            column = np.where(column == skip, np.nan, column)
            column = column.astype(object)
            column[pd.isna(column)] = None
    codes, uniques = pd.factorize(column)
    used = _plain(np.asarray(uniques))
    _refuse_mixed(used)
    order = declared if declared is not None else tuple(sorted(used))
    position: dict[Hashable, int] = {category: index for index, category in enumerate(order)}
    lookup = np.array([position.get(value, -2) for value in used] + [-1], dtype=np.int64)
    _refuse_undeclared(lookup, used, codes, order)
    return lookup[codes], order


def _encode_dense_integers(
    column: IntArray, declared: tuple[Any, ...] | None, skip: int | None
) -> tuple[IntArray, tuple[Any, ...]] | None:
    """Return codes through a small lookup table, or None where the integers span too wide a range."""
    if column.size == 0:
        return column.astype(np.int64), declared or ()
    low, high = int(column.min()), int(column.max())
    if high - low > 4096:
        return None
    if declared == tuple(range(high + 1)) and low >= 0:
        return column, declared
    shifted = column if low == 0 else column.astype(np.int64) - low
    present = (np.flatnonzero(np.bincount(shifted, minlength=high - low + 1)) + low).tolist()
    used = [value for value in present if value != skip]
    order = declared if declared is not None else tuple(used)
    if used == list(range(len(used))) == list(order) and low >= 0:
        return column, order
    position: dict[Hashable, int] = {category: index for index, category in enumerate(order)}
    lookup = np.full(high - low + 1, -1, dtype=np.int64)
    for value in used:
        if value not in position:
            raise ValueError(_not_a_category(value, int(np.argmax(column == value)), order))
        lookup[value - low] = position[value]
    return lookup[shifted], order


def _refuse_undeclared(lookup: IntArray, used: list[Any], codes: IntArray, order: tuple[Any, ...]) -> None:
    unknown = np.flatnonzero(lookup == -2)
    if unknown.size:
        code = int(unknown[0])
        raise ValueError(_not_a_category(used[code], int(np.argmax(codes == code)), order))


def _not_a_category(value: Any, row: int, order: tuple[Any, ...]) -> str:
    shown = ", ".join(repr(c) for c in order[:10]) + (", …" if len(order) > 10 else "")
    return f"Rating {row + 1} has the value {value!r}, which is not a category ({shown})."


def numeric_values(categories: Sequence[Any]) -> FloatArray | None:
    """Return the categories as numbers, or None when they are text.

    Parameters
    ----------
    categories : sequence, length q

    Returns
    -------
    ndarray of float, shape (q,), or None

    Examples
    --------
    >>> numeric_values([1, 2]).tolist(), numeric_values(["a", "b"])
    ([1.0, 2.0], None)
    """
    if all(_is_number(c) for c in categories):
        return np.array([float(c) for c in categories], dtype=np.float64)
    return None
