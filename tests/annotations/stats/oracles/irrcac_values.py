"""irrCAC's coefficients for matrices read as JSON; run by the Python of irrCAC's own environment.

Reads the same matrices as ``values.py``; prints one object per matrix: weights, then coefficient, then value,
standard error and observed agreement. irrCAC rounds to five digits unless told otherwise; here it is told fifteen.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import pandas as pd
from irrCAC.raw import CAC  # type: ignore[import-not-found]

WEIGHTS = ("identity", "linear", "quadratic", "ordinal", "radical", "ratio")
METHODS = {
    "gwet": "gwet",
    "fleiss_kappa": "fleiss",
    "krippendorff_alpha": "krippendorff",
    "conger_kappa": "conger",
    "brennan_prediger": "bp",
}
DIGITS = 15


def coefficients(rows: list[list[Any]], weights: str) -> dict[str, dict[str, float] | None]:
    """Return every coefficient of one matrix; None where irrCAC divides by zero."""
    found: dict[str, dict[str, float] | None] = {}
    for name, method in METHODS.items():
        frame = pd.DataFrame(rows, dtype=float)
        try:
            estimate = getattr(CAC(frame, weights=weights, digits=DIGITS), method)()["est"]
        except ZeroDivisionError:
            found[name] = None
            continue
        found[name] = {
            "value": float(estimate["coefficient_value"]),
            "se": float(estimate["se"]),
            "pa": float(estimate["pa"]),
        }
    return found


def main() -> None:
    """Answer every matrix on standard input."""
    warnings.simplefilter("ignore")
    answers = [{weights: coefficients(rows, weights) for weights in WEIGHTS} for rows in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
