"""Which graders judge each answer together: chosen one answer after the other, then mended by exchanges."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotations.assignment.design import Unit
from annotations.assignment.shares import Sort

IntArray = NDArray[np.int64]
# An answer more of a case weighs as much as four more answers shared by a pair.
CASE_WEIGHT, PAIR_WEIGHT = 2.0, 0.5


def choose_groups(
    units: Sequence[Unit], sorts: Sequence[Sort], shares: IntArray, draw: np.random.Generator
) -> list[list[int]]:
    """Return the graders of every unit; each grader gets exactly `shares` of every sort.

    Cases are gone through in a drawn order. Whoever still needs every answer left of the sort must be chosen; among
    the others, those who have seen least of the case and share least with the chosen. Cost: a few array operations of
    one number per grader for every (unit, grader).
    """
    n_graders = shares.shape[1]
    sort_of = np.zeros(len(units), dtype=np.int64)
    for place, sort in enumerate(sorts):
        sort_of[sort.units] = place
    left = np.array([len(sort.units) for sort in sorts], dtype=np.int64)
    due = shares.copy()
    weight = np.maximum(shares.sum(axis=0), 1) / max(1, int(shares.sum()))
    shared = np.zeros((n_graders, n_graders))
    seen: dict[str, NDArray[np.float64]] = {}
    groups: list[list[int]] = [[] for _unit in units]
    chance = draw.random((len(units), n_graders)) * 0.01
    usual = weight[:, None] * weight[None, :] * n_graders**2
    for turn, place in enumerate(_order(units, draw)):
        unit, sort = units[place], sort_of[place]
        of_case = seen.setdefault(unit.case, np.zeros(n_graders))
        cost = CASE_WEIGHT * of_case / (weight * n_graders) - due[sort] / left[sort] + chance[turn]
        cost[due[sort] == 0] = np.inf
        cost[due[sort] == left[sort]] = -np.inf
        group = _pick(cost, unit.overlap, shared / usual)
        groups[place] = group
        for one in group:
            shared[one, group] += 1
        of_case[group] += 1
        due[sort, group] -= 1
        left[sort] -= 1
    return groups


def _order(units: Sequence[Unit], draw: np.random.Generator) -> list[int]:
    """Return the units case by case, cases and their answers in a drawn order."""
    of_case: dict[str, list[int]] = {}
    for place, unit in enumerate(units):
        of_case.setdefault(unit.case, []).append(place)
    cases = list(of_case.values())
    return [
        cases[case][answer]
        for case in draw.permutation(len(cases))
        for answer in draw.permutation(len(cases[case]))
    ]


def _pick(cost: NDArray[np.float64], wanted: int, shared: NDArray[np.float64]) -> list[int]:
    group: list[int] = []
    together = np.zeros(len(cost))
    for _time in range(wanted):
        # Shared answers count against the least shared pair, so that the weight stays the same all along.
        best = int((cost + PAIR_WEIGHT * (together - together.min())).argmin())
        group.append(best)
        together = together + shared[best]
        cost[best] = np.inf
    return group
