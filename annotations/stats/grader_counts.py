"""The verdicts of a session's graders, counted by case and grader: what their quality is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from annotations.stats.arrays import BoolArray, FloatArray, IntArray
from annotations.stats.cluster_shares import Counts
from annotations.stats.verdict_runs import uniform_answers

UNIFORM_FROM = 4
LEAST_ANSWERS = 10


@dataclass(frozen=True, eq=False)
class VerdictTable:
    """The met / not met verdicts of a session's graders, one row each; all arrays have one entry per row.

    Parameters
    ----------
    grader : ndarray of int
        From 0.
    unit, answer, case : ndarray of int
        What the verdict is about, the answer it belongs to, and the answer's case.
    criterion : ndarray of int
        The criterion's place in its rubric.
    position : ndarray of int
        The answer's place in the grader's own order.
    met : ndarray of 0 and 1

    Examples
    --------
    Two verdicts of grader 0, given at the places 2 and 1 of their order:

    >>> rows = np.array([[0, 0, 0, 0, 0, 2, 1], [0, 9, 1, 1, 0, 1, 0]])
    >>> VerdictTable(*rows.T).in_order().met.tolist()
    [0, 1]
    """

    grader: IntArray
    unit: IntArray
    answer: IntArray
    case: IntArray
    criterion: IntArray
    position: IntArray
    met: IntArray

    def in_order(self) -> VerdictTable:
        """Return the rows by grader, in each grader's own order."""
        return self.only(np.lexsort((self.criterion, self.position, self.grader)))

    def only(self, rows: IntArray) -> VerdictTable:
        """Return some rows."""
        return VerdictTable(
            self.grader[rows], self.unit[rows], self.answer[rows], self.case[rows], self.criterion[rows],
            self.position[rows], self.met[rows],
        )  # fmt: skip


