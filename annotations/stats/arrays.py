"""Array types shared by the statistics, and the two conversions every result needs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[Any]  # any integer dtype: typed codes keep theirs
BoolArray = NDArray[np.bool_]


def number_or_none(value: Any) -> float | None:
    """Return a finite number as a Python float and anything undefined (NaN, infinity, None) as None.

    Parameters
    ----------
    value : number or None
        A Python or numpy number.

    Returns
    -------
    float or None

    Examples
    --------
    >>> number_or_none(np.float64(0.5)), number_or_none(float("nan")), number_or_none(None)
    (0.5, None, None)
    """
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def nested_or_none(matrix: FloatArray) -> list[list[float | None]]:
    """Return a matrix as nested lists ready for JSON, with NaN as None.

    Parameters
    ----------
    matrix : ndarray, shape (rows, columns)

    Returns
    -------
    list of list of (float or None)

    Examples
    --------
    >>> nested_or_none(np.array([[1.0, np.nan]]))
    [[1.0, None]]
    """
    return [[number_or_none(cell) for cell in row] for row in matrix]
