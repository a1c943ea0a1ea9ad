"""Mending groups by exchanges until every pair of graders shares enough answers."""

import random
from collections.abc import Sequence
from itertools import combinations

from annotations.assignment.design import Grader, Unit

TRIES_PER_PAIR, LEAST_TRIES, MOST_TRIES = 2_000, 20_000, 100_000
# How often an exchange that helps nobody is kept all the same, so that the search leaves dead ends.
WANDERING = 0.2


class Exchanges:
    """Two graders of one run's answers change places: loads, runs and overlap stay what they are."""

    def __init__(
        self,
        units: Sequence[Unit],
        graders: Sequence[Grader],
        groups: Sequence[list[int]],
        draw: random.Random,
    ) -> None:
        self.groups = groups
        self._units, self._graders, self._draw = units, graders, draw
        self._shared = [[0] * len(graders) for _grader in graders]
        self._of_run: dict[tuple[int, int], list[int]] = {}
        for place, group in enumerate(groups):
            for one in group:
                self._of_run.setdefault((units[place].run, one), []).append(place)
                for other in group:
                    self._shared[one][other] += one != other

    def mend(self, wanted: int) -> int:
        """Exchange until every pair shares `wanted` answers, or nothing more is found; return the least shared."""
        pairs = list(combinations(range(len(self._graders)), 2))
        tries = min(MOST_TRIES, max(LEAST_TRIES, TRIES_PER_PAIR * len(pairs)))
        short = self._short(pairs, wanted)
        while short and tries:
            tries -= 1
            self._try(self._draw.choice(short), wanted)
            if tries % 16 == 0 or len(short) == 1:
                short = self._short(pairs, wanted)
        return min((self._shared[one][other] for one, other in pairs), default=0)

    def _short(self, pairs: Sequence[tuple[int, int]], wanted: int) -> list[tuple[int, int]]:
        return [(one, other) for one, other in pairs if self._shared[one][other] < wanted]

    def _try(self, pair: tuple[int, int], wanted: int) -> None:
        """Bring a pair together on one answer: the second takes a colleague's place there and leaves an own one."""
        first, second = pair if self._draw.random() < 0.5 else pair[::-1]
        runs = [run for run, grader in self._of_run if grader == first and (run, second) in self._of_run]
        if not runs:
            return
        run = self._draw.choice(runs)
        here = self._draw.choice(self._of_run[run, first])
        there = self._draw.choice(self._of_run[run, second])
        leaving = [one for one in self.groups[here] if one != first and one not in self.groups[there]]
        if second in self.groups[here] or not leaving or here == there:
            return
        colleague = self._draw.choice(leaving)
        if self._barred(second, here) or self._barred(colleague, there):
            return
        change = self._change(here, colleague, second, wanted) + self._change(
            there, second, colleague, wanted
        )
        if change < 0 or (change == 0 and self._draw.random() < WANDERING):
            self._put(here, colleague, second)
            self._put(there, second, colleague)

    def _barred(self, grader: int, place: int) -> bool:
        return self._units[place].case in self._graders[grader].barred

    def _change(self, place: int, out: int, into: int, wanted: int) -> int:
        """Return by how much the missing shared answers grow when one grader of an answer is replaced."""
        change = 0
        for one in self.groups[place]:
            if one != out:
                change += self._shared[out][one] <= wanted
                change -= self._shared[into][one] < wanted
        return change

    def _put(self, place: int, out: int, into: int) -> None:
        group, run = self.groups[place], self._units[place].run
        group[group.index(out)] = into
        self._of_run[run, out].remove(place)
        self._of_run[run, into].append(place)
        for one in group:
            if one != into:
                for mine, change in ((out, -1), (into, 1)):
                    self._shared[mine][one] += change
                    self._shared[one][mine] += change