class GraderCounts:
    """Hits and their number by case and grader, for every share that tells of a grader's care.

    Parameters
    ----------
    table : VerdictTable
        From ``VerdictTable.in_order``.
    n_graders : int

    Examples
    --------
    Of two graders one says met twice, the other once:

    >>> rows = np.array([[0, 0, 0, 0, 0, 1, 1], [0, 1, 0, 0, 1, 1, 1], [1, 0, 0, 0, 0, 1, 1], [1, 1, 0, 0, 1, 1, 0]])
    >>> counts = GraderCounts(VerdictTable(*rows.T), 2)
    >>> hits, n = counts.pairwise
    >>> hits.tolist(), n.tolist()
    ([[1.0, 1.0]], [[2.0, 2.0]])
    """

    def __init__(self, table: VerdictTable, n_graders: int) -> None:
        self.table, self.n_graders = table, n_graders
        cases, case = np.unique(table.case, return_inverse=True)
        self.n_cases = len(cases)
        self._cell = case * n_graders + table.grader
        size = int(table.unit.max()) + 1 if len(table.unit) else 0
        met = np.bincount(table.unit, weights=table.met, minlength=size)
        self.others_met = met[table.unit] - table.met
        others = np.bincount(table.unit, minlength=size)[table.unit] - 1
        self.others: FloatArray = others.astype(np.float64)

    def sums(
        self, values: FloatArray | IntArray | BoolArray, rows: BoolArray | IntArray | None = None
    ) -> FloatArray:
        """Return values of the table's rows, or of some, summed by case and grader, shape (cases, graders)."""
        cell = self._cell if rows is None else self._cell[rows]
        weights = np.asarray(values, dtype=np.float64)
        if rows is not None:
            weights = weights[rows]
        found = np.bincount(cell, weights=weights, minlength=self.n_cases * self.n_graders)
        return found.reshape(self.n_cases, self.n_graders).astype(np.float64)

    @cached_property
    def same_as_others(self) -> FloatArray:
        """With how many of the others each verdict agrees, shape (rows,)."""
        return np.where(self.table.met == 1, self.others_met, self.others - self.others_met)

    @property
    def has_majority(self) -> BoolArray:
        """Whether the others of each verdict have a strict majority, shape (rows,)."""
        return np.asarray(2 * self.others_met != self.others)

    @property
    def majority(self) -> Counts:
        """Verdicts that the strict majority of the others shares, and those that have one."""
        shared = self.has_majority & ((2 * self.others_met > self.others) == (self.table.met == 1))
        return self.sums(shared), self.sums(self.has_majority)

    @property
    def ties(self) -> IntArray:
        """How many of each grader's verdicts stand against others without a majority, shape (graders,)."""
        return np.asarray(self.sums(~self.has_majority & (self.others > 0)).sum(axis=0), dtype=np.int64)

    @property
    def pairwise(self) -> Counts:
        """Pairs with another's verdict that agree, and all of them."""
        return self.sums(self.same_as_others), self.sums(self.others)

    @property
    def beside(self) -> tuple[Counts, Counts]:
        """The others' pairs among themselves, and the grader's own, on units that two others judged, too."""
        rows = self.others >= 2
        met, not_met = self.others_met, self.others - self.others_met
        among = (met * (met - 1) + not_met * (not_met - 1)) / 2, self.others * (self.others - 1) / 2
        return (
            (self.sums(among[0], rows), self.sums(among[1], rows)),
            (self.sums(self.same_as_others, rows), self.sums(self.others, rows)),
        )

    @cached_property
    def third(self) -> IntArray:
        """The third of the grader's own order in which each verdict stands, 0 to 2, shape (rows,)."""
        grader, n = self.table.grader[self.starts], len(self.starts)
        answers = np.bincount(grader, minlength=self.n_graders)
        before = np.cumsum(answers) - answers
        rank = np.arange(n) - before[grader]
        return np.asarray(np.repeat(rank * 3 // np.maximum(answers[grader], 1), self.sizes))

    @cached_property
    def starts(self) -> IntArray:
        """The row of the first verdict of each answer of each grader."""
        table, n = self.table, len(self.table.answer)
        new = np.ones(n, dtype=bool)
        new[1:] = (table.answer[1:] != table.answer[:-1]) | (table.grader[1:] != table.grader[:-1])
        return np.flatnonzero(new)

    @property
    def sizes(self) -> IntArray:
        """How many verdicts each answer of each grader got."""
        return np.diff(np.append(self.starts, len(self.table.answer)))

    def in_third(self, number: int, hits: FloatArray | IntArray, n: FloatArray) -> Counts:
        """Return hits and their number in one third."""
        rows = self.third == number
        return self.sums(hits, rows), self.sums(n, rows)

    @cached_property
    def uniform(self) -> Uniform:
        """The answers with one verdict throughout, beside the colleagues'."""
        uniform, size = uniform_answers(self.table.met, self.starts)
        rows = self.starts[size >= UNIFORM_FROM]
        same = uniform[size >= UNIFORM_FROM].astype(np.float64)
        answer, grader = self.table.answer[rows], self.table.grader[rows]
        n_answers = int(answer.max()) + 1 if len(answer) else 0
        colleagues = np.bincount(answer, minlength=n_answers)[answer] - 1.0
        theirs = np.bincount(answer, weights=same, minlength=n_answers)[answer] - same
        shared = colleagues > 0
        paired = np.bincount(grader[shared], minlength=self.n_graders) >= LEAST_ANSWERS
        cell, one = self._cell[rows], np.ones(len(rows))
        hits, n = self._by_cell(cell, same), self._by_cell(cell, one)
        on_same = (
            self._by_cell(cell[shared], theirs[shared] / colleagues[shared]),
            self._by_cell(cell[shared], same[shared]), self._by_cell(cell[shared], one[shared]),
        )  # fmt: skip
        others = (
            np.where(paired, on_same[0], hits.sum(axis=1, keepdims=True) - hits),
            np.where(paired, on_same[2], n.sum(axis=1, keepdims=True) - n),
        )
        own = np.where(paired, on_same[1], hits), np.where(paired, on_same[2], n)
        return Uniform(hits.sum(axis=0), n.sum(axis=0), paired, others, own)

    def _by_cell(self, cell: IntArray, weights: FloatArray) -> FloatArray:
        found = np.bincount(cell, weights=weights, minlength=self.n_cases * self.n_graders)
        return found.reshape(self.n_cases, self.n_graders).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Uniform:
    """Answers with one verdict throughout, of those with four verdicts or more.

    ``hits`` and ``n`` are of each grader, shape (graders,); ``others`` and ``own`` are what is compared, by case and
    grader: on answers that colleagues judged, too, where there are ten of them (``paired``), else on all.
    """

    hits: FloatArray
    n: FloatArray
    paired: BoolArray
    others: Counts
    own: Counts
