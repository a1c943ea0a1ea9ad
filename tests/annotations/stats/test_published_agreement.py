"""Published agreement tables are reproduced to their printed digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotations.stats import Estimate, RatingTable, agreement, cohen_kappa, pairwise_cohen_kappa
from tests.annotations.stats import published

GWET_NAMES = {
    "pa": "percent_agreement",
    "ac": "gwet_ac2",
    "fleiss": "fleiss_kappa",
    "conger": "conger_kappa",
    "bp": "brennan_prediger",
}


def one(table: RatingTable, name: str, **options: Any) -> Estimate:
    [estimate] = agreement(table, name, ci="none", **options)
    return estimate


def pairs_of(table: list[list[float]]) -> tuple[list[int], list[int]]:
    """Return the two raters' ratings behind a contingency table."""
    a, b = [], []
    for row, cells in enumerate(table):
        for column, count in enumerate(cells):
            a += [row] * round(count)
            b += [column] * round(count)
    return a, b


def table_of(contingency: list[list[float]]) -> RatingTable:
    a, b = pairs_of(contingency)
    return RatingTable.from_matrix(np.array([a, b]).T, categories=range(len(contingency)))


def test_fleiss_1971() -> None:
    table = RatingTable.from_matrix(published.FLEISS_1971)
    assert round(one(table, "fleiss_kappa").value or 0, 3) == published.FLEISS_1971_KAPPA
    conger = one(table, "conger_kappa").value
    assert conger == pytest.approx(published.FLEISS_1971_CONGER, abs=1e-12)


def test_fleiss_1971_raw_and_counts_are_the_same_table() -> None:
    table = RatingTable.from_matrix(published.FLEISS_1971)
    counts = [[row.count(k) for k in range(1, 6)] for row in published.FLEISS_1971]
    assert counts == published.FLEISS_1971_COUNTS
    assert table.patterns.multiplicity.sum() == 30


@pytest.mark.parametrize("name", sorted(published.FLEISS_1971_GWET))
def test_fleiss_1971_against_gwet(name: str) -> None:
    table = RatingTable.from_matrix(published.FLEISS_1971)
    value, pa, pe, _, _ = published.FLEISS_1971_GWET[name]
    ours = one(table, {**GWET_NAMES, "alpha": "krippendorff_alpha"}[name])
    assert ours.value == pytest.approx(value, abs=5.1e-6)
    assert ours.pa == pytest.approx(pa, abs=1e-11)
    assert ours.pe == pytest.approx(pe, abs=1e-11)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_krippendorff_2011(metric: str) -> None:
    table = RatingTable.from_matrix(np.array(published.KRIPPENDORFF_2011, dtype=object).T)
    value = one(table, "krippendorff_alpha", metric=metric).value
    assert value is not None
    assert round(value, 3) == published.KRIPPENDORFF_2011_ALPHA[metric]
    assert value == pytest.approx(published.KRIPPENDORFF_2011_ALPHA_FULL[metric], abs=5e-13)


@pytest.mark.parametrize("data, alpha", [published.KRIPPENDORFF_2011_A, published.KRIPPENDORFF_2011_B])
def test_krippendorff_2011_small_examples(data: list[list[Any]], alpha: float) -> None:
    table = RatingTable.from_matrix(np.array(data, dtype=object).T)
    assert round(one(table, "krippendorff_alpha").value or 0, 3) == alpha


@pytest.mark.parametrize("weights", sorted(published.GWET_2014_RAW4_RESULTS))
@pytest.mark.parametrize("name", sorted(GWET_NAMES))
def test_gwet_2014_raw_4_raters(weights: str, name: str) -> None:
    table = RatingTable.from_matrix(published.GWET_2014_RAW4)
    value, pa, pe, _, _ = published.GWET_2014_RAW4_RESULTS[weights][name]
    ours = one(table, GWET_NAMES[name], weights="identity" if weights == "unweighted" else weights)
    assert ours.value == pytest.approx(value, abs=5.1e-6)
    assert ours.pa == pytest.approx(pa, abs=1e-11)
    assert ours.pe == pytest.approx(pe, abs=1e-11)


