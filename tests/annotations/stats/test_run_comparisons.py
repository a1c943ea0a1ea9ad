"""Many runs compared at once equal the runs compared one pair at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotations.stats import holm, paired_difference, paired_differences


def runs(cases: int = 60, missing: float = 0.0) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    base = rng.random(cases)
    made = {
        name: base + rng.normal(shift, 0.2, cases) for name, shift in (("a", 0.0), ("b", 0.1), ("c", 0.02))
    }
    for scores in made.values():
        scores[rng.random(cases) < missing] = np.nan
    return made


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("clustered", [False, True])
def test_all_pairs_equal_each_pair_alone(missing: float, clustered: bool) -> None:
    made = runs(missing=missing)
    cluster = {i: i // 3 for i in range(60)} if clustered else None
    together = paired_differences(made, cluster=cluster, n_boot=4000, n_permutations=8000)
    assert [(c.run_a, c.run_b) for c in together] == [("a", "b"), ("a", "c"), ("b", "c")]
    for comparison in together:
        alone = paired_difference(
            made[comparison.run_a], made[comparison.run_b], cluster=cluster, n_boot=4000, n_permutations=8000
        )
        ours = comparison.difference
        assert ours.mean_difference == pytest.approx(alone.mean_difference, abs=1e-14)
        assert ours.se == pytest.approx(alone.se, abs=1e-14)
        assert (ours.n, ours.n_clusters, ours.status) == (alone.n, alone.n_clusters, alone.status)
        assert (ours.n_only_a, ours.n_only_b) == (alone.n_only_a, alone.n_only_b)
        assert ours.ci_low == pytest.approx(alone.ci_low, abs=0.012)
        assert ours.ci_high == pytest.approx(alone.ci_high, abs=0.012)
        assert ours.p_value == pytest.approx(alone.p_value, abs=0.03)


def test_corrections_are_over_all_pairs_that_have_a_p_value() -> None:
    made = {**runs(), "same": runs()["a"]}
    together = paired_differences(made)
    tested = [c for c in together if c.difference.p_value is not None]
    assert len(together) == 6 and len(tested) == 5
    expected = holm([c.difference.p_value or 0 for c in tested])
    assert [c.p_holm for c in tested] == expected.tolist()
    [same] = [c for c in together if c.difference.status == "no_difference"]
    assert (same.run_a, same.run_b, same.p_holm, same.p_bh) == ("a", "same", None, None)
    assert same.to_dict()["status"] == "no_difference"


def test_comparisons_degenerate() -> None:
    assert paired_differences({}) == []
    assert paired_differences({"only": [1.0]}) == []
    [none] = paired_differences({"a": [1.0, None], "b": [None, 1.0]})
    assert none.difference.status == "undefined_no_pairs"
    [one] = paired_differences({"a": [1.0, 2.0], "b": [None, 1.0]})
    assert (one.difference.status, one.difference.mean_difference) == ("single_unit", 1.0)
    [empty] = paired_differences({"a": [], "b": []})
    assert empty.difference.status == "undefined_no_pairs"
