"""Who grades what: every rule kept over random designs, what can't be refused in a sentence, orders that tell nothing.

Whether a design is feasible is judged by another program: a whole-number program over every possible group of graders,
written from the rules in docs/adr/0018 and not from the product's code.
"""

import itertools
import math
import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.stats import chi2_contingency

from annotations.assignment import Constraints, Grader, Infeasible, Plan, Unit, plan, shuffled

DESIGNS = 100


def crossed(
    n_cases: int, n_runs: int, overlap: int, *, safety: int = 0, safety_overlap: int = 0
) -> list[Unit]:
    """Return every run's answer to every case; the first `safety` cases need `safety_overlap` graders."""
    return [
        Unit(f"case {case}", run, safety_overlap if case < safety else overlap)
        for case in range(n_cases)
        for run in range(n_runs)
    ]


def people(number: int, **quotas: int) -> list[Grader]:
    """Return graders A, B, C …; `A=20` sets how many A gets."""
    names = [chr(ord("A") + place) for place in range(number)]
    return [Grader(name, quotas.get(name)) for name in names]


def rounded_share(load: int, part: int, whole: int) -> tuple[int, int]:
    """Return a share of a run as the whole numbers below and above it."""
    share = Fraction(load * part, whole)
    return math.floor(share), math.ceil(share)


def load_range(units: Sequence[Unit], graders: Sequence[Grader]) -> list[tuple[int, int]]:
    """Return the least and most answers of each grader: the quota, or an equal share of the rest."""
    rest = sum(unit.overlap for unit in units) - sum(grader.quota or 0 for grader in graders)
    free = sum(grader.quota is None for grader in graders) or 1
    equal = (math.floor(Fraction(rest, free)), math.ceil(Fraction(rest, free)))
    return [equal if grader.quota is None else (grader.quota, grader.quota) for grader in graders]


def run_sizes(units: Sequence[Unit]) -> Counter[int]:
    """Return how many assignments each run's answers need."""
    sizes: Counter[int] = Counter()
    for unit in units:
        sizes[unit.run] += unit.overlap
    return sizes


def broken_rules(made: Plan, units: Sequence[Unit], graders: Sequence[Grader], min_shared: int) -> list[str]:
    """Return every rule a plan breaks, counted from its orders alone."""
    broken = []
    per_unit: dict[int, list[int]] = {place: [] for place in range(len(units))}
    for grader, order in enumerate(made.orders):
        for place in order:
            per_unit[place].append(grader)
    for place, group in per_unit.items():
        if len(group) != units[place].overlap or len(set(group)) < len(group):
            broken.append(f"unit {place} has graders {group}")
        broken += [f"{graders[g].name} is barred" for g in group if units[place].case in graders[g].barred]
        if sorted(made.groups[place]) != sorted(group):
            broken.append(f"unit {place}: groups and orders differ")
    sizes, slots = run_sizes(units), sum(unit.overlap for unit in units)
    for grader, (low, high) in enumerate(load_range(units, graders)):
        order = made.orders[grader]
        if not low <= len(order) <= high:
            broken.append(f"load {len(order)} not in {low}…{high}")
        of_run = Counter(units[place].run for place in order)
        for run, size in sizes.items():
            least, most = rounded_share(low, size, slots)[0], rounded_share(high, size, slots)[1]
            if not least <= of_run[run] <= most:
                broken.append(f"run {run}: {of_run[run]} not in {least}…{most}")
        if len(sizes) > 1 and len(of_run) < 2:
            broken.append(f"{graders[grader].name} sees one run only")
        if len(set(sizes.values())) == 1 and max(of_run.values()) - min(of_run[run] for run in sizes) > 1:
            broken.append("per-run load differs by more than one")
    shared = Counter(pair for group in per_unit.values() for pair in itertools.combinations(sorted(group), 2))
    pairs = itertools.combinations(range(len(graders)), 2)
    return broken + [f"pair {pair} shares {shared[pair]}" for pair in pairs if shared[pair] < min_shared]


