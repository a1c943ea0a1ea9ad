"""Sample sizes, win rates and length adjustment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from annotations.stats import length_adjusted, minimum_detectable_effect, sample_size, win_rate


def test_sample_size_and_effect_are_inverse() -> None:
    n = sample_size(0.05, 0.1, 0.2, 0.3, samples_a=2, samples_b=4)
    # (1.959964 + .841621)^2 * (.1 + .1 + .075) / .0025 = 863.4 cases.
    assert n == 864
    assert minimum_detectable_effect(n, 0.1, 0.2, 0.3, 2, 4) <= 0.05
    assert minimum_detectable_effect(n - 1, 0.1, 0.2, 0.3, 2, 4) > 0.05


def test_power_is_what_it_says_in_a_simulation() -> None:
    n = sample_size(0.5, 1.0)
    rng = np.random.default_rng(0)
    found = np.abs(rng.normal(0.5, 1.0, (4000, n)).mean(axis=1)) * np.sqrt(n) > stats.norm.ppf(0.975)
    assert found.mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(
    "call",
    [
        lambda: sample_size(0.0, 1.0),
        lambda: sample_size(0.1, -1.0),
        lambda: sample_size(0.1, 1.0, samples_a=0),
        lambda: sample_size(0.1, 1.0, power=1.0),
        lambda: minimum_detectable_effect(0, 1.0),
        lambda: minimum_detectable_effect(5, 1.0, alpha=0.0),
    ],
)
def test_impossible_designs_are_refused(call: Any) -> None:
    with pytest.raises(ValueError, match=r"cannot|must|needs|No number"):
        call()


def test_win_rate_with_ties_by_hand() -> None:
    # Wins 3, ties 1, losses 1: (3 + .5) / 5. Sign test of 3 against 1: p = 2 * (C(4,3) + C(4,4)) / 16 = .625.
    w = win_rate([1, 1, 1, 0.5, 0, None], [0, 0, 0, 0.5, 1, 1])
    assert (w.wins, w.ties, w.losses, w.n, w.rate) == (3, 1, 1, 5, 0.7)
    assert w.p_value == pytest.approx(0.625)
    assert w.status == "few_units"


def test_win_rate_interval_agrees_with_the_normal_one() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(500), rng.random(500) - 0.2
    w = win_rate(a, b)
    assert w.rate is not None
    reach = 1.96 * np.sqrt(w.rate * (1 - w.rate) / 500)
    assert w.ci_low == pytest.approx(w.rate - reach, abs=0.01)
    assert w.ci_high == pytest.approx(w.rate + reach, abs=0.01)


def test_win_rate_of_clustered_cases_has_no_sign_test() -> None:
    w = win_rate([1.0] * 6 + [0.0] * 6, [0.5] * 12, cluster={i: i // 4 for i in range(12)})
    assert w.p_value is None
    assert w.ci_low is not None


def test_win_rate_degenerate() -> None:
    assert win_rate([], []).status == "undefined_no_pairs"
    assert win_rate([1.0], [0.0]).status == "single_unit"
    assert win_rate([1.0, 1.0], [1.0, 1.0]).status == "no_difference"
    always = win_rate([1.0] * 20, [0.0] * 20)
    # One-sided exact bound: .05^(1/20).
    assert (always.status, always.ci_high) == ("boundary", 1.0)
    assert always.ci_low == pytest.approx(0.05 ** (1 / 20))
    never = win_rate([0.0] * 20, [1.0] * 20)
    assert never.ci_low == 0.0
    assert never.ci_high == pytest.approx(1 - 0.05 ** (1 / 20))


def test_length_adjustment_is_linear_both_ways() -> None:
    adjusted = length_adjusted([0.4, 0.4, float("nan")], [2500, 1500, 2000])
    assert adjusted[:2].tolist() == pytest.approx([0.4 - 0.0147, 0.4 + 0.0147])
    assert np.isnan(adjusted[2])
    with pytest.raises(ValueError, match="2 scores but 1 lengths"):
        length_adjusted([1.0, 1.0], [10])
    with pytest.raises(ValueError, match="negative number"):
        length_adjusted([1.0], [-1])
