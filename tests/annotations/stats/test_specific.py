"""Specific agreement and Light's kappa."""

from __future__ import annotations

import numpy as np
import pytest

from annotations.stats import RatingTable, light_kappa, pairwise_cohen_kappa, specific_agreement


def test_positive_and_negative_agreement_of_two_raters() -> None:
    # Cicchetti & Feinstein (1990): a = 80, b = 10, c = 5, d = 5: positive 160/175, negative 10/25.
    rows = [[1, 1]] * 80 + [[1, 0]] * 10 + [[0, 1]] * 5 + [[0, 0]] * 5
    negative, positive = specific_agreement(RatingTable.from_matrix(rows, categories=[0, 1]))
    assert positive.value == pytest.approx(160 / 175)
    assert negative.value == pytest.approx(10 / 25)
    assert positive.status == negative.status == "ok"
    assert negative.ci_low is not None and negative.ci_high is not None
    assert negative.ci_high > negative.ci_low + 0.2


def test_specific_agreement_of_three_raters_by_hand() -> None:
    # Units (1,1,0), (1,1,1), (0,0,-), (1,-,-). For 1: pairs 2*1 + 3*2 = 8 of 2*2 + 3*2 = 10. For 0: 0 + 2*1 =
    # 2 of 1*2 + 2*1 = 4. The single rating counts nowhere.
    table = RatingTable.from_matrix([[1, 1, 0], [1, 1, 1], [0, 0, None], [1, None, None]])
    zero, one = specific_agreement(table, ci="none")
    assert (zero.value, one.value) == (0.5, 0.8)


def test_specific_agreement_degenerate() -> None:
    zero, one, two = specific_agreement(
        RatingTable.from_matrix([[1, 1]] * 12 + [[2, None]], categories=[0, 1, 2])
    )
    assert (zero.value, zero.status) == (None, "undefined_no_pairs")
    assert (one.value, one.status) == (1.0, "boundary")
    assert one.ci_low is not None and one.ci_low < 1.0
    assert two.status == "undefined_no_pairs"
    [only] = specific_agreement(RatingTable.from_matrix([[1], [1]]))
    assert only.status == "undefined_no_pairs"


@pytest.mark.parametrize("weights", [None, "quadratic"])
def test_light_kappa_is_the_mean_over_pairs(weights: None) -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, (50, 1))
    matrix = np.where(rng.random((50, 4)) < 0.6, truth, rng.integers(0, 3, (50, 4)))
    matrix[rng.random(matrix.shape) < 0.2] = -1
    table = RatingTable.from_matrix(matrix)
    pairwise = pairwise_cohen_kappa(table, weights)
    estimate = light_kappa(table, weights)
    assert estimate.value == pytest.approx(np.nanmean(pairwise.kappa), abs=1e-12)
    assert estimate.ci_low is not None and estimate.ci_high is not None
    assert estimate.value is not None and estimate.ci_low < estimate.value < estimate.ci_high
    jackknife = light_kappa(table, weights, ci="jackknife")
    assert jackknife.se == pytest.approx(estimate.se, rel=0.25)


def test_light_kappa_leaves_out_pairs_without_a_kappa() -> None:
    # Raters 0 and 1 share one category only, raters 0 and 2 nothing: only the pair (1, 2) has a kappa.
    matrix = [[0, 0, None], [0, 0, None], [None, 1, 1], [None, 0, 1], [None, 0, 0], [None, 1, 1]]
    estimate = light_kappa(RatingTable.from_matrix(matrix), ci="none")
    assert estimate.value == pytest.approx(0.5)
    assert light_kappa(RatingTable.from_matrix([[0], [1]])).status == "undefined_no_pairs"


def test_light_kappa_of_a_huge_table_is_refused_with_a_way_out() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="pairwise_cohen_kappa"):
        light_kappa(RatingTable.from_matrix(rng.integers(0, 8, (4_000, 20))))


def test_bound_of_specific_agreement_lets_a_unit_disagree_wholly() -> None:
    # Three raters, 30 units each way: one rater alone in a category shares it with nobody, so a unit can lose
    # all.
    rows = [[1, 1, 1]] * 30 + [[0, 0, 0]] * 30
    for estimate in specific_agreement(RatingTable.from_matrix(rows)):
        assert estimate.ci_low == pytest.approx(0.05 ** (1 / 30))
