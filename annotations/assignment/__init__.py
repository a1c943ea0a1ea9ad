"""Who grades what, and in which order: a pure function of the answers, the graders, what must hold, and the seed."""

import hashlib
import random
from collections.abc import Iterable, Sequence

import numpy as np
from django.utils.crypto import salted_hmac

from annotations.assignment.columns import solve_groups
from annotations.assignment.conflicts import (
    check_mix,
    check_numbers,
    check_overlap,
    check_shared,
    too_few_shared,
)
from annotations.assignment.design import Constraints, Grader, Infeasible, Plan, Unit
from annotations.assignment.exchanges import Exchanges
from annotations.assignment.groups import choose_groups
from annotations.assignment.shares import share_out, sorts_of

__all__ = ["Constraints", "Grader", "Infeasible", "Plan", "Unit", "draw_secret", "plan", "shuffled"]


def plan(
    units: Sequence[Unit], graders: Sequence[Grader], constraints: Constraints | None = None, seed: int = 0, *,
    secret: str = "",
) -> Plan:  # fmt: skip
    """Give every unit its graders and every grader an order of their own.

    Every unit gets exactly its overlap of different graders, none of whom is barred from its case. Loads are the
    quotas, or differ by one at most; of each run everybody gets a share like everybody's, to a whole number; every pair
    shares at least `min_shared` units; answers to one case are spread over the graders as evenly as that allows.
    Raises Infeasible, with the conflict named, where that can't be. The same inputs and seed give the same plan.
    Without the `secret` nobody can work out from the seed which system wrote the answer at a place.
    """
    constraints = constraints or Constraints()
    groups = _groups(units, graders, constraints, f"{seed}:{secret}") if units else []
    queues: list[list[int]] = [[] for _grader in graders]
    for place, group in enumerate(groups):
        for grader in group:
            queues[grader].append(place)
    orders = [shuffled(queue, f"{seed}:{secret}:{place}") for place, queue in enumerate(queues)]
    return Plan(groups, orders)


def shuffled(places: Sequence[int], words: str) -> list[int]:
    """Return the places in an order drawn from the words: every order is as likely, whatever wrote the answers."""
    order = list(places)
    random.Random(f"order:{words}").shuffle(order)  # noqa: S311 - to be repeated by who knows the secret
    return order


def draw_secret(answers: Iterable[int]) -> str:
    """Return what only this installation knows of these answers, by their keys.

    Graders who lead know the seed, and after closing the places of an earlier session: neither tells of this draw.
    """
    return salted_hmac("annotations.assignment", repr(list(answers)), algorithm="sha256").hexdigest()


def _groups(
    units: Sequence[Unit], graders: Sequence[Grader], constraints: Constraints, words: str
) -> list[list[int]]:
    """Return every unit's graders: choose, mend by exchanges, and ask the exact program where that isn't enough."""
    check_overlap(units, graders, constraints)
    check_numbers(units, graders)
    sorts = sorts_of(units, graders)
    check_mix(sorts, graders)
    check_shared(sorts, graders, constraints)
    draw = np.random.default_rng(list(hashlib.sha256(f"assign:{words}".encode()).digest()))
    groups = choose_groups(units, sorts, share_out(sorts, graders, draw), draw)
    exchanges = Exchanges(units, graders, groups, random.Random(f"mend:{words}"))  # noqa: S311
    found = exchanges.mend(constraints.min_shared)
    if found >= constraints.min_shared:
        return groups
    exact = solve_groups(sorts, graders, constraints.min_shared, draw)
    if exact is None:
        needed = sum(unit.overlap for unit in units)
        raise too_few_shared(-(-needed // len(graders)), found, constraints.min_shared)
    for sort, chosen in zip(sorts, exact, strict=True):
        for place, group in zip(sort.units, chosen, strict=True):
            groups[place] = list(group)
    return groups
