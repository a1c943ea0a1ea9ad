"""Intraclass correlations, Kendall's W and rank correlations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from annotations.stats import RatingTable, association, icc, kendall_w
from annotations.stats.icc import mean_squares
from tests.annotations.stats import published

PSYCH = {
    "ICC(1,1)": "ICC1",
    "ICC(2,1)": "ICC2",
    "ICC(3,1)": "ICC3",
    "ICC(1,k)": "ICC1k",
    "ICC(2,k)": "ICC2k",
    "ICC(3,k)": "ICC3k",
}


@pytest.mark.parametrize("form", sorted(PSYCH))
def test_shrout_fleiss_1979(form: str) -> None:
    [ours] = [i for i in icc(published.SHROUT_FLEISS_1979) if i.form == form]
    assert round(ours.value or 0, 2) == published.SHROUT_FLEISS_1979_ICC[PSYCH[form]]
    value, f, df1, df2, p, low, high = published.SHROUT_FLEISS_1979_PSYCH[PSYCH[form]]
    assert ours.value == pytest.approx(value, abs=1e-12)
    assert ours.f == pytest.approx(f, abs=1e-11)
    assert (ours.df1, ours.df2) == (df1, df2)
    assert ours.p_value == pytest.approx(p, abs=1e-12)
    assert ours.ci_low == pytest.approx(low, abs=1e-9)
    assert ours.ci_high == pytest.approx(high, abs=1e-9)


def test_icc_leaves_out_and_counts_incomplete_units() -> None:
    with_gap = [*published.SHROUT_FLEISS_1979, [None, 1, 2, 3]]
    ours = icc(with_gap)
    assert [i.value for i in ours] == [i.value for i in icc(published.SHROUT_FLEISS_1979)]
    assert (ours[0].n_units, ours[0].n_dropped) == (6, 1)
    from_table = icc(RatingTable.from_matrix(with_gap))
    assert [i.value for i in from_table] == pytest.approx([i.value for i in ours])


def test_mean_squares_do_not_depend_on_the_origin() -> None:
    matrix = np.array(published.SHROUT_FLEISS_1979, dtype=float)
    assert mean_squares(matrix + 1e6)[2:] == pytest.approx(mean_squares(matrix)[2:], rel=1e-6)


def test_icc_degenerate() -> None:
    assert {i.status for i in icc([[1.0, 2.0]])} == {"undefined_no_pairs"}
    assert {i.status for i in icc([[1.0], [2.0]])} == {"undefined_no_pairs"}
    assert {i.status for i in icc([[3.0, 3.0], [3.0, 3.0]])} == {"undefined_no_variation"}
    same = {i.form: i for i in icc([[1.0, 1.0], [2.0, 2.0], [5.0, 5.0]])}
    assert {i.value for i in same.values()} == {1.0}
    assert {i.status for i in same.values()} == {"boundary"}
    # One rater is always one higher: consistent without error, but in absolute terms not the same.
    shifted = {i.form: i for i in icc([[1.0, 2.0], [2.0, 3.0], [5.0, 6.0]])}
    assert shifted["ICC(3,1)"].value == 1.0 and shifted["ICC(3,1)"].ci_low is None
    assert shifted["ICC(1,1)"].status == "ok"
    assert (shifted["ICC(2,1)"].value or 1) < 1.0


@pytest.mark.parametrize(
    "ratings",
    [[["a", "b"]], [1.0, 2.0], [[1.0, float("inf")], [2.0, 3.0]], RatingTable.from_matrix([["a", "b"]])],
)
def test_icc_refuses_what_is_not_a_table_of_numbers(ratings: Any) -> None:
    with pytest.raises(ValueError, match=r"needs|must be units"):
        icc(ratings)


def test_kendall_w_of_siegel_and_of_anxiety() -> None:
    ranks, printed = published.SIEGEL_1956
    assert round(kendall_w(np.array(ranks).T).value or 0, 2) == printed
    data, corrected, chi2, p, uncorrected = published.ANXIETY
    ours = kendall_w(data)
    assert ours.value == pytest.approx(corrected, abs=1e-12)
    assert ours.chi2 == pytest.approx(chi2, abs=1e-11)
    assert ours.p_value == pytest.approx(p, abs=1e-12)
    assert ours.df == 19
    assert kendall_w(data, tie_correction=False).value == pytest.approx(uncorrected, abs=1e-12)


def test_kendall_w_is_friedmans_test() -> None:
    data = np.random.default_rng(0).normal(size=(12, 4))
    ours = kendall_w(data)
    theirs = stats.friedmanchisquare(*data)
    assert ours.chi2 == pytest.approx(theirs.statistic)
    assert ours.p_value == pytest.approx(theirs.pvalue)


def test_kendall_w_degenerate() -> None:
    assert kendall_w([[1, 2]]).status == "undefined_no_pairs"
    assert kendall_w([[1, 1], [1, 1]]).status == "undefined_no_variation"
    dropped = kendall_w([[1, 1], [2, 2], [3, float("nan")]])
    assert (dropped.value, dropped.n_dropped) == (1.0, 1)
    with pytest.raises(ValueError, match="units × raters"):
        kendall_w([1, 2])


@pytest.mark.parametrize("method", ["spearman", "kendall"])
def test_association_equals_scipy_and_its_intervals_agree(method: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    y = x + rng.normal(size=120)
    theirs = stats.spearmanr(x, y) if method == "spearman" else stats.kendalltau(x, y)
    boot = association(x, y, method)
    fisher = association(x, y, method, ci="fisher_z")
    assert boot.value == pytest.approx(theirs.statistic, abs=1e-12)
    assert boot.p_value == pytest.approx(theirs.pvalue)
    assert boot.ci_low == pytest.approx(fisher.ci_low, abs=0.05)
    assert boot.ci_high == pytest.approx(fisher.ci_high, abs=0.05)


def test_fisher_interval_of_spearman_by_hand() -> None:
    # n = 28, rho found r: artanh(r) +- 1.959964 * sqrt((1 + r^2/2) / 25).
    rng = np.random.default_rng(4)
    x = rng.normal(size=28)
    a = association(x, x + rng.normal(size=28), ci="fisher_z")
    assert a.value is not None
    reach = 1.959964 * np.sqrt((1 + a.value**2 / 2) / 25)
    assert a.ci_low == pytest.approx(np.tanh(np.arctanh(a.value) - reach), abs=1e-6)


@pytest.mark.parametrize("method", ["spearman", "kendall"])
def test_bootstrap_of_tied_scores_equals_scipy_on_each_resample(method: Any) -> None:
    from annotations.stats.association import _kendall_rows, _spearman_rows

    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 4, (5, 30)).astype(float), rng.integers(0, 4, (5, 30)).astype(float)
    rows = _spearman_rows(x, y) if method == "spearman" else _kendall_rows(x, y)
    test: Any = stats.spearmanr if method == "spearman" else stats.kendalltau
    assert rows.tolist() == pytest.approx([test(a, b).statistic for a, b in zip(x, y, strict=True)])


def test_association_degenerate() -> None:
    assert association([], []).status == "undefined_no_pairs"
    assert association([1, None], [None, 2]).status == "undefined_no_pairs"
    assert association([1, 1, 1, 1], [1, 2, 3, 4]).status == "undefined_no_variation"
    assert association([1, 2, 3], [1, 3, 2]).status == "too_few"
    assert association([1, 2, 3, 4], [1, 3, 2, 4], "kendall", ci="fisher_z").status == "too_few"
    assert association([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]).status == "boundary"
    four = association([1, 2, 3, 4], [1, 3, 2, 4], ci="fisher_z")
    assert four.status == "ok" and four.ci_low is not None
    rare = association([0] * 20 + [1], list(range(21)))
    assert rare.status == "ci_refused" and rare.n_boot_undefined > 50
    with pytest.raises(ValueError, match="2 and 1 values"):
        association([1, 2], [1])
    with pytest.raises(ValueError, match="Unknown method"):
        association([1, 2], [1, 2], "pearson")  # type: ignore[arg-type]


def test_units_whose_means_do_not_differ() -> None:
    """Ratings 1 2, 2 1, 1 2, 2 1: B = J = 0, W = 1/2, E = 2/3; ICC(1,1) = -W / W, ICC(3,1) = -E / E."""
    found = {each.form: each for each in icc([[1, 2], [2, 1], [1, 2], [2, 1]])}
    assert found["ICC(1,1)"].value == pytest.approx(-1.0)
    assert found["ICC(3,1)"].value == pytest.approx(-1.0)
    # -E / (E + 2 (0 - E) / 4) = -2, outside its range but what the formula gives; of the mean: -E / (-E / 4) = 4.
    assert found["ICC(2,1)"].value == pytest.approx(-2.0)
    for form in ("ICC(1,k)", "ICC(3,k)"):
        assert (found[form].value, found[form].status) == (None, "undefined_no_variation")
    assert all((each.f, each.ci_low, each.ci_high) == (0.0, None, None) for each in found.values())
    assert found["ICC(1,1)"].status == "boundary"
