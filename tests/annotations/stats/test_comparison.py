"""Comparisons of runs, rates of rare events and worst-at-k."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats

from annotations.stats import (
    RubricGrades,
    benjamini_hochberg,
    case_scores,
    clustered_se,
    holm,
    paired_difference,
    red_line_rate,
    worst_at_k,
)


def test_paired_difference_by_hand() -> None:
    # Differences .4, .2, .2: mean .2667. All 8 sign flips: only +++ and --- reach .8 in size, p = 2/8.
    result = paired_difference([0.9, 0.8, 0.7, 0.6, None], [0.5, 0.6, 0.5, None, 0.1])
    assert result.mean_difference == pytest.approx(0.8 / 3)
    assert (result.n, result.n_only_a, result.n_only_b) == (3, 1, 1)
    assert (result.p_value, result.n_permutations) == (0.25, 8)
    assert result.status == "few_units"
    # Clustered error with one case per cluster: sqrt(sum d^2) / n of deviations .1333, -.0667, -.0667.
    assert result.se == pytest.approx(np.sqrt(0.16 / 9 + 2 * 0.04 / 9) / 3)


def test_paired_difference_agrees_with_normal_theory_on_many_cases() -> None:
    rng = np.random.default_rng(0)
    a, noise = rng.random(400), rng.normal(0.03, 0.2, 400)
    result = paired_difference(a, a - noise)
    t = stats.ttest_1samp(noise, 0.0)
    low, high = t.confidence_interval(0.95)
    assert result.mean_difference == pytest.approx(noise.mean())
    assert result.ci_low == pytest.approx(low, abs=0.003)
    assert result.ci_high == pytest.approx(high, abs=0.003)
    assert result.p_value == pytest.approx(t.pvalue, abs=0.01)
    assert result.status == "ok"


def test_paired_difference_keeps_clusters_together() -> None:
    # Ten variants of each of 20 vignettes with one shared difference: 20 pieces of news, not 200.
    rng = np.random.default_rng(3)
    shift = rng.normal(0, 1, 20)
    difference = np.repeat(shift, 10)
    cluster = {i: i // 10 for i in range(200)}
    together = paired_difference(difference, np.zeros(200), cluster=cluster, n_boot=4000)
    apart = paired_difference(difference, np.zeros(200), n_boot=4000)
    assert together.n_clusters == 20
    assert together.se == pytest.approx(shift.std() / np.sqrt(20))
    assert together.ci_low is not None and together.ci_high is not None
    assert apart.ci_low is not None and apart.ci_high is not None
    width, naive = together.ci_high - together.ci_low, apart.ci_high - apart.ci_low
    assert width / naive == pytest.approx(np.sqrt(10), rel=0.15)


def test_paired_difference_takes_case_scores() -> None:
    a = case_scores(RubricGrades.from_arrays([0, 1, 2], [1, 1, 1], [1, 1, -1]))
    b = case_scores(RubricGrades.from_arrays([0, 1, 2], [1, 1, 1], [0, 1, 1]))
    result = paired_difference(a, b)
    assert (result.mean_difference, result.n, result.n_only_b) == (0.5, 2, 1)


@pytest.mark.parametrize(
    "a, b, status",
    [
        ([], [], "undefined_no_pairs"),
        ([1.0, None], [None, 1.0], "undefined_no_pairs"),
        ([1.0], [0.5], "single_unit"),
        ([0.5, 0.7], [0.5, 0.7], "no_difference"),
    ],
)
def test_paired_difference_degenerate(a: Any, b: Any, status: str) -> None:
    result = paired_difference(a, b)
    assert result.status == status
    assert result.ci_low is None and result.p_value is None and result.note


def test_clustered_se_equals_millers_double_sum() -> None:
    rng = np.random.default_rng(0)
    values, cluster = rng.random(50), rng.integers(0, 12, 50)
    deviation = values - values.mean()
    double = sum(
        deviation[i] * deviation[j] for i in range(50) for j in range(50) if cluster[i] == cluster[j]
    )
    assert clustered_se(values, cluster) == pytest.approx(np.sqrt(double) / 50, abs=1e-14)


def test_clustered_se_without_clusters_is_the_standard_error_of_the_mean() -> None:
    values = [0.1, 0.4, 0.9, 0.3]
    assert clustered_se(values) == pytest.approx(stats.sem(values))
    assert clustered_se([1.0]) is None
    assert clustered_se([1.0, 2.0], ["a", "a"]) is None
    with pytest.raises(ValueError, match="2 values but 1"):
        clustered_se([1.0, 2.0], ["a"])


def test_holm_by_hand() -> None:
    # Sorted .01 .02 .03 .04: times 4, 3, 2, 1 = .04 .06 .06 .04, made non-decreasing: .04 .06 .06 .06.
    assert holm([0.03, 0.01, 0.04, 0.02]).tolist() == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).size == 0


def test_benjamini_hochberg_by_hand() -> None:
    # Sorted .01 .02 .03 .04: times 4/1, 4/2, 4/3, 4/4 = .04 .04 .04 .04.
    assert benjamini_hochberg([0.03, 0.01, 0.04, 0.02]).tolist() == pytest.approx([0.04] * 4)
    assert benjamini_hochberg([]).size == 0


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_p_values_must_be_probabilities(adjust: Any) -> None:
    for bad in ([1.2], [-0.1], [float("nan")]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            adjust(bad)


def test_worst_at_k_equals_enumeration() -> None:
    scores = np.random.default_rng(0).normal(0.5, 0.4, size=(7, 6))
    for k in range(1, 7):
        enumerated = np.mean(
            [[min(subset) for subset in combinations(row, k)] for row in scores], axis=1
        ).mean()
        assert worst_at_k(scores, k) == pytest.approx(np.clip(enumerated, 0, 1), abs=1e-12)
    every = worst_at_k(scores)
    assert every is not None and every[2] == worst_at_k(scores, 3)


def test_worst_at_k_of_many_samples_does_not_overflow() -> None:
    scores = np.tile(np.arange(3000) / 3000, (2, 1))
    every = worst_at_k(scores)
    assert every is not None and np.isfinite(every).all()
    assert every[0] == pytest.approx(scores[0].mean())
    assert every[-1] == 0.0


def test_worst_at_k_leaves_out_cases_with_a_missing_sample() -> None:
    assert worst_at_k([[0.2, 0.4], [0.9, float("nan")]], 2) == pytest.approx(0.2)
    assert worst_at_k([[float("nan"), 1.0]]) is None


@pytest.mark.parametrize("scores, k", [([0.1, 0.2], None), ([[0.1, 0.2]], 0), ([[0.1, 0.2]], 3)])
def test_worst_at_k_refuses_bad_input(scores: Any, k: Any) -> None:
    with pytest.raises(ValueError, match=r"cases × samples|k must lie"):
        worst_at_k(scores, k)


@pytest.mark.parametrize(
    "failures, n, low, high",
    [
        # Wilson 95 %, as printed by R prop.test(x, n, correct = FALSE).
        (1, 10, 0.0178762, 0.4041500),
        (81, 263, 0.2553303, 0.3662117),
        (15, 148, 0.0623933, 0.1605172),
        (29, 29, 0.8830305, 1.0),
    ],
)
def test_red_line_rate_is_wilson(failures: int, n: int, low: float, high: float) -> None:
    rate = red_line_rate(failures, n)
    theirs = stats.binomtest(failures, n).proportion_ci(0.95, method="wilson")
    assert (rate.ci_low, rate.ci_high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert (rate.ci_low, rate.ci_high) == pytest.approx((low, high), abs=2e-4)
    assert rate.ci_method == "wilson"


def test_red_line_rate_without_failures_is_the_rule_of_three() -> None:
    rate = red_line_rate(0, 150)
    assert (rate.rate, rate.ci_low, rate.ci_high, rate.ci_method) == (0.0, 0.0, 0.02, "rule_of_three")
    assert red_line_rate(0, 2).ci_high == 1.0
    # Exact bound 1 - .01^(1/150); the rule of three at 99 % is -ln(.01)/150, a little wider.
    other = red_line_rate(0, 150, level=0.99).ci_high
    assert other is not None and 1 - 0.01 ** (1 / 150) <= other <= 0.031
    assert red_line_rate(0, 0).ci_high is None


@pytest.mark.parametrize("failures, n, level", [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_red_line_rate_refuses_bad_input(failures: int, n: int, level: float) -> None:
    with pytest.raises(ValueError, match=r"failures among|between 0 and 1"):
        red_line_rate(failures, n, level)
