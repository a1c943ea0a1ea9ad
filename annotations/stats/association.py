"""Rank association: Kendall's W among raters, Spearman's rho and Kendall's tau between two scores."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from annotations.stats.arrays import FloatArray, number_or_none

FEWEST = 4
CHUNK_CELLS = 500_000


@dataclass(frozen=True, slots=True)
class Concordance:
    """Kendall's coefficient of concordance.

    Attributes
    ----------
    value : float or None
        W, from 0 (no agreement on the order) to 1.
    chi2, p_value : float or None
        Friedman's test with ``df`` = units - 1; rough below about 8 units.
    df, n_units, n_raters, n_dropped : int
    status : str
        ``"ok"``, ``"undefined_no_pairs"`` or ``"undefined_no_variation"``.

    Examples
    --------
    >>> kendall_w([[1, 1], [2, 2]]).to_dict()["value"]
    1.0
    """

    value: float | None
    chi2: float | None
    df: int
    p_value: float | None
    n_units: int
    n_raters: int
    n_dropped: int
    status: str

    def to_dict(self) -> dict[str, Any]:
        """Return the coefficient as a dictionary ready for JSON."""
        return asdict(self)


def kendall_w(ratings: Any, tie_correction: bool = True) -> Concordance:
    r"""Return Kendall's W: how far raters agree on the order of the units.

    With :math:`R_i` the sum over m raters of the mid-ranks of unit i, :math:`S = \sum_i (R_i - \bar R)^2` and
    :math:`T = \sum (t^3 - t)` over ties: :math:`W = \frac{12 S}{m^2 (n^3 - n) - m T}` and
    :math:`\chi^2 = m (n - 1) W`.

    Parameters
    ----------
    ratings : array_like, shape (units, raters)
        Scores or ranks; units with a missing rating are left out and counted.
    tie_correction : bool
        Without it T is 0.

    Returns
    -------
    Concordance

    Raises
    ------
    ValueError
        When ratings are not two-dimensional numbers.

    References
    ----------
    Kendall & Babington Smith (1939). *Annals of Mathematical Statistics* 10, 275–287. Siegel (1956), chapter
    9.

    Examples
    --------
    Three executives rank six applicants (Siegel 1956, p. 230): .16.

    >>> ranks = [[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]]
    >>> round(kendall_w(np.array(ranks).T).value, 2)
    0.16
    """
    matrix = np.asarray(ratings, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"The ratings must be units × raters, but have shape {matrix.shape}.")
    complete = matrix[~np.isnan(matrix).any(axis=1)]
    n, m = complete.shape
    dropped = matrix.shape[0] - n
    if n < 2 or m < 2:
        return Concordance(None, None, max(n - 1, 0), None, n, m, dropped, "undefined_no_pairs")
    ranks = stats.rankdata(complete, axis=0)
    sums = ranks.sum(axis=1)
    deviation = float(((sums - sums.mean()) ** 2).sum())
    ties = 0.0
    if tie_correction:
        for column in ranks.T:
            _, sizes = np.unique(column, return_counts=True)
            ties += float((sizes.astype(np.float64) ** 3 - sizes).sum())
    possible = m * m * (float(n) ** 3 - n) - m * ties
    if possible <= 0.0:
        return Concordance(None, None, n - 1, None, n, m, dropped, "undefined_no_variation")
    w = 12.0 * deviation / possible
    chi2 = m * (n - 1) * w
    return Concordance(w, chi2, n - 1, float(stats.chi2.sf(chi2, n - 1)), n, m, dropped, "ok")


@dataclass(frozen=True, slots=True)
class Association:
    """A rank correlation of two scores.

    Attributes
    ----------
    name : str
        ``"spearman_rho"`` or ``"kendall_tau"``.
    value, p_value : float or None
    ci_low, ci_high : float or None
    ci_method : str
        ``"bootstrap"``, ``"fisher_z"`` or ``"none"``.
    n : int
        Pairs without a missing value.
    n_boot, n_boot_undefined : int
    status : str
        ``"ok"``, ``"too_few"`` (below 4 pairs: no interval), ``"boundary"`` (exactly 1 or -1: no interval),
        ``"ci_refused"``, ``"undefined_no_variation"`` or ``"undefined_no_pairs"``.
    note : str

    Examples
    --------
    >>> association([1, 2, 3], [1, 3, 2]).to_dict()["status"]
    'too_few'
    """

    name: str
    value: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    ci_method: str
    n: int
    n_boot: int
    n_boot_undefined: int
    status: str
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return the correlation as a dictionary ready for JSON."""
        return asdict(self)


