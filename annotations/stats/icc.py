"""Intraclass correlations of Shrout and Fleiss: six forms with F tests and intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from annotations.stats.arrays import FloatArray, number_or_none
from annotations.stats.ratings import RatingTable


@dataclass(frozen=True, slots=True)
class Icc:
    """One intraclass correlation.

    Attributes
    ----------
    form : str
        ``"ICC(1,1)"``, ``"ICC(2,1)"``, ``"ICC(3,1)"``, or with k for the mean of k raters.
    value : float or None
    f, p_value : float or None
        F test against 0; ``f`` is None without error variance.
    df1, df2 : int
    ci_low, ci_high : float or None
    n_units, n_raters, n_dropped : int
        Complete units used, raters, and units left out because a rating is missing.
    status : str
        ``"ok"``, ``"boundary"`` (raters, or units' means, never differ: no interval), ``"undefined_no_variation"`` or
        ``"undefined_no_pairs"`` (below two complete units or two raters).
    note : str

    Examples
    --------
    >>> icc([[1.0, 2.0]])[0].to_dict()["status"]
    'undefined_no_pairs'
    """

    form: str
    value: float | None
    f: float | None
    df1: int
    df2: int
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    n_units: int
    n_raters: int
    n_dropped: int
    status: str
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return the correlation as a dictionary ready for JSON."""
        return asdict(self)


class MeanSquares(NamedTuple):
    """Mean squares of a complete units × raters table: between units, within, raters, error."""

    n: int
    k: int
    units: float
    within: float
    raters: float
    error: float


Value = Callable[[MeanSquares], float]
Pair = tuple[tuple[float, float], tuple[float, float]]  # the ends for one rater, and for the mean of k
Ends = Callable[[MeanSquares, float], Pair]


def mean_squares(matrix: FloatArray) -> MeanSquares:
    """Return the mean squares of a complete table.

    Parameters
    ----------
    matrix : ndarray, shape (n, k)

    Returns
    -------
    MeanSquares

    Examples
    --------
    Shrout & Fleiss (1979), Table 3: 11.24, 6.26, 32.49, 1.02.

    >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> [round(m, 2) for m in mean_squares(np.array(ratings, dtype=float))[2:]]
    [11.24, 6.26, 32.49, 1.02]
    """
    n, k = matrix.shape
    centred = matrix - matrix.mean()
    rows = centred @ np.full(k, 1.0 / k)
    between = k * float(rows @ rows)
    of_raters = np.full(n, 1.0 / n) @ centred  # seven times as fast as a mean over rows
    columns = n * float(of_raters @ of_raters)
    total = float(np.vdot(centred, centred))
    within = max(total - between, 0.0)
    error = max(within - columns, 0.0)
    # What rounding leaves of a sum of squares that cancels is no variation.
    error = 0.0 if error < 1e-12 * total else error
    between = 0.0 if between < 1e-12 * total else between
    return MeanSquares(
        n, k, between / (n - 1), within / (n * (k - 1)), columns / (k - 1), error / ((n - 1) * (k - 1))
    )


def icc(ratings: Any, level: float = 0.95) -> list[Icc]:
    r"""Return the six intraclass correlations of Shrout and Fleiss.

    With mean squares B (units), W (within), J (raters), E (error), n units and k raters:
    :math:`ICC(1,1) = \frac{B - W}{B + (k - 1) W}`,
    :math:`ICC(2,1) = \frac{B - E}{B + (k - 1) E + k (J - E)/n}`,
    :math:`ICC(3,1) = \frac{B - E}{B + (k - 1) E}`, :math:`ICC(1,k) = \frac{B - W}{B}`,
    :math:`ICC(2,k) = \frac{B - E}{B + (J - E)/n}`, :math:`ICC(3,k) = \frac{B - E}{B}`. Forms 1: each unit has
    its own raters; 2: raters are a sample, absolute agreement; 3: these raters, consistency.

    Parameters
    ----------
    ratings : array_like of shape (units, raters), DataFrame, or RatingTable with numeric categories
        Units with a missing rating are left out and counted: the design has to be balanced.
    level : float

    Returns
    -------
    list of Icc
        ICC(1,1), ICC(2,1), ICC(3,1), ICC(1,k), ICC(2,k), ICC(3,k). Values may be negative.

    Raises
    ------
    ValueError
        When ratings are not numbers or not two-dimensional.

    Notes
    -----
    The interval of ICC(2,k) is the Spearman–Brown step-up of that of ICC(2,1), as Shrout and Fleiss give it;
    McGraw and Wong's differs.

    References
    ----------
    Shrout & Fleiss (1979). Intraclass correlations. *Psychological Bulletin* 86, 420–428.

    Examples
    --------
    >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> [(i.form, round(i.value, 2)) for i in icc(ratings)[:3]]
    [('ICC(1,1)', 0.17), ('ICC(2,1)', 0.29), ('ICC(3,1)', 0.71)]
    """
    matrix = _numbers(ratings)
    # One sum tells whether anything is missing, which is rare and costs a copy.
    complete = matrix if np.isfinite(matrix.sum()) else matrix[~np.isnan(matrix).any(axis=1)]
    if np.isinf(complete.sum()):
        raise ValueError("An intraclass correlation needs finite numbers, but a rating is infinite.")
    n, k = complete.shape
    dropped = matrix.shape[0] - n
    if n < 2 or k < 2:
        note = "An intraclass correlation needs two complete units and two raters."
        return [_undefined(form, n, k, dropped, "undefined_no_pairs", note) for form in FORMS]
    if float(np.ptp(complete)) == 0.0:
        note = "All ratings are the same."
        return [_undefined(form, n, k, dropped, "undefined_no_variation", note) for form in FORMS]
    squares = mean_squares(complete)
    ends: dict[Ends, Pair] = {}
    return [_form(form, squares, dropped, level, ends) for form in FORMS]


def _numbers(ratings: Any) -> FloatArray:
    if isinstance(ratings, RatingTable):
        values = ratings.category_values
        if values is None:
            raise ValueError("An intraclass correlation needs numbers, but the values are text.")
        codes = ratings.matrix()
        rated = codes[(codes >= 0).any(axis=1)]
        return np.where(rated >= 0, np.append(values, np.nan)[rated], np.nan)
    try:
        matrix = np.asarray(ratings, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError("An intraclass correlation needs a units × raters table of numbers.") from error
    if matrix.ndim != 2:
        raise ValueError(f"The ratings must be units × raters, but have shape {matrix.shape}.")
    return matrix


def _undefined(form: str, n: int, k: int, dropped: int, status: str, note: str) -> Icc:
    return Icc(form, None, None, 0, 0, None, None, None, n, k, dropped, status, note)


def _form(form: str, m: MeanSquares, dropped: int, level: float, ends: dict[Ends, Pair]) -> Icc:
    one_way = form.startswith("ICC(1")
    error, df1 = (m.within if one_way else m.error), m.n - 1
    df2 = m.n * (m.k - 1) if one_way else (m.n - 1) * (m.k - 1)
    value, interval = FORMS[form]
    found = number_or_none(value(m))
    if error == 0.0:
        note = "The raters never differ beyond a constant: there is no error to base an interval on."
        return Icc(form, found, None, df1, df2, None, None, None, m.n, m.k, dropped, "boundary", note)
    f = m.units / error
    p = float(special.fdtrc(df1, df2, f))
    if m.units == 0.0:
        note = (
            "The units' means do not differ: there is no interval, and forms relative to them have no value."
        )
        status = "undefined_no_variation" if found is None else "boundary"
        return Icc(form, found, f, df1, df2, p, None, None, m.n, m.k, dropped, status, note)
    # The interval of one rater and that of the mean of k come from the same quantiles.
    if interval not in ends:
        ends[interval] = interval(m, level)
    low, high = ends[interval][1 if form.endswith("k)") else 0]
    return Icc(
        form, found, f, df1, df2, p, number_or_none(low), number_or_none(high), m.n, m.k, dropped, "ok", ""
    )


def _ratio(top: float, bottom: float) -> float:
    """Return a ratio, NaN where the units' means do not differ and the bottom is 0."""
    return top / bottom if bottom else float("nan")


def _f_range(f: float, df1: float, df2: float, level: float) -> tuple[float, float]:
    upper = (1.0 + level) / 2.0
    return f / float(special.fdtri(df1, df2, upper)), f * float(special.fdtri(df2, df1, upper))


def _from_f(error: float, df2: int, m: MeanSquares, level: float) -> Pair:
    low, high = _f_range(m.units / error, m.n - 1, df2, level)
    single = (_ratio(low - 1.0, low + m.k - 1.0), _ratio(high - 1.0, high + m.k - 1.0))
    return single, (1.0 - _ratio(1.0, low), 1.0 - _ratio(1.0, high))


def _one_way(m: MeanSquares, level: float) -> Pair:
    return _from_f(m.within, m.n * (m.k - 1), m, level)


def _consistency(m: MeanSquares, level: float) -> Pair:
    return _from_f(m.error, (m.n - 1) * (m.k - 1), m, level)


def _absolute(m: MeanSquares, level: float) -> Pair:
    """Return the intervals of ICC(2,1), with Satterthwaite degrees of freedom, and of ICC(2,k)."""
    n, k = m.n, m.k
    icc2, ratio = _icc2(m), m.raters / m.error
    rest = n * (1.0 + (k - 1.0) * icc2) - k * icc2
    top = (k - 1.0) * (n - 1.0) * (k * icc2 * ratio + rest) ** 2
    df = _ratio(top, (n - 1.0) * k**2 * icc2**2 * ratio**2 + rest**2)
    upper = (1.0 + level) / 2.0
    lower_f, upper_f = float(special.fdtri(n - 1, df, upper)), float(special.fdtri(df, n - 1, upper))
    spread = k * m.raters + (k * n - k - n) * m.error
    low = _ratio(n * (m.units - lower_f * m.error), lower_f * spread + n * m.units)
    high = _ratio(n * (upper_f * m.units - m.error), spread + n * upper_f * m.units)
    k_1 = k - 1.0
    return (low, high), (_ratio(low * k, 1.0 + low * k_1), _ratio(high * k, 1.0 + high * k_1))


def _icc2(m: MeanSquares) -> float:
    return _ratio(m.units - m.error, m.units + (m.k - 1) * m.error + m.k * (m.raters - m.error) / m.n)


FORMS: dict[str, tuple[Value, Ends]] = {
    "ICC(1,1)": (lambda m: _ratio(m.units - m.within, m.units + (m.k - 1) * m.within), _one_way),
    "ICC(2,1)": (_icc2, _absolute),
    "ICC(3,1)": (lambda m: _ratio(m.units - m.error, m.units + (m.k - 1) * m.error), _consistency),
    "ICC(1,k)": (lambda m: _ratio(m.units - m.within, m.units), _one_way),
    "ICC(2,k)": (lambda m: _ratio(m.units - m.error, m.units + (m.raters - m.error) / m.n), _absolute),
    "ICC(3,k)": (lambda m: _ratio(m.units - m.error, m.units), _consistency),
}
