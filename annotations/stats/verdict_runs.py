"""Straight-lining: runs of one verdict, and answers whose verdicts are all the same."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from annotations.stats.arrays import BoolArray, IntArray

# With seven verdicts in ten alike, a run of twenty begins about once in 1 / (0.3 * 0.7^20) = 4,200 verdicts.
SHORTEST_RUN = 20
RUN_P_VALUE = 0.01
N_ORDERS, FIRST_ORDERS = 199, 39
BLOCK_CELLS = 200_000  # order × answer numbers held at once: 2 MiB each


@dataclass(frozen=True, slots=True)
class LongestRun:
    """A grader's longest run of the same verdict, and what their own answers give in another order.

    Attributes
    ----------
    length : int
    expected : int or None
        Median over random orders of the grader's own answers; None where it wasn't asked, see ``longest_run``.
    p_value : float or None
        Share of random orders, this one included, whose longest run is at least as long.
    n_verdicts, n_answers : int

    Examples
    --------
    >>> LongestRun(3, None, None, 12, 3).is_remarkable
    False
    """

    length: int
    expected: int | None
    p_value: float | None
    n_verdicts: int
    n_answers: int

    @property
    def is_remarkable(self) -> bool:
        """Whether the run is long, and longer than the grader's own answers in another order give."""
        return self.length >= SHORTEST_RUN and self.p_value is not None and self.p_value <= RUN_P_VALUE

    def to_dict(self) -> dict[str, Any]:
        """Return the run as a dictionary ready for JSON."""
        return asdict(self)


def longest_run(verdict: IntArray, answer: IntArray, n_orders: int = N_ORDERS, seed: int = 0) -> LongestRun:
    r"""Return the longest run of the same verdict, beside what the same answers give in random orders.

    Answers are kept whole when they are put in another order: the verdicts on one answer hang together, since a
    good answer meets most of its criteria, and coins thrown one by one would make honest graders remarkable.
    Random orders give :math:`p = (1 + \#\{\text{orders with a run as long}\}) / (1 + \text{orders})`.

    Parameters
    ----------
    verdict : ndarray of int, shape (n,)
        In the order of giving.
    answer : ndarray of int, shape (n,)
        What each verdict is about; the verdicts on one answer stand together.
    n_orders : int
        With 199 the smallest p is 0.005.
    seed : int

    Returns
    -------
    LongestRun
        ``expected`` and ``p_value`` are None for fewer than two answers, and for a run below ``SHORTEST_RUN``,
        which is never remarkable.

    Examples
    --------
    >>> longest_run(np.array([1, 1, 0, 0, 0, 1]), np.array([7, 7, 7, 8, 8, 8])).length
    3

    Ten answers all met after ten that are half met: in another order they don't stand together.

    >>> verdicts = np.array([1, 0, 1, 0] * 10 + [1, 1, 1, 1] * 10)
    >>> run = longest_run(verdicts, np.repeat(np.arange(20), 4))
    >>> run.length, run.expected < 20, run.is_remarkable
    (40, True, True)
    """
    if not len(verdict):
        return LongestRun(0, None, None, 0, 0)
    starts = np.flatnonzero(np.concatenate([[True], answer[1:] != answer[:-1]]))
    length = int(run_lengths(verdict).max())
    if length < SHORTEST_RUN or len(starts) < 2:
        return LongestRun(length, None, None, len(verdict), len(starts))
    found = _in_other_orders(_Blocks.of(verdict, starts), length, n_orders, seed)
    p_value = (1 + int(np.count_nonzero(found >= length))) / (1 + len(found))
    return LongestRun(length, int(np.median(found)), p_value, len(verdict), len(starts))


def _in_other_orders(blocks: _Blocks, length: int, n_orders: int, seed: int) -> IntArray:
    """Return the longest run of each of many random orders; holds a block of orders in memory.

    Cost: ends as soon as so many runs are as long that no more orders can make this one remarkable, which is after a
    fifth of them for nearly everybody.
    """
    rng, n = np.random.default_rng(seed), len(blocks.first)
    step = max(1, min(BLOCK_CELLS // n, FIRST_ORDERS))
    found = np.zeros(0, dtype=np.int64)
    while len(found) < n_orders:
        orders = np.tile(np.arange(n), (min(step, n_orders - len(found)), 1))
        found = np.concatenate([found, blocks.longest(rng.permuted(orders, axis=1))])
        if len(found) >= FIRST_ORDERS and 1 + np.count_nonzero(found >= length) > RUN_P_VALUE * (
            1 + n_orders
        ):
            break
    return found


def run_lengths(values: IntArray) -> IntArray:
    """Return the lengths of the runs of equal values, in order.

    Parameters
    ----------
    values : ndarray of int, shape (n,), n >= 1

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> run_lengths(np.array([1, 1, 0, 1, 1, 1])).tolist()
    [2, 1, 3]
    """
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return np.diff(np.append(starts, len(values)))


def uniform_answers(verdict: IntArray, starts: IntArray) -> tuple[BoolArray, IntArray]:
    """Return which answers have one verdict throughout, and how many verdicts each has.

    Parameters
    ----------
    verdict : ndarray of 0 and 1, shape (n,)
    starts : ndarray of int, shape (answers,)
        The row of each answer's first verdict.

    Returns
    -------
    (ndarray of bool, ndarray of int), each of shape (answers,)

    Examples
    --------
    >>> uniform, size = uniform_answers(np.array([1, 1, 1, 0, 1]), np.array([0, 3]))
    >>> uniform.tolist(), size.tolist()
    ([True, False], [3, 2])
    """
    if not len(starts):
        return np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64)
    size = np.diff(np.append(starts, len(verdict)))
    met = np.add.reduceat(verdict.astype(np.int64), starts)
    return (met == 0) | (met == size), size


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Answers as what their order needs: a run goes on across the border of two, and through uniform ones."""

    first: IntArray
    last: IntArray
    head: IntArray
    tail: IntArray
    inner: int
    uniform: BoolArray

    @classmethod
    def of(cls, verdict: IntArray, starts: IntArray) -> _Blocks:
        ends = np.append(starts[1:], len(verdict))
        breaks = np.union1d(np.flatnonzero(verdict[1:] != verdict[:-1]) + 1, starts)
        lengths = np.diff(np.append(breaks, len(verdict)))
        head = lengths[np.searchsorted(breaks, starts)]
        tail = lengths[np.searchsorted(breaks, ends) - 1]
        return cls(verdict[starts], verdict[ends - 1], head, tail, int(lengths.max()), head == ends - starts)

    def longest(self, order: IntArray) -> IntArray:
        """Return the longest run of each order of the blocks, shape (orders,)."""
        first, last = self.first[order], self.last[order]
        goes_on = np.zeros(order.shape, dtype=bool)
        goes_on[:, 1:] = first[:, 1:] == last[:, :-1]
        # Uniform blocks add up while the run goes on; any other block begins anew with its tail.
        carried = np.where(self.uniform[order], self.head[order], self.tail[order])
        anew = ~(self.uniform[order] & goes_on)
        total = np.cumsum(carried, axis=1)
        place = np.maximum.accumulate(np.where(anew, np.arange(order.shape[1]), 0), axis=1)
        running = total - np.take_along_axis(total - carried, place, axis=1)
        reach = self.head[order].copy()
        reach[:, 1:] += np.where(goes_on[:, 1:], running[:, :-1], 0)
        longest = np.maximum(reach.max(axis=1), running.max(axis=1))
        return np.asarray(np.maximum(longest, self.inner))
