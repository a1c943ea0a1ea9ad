"""How many answers of each sort every grader gets: a flow with bounds, solved exactly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from annotations.assignment.design import Grader, Infeasible, Unit

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Sort:
    """Answers that differ in nothing that binds: same run, same overlap, same graders who may grade them."""

    run: int
    overlap: int
    allowed: tuple[int, ...]
    units: list[int]


@dataclass(frozen=True)
class Bound:
    """The least and the most of something, by grader: answers in all, and answers of each run."""

    load_low: IntArray
    load_high: IntArray
    run_low: IntArray
    run_high: IntArray


def sorts_of(units: Sequence[Unit], graders: Sequence[Grader]) -> list[Sort]:
    """Return the answers by sort, in order of first appearance."""
    everybody = tuple(range(len(graders)))
    allowed: dict[str, tuple[int, ...]] = {}
    found: dict[tuple[int, int, tuple[int, ...]], list[int]] = {}
    for place, unit in enumerate(units):
        if unit.case not in allowed:
            allowed[unit.case] = tuple(g for g in everybody if unit.case not in graders[g].barred)
        found.setdefault((unit.run, unit.overlap, allowed[unit.case]), []).append(place)
    return [Sort(*key, places) for key, places in found.items()]


def bounds_of(sorts: Sequence[Sort], graders: Sequence[Grader]) -> Bound:
    """Return what balance asks: the quotas or an equal share, and of each run a share like everybody's.

    A share that isn't whole lies between its lower and upper whole number. Quotas must have been checked.
    """
    slots = sum(sort.overlap * len(sort.units) for sort in sorts)
    quotas = [grader.quota for grader in graders]
    free = sum(quota is None for quota in quotas)
    rest = slots - sum(quota or 0 for quota in quotas)
    low = np.array([rest // free if quota is None else quota for quota in quotas], dtype=np.int64)
    high = np.array([-(-rest // free) if quota is None else quota for quota in quotas], dtype=np.int64)
    n_runs = max(sort.run for sort in sorts) + 1
    of_run = np.zeros(n_runs, dtype=np.int64)
    for sort in sorts:
        of_run[sort.run] += sort.overlap * len(sort.units)
    run_low = low[:, None] * of_run // slots
    run_high = -(-high[:, None] * of_run // slots)
    return Bound(low, high, run_low, run_high)


def share_out(sorts: Sequence[Sort], graders: Sequence[Grader], draw: np.random.Generator) -> IntArray:
    """Return how many answers of each sort (rows) every grader (columns) gets.

    As near to everybody's proportional share of each sort as the bounds allow; what is left to choose is drawn. Raises
    Infeasible with the conflict named. Cost: one linear program of sorts × graders whole numbers.
    """
    bound = bounds_of(sorts, graders)
    shares = _solve(sorts, bound, draw)
    if shares is None:
        raise _conflict(sorts, graders, bound)
    return shares


class _Program:
    """Rows of a linear program over x (answers by sort and grader) and further columns."""

    def __init__(self, n_columns: int) -> None:
        self.n_columns = n_columns
        self.rows: list[IntArray] = []
        self.columns: list[IntArray] = []
        self.values: list[FloatArray] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(
        self, columns: Sequence[int] | IntArray, values: Sequence[float] | FloatArray, low: float, high: float
    ) -> None:
        """Ask that low ≤ Σ values · columns ≤ high."""
        self.rows.append(np.full(len(columns), len(self.low), dtype=np.int64))
        self.columns.append(np.asarray(columns, dtype=np.int64))
        self.values.append(np.asarray(values, dtype=np.float64))
        self.low.append(low)
        self.high.append(high)

    def constraint(self) -> LinearConstraint:
        """Return all rows as one constraint."""
        place = (np.concatenate(self.rows), np.concatenate(self.columns))
        matrix = coo_array((np.concatenate(self.values), place), shape=(len(self.low), self.n_columns))
        return LinearConstraint(matrix.tocsr(), self.low, self.high)


def _cells(sorts: Sequence[Sort], n_graders: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return sort, grader and most answers of every cell somebody may fill."""
    cells = [(s, g, len(sort.units)) for s, sort in enumerate(sorts) for g in sort.allowed]
    table = np.array(cells, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _base(sorts: Sequence[Sort], n_graders: int, extra: int) -> tuple[_Program, IntArray, IntArray, IntArray]:
    """Return a program in which every answer gets its overlap, with `extra` columns after the cells."""
    of_sort, of_grader, most = _cells(sorts, n_graders)
    program = _Program(len(most) + extra)
    for place, sort in enumerate(sorts):
        cells = np.flatnonzero(of_sort == place)
        needed = sort.overlap * len(sort.units)
        program.add(cells, np.ones(len(cells)), needed, needed)
    return program, of_sort, of_grader, most


def _add_runs(
    program: _Program, sorts: Sequence[Sort], cells: tuple[IntArray, IntArray], bound: Bound
) -> None:
    of_sort, of_grader = cells
    runs = np.array([sort.run for sort in sorts])[of_sort]
    for grader in range(len(bound.load_low)):
        for run in range(bound.run_low.shape[1]):
            own = np.flatnonzero((of_grader == grader) & (runs == run))
            program.add(own, np.ones(len(own)), bound.run_low[grader, run], bound.run_high[grader, run])
            if bound.run_high.shape[1] > 1 and bound.run_high[grader, run] >= bound.load_low[grader]:
                others = np.flatnonzero((of_grader == grader) & (runs != run))
                program.add(others, np.ones(len(others)), 1, np.inf)


def _solve(sorts: Sequence[Sort], bound: Bound, draw: np.random.Generator) -> IntArray | None:
    n_graders = len(bound.load_low)
    program, of_sort, of_grader, most = _base(sorts, n_graders, extra=sum(len(s.allowed) for s in sorts))
    n = len(most)
    for grader in range(n_graders):
        own = np.flatnonzero(of_grader == grader)
        program.add(own, np.ones(len(own)), bound.load_low[grader], bound.load_high[grader])
    _add_runs(program, sorts, (of_sort, of_grader), bound)
    ideal = _ideal(sorts, bound, of_sort, of_grader)
    for cell in range(n):
        program.add((cell, n + cell), (1, 1), ideal[cell], np.inf)
        program.add((cell, n + cell), (-1, 1), -ideal[cell], np.inf)
    # The draw only decides between plans that are equally near.
    cost = np.concatenate([draw.random(n) * 1e-4, np.ones(n)])
    found = milp(
        cost,
        constraints=program.constraint(),
        bounds=Bounds(0, np.concatenate([most, np.full(n, np.inf)])),
        integrality=np.repeat(np.array([1, 0]), n),
    )
    if found.x is None:
        return None
    shares = np.zeros((len(sorts), n_graders), dtype=np.int64)
    shares[of_sort, of_grader] = np.rint(found.x[:n]).astype(np.int64)
    return shares


def _ideal(sorts: Sequence[Sort], bound: Bound, of_sort: IntArray, of_grader: IntArray) -> FloatArray:
    """Return each grader's proportional share of each sort among those who may grade it."""
    load = (bound.load_low + bound.load_high) / 2
    slots = np.array([sort.overlap * len(sort.units) for sort in sorts], dtype=np.float64)
    together = np.array([load[list(sort.allowed)].sum() for sort in sorts])
    sizes = np.array([len(sort.units) for sort in sorts], dtype=np.float64)
    share = slots[of_sort] * load[of_grader] / np.maximum(together[of_sort], 1e-9)
    ideal: FloatArray = np.minimum(share, sizes[of_sort])
    return ideal


def _conflict(sorts: Sequence[Sort], graders: Sequence[Grader], bound: Bound) -> Infeasible:
    """Name what can't be kept: first somebody's number of answers, else somebody's even mix of runs."""
    given = _nearest_loads(sorts, bound)
    off = np.maximum(bound.load_low - given, given - bound.load_high)
    worst = int(off.argmax())
    low, high = int(bound.load_low[worst]), int(bound.load_high[worst])
    if off[worst] > 0:
        return Infeasible(
            _(
                "Because nobody grades their own cases, the numbers don’t work out: %(person)s would get %(given)s "
                "answers instead of %(wanted)s. Change how many each grader gets, or let people grade their own cases."
            )
            % {
                "person": graders[worst].name, "given": int(given[worst]),
                "wanted": low if given[worst] < low else high,
            },
            "graders",
        )  # fmt: skip
    return Infeasible(
        _(
            "The runs can’t be mixed evenly for every grader, since nobody grades their own cases. Let people grade "
            "their own cases, or change who grades or how many each."
        ),
        "graders",
    )


def _nearest_loads(sorts: Sequence[Sort], bound: Bound) -> IntArray:
    """Return loads as near to the wanted ones as can be when nothing but overlap and barred cases binds."""
    n_graders = len(bound.load_low)
    program, _sort, of_grader, most = _base(sorts, n_graders, extra=n_graders)
    n = len(most)
    for grader in range(n_graders):
        own = np.flatnonzero(of_grader == grader)
        columns = np.append(own, n + grader)
        ones = np.ones(len(own))
        program.add(columns, np.append(ones, 1), bound.load_low[grader], np.inf)
        program.add(columns, np.append(ones, -1), -np.inf, bound.load_high[grader])
    cost = np.concatenate([np.zeros(n), np.ones(n_graders)])
    found = milp(
        cost, constraints=program.constraint(), integrality=np.ones(n + n_graders, dtype=np.int64),
        bounds=Bounds(0, np.concatenate([most, np.full(n_graders, np.inf)])),
    )  # fmt: skip
    loads = np.zeros(n_graders, dtype=np.int64)
    if (
        found.x is None
    ):  # Every answer has enough people who may grade it, so only a solver's limit ends here.
        return bound.load_low
    np.add.at(loads, of_grader, np.rint(found.x[:n]).astype(np.int64))
    return loads