def association(
    x: Any,
    y: Any,
    method: Literal["spearman", "kendall"] = "spearman",
    ci: Literal["bootstrap", "fisher_z", "none"] = "bootstrap",
    level: float = 0.95,
    n_boot: int = 1000,
    seed: int | None = 0,
) -> Association:
    r"""Return Spearman's rho or Kendall's tau-b of two scores, with an interval.

    Values and p come from ``scipy.stats``, which has no interval for them. ``fisher_z`` is
    :math:`\tanh(\mathrm{artanh}\, r \pm z\, s)` with :math:`s^2 = (1 + \rho^2/2)/(n - 3)` for rho and
    :math:`s^2 = 0.437/(n - 4)` for tau; ``bootstrap`` is the percentile interval over pairs.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        NaN and None are missing; a pair with one is dropped.
    method : {"spearman", "kendall"}
    ci : {"bootstrap", "fisher_z", "none"}
    level, n_boot, seed
        As in ``agreement``.

    Returns
    -------
    Association
        No interval below 4 pairs (5 for tau by Fisher z), nor for a value of exactly 1 or -1, where it would
        have no width.

    Raises
    ------
    ValueError
        For columns of different length, or an unknown method.

    References
    ----------
    Bonett & Wright (2000). Sample size requirements for estimating correlations. *Psychometrika* 65, 23–28.
    Fieller, Hartley & Pearson (1957). *Biometrika* 44, 470–481.

    Examples
    --------
    >>> a = association([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], ci="fisher_z")
    >>> round(a.value, 2), a.n, a.ci_low < a.value < a.ci_high
    (0.8, 5, True)
    """
    if method not in ("spearman", "kendall") or ci not in ("bootstrap", "fisher_z", "none"):
        raise ValueError(f"Unknown method {method!r} or interval {ci!r}.")
    left, right = (
        np.array([np.nan if v is None else v for v in column], dtype=np.float64) for column in (x, y)
    )
    if left.size != right.size:
        raise ValueError(f"The scores have {left.size} and {right.size} values: give pairs.")
    kept = ~(np.isnan(left) | np.isnan(right))
    left, right = left[kept], right[kept]
    name = "spearman_rho" if method == "spearman" else "kendall_tau"
    n = int(left.size)
    if n < 2:
        return Association(name, None, None, None, None, "none", n, 0, 0, "undefined_no_pairs", "No pairs.")
    if np.ptp(left) == 0.0 or np.ptp(right) == 0.0:
        status = "undefined_no_variation"
        return Association(name, None, None, None, None, "none", n, 0, 0, status, "A score never varies.")
    found = stats.spearmanr(left, right) if method == "spearman" else stats.kendalltau(left, right)
    value, p = float(found.statistic), number_or_none(found.pvalue)
    if n < FEWEST or (ci == "fisher_z" and method == "kendall" and n <= FEWEST):
        note = f"{n} pairs are too few for an interval."
        return Association(name, value, p, None, None, "none", n, 0, 0, "too_few", note)
    if abs(value) > 1.0 - 1e-12:
        note = "The order is the same or exactly reversed: an interval would have no width."
        return Association(name, value, p, None, None, "none", n, 0, 0, "boundary", note)
    if ci == "bootstrap":
        return _bootstrapped(name, value, p, left, right, level, n_boot, seed)
    if ci == "none":
        return Association(name, value, p, None, None, "none", n, 0, 0, "ok", "")
    low, high = _fisher_interval(value, n, method, level)
    return Association(name, value, p, low, high, "fisher_z", n, 0, 0, "ok", "")


def _fisher_interval(value: float, n: int, method: str, level: float) -> tuple[float, float]:
    variance = (1.0 + value**2 / 2.0) / (n - 3.0) if method == "spearman" else 0.437 / (n - 4.0)
    reach = float(stats.norm.ppf((1.0 + level) / 2.0)) * math.sqrt(variance)
    return math.tanh(math.atanh(value) - reach), math.tanh(math.atanh(value) + reach)


def _column(values: Any) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _bootstrapped(
    name: str,
    value: float,
    p: float | None,
    x: FloatArray,
    y: FloatArray,
    level: float,
    n_boot: int,
    seed: int | None,
) -> Association:
    rng = np.random.default_rng(seed)
    n = x.size
    replicates = np.empty(n_boot)
    width = n if name == "spearman_rho" else n * n
    step = max(1, CHUNK_CELLS // width)
    resampled = _spearman_rows if name == "spearman_rho" else _kendall_rows
    for start in range(0, n_boot, step):
        picked = rng.integers(0, n, size=(min(step, n_boot - start), n))
        replicates[start : start + step] = resampled(x[picked], y[picked])
    defined = replicates[np.isfinite(replicates)]
    undefined = n_boot - int(defined.size)
    if undefined > 0.05 * n_boot:
        note = f"{undefined} of {n_boot} resamples had no value, more than 5 %: no interval is given."
        return Association(name, value, p, None, None, "none", n, n_boot, undefined, "ci_refused", note)
    low, high = np.quantile(defined, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Association(name, value, p, float(low), float(high), "bootstrap", n, n_boot, undefined, "ok", "")


def _spearman_rows(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return Spearman's rho of each row, shape (B,)."""
    a, b = stats.rankdata(x, axis=1), stats.rankdata(y, axis=1)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)))


def _kendall_rows(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return Kendall's tau-b of each row, shape (B,)."""
    a = np.sign(x[:, :, None] - x[:, None, :])
    b = np.sign(y[:, :, None] - y[:, None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            (a * b).sum(axis=(1, 2)) / np.sqrt(np.abs(a).sum(axis=(1, 2)) * np.abs(b).sum(axis=(1, 2)))
        )
