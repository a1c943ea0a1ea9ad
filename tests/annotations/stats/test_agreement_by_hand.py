"""Agreement coefficients against values derived by hand, exact arithmetic and plain loops."""

from __future__ import annotations

import importlib
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.metrics import cohen_kappa_score

from annotations.stats import RatingTable, agreement, cohen_kappa, pairwise_cohen_kappa


def value(table: RatingTable, name: str, **options: Any) -> float:
    [estimate] = agreement(table, name, ci="none", **options)
    assert estimate.value is not None
    return estimate.value


# Two raters, four units: (1,1) (1,2) (2,2) (2,2). Each rater's shares: a 1/2, 1/2; b 1/4, 3/4; pooled 3/8,
# 5/8.
FOUR = RatingTable.from_matrix([[1, 1], [1, 2], [2, 2], [2, 2]])


@pytest.mark.parametrize(
    "name, expected",
    [
        # 3 of 4 units agree.
        ("percent_agreement", Fraction(3, 4)),
        # pe = (3/8)^2 + (5/8)^2 = 34/64; (48/64 - 34/64) / (30/64) = 14/30.
        ("fleiss_kappa", Fraction(7, 15)),
        ("scott_pi", Fraction(7, 15)),
        # pe = 1/2 * 1/4 + 1/2 * 3/4 = 1/2; (3/4 - 1/2) / (1/2).
        ("conger_kappa", Fraction(1, 2)),
        # pe = (3/8 * 5/8 + 5/8 * 3/8) / 1 = 30/64; (48 - 30) / (64 - 30).
        ("gwet_ac1", Fraction(9, 17)),
        # pe = 1/2.
        ("brennan_prediger", Fraction(1, 2)),
        # n = 8, n_1 = 3, n_2 = 5: one unit disagrees, sum 2; 1 - 7 * 2 / (2 * 3 * 5).
        ("krippendorff_alpha", Fraction(8, 15)),
    ],
)
def test_four_units(name: str, expected: Fraction) -> None:
    assert value(FOUR, name) == pytest.approx(float(expected), abs=1e-15)


def test_unit_with_one_rating_counts_in_shares_but_not_in_agreement() -> None:
    # Units (1,1), (2,2), (2,-). pa = 1 over 2 pairable units. Fleiss: shares over 3 units: pi_1 = 1/3, pi_2 =
    # 2/3; pe = 5/9, kappa 1. AC1: pe = 2 * 1/3 * 2/3 = 4/9. Alpha uses pairable ratings only: n_1 = n_2 = 2.
    table = RatingTable.from_matrix([[1, 1], [2, 2], [2, None]])
    [fleiss, ac1, alpha] = agreement(table, ["fleiss_kappa", "gwet_ac1", "krippendorff_alpha"], ci="none")
    assert (fleiss.pe, ac1.pe, alpha.pe) == pytest.approx((5 / 9, 4 / 9, 1 / 2))
    assert (fleiss.n_units, fleiss.n_units_pairable) == (3, 2)


def test_ordinal_alpha_by_hand() -> None:
    # Units (1,1), (1,2), (2,3), all pairable: n_1 = 3, n_2 = 2, n_3 = 1, n = 6. Mid-ranks 1.5, 4, 5.5, so
    # squared differences d12 = 6.25, d23 = 2.25, d13 = 16. Within: 2 * (6.25 + 2.25) / 1 = 17.
    # Between: 2 * (3*2*6.25 + 2*1*2.25 + 3*1*16) = 180. alpha = 1 - 5 * 17 / 180 = 95/180.
    table = RatingTable.from_matrix([[1, 1], [1, 2], [2, 3]])
    assert value(table, "krippendorff_alpha", metric="ordinal") == pytest.approx(95 / 180, abs=1e-14)


def random_matrix(seed: int, units: int = 40, raters: int = 4, q: int = 4, missing: float = 0.3) -> Any:
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, q + 1, size=(units, 1))
    noise = rng.integers(1, q + 1, size=(units, raters))
    matrix = np.where(rng.random((units, raters)) < 0.6, truth, noise).astype(object)
    matrix[rng.random((units, raters)) < missing] = None
    return matrix


