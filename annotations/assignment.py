"""Who grades what, and in which order: drawn from the responses, the graders, the overlap and the seed."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.crypto import salted_hmac


@dataclass(frozen=True, slots=True)
class Planned:
    """One assignment to come: grader and response as their places in the inputs, and the place in the order."""

    grader: int
    response: int
    position: int


def plan_assignments(
    responses: Sequence[object], graders: Sequence[object], overlap: int, seed: int, *, secret: str = ""
) -> list[Planned]:
    """Give every response `overlap` different graders with equal loads (±1), each grader in an order of their own.

    `responses` and `graders` are only counted: the plan names them by place. Raises ValueError unless
    1 ≤ overlap ≤ number of graders. The same inputs and seed give the same plan. Without the `secret` nobody can
    work out from the seed which system wrote the answer at a place.
    """
    if not 1 <= overlap <= len(graders):
        raise ValueError(f"overlap must be from 1 to {len(graders)}, not {overlap}")
    queues: list[list[int]] = [[] for _grader in graders]
    draw = random.Random(f"assign:{seed}:{secret}")  # noqa: S311 - to be repeated by who knows the secret
    for response in range(len(responses)):
        by_load = sorted(range(len(graders)), key=lambda grader: (len(queues[grader]), draw.random()))
        for grader in by_load[:overlap]:
            queues[grader].append(response)
    plan = []
    for grader, queue in enumerate(queues):
        random.Random(f"order:{seed}:{secret}:{grader}").shuffle(queue)  # noqa: S311
        plan += [Planned(grader, response, position) for position, response in enumerate(queue, start=1)]
    return plan


def draw_secret(answers: Iterable[int]) -> str:
    """Return what only this installation knows of these answers, by their keys.

    Graders who lead know the seed, and after closing the places of an earlier session: neither tells of this draw.
    """
    return salted_hmac("annotations.assignment", repr(list(answers)), algorithm="sha256").hexdigest()
