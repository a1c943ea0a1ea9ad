"""Properties that hold for every table of ratings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from annotations.stats import COEFFICIENTS, RatingTable, agreement

matrices = hnp.arrays(
    np.int64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=8), elements=st.integers(-1, 3)
)
fast = settings(max_examples=60, deadline=None)


def values(matrix: Any, **options: Any) -> dict[str, float | None]:
    table = RatingTable.from_matrix(matrix, categories=range(4))
    return {e.name: e.value for e in agreement(table, list(COEFFICIENTS), ci="none", **options)}


def assert_same(first: dict[str, float | None], second: dict[str, float | None]) -> None:
    for name, value in first.items():
        assert second[name] == (None if value is None else pytest.approx(value, abs=1e-9)), name


@fast
@given(matrices, st.randoms(use_true_random=False))
def test_order_of_units_and_raters_does_not_matter(matrix: Any, random: Any) -> None:
    rows, columns = list(range(matrix.shape[0])), list(range(matrix.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    assert_same(values(matrix), values(matrix[rows][:, columns]))


@fast
@given(matrices, st.permutations(range(4)))
def test_nominal_labels_do_not_matter(matrix: Any, labels: list[int]) -> None:
    renamed = np.where(matrix >= 0, np.array([*labels, -1])[matrix], -1)
    assert_same(values(matrix), values(renamed))


@fast
@given(matrices, st.floats(0.1, 50), st.floats(-100, 100))
def test_interval_alpha_ignores_origin_and_unit(matrix: Any, scale: float, shift: float) -> None:
    as_float = np.where(matrix >= 0, matrix, np.nan)
    first = agreement(RatingTable.from_matrix(as_float), "krippendorff_alpha", metric="interval", ci="none")
    moved = as_float * scale + shift
    second = agreement(RatingTable.from_matrix(moved), "krippendorff_alpha", metric="interval", ci="none")
    assert first[0].value == (None if second[0].value is None else pytest.approx(second[0].value, abs=1e-7))


@fast
@given(matrices, st.floats(0.1, 50))
def test_ratio_alpha_ignores_unit(matrix: Any, scale: float) -> None:
    as_float = np.where(matrix >= 0, matrix, np.nan)
    first = agreement(RatingTable.from_matrix(as_float), "krippendorff_alpha", metric="ratio", ci="none")
    second = agreement(
        RatingTable.from_matrix(as_float * scale), "krippendorff_alpha", metric="ratio", ci="none"
    )
    assert first[0].value == (None if second[0].value is None else pytest.approx(second[0].value, abs=1e-9))


@fast
@given(matrices)
def test_ordinal_alpha_ignores_monotone_relabelling(matrix: Any) -> None:
    as_float = np.where(matrix >= 0, matrix, np.nan)
    first = agreement(RatingTable.from_matrix(as_float), "krippendorff_alpha", metric="ordinal", ci="none")
    second = agreement(
        RatingTable.from_matrix(np.exp(as_float)), "krippendorff_alpha", metric="ordinal", ci="none"
    )
    assert first[0].value == (None if second[0].value is None else pytest.approx(second[0].value, abs=1e-12))


@fast
@given(matrices, st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
def test_alpha_is_one_exactly_without_disagreement(matrix: Any, metric: Any) -> None:
    pairable = [row[row >= 0] for row in matrix if (row >= 0).sum() > 1]
    used = np.unique(np.concatenate(pairable)) if pairable else np.array([])
    assume(used.size > 1)
    [estimate] = agreement(RatingTable.from_matrix(matrix), "krippendorff_alpha", metric=metric, ci="none")
    agreed = all(np.unique(row).size == 1 for row in pairable)
    assert estimate.value is not None
    assert (estimate.value == 1.0) is agreed


@fast
@given(matrices)
def test_values_do_not_exceed_one_and_duplicated_units_keep_what_they_should(matrix: Any) -> None:
    once, twice = values(matrix), values(np.vstack([matrix, matrix]))
    for name, value in once.items():
        if value is None:
            continue
        assert value <= 1.0
        if name != "krippendorff_alpha":  # alpha's n - 1 grows with the sample; the others use shares alone
            assert twice[name] == pytest.approx(value, abs=1e-9)


@fast
@given(matrices)
def test_estimates_are_finite_or_none_and_the_interval_is_ordered(matrix: Any) -> None:
    table = RatingTable.from_matrix(matrix)
    for estimate in agreement(table, list(COEFFICIENTS), n_boot=40):
        for field in ("value", "se", "ci_low", "ci_high", "pa", "pe"):
            number = getattr(estimate, field)
            assert number is None or np.isfinite(number)
        if estimate.ci_low is not None and estimate.ci_high is not None:
            assert estimate.ci_low <= estimate.ci_high
            assert (estimate.ci_low, estimate.ci_high) != (1.0, 1.0)
        if estimate.value is None:
            assert estimate.status.startswith(("undefined", "not_applicable"))
            assert estimate.ci_low is None and estimate.se is None
