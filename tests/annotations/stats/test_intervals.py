"""Intervals: printed errors, plain-loop jackknife, scipy's BCa, and honesty with missing ratings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from annotations.stats import Estimate, RatingTable, agreement
from annotations.stats.intervals import _quantiles, bca_interval
from annotations.stats.resampling import _multinomial
from tests.annotations.stats import published

GWET_NAMES = {
    "pa": "percent_agreement",
    "ac": "gwet_ac2",
    "fleiss": "fleiss_kappa",
    "conger": "conger_kappa",
    "bp": "brennan_prediger",
}
METRIC_OF = {"unweighted": "nominal", "quadratic": "interval", "ratio": "ratio"}


def one(matrix: Any, name: str, **options: Any) -> Estimate:
    [estimate] = agreement(RatingTable.from_matrix(matrix), name, **options)
    return estimate


def assert_printed(ours: Estimate, se: float, interval: str) -> None:
    assert ours.se == pytest.approx(se, abs=5e-6)
    low, high = (float(end) for end in interval.strip("()").split(","))
    assert ours.ci_low == pytest.approx(low, abs=5.1e-4)
    assert ours.ci_high == pytest.approx(high, abs=5.1e-4)
    assert ours.ci_method == "gwet"


@pytest.mark.parametrize("weights", sorted(published.GWET_2014_RAW4_RESULTS))
@pytest.mark.parametrize("name", sorted(GWET_NAMES))
def test_gwet_errors_of_raw_4_raters(weights: str, name: str) -> None:
    _, _, _, se, interval = published.GWET_2014_RAW4_RESULTS[weights][name]
    used = "identity" if weights == "unweighted" else weights
    ours = one(published.GWET_2014_RAW4, GWET_NAMES[name], weights=used, ci="gwet")
    assert_printed(ours, se, interval)


@pytest.mark.parametrize("weights", sorted(METRIC_OF))
def test_gwet_errors_of_alpha(weights: str) -> None:
    _, _, _, se, interval = published.GWET_2014_RAW4_RESULTS[weights]["alpha"]
    ours = one(published.GWET_2014_RAW4, "krippendorff_alpha", metric=METRIC_OF[weights], ci="gwet")
    assert_printed(ours, se, interval)


@pytest.mark.parametrize("name", sorted(published.FLEISS_1971_GWET))
def test_gwet_errors_of_fleiss_1971(name: str) -> None:
    _, _, _, se, interval = published.FLEISS_1971_GWET[name]
    ours = one(published.FLEISS_1971, {**GWET_NAMES, "alpha": "krippendorff_alpha"}[name], ci="gwet")
    assert_printed(ours, se, interval)


def test_gwet_error_does_not_exist_for_ordinal_alpha_or_clusters() -> None:
    ordinal = one(published.FLEISS_1971, "krippendorff_alpha", metric="ordinal", ci="gwet")
    assert ordinal.ci_method == "jackknife" and "jackknife" in ordinal.note
    table = RatingTable.from_matrix(published.FLEISS_1971, cluster=np.arange(30) // 2)
    [clustered] = agreement(table, "fleiss_kappa", ci="gwet")
    assert clustered.ci_method == "jackknife"


def simulated(units: int, missing: float, rng: Any, prevalence: float = 0.9, slips: float = 0.1) -> Any:
    truth = rng.random((units, 1)) < prevalence
    wrong = rng.random((units, 3)) < slips
    matrix = np.where(wrong, ~truth, truth).astype(np.int64)
    matrix[rng.random((units, 3)) < missing] = -1
    return matrix


@pytest.mark.parametrize(
    "name, options",
    [
        ("percent_agreement", {}),
        ("gwet_ac1", {}),
        ("fleiss_kappa", {}),
        ("conger_kappa", {}),
        ("brennan_prediger", {}),
        ("krippendorff_alpha", {}),
        ("krippendorff_alpha", {"metric": "ordinal"}),
        ("krippendorff_alpha", {"metric": "interval"}),
    ],
)
def test_jackknife_equals_leaving_units_out_one_by_one(name: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    matrix = rng.integers(0, 3, size=(25, 3))
    matrix[rng.random(matrix.shape) < 0.2] = -1
    matrix = matrix[(matrix >= 0).any(axis=1)]
    ours = one(matrix, name, ci="jackknife", **options)
    n = len(matrix)

    def value(rows: Any) -> float:
        table = RatingTable.from_matrix(rows, categories=[0, 1, 2])
        return agreement(table, name, ci="none", **options)[0].value or 0.0

    left_out = np.array([value(np.delete(matrix, i, axis=0)) for i in range(n)])
    expected = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    assert ours.se == pytest.approx(expected, abs=1e-12)
    reach = stats.t.ppf(0.975, n - 1) * expected
    assert ours.ci_low == pytest.approx((ours.value or 0) - reach)
    assert ours.ci_high == pytest.approx(min(1.0, (ours.value or 0) + reach))


def test_jackknife_leaves_out_whole_clusters() -> None:
    rng = np.random.default_rng(4)
    matrix = rng.integers(0, 2, size=(40, 3))
    cluster = np.arange(40) // 4
    [ours] = agreement(RatingTable.from_matrix(matrix, cluster=cluster), "gwet_ac1", ci="jackknife")
    left_out = np.array([one(matrix[cluster != c], "gwet_ac1", ci="none").value for c in range(10)])
    assert ours.se == pytest.approx(np.sqrt(0.9 * ((left_out - left_out.mean()) ** 2).sum()), abs=1e-12)


def test_ordinal_alpha_is_the_same_pattern_by_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    matrix = rng.integers(0, 5, size=(60, 3))
    for ci in ("bca", "jackknife"):
        linear = one(matrix, "krippendorff_alpha", metric="ordinal", ci=ci)
        with monkeypatch.context() as patched:
            patched.setattr("annotations.stats.alpha_kernels.LINEAR_CELLS", 0)
            by_pattern = one(matrix, "krippendorff_alpha", metric="ordinal", ci=ci)
        assert by_pattern.value == pytest.approx(linear.value, abs=1e-13)
        assert by_pattern.se == pytest.approx(linear.se, abs=1e-10)
        assert by_pattern.ci_low == pytest.approx(linear.ci_low, abs=1e-10)


def test_bca_equals_scipy_on_the_same_replicates() -> None:
    data = np.random.default_rng(0).exponential(size=40)
    base = stats.bootstrap(
        (data,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(1)
    )
    theirs = stats.bootstrap((data,), np.mean, method="BCa", n_resamples=0, bootstrap_result=base)
    picked = base.bootstrap_distribution
    left_out = (data.sum() - data) / 39
    ours = bca_interval(float(data.mean()), picked, left_out, np.ones(40), 0.95)
    assert ours.method == "bca"
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=1e-12)
    # Skewed to the right, so both ends lie above the percentile interval's.
    plain = np.quantile(picked, [0.025, 0.975])
    assert ours.low is not None and ours.high is not None
    assert ours.low > plain[0] and ours.high > plain[1]


def test_bca_falls_back_to_percentile_and_says_so() -> None:
    interval = bca_interval(1.0, np.linspace(0, 0.5, 100), np.array([0.1, 0.2]), np.ones(2), 0.95)
    assert interval.method == "percentile" and "percentile" in interval.note


@pytest.mark.parametrize("ci", ["percentile", "bca", "jackknife", "gwet"])
def test_every_interval_holds_its_value(ci: str) -> None:
    matrix = simulated(80, 0.2, np.random.default_rng(1), prevalence=0.5)
    for estimate in agreement(RatingTable.from_matrix(matrix), ci=ci):  # type: ignore[arg-type]
        assert estimate.ci_method == ci
        assert estimate.value is not None and estimate.ci_low is not None and estimate.ci_high is not None
        assert estimate.ci_low < estimate.value < estimate.ci_high
        assert estimate.n_boot == (1000 if ci in ("percentile", "bca") else 0)


def test_jackknife_error_of_ac1_is_honest_with_missing_ratings_and_gwets_is_not() -> None:
    # 300 units, three raters, 30 % missing, prevalence .9: the mean jackknife error lies within 5 % of the
    # standard deviation over 400 samples, which is itself known to 3.5 %. Gwet's is far above it.
    rng = np.random.default_rng(11)
    values, jackknife, gwet = [], [], []
    for _ in range(400):
        matrix = simulated(300, 0.3, rng, slips=0.03)
        table = RatingTable.from_matrix(matrix, categories=[0, 1])
        [honest] = agreement(table, "gwet_ac1", ci="jackknife")
        [printed] = agreement(table, "gwet_ac1", ci="gwet")
        values.append(honest.value)
        jackknife.append(honest.se)
        gwet.append(printed.se)
    deviation = np.std(np.array(values, dtype=float))
    assert np.mean(np.array(jackknife, dtype=float)) == pytest.approx(deviation, rel=0.05)
    assert np.mean(np.array(gwet, dtype=float)) > 1.5 * deviation


def test_poisson_draws_with_a_remainder_are_multinomial() -> None:
    """Means n p, variances n p (1 - p), covariances -n p q, and every row sums to n."""
    rng = np.random.default_rng(5)
    multiplicity = np.array([1.0, 2.0, 40.0, 157.0, 300.0, 4_500.0])
    rows, n = 40_000, 5_000.0
    drawn = _multinomial(rng, multiplicity, rows)
    assert (drawn.sum(axis=1) == n).all() and (drawn >= 0).all()
    share = multiplicity / n
    covariance = n * (np.diag(share) - np.outer(share, share))
    error = np.sqrt(np.diag(covariance) / rows)
    assert (np.abs(drawn.mean(axis=0) - multiplicity) < 5 * error).all()
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    # The standard error of a correlation of 40,000 draws is 0.005, of a variance's ratio 0.007 and more for rare cells.
    assert np.abs((np.cov(drawn.T) - covariance) / scale).max() < 0.05


def test_quantiles_are_numpys() -> None:
    rng = np.random.default_rng(6)
    shares = np.array([0.0, 0.025, 0.5, 0.975, 1.0])
    for size in (2, 3, 40, 1_000):
        values = rng.normal(size=size)
        np.testing.assert_allclose(
            _quantiles(values, shares), np.quantile(values, shares), rtol=1e-13, atol=1e-15
        )
