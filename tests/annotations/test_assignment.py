"""Who grades what: shared out evenly, in an order of one's own, the same for the same seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.assignment import plan_assignments

sizes = st.tuples(st.integers(0, 40), st.integers(1, 6)).flatmap(
    lambda both: st.tuples(st.just(both[0]), st.just(both[1]), st.integers(1, both[1]), st.integers(0, 2**31))
)


@given(sizes)
def test_every_answer_gets_its_graders_and_every_grader_an_even_share(
    size: tuple[int, int, int, int],
) -> None:
    n_responses, n_graders, overlap, seed = size
    plan = plan_assignments(range(n_responses), range(n_graders), overlap, seed)
    pairs = [(planned.response, planned.grader) for planned in plan]
    assert len(set(pairs)) == len(pairs) == n_responses * overlap
    assert set(Counter(response for response, _grader in pairs).values()) <= {overlap}
    loads = Counter(dict.fromkeys(range(n_graders), 0))
    loads.update(grader for _response, grader in pairs)
    assert max(loads.values()) - min(loads.values()) <= 1
    for grader, load in loads.items():
        places = [planned.position for planned in plan if planned.grader == grader]
        assert places == list(range(1, load + 1))


def test_the_same_seed_draws_the_same_and_another_seed_another() -> None:
    first = plan_assignments(range(30), range(3), 2, 7)
    assert first == plan_assignments(range(30), range(3), 2, 7)
    assert first != plan_assignments(range(30), range(3), 2, 8)


def test_graders_see_the_same_answers_in_different_orders() -> None:
    plan = plan_assignments(range(20), range(2), 2, 1)
    orders = [[planned.response for planned in plan if planned.grader == grader] for grader in range(2)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(20))
    assert orders[0] != orders[1] != list(range(20))


@pytest.mark.parametrize("overlap", [0, 4])
def test_an_overlap_that_the_graders_cannot_give_is_refused(overlap: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 3"):
        plan_assignments(range(5), range(3), overlap, 0)