def is_feasible(units: Sequence[Unit], graders: Sequence[Grader], min_shared: int) -> bool:
    """Say whether any plan keeps all rules: how many units of each sort does each possible group judge?"""
    places = range(len(graders))
    sorts: Counter[tuple[int, int, tuple[int, ...]]] = Counter()
    for unit in units:
        may = tuple(g for g in places if unit.case not in graders[g].barred)
        if len(may) < unit.overlap:
            return False
        sorts[unit.run, unit.overlap, may] += 1
    choices = [(sort, set(group)) for sort in sorts for group in itertools.combinations(sort[2], sort[1])]
    rows: list[tuple[list[int], float, float]] = []

    def ask(belongs, low: float, high: float) -> None:  # type: ignore[no-untyped-def]
        rows.append(([int(belongs(sort, group)) for sort, group in choices], low, high))

    for sort, number in sorts.items():
        ask(lambda own, _group, sort=sort: own == sort, number, number)
    sizes, slots = run_sizes(units), sum(unit.overlap for unit in units)
    for g, (low, high) in enumerate(load_range(units, graders)):
        if low > high or low < 0:
            return False
        ask(lambda _sort, group, g=g: g in group, low, high)
        for run, size in sizes.items():
            least, most = rounded_share(low, size, slots)[0], rounded_share(high, size, slots)[1]
            ask(lambda sort, group, g=g, run=run: g in group and sort[0] == run, least, most)
            if len(sizes) > 1:
                ask(lambda sort, group, g=g, run=run: g in group and sort[0] != run, 1, math.inf)
    for one, other in itertools.combinations(places, 2):
        ask(lambda _sort, group, one=one, other=other: {one, other} <= group, min_shared, math.inf)
    if min(low for low, _high in load_range(units, graders)) < (2 if len(sizes) > 1 else 1):
        return False
    found = milp(
        np.zeros(len(choices)), integrality=np.ones(len(choices)), bounds=Bounds(0, np.inf),
        constraints=LinearConstraint(*(np.array(part, dtype=float) for part in zip(*rows, strict=True))),
        options={"time_limit": 60},
    )  # fmt: skip
    assert found.status in (0, 2), found.message
    return bool(found.status == 0)