def exact_alpha(matrix: Any, metric: str) -> Fraction:
    """Return alpha in rational arithmetic, straight from the definition over pairs of ratings."""
    units = [[int(v) for v in row if v is not None] for row in matrix]
    units = [row for row in units if len(row) > 1]
    ratings = [v for row in units for v in row]
    n = len(ratings)

    def difference(c: int, k: int) -> Fraction:
        if metric == "nominal":
            return Fraction(int(c != k))
        if metric == "interval":
            return Fraction((c - k) ** 2)
        if metric == "ratio":
            return Fraction(c - k, c + k) ** 2
        low, high = sorted((c, k))
        between = sum(1 for v in ratings if low <= v <= high)
        ends = Fraction(ratings.count(c) + ratings.count(k), 2)
        return (between - ends) ** 2 if c != k else Fraction(0)

    known = {(c, k): difference(c, k) for c in set(ratings) for k in set(ratings)}
    within = sum(
        (
            known[c, k] / (len(row) - 1)
            for row in units
            for i, c in enumerate(row)
            for j, k in enumerate(row)
            if i != j
        ),
        Fraction(0),
    )
    between = sum((known[c, k] for c in ratings for k in ratings), Fraction(0))
    return 1 - (n - 1) * within / between


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("seed", range(6))
def test_alpha_equals_rational_arithmetic(metric: str, seed: int) -> None:
    matrix = random_matrix(seed, raters=2 + seed)
    ours = value(RatingTable.from_matrix(matrix), "krippendorff_alpha", metric=metric)
    assert abs(ours - float(exact_alpha(matrix, metric))) <= 1e-14


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_is_the_same_with_many_categories(metric: str) -> None:
    # 300 categories: too many for integer keys, so units are kept one by one.
    matrix = random_matrix(3, units=150, raters=3, q=300)
    ours = value(RatingTable.from_matrix(matrix), "krippendorff_alpha", metric=metric)
    assert ours == pytest.approx(float(exact_alpha(matrix, metric)), abs=1e-13)


def test_continuous_values_are_as_easy_as_categories() -> None:
    # 2,700 different values: moments for interval, ranks for ordinal; exact arithmetic on the same numbers.
    rng = np.random.default_rng(8)
    matrix = np.round(rng.normal(100, 10, (900, 1)) + rng.normal(0, 5, (900, 3)), 6)
    table = RatingTable.from_matrix(matrix)
    assert table.n_categories > 2_600
    n = matrix.size
    within = sum(((row[:, None] - row[None, :]) ** 2).sum() / 2 for row in matrix)
    between = 2 * (n * (matrix**2).sum() - matrix.sum() ** 2)
    interval = agreement(table, "krippendorff_alpha", metric="interval")[0]
    assert interval.value == pytest.approx(1 - (n - 1) * within / between, abs=1e-9)
    assert interval.ci_low is not None and interval.ci_high is not None
    assert interval.ci_low < 1 - (n - 1) * within / between < interval.ci_high
    ranks = rankdata(matrix).reshape(matrix.shape)
    by_rank = agreement(RatingTable.from_matrix(ranks), "krippendorff_alpha", metric="interval", ci="none")[0]
    ordinal = agreement(table, "krippendorff_alpha", metric="ordinal", n_boot=50)[0]
    assert ordinal.value == pytest.approx(by_rank.value, abs=1e-10)
    assert ordinal.se is not None
    assert len(agreement(table, metric="interval", n_boot=20)) == 6


def test_too_many_values_for_a_matrix_are_refused_with_a_way_out() -> None:
    table = RatingTable.from_matrix(np.arange(10_000.0).reshape(-1, 2))
    with pytest.raises(ValueError, match="round them"):
        agreement(table, "krippendorff_alpha", metric="ratio")
    with pytest.raises(ValueError, match="round them"):
        agreement(table, "gwet_ac2", weights="linear")


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
@pytest.mark.parametrize("seed", range(5))
def test_cohen_equals_scikit_learn(weights: Any, seed: int) -> None:
    matrix = random_matrix(seed, raters=3)
    pairwise = pairwise_cohen_kappa(RatingTable.from_matrix(matrix), weights=weights)
    for g, h in ((0, 1), (0, 2), (1, 2)):
        both = [
            (a, b) for a, b in zip(matrix[:, g], matrix[:, h], strict=True) if a is not None and b is not None
        ]
        theirs = cohen_kappa_score(*zip(*both, strict=True), weights=weights, labels=[1, 2, 3, 4])
        assert pairwise.kappa[g, h] == pytest.approx(theirs, abs=1e-12)
        assert pairwise.n[g, h] == len(both)


def test_pairwise_is_the_same_with_many_categories() -> None:
    # 700 categories x 3 raters exceed one dense product: the pair-by-pair path.
    matrix = random_matrix(5, units=3000, raters=3, q=700)
    pairwise = pairwise_cohen_kappa(RatingTable.from_matrix(matrix))
    both = [
        (a, b) for a, b in zip(matrix[:, 0], matrix[:, 2], strict=True) if a is not None and b is not None
    ]
    assert pairwise.kappa[0, 2] == pytest.approx(cohen_kappa_score(*zip(*both, strict=True)), abs=1e-12)
    assert pairwise.n[0, 2] == pairwise.n[2, 0] == len(both)


