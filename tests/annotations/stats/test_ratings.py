"""Ratings become typed codes; what cannot be a rating is refused with a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from annotations.stats import RatingTable, agreement, pairwise_cohen_kappa


def test_missing_values_are_dropped_and_counted() -> None:
    table = RatingTable.from_long([1, 1, 2, 2, 3], ["a", "b", "a", "b", "a"], [1, None, float("nan"), 0, 1])
    assert (table.n_ratings, table.n_missing, table.n_units, table.n_units_pairable) == (3, 2, 3, 0)


def test_minus_one_is_missing_in_typed_integers_only() -> None:
    assert RatingTable.from_long([0, 0], [0, 1], np.array([1, -1], dtype=np.int8)).n_missing == 1
    assert RatingTable.from_long([0, 0], [0, 1], np.array([1.0, -1.0])).n_missing == 0
    assert RatingTable.from_long([0, 0], [0, 1], [1, -1], missing_code=None).categories == (-1, 1)
    assert RatingTable.from_long([0, 0], [0, 1], [1, -1], categories=[-1, 0, 1, 2]).n_missing == 0


def test_minus_one_is_missing_in_integers_that_span_a_wide_range() -> None:
    table = RatingTable.from_long([0, 0, 1], [0, 1, 0], np.array([10_000_000, -1, 5]))
    assert table.n_missing == 1
    assert table.categories == (5, 10_000_000)


@pytest.mark.parametrize("unit", [["u", "u"], [7, 7], [10**12, 10**12]])
def test_duplicate_names_unit_and_rater(unit: list[Any]) -> None:
    with pytest.raises(ValueError, match=rf"Unit {unit[0]!r} has more than one rating by rater 'ann'"):
        RatingTable.from_long(unit, ["ann", "ann"], [1, 1])


def test_duplicate_among_sparse_codes_is_found() -> None:
    unit = np.array([0, 40_000, 40_000])
    many = np.concatenate([unit, np.arange(1, 20_000)])
    rater = np.concatenate([[0, 3, 3], np.arange(1, 20_000) % 900 + 10])
    with pytest.raises(ValueError, match="Unit 40000 has more than one rating by rater 3"):
        RatingTable.from_long(many, rater, np.zeros(many.size, dtype=int))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([1, 2], ["a"], [1, 1]), "same length"),
        (([1, None], ["a", "b"], [1, 1]), "Rating 2 has no unit"),
        (([1, 1], ["a", None], [1, 1]), "Rating 2 has no rater"),
        (([1, 1], ["a", "b"], [1, "x"]), "mix numbers and text"),
        (([1, 1], ["a", "b"], [1.0, float("inf")]), "finite"),
        (([[1], [1]], ["a", "b"], [1, 1]), "one-dimensional"),
    ],
)
def test_bad_columns_are_refused(arguments: Any, message: str) -> None:
    columns = [np.array(column) if isinstance(column[0], list) else column for column in arguments]
    with pytest.raises(ValueError, match=message):
        RatingTable.from_long(*columns)


@pytest.mark.parametrize("values", [[0, 3], ["no", "maybe"], np.array([0, 90_000])])
def test_value_outside_declared_categories_is_named_with_its_row(values: Any) -> None:
    categories = ["no", "yes"] if isinstance(values[0], str) else [0, 1]
    with pytest.raises(ValueError, match=r"Rating 2 has the value .*, which is not a category"):
        RatingTable.from_long([1, 1], ["a", "b"], values, categories=categories)


@pytest.mark.parametrize(
    "categories, message", [([], "empty"), ([1, 1], "repeat"), ([1, None], "missing"), ([1, "x"], "mix")]
)
def test_bad_categories_are_refused(categories: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RatingTable.from_long([1, 1], ["a", "b"], [1, 1], categories=categories)


def test_unit_in_two_clusters_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unit 'u' is in two clusters, 'y' and 'x'|'x' and 'y'"):
        RatingTable.from_long(["u", "u"], ["a", "b"], [1, 1], cluster=["x", "y"])


def test_text_needs_declared_order_for_ordered_metrics() -> None:
    table = RatingTable.from_matrix([["low", "high"], ["low", "low"]])
    with pytest.raises(ValueError, match="declare the categories in order"):
        agreement(table, "krippendorff_alpha", metric="ordinal")
    with pytest.raises(ValueError, match="needs numbers"):
        agreement(table, "krippendorff_alpha", metric="interval")
    ordered = RatingTable.from_matrix([["low", "high"], ["low", "low"]], categories=["low", "mid", "high"])
    assert agreement(ordered, "krippendorff_alpha", metric="ordinal", ci="none")[0].value is not None


def test_ratio_metric_refuses_negative_values() -> None:
    table = RatingTable.from_matrix([[-2.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="zero or more"):
        agreement(table, "krippendorff_alpha", metric="ratio")


def test_matrix_and_data_frame_and_long_agree() -> None:
    frame = pd.DataFrame({"ann": [1, 2, None], "bob": [1, 3, 3]}, index=["u1", "u2", "u3"])
    from_frame = RatingTable.from_matrix(frame)
    assert from_frame.rater_names == ["ann", "bob"]
    long = RatingTable.from_long(
        ["u1", "u1", "u2", "u2", "u3", "u3"], ["ann", "bob"] * 3, [1, 1, 2, 3, None, 3]
    )
    nested = RatingTable.from_matrix([[1, 1], [2, 3], [None, 3]])
    values = [agreement(table, "fleiss_kappa", ci="none")[0].value for table in (from_frame, long, nested)]
    assert values[0] == values[1] == values[2]


@pytest.mark.parametrize("matrix", [np.zeros(3), [[1, 2], [1]]])
def test_matrix_must_be_rectangular(matrix: Any) -> None:
    with pytest.raises(ValueError, match=r"units × raters|differ in length"):
        RatingTable.from_matrix(matrix)


def test_gaps_in_codes_do_not_make_units_or_raters() -> None:
    table = RatingTable.from_long(np.array([5, 5, 9]), np.array([2, 7, 7]), np.array([1, 0, 1]))
    assert (table.n_units, table.n_raters, table.rater_names) == (2, 2, [2, 7])


def test_booleans_are_two_categories() -> None:
    table = RatingTable.from_long([1, 1], ["a", "b"], [True, False])
    assert table.categories == (False, True)


def test_patterns_hold_every_unit_once_however_they_are_collapsed() -> None:
    rng = np.random.default_rng(1)
    for q, raters in ((2, 3), (12, 5), (40, 4), (300, 3)):
        value = rng.integers(0, q, size=(200, raters)).astype(float)
        value[rng.random(value.shape) < 0.3] = np.nan
        table = RatingTable.from_matrix(value, categories=[float(k) for k in range(q)])
        for patterns in (table.patterns, table.rater_patterns):
            total = patterns.multiplicity @ patterns.counts
            assert total.sum() == table.n_ratings
            assert patterns.multiplicity.sum() == (~np.isnan(value)).any(axis=1).sum()
        counted = table.patterns.multiplicity @ table.patterns.counts
        assert counted.tolist() == [int((value == k).sum()) for k in range(q)]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.uint64])
def test_narrow_and_unsigned_codes_do_not_overflow(dtype: Any) -> None:
    # 40 raters x 5 categories do not fit a byte, nor do 120 units x 40 raters.
    rng = np.random.default_rng(0)
    unit, rater = np.divmod(np.arange(4_800), 40)
    value = np.where(rng.random(4_800) < 0.6, unit % 5, rng.integers(0, 5, 4_800))
    plain = RatingTable.from_long(unit, rater, value)
    narrow = RatingTable.from_long(unit.astype(dtype), rater.astype(dtype), value.astype(dtype))
    assert agreement(narrow, n_boot=20) == agreement(plain, n_boot=20)
    assert pairwise_cohen_kappa(narrow).kappa[3, 39] == pairwise_cohen_kappa(plain).kappa[3, 39]
