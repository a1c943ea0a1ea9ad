"""The result of every agreement coefficient: a number with its interval, its counts and a named status."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from annotations.stats.arrays import number_or_none

STATUSES: dict[str, str] = {
    "ok": "The value and its interval can be used.",
    "few_units": "Fewer than 10 units (or clusters) carry the estimate: the interval is rough.",
    "boundary": "No or almost no disagreement: the interval is a one-sided exact bound, not a resampled one.",
    "single_unit": "Only one unit (or one cluster) has two ratings: a value, but no interval.",
    "ci_refused": "More than 5 % of the resamples had no value: no interval is given.",
    "undefined_no_variation": "Only one category was used: agreement beyond chance cannot be told.",
    "undefined_no_pairs": "No unit was rated by two raters: there is nothing to compare.",
    "not_applicable": "The coefficient is not defined for this number of raters or kind of data.",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """One agreement coefficient with everything needed to judge it.

    Attributes
    ----------
    name : str
        Name of the coefficient, e.g. ``"krippendorff_alpha"``.
    value : float or None
        The point estimate; None when it is undefined (see ``status``), never a stand-in number.
    se : float or None
        Standard error; None when there is none (one unit, no disagreement, refused, ``ci="none"``).
    ci_low, ci_high : float or None
        Ends of the interval at the level asked for.
    ci_method : str
        ``"percentile"``, ``"bca"``, ``"jackknife"``, ``"gwet"``, ``"normal"``, ``"clopper_pearson"``
        (one-sided bound) or ``"none"``.
    pa, pe : float or None
        Observed and chance agreement, so that ``value = (pa - pe) / (1 - pe)``.
    n_units : int
        Units with at least one rating.
    n_units_pairable : int
        Units with at least two ratings.
    n_ratings, n_raters, n_categories : int
        Size of the data; categories are the declared ones, else those used.
    n_boot, n_boot_undefined : int
        Resamples drawn, and how many of them had no value.
    status : str
        A key of ``STATUSES``.
    note : str
        One plain sentence for the reader, empty when there is nothing to say.

    Examples
    --------
    >>> e = Estimate("percent_agreement", 0.9, float("nan"), None, None, "none", 0.9, 0.0,
    ...              10, 10, 20, 2, 2, 0, 0, "ok", "")
    >>> e.to_dict()["value"], e.to_dict()["se"]
    (0.9, None)
    """

    name: str
    value: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    ci_method: str
    pa: float | None
    pe: float | None
    n_units: int
    n_units_pairable: int
    n_ratings: int
    n_raters: int
    n_categories: int
    n_boot: int
    n_boot_undefined: int
    status: str
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as a dictionary ready for JSON, with NaN as None.

        Returns
        -------
        dict
            Field names to str, int, float or None.
        """
        fields = asdict(self)
        for key in ("value", "se", "ci_low", "ci_high", "pa", "pe"):
            fields[key] = number_or_none(fields[key])
        return fields
