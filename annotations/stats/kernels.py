"""Agreement coefficients as functions of feature totals, so that a resample costs one matrix product.

Each kernel turns every pattern of ratings into a row of features; the coefficient is a function of
``multiplicity @ features``. Evaluating a thousand resamples is then the same function on a thousand rows.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from scipy import sparse

from annotations.stats.arrays import BoolArray, FloatArray
from annotations.stats.patterns import Patterns

NOTHING = 1e-9  # totals below this are rounding left by leave-one-out subtraction
CELLS_AT_ONCE = 4_000_000

Columns = FloatArray | sparse.csr_array


class Parts(NamedTuple):
    """Coefficient, observed and chance agreement of B replicates, each of shape (B,); NaN where undefined."""

    value: FloatArray
    pa: FloatArray
    pe: FloatArray


class Influence(NamedTuple):
    """Linearised contribution of each pattern to a coefficient, in Gwet's sense.

    Attributes
    ----------
    values : ndarray, shape (P,)
        Their mean over units is about ``centre``.
    multiplicity : ndarray, shape (P,)
        Units that count for this coefficient.
    centre : float
    """

    values: FloatArray
    multiplicity: FloatArray
    centre: float


class Kernel(Protocol):
    """What resampling needs of a coefficient."""

    patterns: Patterns
    features: Columns
    needs_multiplicity: bool

    def evaluate(self, totals: FloatArray, multiplicity: FloatArray | None) -> Parts:
        """Return the coefficient for totals of shape (B, f) and, where needed, multiplicities (B, P)."""
        ...

    def influence(self) -> Influence | None:
        """Return the linearised contributions, or None where the literature gives none."""
        ...


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
    totals = np.asarray(multiplicity @ kernel.features)
    return kernel.evaluate(totals, multiplicity if kernel.needs_multiplicity else None)


def scaled_rows(counts: Columns, factor: FloatArray) -> Columns:
    """Return counts with each row multiplied by its factor, sparse when the counts are."""
    if sparse.issparse(counts):
        return sparse.csr_array(counts.multiply(factor[:, None]))
    return counts * factor[:, None]


def beside(*columns: Columns) -> Columns:
    """Return columns side by side, sparse when any of them is."""
    if any(sparse.issparse(part) for part in columns):
        return sparse.csr_array(sparse.hstack([sparse.csr_array(part) for part in columns]))
    return np.hstack([np.asarray(part) for part in columns])


def weighted_square(counts: Columns, matrix: FloatArray | None) -> FloatArray:
    """Return the quadratic form of every row of counts.

    Parameters
    ----------
    counts : ndarray or csr_array, shape (P, q)
    matrix : ndarray of shape (q, q), or None
        None stands for the identity, which may be too large to hold.

    Returns
    -------
    ndarray, shape (P,)
        :math:`\\sum_{kl} n_k M_{kl} n_l`.

    Examples
    --------
    >>> weighted_square(np.array([[2.0, 1.0]]), None).tolist()
    [5.0]
    """
    if not sparse.issparse(counts):
        return quadratic_form(np.asarray(counts), matrix)
    if matrix is None:
        return np.asarray(counts.multiply(counts).sum(axis=1), dtype=np.float64).ravel()
    step = max(1, CELLS_AT_ONCE // max(1, counts.shape[1]))
    starts = range(0, counts.shape[0], step)
    return np.concatenate(
        [quadratic_form(counts[start : start + step].toarray(), matrix) for start in starts]
    )


def quadratic_form(rows: FloatArray, matrix: FloatArray | None) -> FloatArray:
    """Return the quadratic form of every row, shape (B,).

    Parameters
    ----------
    rows : ndarray, shape (B, q)
    matrix : ndarray of shape (q, q), or None for the identity

    Returns
    -------
    ndarray, shape (B,)

    Examples
    --------
    >>> quadratic_form(np.array([[0.5, 0.5]]), np.eye(2)).tolist()
    [0.5]
    """
    product = rows if matrix is None else rows @ matrix
    return np.asarray(np.einsum("bk,bk->b", product, rows), dtype=np.float64)


def one_category(margins: FloatArray) -> BoolArray:
    """Return, for each replicate, whether at most one category was used.

    Parameters
    ----------
    margins : ndarray, shape (B, q)

    Returns
    -------
    ndarray of bool, shape (B,)

    Examples
    --------
    >>> one_category(np.array([[3.0, 0.0], [2.0, 1.0]])).tolist()
    [True, False]
    """
    return np.asarray((margins > NOTHING).sum(axis=1) <= 1)


def chance_corrected(pa: FloatArray, pe: FloatArray, undefined: BoolArray) -> Parts:
    """Return (pa - pe) / (1 - pe), NaN where undefined.

    Parameters
    ----------
    pa, pe : ndarray, shape (B,)
    undefined : ndarray of bool, shape (B,)

    Returns
    -------
    Parts

    Examples
    --------
    >>> chance_corrected(np.array([0.8]), np.array([0.5]), np.array([False])).value.round(3).tolist()
    [0.6]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (pa - pe) / (1.0 - pe)
    return Parts(np.where(undefined, np.nan, value), pa, pe)
