"""Criteria that stand in several cases: enough units for a coefficient, where one case alone has too few."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotations.frames import SEED, Ratings, Units
from annotations.stats import Estimate, agreement
from builder.content import MAX_CRITERIA, Criterion

CLUSTER_PREFIX = "cluster:"
COEFFICIENTS = ("percent_agreement", "krippendorff_alpha", "gwet_ac1")
Place = tuple[int, int]  # the case's place in `Units.items`, and the criterion's in its rubric


@dataclass(frozen=True, slots=True)
class SharedCriterion:
    """One criterion of several cases: those with one `cluster:` tag, or with the same words.

    `criterion` is the wording in the first of its cases; `n_wordings` counts them. `members` are (prompt_id, criterion
    index); `red_line` says whether any of them is one.
    """

    criterion: str
    cluster: str
    n_wordings: int
    n_cases: int
    red_line: bool
    members: list[tuple[str, int]]
    estimates: list[Estimate]

    def estimate(self, name: str) -> Estimate:
        """Return one coefficient by name."""
        return next(estimate for estimate in self.estimates if estimate.name == name)


def shared_criteria(units: Units, ratings: Ratings) -> list[SharedCriterion]:
    """Return the criteria that stand in two cases or more of these units, least raw agreement first.

    A criterion belongs to its first `cluster:` tag that spans cases, else to those with the same words. Cost: 1,000
    resamples of cases for each coefficient and shared criterion.
    """
    keys = units.case * MAX_CRITERIA + units.criterion
    found = [
        _pooled(
            units, ratings, label, places, np.isin(keys, [case * MAX_CRITERIA + at for case, at in places])
        )
        for label, places in _groups(units, np.unique(keys).tolist()).items()
    ]
    return sorted(found, key=lambda row: (row.estimates[0].value is None, row.estimates[0].value or 0.0))


def places_like(units: Units, place: Place) -> tuple[str, list[Place]]:
    """Return the places of the criteria of one kind: the same in other cases, else those of its axis, which is named.

    Without an axis there are none.
    """
    keys = np.unique(units.case * MAX_CRITERIA + units.criterion).tolist()
    for members in _groups(units, keys).values():
        if place in members:
            return "", members
    axis = _criterion(units, place).axis
    places = [divmod(key, MAX_CRITERIA) for key in keys]
    return axis, [each for each in places if axis and _criterion(units, each).axis == axis]


def _groups(units: Units, keys: Iterable[int]) -> dict[str, list[Place]]:
    """Return the places of each shared criterion, by its tag or its words."""
    places = [divmod(key, MAX_CRITERIA) for key in keys]
    by_tag: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        for tag in dict.fromkeys(_criterion(units, place).tags):
            if tag.startswith(CLUSTER_PREFIX):
                by_tag[tag].append(place)
    groups: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        criterion = _criterion(units, place)
        shared = next((tag for tag in criterion.tags if _spans_cases(by_tag.get(tag, []))), "")
        groups[shared or _words(criterion)].append(place)
    return {label: members for label, members in groups.items() if _spans_cases(members)}


def _pooled(units: Units, ratings: Ratings, label: str, places: list[Place], mask: Any) -> SharedCriterion:
    criteria = [_criterion(units, place) for place in places]
    return SharedCriterion(
        criterion=criteria[0].criterion,
        cluster=label if any(label in criterion.tags for criterion in criteria) else "",
        n_wordings=len({_words(criterion) for criterion in criteria}),
        n_cases=len({case for case, _index in places}),
        red_line=any(criterion.red_line for criterion in criteria),
        members=[(units.items[case].prompt_id, index) for case, index in places],
        estimates=agreement(ratings.table(units, mask), COEFFICIENTS, seed=SEED),
    )


def _criterion(units: Units, place: Place) -> Criterion:
    return units.items[place[0]].content.rubrics[place[1]]


def _words(criterion: Criterion) -> str:
    return " ".join(criterion.criterion.split())


def _spans_cases(places: list[Place]) -> bool:
    return len({case for case, _index in places}) > 1
