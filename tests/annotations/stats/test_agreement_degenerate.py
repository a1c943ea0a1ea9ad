"""Degenerate ratings get a named status, never a fake number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotations.stats import STATUSES, Estimate, RatingTable, agreement, cohen_kappa, pairwise_cohen_kappa

CHANCE_FROM_DATA = ["krippendorff_alpha", "fleiss_kappa", "conger_kappa", "scott_pi"]
CHANCE_FROM_Q = ["gwet_ac1", "gwet_ac2", "brennan_prediger"]


def estimates(matrix: Any, names: list[str], **options: Any) -> list[Estimate]:
    table_options = {key: options.pop(key) for key in ("categories", "cluster") if key in options}
    return agreement(RatingTable.from_matrix(matrix, **table_options), names, **options)


def test_one_category_of_unknown_number_is_undefined() -> None:
    for estimate in estimates([[1, 1]] * 20, CHANCE_FROM_DATA + CHANCE_FROM_Q):
        assert estimate.value is None and estimate.ci_low is None and estimate.se is None
        assert estimate.status == "undefined_no_variation"
    [percent] = estimates([[1, 1]] * 20, ["percent_agreement"])
    assert (percent.value, percent.status) == (1.0, "boundary")


def test_one_category_of_two_declared_is_defined_where_chance_does_not_need_the_data() -> None:
    for estimate in estimates([[1, 1]] * 20, CHANCE_FROM_Q, categories=[0, 1]):
        assert (estimate.value, estimate.status) == (1.0, "boundary")
        assert estimate.ci_low is not None and estimate.ci_low < 1.0
    for estimate in estimates([[1, 1]] * 20, CHANCE_FROM_DATA, categories=[0, 1]):
        assert (estimate.value, estimate.status) == (None, "undefined_no_variation")
        assert estimate.pa == 1.0


@pytest.mark.parametrize(
    "matrix", [[[None, None]], [[1], [2]], [[1, None], [None, 2]], np.zeros((0, 2), dtype=int)]
)
def test_nothing_to_pair_is_undefined(matrix: Any) -> None:
    for estimate in estimates(matrix, ["percent_agreement", *CHANCE_FROM_DATA, *CHANCE_FROM_Q]):
        assert estimate.value is None
        assert estimate.status == "undefined_no_pairs"
        assert estimate.n_units_pairable == 0
        assert estimate.note


def test_one_unit_has_a_value_but_no_interval() -> None:
    # Ratings 0 and 1: pa = 0. AC1: pe = 2 * 1/2 * 1/2 = 1/2, so -1. Alpha: 1 - (2 - 1) * 2 / 2 = 0.
    # Conger: the raters' shares do not overlap, pe = 0, so 0. Fleiss: pe = 1/2, so -1.
    expected = {"gwet_ac1": -1.0, "krippendorff_alpha": 0.0, "conger_kappa": 0.0, "fleiss_kappa": -1.0}
    for estimate in estimates([[0, 1]], list(expected)):
        assert estimate.value == expected[estimate.name]
        assert estimate.status == "single_unit"
        assert estimate.se is None and estimate.ci_low is None and estimate.ci_high is None


def test_one_cluster_has_a_value_but_no_interval() -> None:
    [estimate] = estimates([[0, 1], [1, 1], [0, 0]], ["gwet_ac1"], cluster=["c", "c", "c"])
    assert estimate.value is not None and estimate.ci_low is None
    assert estimate.status == "single_unit"
    assert "cluster" in estimate.note


def test_no_disagreement_gives_a_one_sided_exact_bound() -> None:
    # 60 units of two raters, none disagreeing: the share of disagreeing units is at most 1 - .05^(1/60) =
    # .048703. Half the units in each category, pe = 1/2: 1 - .048703 / .5 = .902594; percent agreement 1 -
    # .048703.
    matrix = [[0, 0], [1, 1]] * 30
    [percent, fleiss] = estimates(matrix, ["percent_agreement", "fleiss_kappa"])
    share = 1 - 0.05 ** (1 / 60)
    assert percent.ci_low == pytest.approx(1 - share, abs=1e-12)
    assert fleiss.ci_low == pytest.approx(1 - share / 0.5, abs=1e-12)
    for estimate in (percent, fleiss):
        assert (estimate.status, estimate.ci_method) == ("boundary", "clopper_pearson")
        assert (estimate.ci_high, estimate.se, estimate.n_boot) == (1.0, None, 0)


def test_bound_uses_the_largest_disagreement_a_unit_can_have() -> None:
    # Three raters and two categories: at most two of three pairs differ.
    matrix = [[0, 0, 0], [1, 1, 1]] * 30
    [percent] = estimates(matrix, ["percent_agreement"])
    assert percent.ci_low == pytest.approx(1 - (1 - 0.05 ** (1 / 60)) * 2 / 3, abs=1e-12)


def test_nearly_no_disagreement_is_a_boundary_too() -> None:
    matrix = [[0, 0]] * 49 + [[0, 1]]
    for estimate in estimates(matrix, ["percent_agreement", "krippendorff_alpha", "gwet_ac1"]):
        assert estimate.status == "boundary"
        assert estimate.value is not None and estimate.ci_low is not None and estimate.ci_high == 1.0
        assert estimate.ci_low < estimate.value
        assert estimate.ci_method == "clopper_pearson"
    # The error of a share of 1/50, from resampling: sqrt(.02 * .98 / 50) = .0198.
    [percent] = estimates(matrix, ["percent_agreement"])
    assert percent.se == pytest.approx(0.0198, rel=0.1)
    # The paradox: observed agreement .98, alpha about 0, and the bound admits that nothing is known.
    [alpha] = estimates(matrix, ["krippendorff_alpha"])
    assert alpha.value is not None and abs(alpha.value) < 0.05
    assert alpha.ci_low == -1.0


def test_bound_counts_clusters_not_units() -> None:
    matrix = [[0, 0], [1, 1]] * 30
    [clustered] = estimates(matrix, ["percent_agreement"], cluster=np.repeat(np.arange(6), 10))
    assert clustered.ci_low == pytest.approx(0.05 ** (1 / 6), abs=1e-12)


def test_few_units_are_flagged_with_their_interval() -> None:
    matrix = [[0, 0], [1, 1], [0, 1], [1, 0], [1, 1], [0, 0]]
    [estimate] = estimates(matrix, ["gwet_ac1"], categories=[0, 1])
    assert estimate.status == "few_units"
    assert estimate.ci_low is not None and "rough" in estimate.note


def test_too_many_undefined_resamples_refuse_the_interval() -> None:
    # Two of twelve units hold the second category, and disagree about it: a resample misses both with
    # probability (10/12)^12 = 11 %, and then has one category only.
    matrix = [[0, 0]] * 10 + [[0, 1], [1, 0]]
    [estimate] = estimates(matrix, ["krippendorff_alpha"])
    assert estimate.status == "ci_refused"
    assert estimate.value is not None
    assert estimate.ci_low is None and estimate.se is None
    assert estimate.n_boot == 1000
    assert 0.07 < estimate.n_boot_undefined / 1000 < 0.16


def test_interval_without_width_is_refused() -> None:
    # Every unit is split 2 : 1, so each resample has the same percent agreement, 1/3.
    [percent] = estimates([[0, 0, 1], [1, 0, 1]] * 15, ["percent_agreement"])
    assert percent.value == pytest.approx(1 / 3)
    assert (percent.status, percent.ci_low, percent.se) == ("boundary", None, None)


def test_unit_without_any_rating_is_dropped() -> None:
    with_empty = estimates([[0, 0], [None, None], [0, 1], [1, 1]], ["gwet_ac1", "fleiss_kappa"], ci="none")
    without = estimates([[0, 0], [0, 1], [1, 1]], ["gwet_ac1", "fleiss_kappa"], ci="none")
    assert [e.value for e in with_empty] == [e.value for e in without]
    assert with_empty[0].n_units == 3


def test_scott_is_for_two_raters() -> None:
    [estimate] = estimates([[0, 1, 1], [1, 1, 0]], ["scott_pi"])
    assert (estimate.value, estimate.status) == (None, "not_applicable")


def test_cohen_degenerate() -> None:
    assert cohen_kappa([], []).status == "undefined_no_pairs"
    assert cohen_kappa([1, None], [None, 1]).status == "undefined_no_pairs"
    assert cohen_kappa([1, 1, 1], [1, 1, 1]).status == "undefined_no_variation"
    assert cohen_kappa([1], [2]).status == "single_unit"
    perfect = cohen_kappa([0, 1] * 30, [0, 1] * 30)
    assert (perfect.value, perfect.status, perfect.se) == (1.0, "boundary", None)
    assert perfect.ci_low is not None and perfect.ci_low < 1.0
    with pytest.raises(ValueError, match="2 and 1 ratings"):
        cohen_kappa([1, 2], [1])


def test_pairwise_degenerate_cells_are_nan() -> None:
    # a and b share no unit; b and c agree always; a and c use one category only.
    matrix = [[0, None, 0], [0, None, 0], [None, 1, 1], [None, 0, 0], [None, 1, 1]]
    pairwise = pairwise_cohen_kappa(RatingTable.from_matrix(matrix))
    assert pairwise.n.tolist() == [[2, 0, 2], [0, 3, 3], [2, 3, 5]]
    assert np.isnan(pairwise.kappa[0, 1]) and np.isnan(pairwise.kappa[0, 2])
    assert pairwise.kappa[1, 2] == 1.0
    assert np.isnan(pairwise.se[1, 2])
    assert pairwise.to_dict()["kappa"][0][1] is None


@pytest.mark.parametrize(
    "options, message",
    [
        ({"coefficients": "kappa"}, "Unknown coefficient 'kappa'"),
        ({"metric": "cubic"}, "Unknown metric 'cubic'"),
        ({"weights": "cubic"}, "Unknown weights 'cubic'"),
        ({"ci": "magic"}, "Unknown ci 'magic'"),
        ({"level": 95}, "between 0 and 1"),
        ({"n_boot": 1}, "at least 2 resamples"),
    ],
)
def test_unknown_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        agreement(RatingTable.from_matrix([[0, 1], [1, 1]]), **options)


def test_every_status_is_documented() -> None:
    seen = {
        "ok",
        "few_units",
        "boundary",
        "single_unit",
        "ci_refused",
        "undefined_no_variation",
        "undefined_no_pairs",
    }
    assert seen | {"not_applicable"} <= set(STATUSES)
