"""Values of other libraries for matrices read as JSON; run by the oracles' Python, which has them installed.

Reads ``[[unit ratings or null, …], …]`` matrices from standard input, one list of them; prints one object per
matrix. It must not import the product: the point is to compare two independent programs.
"""

from __future__ import annotations

import json
import sys
import warnings
from itertools import combinations
from typing import Any

import krippendorff  # type: ignore[import-not-found]
import numpy as np
import pandas as pd
import pingouin  # type: ignore[import-not-found]
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater  # type: ignore[import-not-found]


def alphas(matrix: Any) -> dict[str, float]:
    """Return Krippendorff's alpha with every metric."""
    return {
        metric: float(krippendorff.alpha(reliability_data=matrix.T, level_of_measurement=metric))
        for metric in ("nominal", "ordinal", "interval", "ratio")
    }


def fleiss(matrix: Any) -> float | None:
    """Return Fleiss' kappa by statsmodels, of complete matrices only: it counts NaN as a category."""
    if np.isnan(matrix).any():
        return None
    counts, _ = inter_rater.aggregate_raters(matrix.astype(int))
    return float(inter_rater.fleiss_kappa(counts))


def kappas(matrix: Any) -> list[dict[str, float]]:
    """Return Cohen's kappa and its error for every pair of raters by statsmodels."""
    labels = np.unique(matrix[~np.isnan(matrix)])
    found = []
    for g, h in combinations(range(matrix.shape[1]), 2):
        both = ~(np.isnan(matrix[:, g]) | np.isnan(matrix[:, h]))
        table = np.array(
            [[((matrix[both, g] == a) & (matrix[both, h] == b)).sum() for b in labels] for a in labels]
        )
        result = inter_rater.cohens_kappa(table)
        found.append({"g": g, "h": h, "kappa": float(result.kappa), "se": float(result.std_kappa)})
    return found


def weighted_kappas(matrix: Any) -> list[dict[str, Any]]:
    """Return Cohen's kappa, plain, linear and quadratic, of the first two raters by scikit-learn."""
    both = ~np.isnan(matrix[:, :2]).any(axis=1)
    a, b = matrix[both, 0].astype(int), matrix[both, 1].astype(int)
    labels = np.unique(matrix[~np.isnan(matrix)]).astype(int)
    return [
        {"weights": weights, "kappa": float(cohen_kappa_score(a, b, labels=labels, weights=weights))}
        for weights in (None, "linear", "quadratic")
    ]


def correlations(matrix: Any) -> dict[str, list[float]]:
    """Return the six intraclass correlations of complete matrices by pingouin, in its own order."""
    if np.isnan(matrix).any():
        return {}
    unit, rater = np.divmod(np.arange(matrix.size), matrix.shape[1])
    frame = pd.DataFrame({"unit": unit, "rater": rater, "value": matrix.ravel()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = pingouin.intraclass_corr(frame, targets="unit", raters="rater", ratings="value")
    return {"icc": [float(v) for v in table["ICC"]], "f": [float(v) for v in table["F"]]}


def main() -> None:
    """Answer every matrix on standard input."""
    answers = []
    for rows in json.load(sys.stdin):
        matrix = np.array([[np.nan if v is None else float(v) for v in row] for row in rows])
        answers.append(
            {
                "alpha": alphas(matrix),
                "fleiss": fleiss(matrix),
                "kappas": kappas(matrix),
                "weighted": weighted_kappas(matrix),
                "icc": correlations(matrix),
            }
        )
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