def test_conger_of_two_complete_raters_is_cohen() -> None:
    matrix = random_matrix(9, raters=2, missing=0.0)
    conger = value(RatingTable.from_matrix(matrix), "conger_kappa")
    assert conger == pytest.approx(cohen_kappa(list(matrix[:, 0]), list(matrix[:, 1])).value, abs=1e-14)


def test_kappa_error_by_hand() -> None:
    # Table 40 9 / 6 45: po .85, row shares .49 .51, column shares .46 .54, pe .5008, kappa .3492/.4992 =
    # .69952. Fleiss-Cohen-Everitt: with s = 1 - kappa = .30048,
    #  cells on the diagonal p(1 - (p_k. + p_.k) s)^2: .40 (1 - .95*.30048)^2 + .45 (1 - 1.05*.30048)^2
    #  cells off it p ((p_.k + p_l.) s)^2 : the row weight of k is p_.k and the column weight of l is p_l. :
    #     (1,2): .09 ((.46 + .51) s)^2, (2,1): .06 ((.54 + .49) s)^2
    s = 1 - 0.3492 / 0.4992
    inner = 0.40 * (1 - 0.95 * s) ** 2 + 0.45 * (1 - 1.05 * s) ** 2
    inner += 0.09 * (0.97 * s) ** 2 + 0.06 * (1.03 * s) ** 2
    kappa = 1 - s
    expected = np.sqrt((inner - (kappa - 0.5008 * s) ** 2) / 100) / 0.4992
    a = [0] * 49 + [1] * 51
    b = [0] * 40 + [1] * 9 + [0] * 6 + [1] * 45
    estimate = cohen_kappa(a, b)
    assert estimate.value == pytest.approx(kappa, abs=1e-12)
    assert estimate.se == pytest.approx(expected, abs=1e-12)


def test_bootstrap_equals_resampling_units_in_a_plain_loop() -> None:
    matrix = random_matrix(2, units=30, raters=3)
    table = RatingTable.from_matrix(matrix)
    [estimate] = agreement(table, "krippendorff_alpha", n_boot=4000)
    rng = np.random.default_rng(5)
    rated = matrix[[any(v is not None for v in row) for row in matrix]]
    plain = []
    for _ in range(400):
        sample = rated[rng.integers(0, len(rated), len(rated))]
        plain.append(float(exact_alpha(sample, "nominal")))
    # Standard deviation of 400 draws has a relative error of about 1 / sqrt(800) = 3.5 %.
    assert estimate.se == pytest.approx(np.std(plain), rel=0.15)
    assert estimate.ci_low == pytest.approx(np.quantile(plain, 0.025), abs=0.05)
    assert estimate.ci_high == pytest.approx(np.quantile(plain, 0.975), abs=0.05)


def test_clusters_are_resampled_whole() -> None:
    # Each unit repeated 5 times in its cluster carries no news: the error is that of the 60 clusters, not of
    # 300 units.
    rng = np.random.default_rng(0)
    matrix = rng.integers(0, 2, size=(60, 2))
    matrix[:, 1] = np.where(rng.random(60) < 0.7, matrix[:, 0], matrix[:, 1])
    repeated = np.repeat(matrix, 5, axis=0)
    cluster = np.repeat(np.arange(60), 5)
    options: dict[str, Any] = {"coefficients": "percent_agreement", "n_boot": 4000}
    [plain] = agreement(RatingTable.from_matrix(matrix), **options)
    [clustered] = agreement(RatingTable.from_matrix(repeated, cluster=cluster), **options)
    [ignoring] = agreement(RatingTable.from_matrix(repeated), **options)
    assert clustered.se == pytest.approx(plain.se, rel=0.1)
    assert plain.se is not None
    assert ignoring.se == pytest.approx(plain.se / np.sqrt(5), rel=0.1)


def test_only_what_is_asked_for_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    # The package exports a function of the same name, so the module is fetched by its full path.
    module = importlib.import_module("annotations.stats.agreement")
    original = module._kernel

    def recording(table: RatingTable, name: str, *rest: Any) -> Any:
        built.append(name)
        return original(table, name, *rest)

    monkeypatch.setattr(module, "_kernel", recording)
    agreement(FOUR, "gwet_ac1", ci="none")
    assert built == ["gwet_ac1"]


def test_same_seed_same_interval_alone_or_together() -> None:
    table = RatingTable.from_matrix(random_matrix(4))
    [alone] = agreement(table, "krippendorff_alpha", seed=3)
    together = {e.name: e for e in agreement(table, seed=3)}
    assert together["krippendorff_alpha"] == alone
    [other] = agreement(table, "krippendorff_alpha", seed=4)
    assert other.ci_low != alone.ci_low
