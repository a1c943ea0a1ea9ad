"""Random matrices give the same numbers as independent libraries.

The libraries (krippendorff, statsmodels, pingouin) live in an environment of their own, whose interpreter is
``.oracles/bin/python`` or named by ``ORACLES_PYTHON``. Where it is missing the tests are skipped and say so.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotations.stats import RatingTable, agreement, icc, pairwise_cohen_kappa

ROOT = Path(__file__).resolve().parents[3]
PYTHON = Path(os.environ.get("ORACLES_PYTHON", ROOT / ".oracles" / "bin" / "python"))

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="needs the oracles: make oracles")


def random_matrices() -> list[list[list[int | None]]]:
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


@pytest.fixture(scope="module")
def answered() -> list[tuple[Any, Any]]:
    matrices = random_matrices()
    script = Path(__file__).with_name("oracle_values.py")
    done = subprocess.run(
        [str(PYTHON), str(script)], input=json.dumps(matrices), capture_output=True, text=True, check=True
    )
    return list(zip(matrices, json.loads(done.stdout), strict=True))


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


def test_intraclass_correlations_equal_pingouin(answered: Any) -> None:
    compared = 0
    for matrix, answer in answered:
        if answer["icc"]:
            ours = icc(matrix)
            assert [i.value for i in ours] == pytest.approx(answer["icc"]["icc"], abs=1e-9)
            assert [i.f for i in ours] == pytest.approx(answer["icc"]["f"], rel=1e-9)
            compared += 1
    assert compared == 10