def random_design(number: int) -> tuple[list[Unit], list[Grader], int]:
    """Return one of the designs: 2 to 6 graders, 1 to 4 runs, overlaps, quotas, own cases, a minimum to share."""
    draw = random.Random(number)
    n_graders, n_runs, n_cases = draw.randint(2, 6), draw.randint(1, 4), draw.randint(4, 24)
    overlap = draw.randint(1, n_graders)
    units = crossed(
        n_cases, n_runs, overlap, safety=draw.choice((0, 0, n_cases // 4)),
        safety_overlap=draw.randint(overlap, n_graders),
    )  # fmt: skip
    if draw.random() < 0.3:  # a run that didn't answer every case
        units = [unit for unit in units if unit.run or draw.random() < 0.7] or units
    barred: list[frozenset[str]] = [frozenset()] * n_graders
    if draw.random() < 0.4:
        cases = [f"case {case}" for case in range(n_cases)]
        barred = [frozenset(draw.sample(cases, draw.randint(0, n_cases // 3))) for _grader in barred]
    slots = sum(unit.overlap for unit in units)
    quotas: list[int | None] = [None] * n_graders
    if draw.random() < 0.4:
        equal = slots // n_graders
        quotas[0] = max(1, equal + draw.randint(-equal // 3 - 1, equal // 3 + 1))
        if draw.random() < 0.3:
            quotas = [equal + draw.randint(0, 1) for _grader in quotas]
    graders = [
        Grader(f"Grader {place}", quota, own)
        for place, (quota, own) in enumerate(zip(quotas, barred, strict=True))
    ]
    together = sum(unit.overlap * (unit.overlap - 1) // 2 for unit in units)
    usual = together // math.comb(n_graders, 2)
    return units, graders, draw.choice((0, usual // 2, max(0, usual - 1), usual, usual + 1))


def test_over_100_random_designs_every_feasible_one_is_kept_and_every_other_refused() -> None:
    outcomes: Counter[bool] = Counter()
    for number in range(DESIGNS):
        units, graders, min_shared = random_design(number)
        feasible = is_feasible(units, graders, min_shared)
        try:
            made = plan(units, graders, Constraints(min_shared), seed=number, secret="test")
        except Infeasible as refused:
            assert not feasible, (number, refused.sentence)
            assert refused.sentence.endswith(".") and refused.field
        else:
            assert feasible, number
            assert broken_rules(made, units, graders, min_shared) == [], number
        outcomes[feasible] += 1
    assert outcomes[True] >= 40 and outcomes[False] >= 20, outcomes


@given(
    size=st.tuples(st.integers(2, 15), st.integers(1, 4), st.integers(2, 8)),
    share=st.floats(0, 1), seed=st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_without_quotas_and_own_cases_a_plan_is_always_found(
    size: tuple[int, int, int], share: float, seed: int
) -> None:
    """A table of proportional shares can always be rounded so that rows and columns keep their sums."""
    n_cases, n_runs, n_graders = size
    overlap = 1 + round(share * (n_graders - 1))
    units, graders = crossed(n_cases, n_runs, overlap), people(n_graders)
    if len(units) * overlap < min(n_runs, 2) * n_graders:
        return
    assert broken_rules(plan(units, graders, seed=seed), units, graders, 0) == []


def test_cases_are_spread_over_the_graders() -> None:
    """100 cases × 2 runs × 2 graders make 4 judgements of each case: with 4 graders, one each."""
    units, graders = crossed(100, 2, 2), people(4)
    made = plan(units, graders, Constraints(30), seed=3)
    for order in made.orders:
        assert Counter(units[place].case for place in order) == dict.fromkeys(
            {unit.case for unit in units}, 1
        )


def test_every_run_s_safety_cases_are_spread_too() -> None:
    """10 safety cases with 4 of 6 graders, 2 runs: 80 judgements, 13 or 14 for each grader."""
    units = crossed(40, 2, 2, safety=10, safety_overlap=4)
    made = plan(units, people(6), seed=1)
    counts = [sum(units[place].overlap == 4 for place in order) for order in made.orders]
    assert max(counts) - min(counts) <= 2 and sum(counts) == 80


def test_a_design_only_one_pattern_satisfies_is_found() -> None:
    """Seven answers, seven graders, three each, every pair shares exactly one: the Fano plane, and nothing else."""
    made = plan([Unit(f"c{n}", 0, 3) for n in range(7)], people(7), Constraints(1), seed=5)
    assert set(made.shared.values()) == {1}


def test_the_same_seed_draws_the_same_and_another_seed_or_secret_another() -> None:
    units, graders = crossed(15, 2, 2), people(3)
    first = plan(units, graders, seed=7, secret="a")
    assert first == plan(units, graders, seed=7, secret="a")
    for seed, secret in ((8, "a"), (7, "b")):
        other = plan(units, graders, seed=seed, secret=secret)
        assert first.orders != other.orders
        assert (
            sorted(map(tuple, first.groups)) != list(map(tuple, first.groups)) or first.groups != other.groups
        )


def test_graders_see_the_same_answers_in_different_orders() -> None:
    made = plan(crossed(10, 2, 2), people(2), seed=1)
    assert sorted(made.orders[0]) == sorted(made.orders[1]) == list(range(20))
    assert made.orders[0] != made.orders[1] != list(range(20))


def test_the_order_in_a_large_session_is_uncorrelated_with_the_run() -> None:
    """10,000 assignments: which tenth of somebody's order an answer stands in says nothing of its run."""
    units = crossed(1_250, 4, 2)
    made = plan(units, people(5), seed=2026, secret="fixed")
    table = np.zeros((10, 4), dtype=int)
    for order in made.orders:
        for place, answer in enumerate(order):
            table[10 * place // len(order), units[answer].run] += 1
    assert table.sum() == 10_000
    assert chi2_contingency(table).pvalue > 0.01


def test_over_10_000_orders_the_first_answer_is_uncorrelated_with_the_run() -> None:
    """10,000 orders of 6 answers of 3 runs: which run stands at which place, whatever the seed."""
    table = np.zeros((6, 3), dtype=int)
    for seed in range(10_000):
        for place, answer in enumerate(shuffled(range(6), f"{seed}:fixed:0")):
            table[place, answer % 3] += 1
    assert chi2_contingency(table).pvalue > 0.01
    assert chi2_contingency(table[[0, -1]]).pvalue > 0.01


@pytest.mark.parametrize(
    ("units", "graders", "min_shared", "sentence"),
    [
        (crossed(5, 1, 4), people(3), 0, "Each answer can have from 1 to 3 graders, not 4."),
        (crossed(5, 1, 0), people(3), 0, "Each answer can have from 1 to 3 graders, not 0."),
        (
            crossed(5, 1, 4),
            [Grader("A", barred=frozenset({"case 2"})), *people(4)[1:]],
            0,
            "Only 3 of the chosen people may grade answers to case “Sepsis”, since nobody grades their own cases, "
            "but each answer needs 4 graders.",
        ),
        (
            crossed(100, 1, 2), people(2, A=90, B=90), 0,
            "How many each adds up to 180 answers, but 200 are needed.",
        ),
        (
            crossed(10, 1, 2), people(3, A=15, B=15), 0,
            "How many each adds up to 30 answers, but 20 are needed.",
        ),
        (crossed(10, 1, 2), people(3, A=15), 0, "A is to grade 15 answers, but may grade only 10."),
        (
            crossed(10, 1, 1),
            [Grader("A", barred=frozenset(f"case {n}" for n in range(6))), *people(2)[1:]],
            0,
            "An equal share is 5 answers, but A may grade only 4. Set how many each.",
        ),
        (
            crossed(80, 1, 2), people(4), 20,
            # 40 answers with one colleague each, spread over three colleagues: 13.3.
            "With 40 answers each, pairs of graders share 13 answers at most; you asked for 20. Let more people "
            "grade each answer, or ask for fewer shared answers.",
        ),
        (
            crossed(10, 1, 2),
            [Grader("A", barred=frozenset(f"case {n}" for n in range(5))),
             Grader("B", barred=frozenset(f"case {n}" for n in range(4, 8))), *people(6)[2:]],
            3,
            "A and B can share 2 answers at most; you asked for 3.",
        ),
        (
            crossed(2, 1, 1), people(3), 0,
            "There are too few answers: A would get none. Choose fewer graders.",
        ),
        (
            crossed(1, 2, 1), people(2), 0,
            "A would get 1 of the answers and so not see answers of two runs. Choose fewer graders, more graders for "
            "each answer, or more for this person.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_conflict_named(
    units: list[Unit], graders: list[Grader], min_shared: int, sentence: str
) -> None:
    with pytest.raises(Infeasible) as refused:
        plan(units, graders, Constraints(min_shared, {"case 2": "Sepsis"}))
    assert refused.value.sentence == sentence


def test_own_cases_that_leave_no_way_name_the_person() -> None:
    """Ten answers, one grader each, five each by quota: two wrote the same six cases, so the third would get six."""
    own = frozenset(f"case {n}" for n in range(6))
    graders = [Grader("A", 3, own), Grader("B", 3, own), Grader("C", 4)]
    with pytest.raises(Infeasible, match=r"would get .* answers instead of"):
        plan(crossed(10, 1, 1), graders)


def test_runs_that_cannot_be_mixed_say_so() -> None:
    """Run 1 answered only what A wrote: A can see nothing of it."""
    units = [Unit(f"case {n}", 0, 1) for n in range(10)] + [Unit(f"case {n}", 1, 1) for n in range(10, 14)]
    graders = [Grader("A", barred=frozenset(f"case {n}" for n in range(10, 14))), Grader("B")]
    with pytest.raises(Infeasible, match="can’t be mixed evenly"):
        plan(units, graders)


def test_no_answers_make_an_empty_plan() -> None:
    assert plan([], people(2)) == Plan([], [[], []])


def test_a_large_design_keeps_every_rule() -> None:
    """20,000 answers with 3 of 5 graders: 60,000 assignments, of which each pair shares 20,000 × 3 / 10 = 6,000."""
    units, graders = crossed(5_000, 4, 3), people(5)
    made = plan(units, graders, Constraints(5_990), seed=1)
    assert broken_rules(made, units, graders, 5_990) == []
