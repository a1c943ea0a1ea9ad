"""The exact answer for small designs: which groups of graders judge how many answers of each sort."""

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, lil_array

from annotations.assignment.design import Grader
from annotations.assignment.shares import Sort, bounds_of

# Above so many groups to choose from nothing exact is tried; nodes, not seconds, so that every machine answers alike.
MOST_GROUPS, MOST_NODES = 1_500, 200


def solve_groups(
    sorts: Sequence[Sort], graders: Sequence[Grader], min_shared: int, draw: np.random.Generator
) -> list[list[tuple[int, ...]]] | None:
    """Return for every sort the group of each of its units, keeping all bounds; None where no such choice was found."""
    if sum(comb(len(sort.allowed), sort.overlap) for sort in sorts) > MOST_GROUPS:
        return None
    columns = [
        (s, group) for s, sort in enumerate(sorts) for group in combinations(sort.allowed, sort.overlap)
    ]
    matrix, low, high = _rows(columns, sorts, graders, min_shared)
    most = np.array([len(sorts[s].units) for s, _group in columns], dtype=np.float64)
    found = milp(
        draw.random(len(columns)) * 1e-3, constraints=LinearConstraint(matrix, low, high),
        integrality=np.ones(len(columns), dtype=np.int64), bounds=Bounds(0, most), options={"node_limit": MOST_NODES},
    )  # fmt: skip
    if found.x is None:
        return None
    groups: list[list[tuple[int, ...]]] = [[] for _sort in sorts]
    for (s, group), times in zip(columns, np.rint(found.x).astype(int).tolist(), strict=True):
        groups[s] += [group] * times
    for places in groups:
        draw.shuffle(places)
    return groups


def _rows(
    columns: Sequence[tuple[int, tuple[int, ...]]],
    sorts: Sequence[Sort],
    graders: Sequence[Grader],
    min_shared: int,
) -> tuple[csr_array, NDArray[np.float64], NDArray[np.float64]]:
    """Return the rows: units of a sort, loads, answers of a run, answers of other runs, shared answers."""
    bound = bounds_of(sorts, graders)
    n_graders, n_runs = bound.run_low.shape
    pairs = {pair: place for place, pair in enumerate(combinations(range(n_graders), 2))}
    starts = np.cumsum([0, len(sorts), n_graders, n_graders * n_runs, n_graders * n_runs, len(pairs)])
    matrix = lil_array((int(starts[-1]), len(columns)))
    for column, (s, group) in enumerate(columns):
        matrix[s, column] = 1
        for one in group:
            matrix[starts[1] + one, column] = 1
            for run in range(n_runs):
                block = starts[2] if run == sorts[s].run else starts[3]
                matrix[block + one * n_runs + run, column] = 1
        for pair in combinations(group, 2):
            matrix[starts[4] + pairs[pair], column] = 1
    sizes = np.array([len(sort.units) for sort in sorts])
    others = np.full(n_graders * n_runs, int(n_runs > 1))
    low = np.concatenate(
        [sizes, bound.load_low, bound.run_low.ravel(), others, np.full(len(pairs), min_shared)]
    )
    endless = np.full(n_graders * n_runs + len(pairs), np.inf)
    high = np.concatenate([sizes, bound.load_high, bound.run_high.ravel(), endless])
    return matrix.tocsr(), low.astype(np.float64), high.astype(np.float64)