@pytest.mark.parametrize(
    "weights, metric", [("unweighted", "nominal"), ("quadratic", "interval"), ("ratio", "ratio")]
)
def test_gwet_2014_alpha(weights: str, metric: str) -> None:
    table = RatingTable.from_matrix(published.GWET_2014_RAW4)
    value, pa, pe, _, _ = published.GWET_2014_RAW4_RESULTS[weights]["alpha"]
    ours = one(table, "krippendorff_alpha", metric=metric)
    assert ours.value == pytest.approx(value, abs=5.1e-6)
    assert ours.pa == pytest.approx(pa, abs=1e-11)
    assert ours.pe == pytest.approx(pe, abs=1e-11)


def test_gwet_ac1_is_printed_value() -> None:
    table = RatingTable.from_matrix(published.GWET_2014_RAW4)
    assert round(one(table, "gwet_ac1").value or 0, 5) == 0.77544


def test_gwet_2008_paradox() -> None:
    contingency, values = published.GWET_2008_PARADOX
    kappa = cohen_kappa(*pairs_of(contingency))
    assert round(kappa.value or 0, 4) == values["cohen"]
    assert round(one(table_of(contingency), "gwet_ac1").value or 0, 4) == values["ac1"]
    assert kappa.pa == pytest.approx(118 / 125)


@pytest.mark.parametrize("contingency, observed, kappa", published.FEINSTEIN_CICCHETTI_1990)
def test_feinstein_cicchetti_1990(contingency: list[list[int]], observed: float, kappa: float) -> None:
    estimate = cohen_kappa(*pairs_of(contingency))
    assert estimate.pa == pytest.approx(observed)
    assert round(estimate.value or 0, 2) == kappa


def test_cohen_1968() -> None:
    proportions, n, disagreement, kappa, weighted = published.COHEN_1968
    a, b = pairs_of([[share * n for share in row] for row in proportions])
    assert len(a) == n
    assert round(cohen_kappa(a, b).value or 0, 3) == kappa
    # Cohen's disagreement weights v become agreement weights 1 - v / max(v).
    weights = 1.0 - np.array(disagreement) / np.max(disagreement)
    assert round(cohen_kappa(a, b, weights=weights).value or 0, 3) == weighted


def test_gwet_3x3_values_and_kappa_error() -> None:
    contingency, printed = published.GWET_3X3
    table = table_of(contingency)
    names = {"scott": "scott_pi", "ac1": "gwet_ac1", "bp": "brennan_prediger", "alpha": "krippendorff_alpha"}
    for key, name in {**names, "pa": "percent_agreement"}.items():
        assert round(one(table, name).value or 0, 7) == printed[key][0], name
    kappa = cohen_kappa(*pairs_of(contingency))
    assert round(kappa.value or 0, 7) == printed["cohen"][0]
    assert round(kappa.se or 0, 8) == printed["cohen"][1]


@pytest.mark.parametrize("weights", ["unweighted", "quadratic"])
def test_gwet_4x4_values(weights: Any) -> None:
    contingency, values = published.GWET_4X4
    table = table_of(contingency)
    name = "identity" if weights == "unweighted" else weights
    for key, coefficient in {"scott": "scott_pi", "ac": "gwet_ac2", "bp": "brennan_prediger"}.items():
        ours = one(table, coefficient, weights=name).value
        assert ours == pytest.approx(values[weights][key][0], abs=1e-12), coefficient
    kappa = cohen_kappa(*pairs_of(contingency), weights=name)
    assert kappa.value == pytest.approx(values[weights]["cohen"][0], abs=1e-12)
    assert kappa.se == pytest.approx(values[weights]["cohen"][1], abs=1e-12)
    metric = "nominal" if weights == "unweighted" else "interval"
    alpha = one(table, "krippendorff_alpha", metric=metric).value
    # R irrCAC's table alpha uses the margin of both raters; printed to 10 digits or more.
    assert alpha == pytest.approx(values[weights]["alpha"][0], abs=1e-9)


def test_pairwise_equals_cohen_for_each_pair() -> None:
    data = np.array(published.GWET_2014_RAW4, dtype=object)
    pairwise = pairwise_cohen_kappa(RatingTable.from_matrix(data))
    for g in range(4):
        for h in range(4):
            if g == h:
                assert np.isnan(pairwise.kappa[g, h])
                continue
            single = cohen_kappa(list(data[:, g]), list(data[:, h]), categories=[1, 2, 3, 4, 5])
            assert pairwise.n[g, h] == single.n_units
            assert pairwise.kappa[g, h] == pytest.approx(single.value, abs=1e-12)
