"""Sums of points over the criteria of each response, in as few passes over the grades as possible."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from annotations.stats.arrays import FloatArray, IntArray

MET, NOT_MET, UNRESOLVED = 1, 0, -1
BLOCK = 1 << 15  # rows that stay in cache through all steps
FIELD = 2**13  # a power of two; four sums below this fit side by side into the 53 exact bits of a float


class Totals(NamedTuple):
    """Sums over the criteria of each response code, each of shape (responses,).

    Attributes
    ----------
    possible : ndarray
        Positive points.
    penalty : ndarray
        Size of the negative points.
    earned : ndarray
        Points of met criteria.
    open_positive, open_penalty : ndarray or None
        The same of unresolved criteria; None when there are none.
    n_open : ndarray or None
        Unresolved criteria.
    """

    possible: FloatArray
    penalty: FloatArray
    earned: FloatArray
    open_positive: FloatArray | None
    open_penalty: FloatArray | None
    n_open: FloatArray | None


class ResponseSums:
    """The grades of a run prepared for summing: everything that does not depend on the rows chosen.

    Parameters
    ----------
    case, sample : ndarray of int, shape (rows,)
    points : ndarray of float, shape (rows,)
    met : ndarray of int8, shape (rows,)

    Attributes
    ----------
    n_samples : int
        A response code is ``case * n_samples + sample``.

    Examples
    --------
    >>> one = np.array([0, 0, 0])
    >>> sums = ResponseSums(one, one, np.array([5.0, 3.0, -4.0]), np.array([1, 0, 1]))
    >>> totals = sums.totals()
    >>> totals.possible.tolist(), totals.penalty.tolist(), totals.earned.tolist()
    ([8.0], [4.0], [1.0])
    """

    def __init__(self, case: IntArray, sample: IntArray, points: FloatArray, met: IntArray) -> None:
        self.points, self.met = points, met
        self.n_samples = int(sample.max()) + 1
        self.response = case
        if self.n_samples > 1:
            self.response = np.multiply(case, self.n_samples, dtype=np.int64)
            self.response += sample
        self.size = int(self.response.max()) + 1
        self.unresolved = np.flatnonzero(met == UNRESOLVED) if int(met.min()) < 0 else met[:0]
        self.packed = self._pack()

    def _pack(self) -> FloatArray | None:
        """Return positive, negative, met positive and met negative points side by side, or None if too large.

        One sum then does the work of four.
        """
        high, low = float(self.points.max()), float(self.points.min())
        if max(high, -low) * int(np.bincount(self.response).max()) >= FIELD:
            return None
        packed = np.empty(self.points.size)
        scale = np.array([1.0, 1.0 + float(FIELD) ** 2, 1.0])
        for start in range(0, packed.size, BLOCK):
            points = self.points[start : start + BLOCK]
            if not np.array_equal(points, np.rint(points)):
                return None
            block = np.maximum(points, 0.0, out=packed[start : start + BLOCK])
            negative = block - points
            negative *= float(FIELD)
            block += negative
            block *= scale[self.met[start : start + BLOCK]]
        return packed

    def totals(self, rows: IntArray | None = None) -> Totals:
        """Return the sums over all rows, or over some.

        Parameters
        ----------
        rows : ndarray of int, optional
            Row indices.

        Returns
        -------
        Totals
        """
        response = self.response if rows is None else self.response[rows]
        if self.packed is not None:
            possible, penalty, earned = _unpacked(
                self._sum(response, self.packed if rows is None else self.packed[rows])
            )
        else:
            points = self.points if rows is None else self.points[rows]
            met = self.met if rows is None else self.met[rows]
            possible = self._sum(response, np.maximum(points, 0.0))
            penalty = self._sum(response, np.maximum(-points, 0.0))
            earned = self._sum(response, points * (met == MET))
        return Totals(possible, penalty, earned, *self._open(rows))

    def _open(self, rows: IntArray | None) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None]:
        still = self.unresolved
        if rows is not None and still.size:
            still = rows[self.met[rows] == UNRESOLVED]
        if not still.size:
            return None, None, None
        response, points = self.response[still], self.points[still]
        return (
            self._sum(response, np.maximum(points, 0.0)),
            self._sum(response, np.maximum(-points, 0.0)),
            self._sum(response, np.ones(points.size)),
        )

    def _sum(self, response: IntArray, weights: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(response, weights=weights, minlength=self.size), dtype=np.float64)


def _unpacked(sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return positive, negative and earned points from sums of four fields."""
    fields = sums.astype(np.int64)
    mask, bits = FIELD - 1, FIELD.bit_length() - 1  # shifts cost a tenth of divisions
    possible = (fields & mask).astype(np.float64)
    penalty = ((fields >> bits) & mask).astype(np.float64)
    earned = (((fields >> 2 * bits) & mask) - (fields >> 3 * bits)).astype(np.float64)
    return possible, penalty, earned
