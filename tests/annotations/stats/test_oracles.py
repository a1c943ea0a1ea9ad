"""Random matrices give the same numbers as independent libraries.

The libraries live in two environments that `make oracles` builds, and are reached through a subprocess that reads and
prints JSON; the product never imports them. Where an environment is missing its tests are skipped and say so.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotations.stats import RatingTable, agreement, cohen_kappa, icc, pairwise_cohen_kappa

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = Path(__file__).with_name("oracles")

pytestmark = pytest.mark.oracles


def random_matrices() -> list[list[list[int | None]]]:
    """Return thirty tables of 2 to 6 raters who agree beyond chance; every third one is complete."""
    rng = np.random.default_rng(20)
    made = []
    for index in range(30):
        units, raters, q = int(rng.integers(6, 60)), int(rng.integers(2, 7)), int(rng.integers(2, 6))
        truth = rng.integers(1, q + 1, (units, 1))
        ratings = np.where(rng.random((units, raters)) < 0.5, truth, rng.integers(1, q + 1, (units, raters)))
        matrix = ratings.astype(object)
        if index % 3:
            matrix[rng.random((units, raters)) < 0.25] = None
        made.append(matrix.tolist())
    return made


def ask(environment: str, script: str) -> list[tuple[Any, Any]]:
    """Return each matrix with what an environment's libraries say of it; skip where it was not built."""
    home = ROOT / environment
    if not (home / "installed-requirements").exists():
        pytest.skip(f"The environment {environment} is missing: run make oracles.")
    matrices = random_matrices()
    done = subprocess.run(
        [str(home / "bin" / "python"), str(SCRIPTS / script)],
        input=json.dumps(matrices), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(zip(matrices, json.loads(done.stdout), strict=True))


@pytest.fixture(scope="module")
def answered() -> list[tuple[Any, Any]]:
    """What krippendorff, statsmodels, scikit-learn and pingouin say."""
    return ask(".oracles", "values.py")


@pytest.fixture(scope="module")
def irrcac() -> list[tuple[Any, Any]]:
    """What irrCAC says."""
    return ask(".oracles-irrcac", "irrcac_values.py")


def test_alpha_equals_krippendorff(answered: Any) -> None:
    compared = 0
    for matrix, answer in answered:
        table = RatingTable.from_matrix(matrix)
        for metric, theirs in answer["alpha"].items():
            [ours] = agreement(table, "krippendorff_alpha", metric=metric, ci="none")
            compared += 1
            if np.isnan(theirs):  # one category only
                assert ours.status == "undefined_no_variation"
            else:
                assert ours.value == pytest.approx(theirs, abs=1e-12), (metric, matrix)
    assert compared == 120


def test_fleiss_equals_statsmodels(answered: Any) -> None:
    """Of complete tables only: statsmodels counts a missing rating as a category."""
    compared = 0
    for matrix, answer in answered:
        if answer["fleiss"] is not None:
            [ours] = agreement(RatingTable.from_matrix(matrix), "fleiss_kappa", ci="none")
            assert ours.value == pytest.approx(answer["fleiss"], abs=1e-12)
            compared += 1
    assert compared == 10


def test_cohen_and_its_error_equal_statsmodels(answered: Any) -> None:
    compared = 0
    for matrix, answer in answered:
        ours = pairwise_cohen_kappa(RatingTable.from_matrix(matrix))
        for pair in answer["kappas"]:
            g, h = pair["g"], pair["h"]
            assert ours.kappa[g, h] == pytest.approx(pair["kappa"], abs=1e-12, nan_ok=True)
            if not np.isnan(ours.se[g, h]):
                assert ours.se[g, h] == pytest.approx(pair["se"], abs=1e-12)
                compared += 1
    assert compared > 100


def test_weighted_cohen_equals_scikit_learn(answered: Any) -> None:
    compared = 0
    for matrix, answer in answered:
        categories = sorted({value for row in matrix for value in row if value is not None})
        a, b = [row[0] for row in matrix], [row[1] for row in matrix]
        for pair in answer["weighted"]:
            ours = cohen_kappa(a, b, weights=pair["weights"], categories=categories)
            compared += 1
            if np.isnan(pair["kappa"]):  # both used one category only
                assert ours.status == "undefined_no_variation"
            else:
                assert ours.value == pytest.approx(pair["kappa"], abs=1e-12), (pair, matrix)
    assert compared == 90


def test_intraclass_correlations_equal_pingouin(answered: Any) -> None:
    compared = 0
    for matrix, answer in answered:
        if answer["icc"]:
            ours = icc(matrix)
            assert [i.value for i in ours] == pytest.approx(answer["icc"]["icc"], abs=1e-9)
            assert [i.f for i in ours] == pytest.approx(answer["icc"]["f"], rel=1e-9)
            compared += 1
    assert compared == 10


# Agreement weights and distances that say the same of Krippendorff's alpha; the other weights have no such metric.
METRIC_OF_WEIGHTS = {"identity": "nominal", "quadratic": "interval", "ratio": "ratio"}


def test_every_coefficient_equals_irrcac(irrcac: Any) -> None:
    """Six sets of weights, with and without missing ratings, to 1e-10: irrCAC is asked not to round to five digits."""
    compared = 0
    for matrix, answer in irrcac:
        table = RatingTable.from_matrix(matrix)
        for weights, coefficients in answer.items():
            for name, theirs in coefficients.items():
                if name == "krippendorff_alpha" and weights not in METRIC_OF_WEIGHTS:
                    continue
                options = {"weights": weights, "metric": METRIC_OF_WEIGHTS.get(weights, "nominal")}
                ours_name = "gwet_ac1" if weights == "identity" else "gwet_ac2"
                [ours] = agreement(table, ours_name if name == "gwet" else name, ci="none", **options)
                compared += 1
                if theirs is None:
                    assert ours.status == "undefined_no_variation"
                    continue
                assert ours.value == pytest.approx(theirs["value"], abs=1e-10), (name, weights, matrix)
    assert compared == 30 * (6 * 4 + 3)


def test_percent_agreement_equals_irrcac(irrcac: Any) -> None:
    for matrix, answer in irrcac:
        for weights, coefficients in answer.items():
            [ours] = agreement(
                RatingTable.from_matrix(matrix), "percent_agreement", weights=weights, ci="none"
            )
            assert ours.value == pytest.approx(coefficients["gwet"]["pa"], abs=1e-10), (weights, matrix)


def test_gwets_error_equals_irrcac(irrcac: Any) -> None:
    """Plain weights; alpha's is left out, where irrCAC's Python and R versions differ from each other."""
    compared = 0
    for matrix, answer in irrcac:
        table = RatingTable.from_matrix(matrix)
        for name in ("gwet", "fleiss_kappa", "brennan_prediger", "conger_kappa"):
            [ours] = agreement(table, "gwet_ac1" if name == "gwet" else name, ci="gwet")
            if ours.ci_method == "gwet":
                assert ours.se == pytest.approx(answer["identity"][name]["se"], abs=1e-10), (name, matrix)
                compared += 1
    assert compared > 60
