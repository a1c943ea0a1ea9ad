"""What an assignment is planned from, what a plan says, and the refusal of a design that can't be."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations


@dataclass(frozen=True, slots=True)
class Unit:
    """One answer: the case it answers, the run it comes from, and how many graders it needs."""

    case: str
    run: int
    overlap: int


@dataclass(frozen=True, slots=True)
class Grader:
    """Somebody who grades: exactly `quota` answers, or an equal share; never an answer to a `barred` case."""

    name: str
    quota: int | None = None
    barred: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Constraints:
    """What must hold beside overlap and loads; `case_names` says how a refusal calls a case."""

    min_shared: int = 0
    case_names: Mapping[str, str] = field(default_factory=dict)


class Infeasible(ValueError):
    """No plan keeps every rule; the text names the conflict in a sentence, `field` what would have to change."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


@dataclass(frozen=True)
class Plan:
    """Who grades what: for every unit its graders, for every grader the units in their own order, all by place."""

    groups: Sequence[Sequence[int]]
    orders: Sequence[Sequence[int]]

    @property
    def loads(self) -> list[int]:
        """How many answers each grader gets."""
        return [len(order) for order in self.orders]

    @cached_property
    def shared(self) -> dict[tuple[int, int], int]:
        """How many answers each pair of graders shares."""
        pairs = dict.fromkeys(combinations(range(len(self.orders)), 2), 0)
        for group, times in Counter(tuple(sorted(group)) for group in self.groups).items():
            for pair in combinations(group, 2):
                pairs[pair] += times
        return pairs
