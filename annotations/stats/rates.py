"""Rates of rare events and of several samples: red-line failures and worst-at-k."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, overload

import numpy as np
from scipy import stats

from annotations.stats.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its interval.

    Attributes
    ----------
    failures, n : int
    rate : float or None
        failures / n; None when n is 0.
    ci_low, ci_high : float or None
    ci_method : str
        ``"wilson"``, ``"rule_of_three"`` or ``"none"``.
    level : float

    Examples
    --------
    >>> red_line_rate(0, 0).to_dict()["rate"] is None
    True
    """

    failures: int
    n: int
    rate: float | None
    ci_low: float | None
    ci_high: float | None
    ci_method: str
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Return the rate as a dictionary ready for JSON."""
        return asdict(self)


def red_line_rate(failures: int, n: int, level: float = 0.95) -> Rate:
    r"""Return the share of responses that crossed a red line, with an honest bound.

    With failures: Wilson's interval
    :math:`\frac{p + z^2/2n \pm z \sqrt{p (1 - p)/n + z^2/4n^2}}{1 + z^2/n}`. Without any: the one-sided rule
    of three, at most :math:`3/n` at 95 % (:math:`-\ln(1 - level)/n` at other levels).

    Parameters
    ----------
    failures : int
        Responses with at least one met red line.
    n : int
        Responses judged.
    level : float
        Coverage.

    Returns
    -------
    Rate
        For n = 0 everything is None.

    Raises
    ------
    ValueError
        For negative counts, or more failures than responses.

    References
    ----------
    Wilson (1927). *JASA* 22, 209–212. Hanley & Lippman-Hand (1983). If nothing goes wrong, is everything all
    right? *JAMA* 249, 1743–1745.

    Examples
    --------
    >>> r = red_line_rate(0, 100)
    >>> r.rate, r.ci_low, r.ci_high, r.ci_method
    (0.0, 0.0, 0.03, 'rule_of_three')
    >>> r = red_line_rate(5, 100)
    >>> round(r.ci_low, 4), round(r.ci_high, 4)
    (0.0215, 0.1118)
    """
    if failures < 0 or n < 0 or failures > n:
        raise ValueError(f"There cannot be {failures} failures among {n} responses.")
    if not 0.0 < level < 1.0:
        raise ValueError(f"The level must lie between 0 and 1, but is {level!r}.")
    if n == 0:
        return Rate(failures, n, None, None, None, "none", level)
    if failures == 0:
        events = 3.0 if level == 0.95 else -math.log(1.0 - level)
        return Rate(0, n, 0.0, 0.0, min(1.0, events / n), "rule_of_three", level)
    low, high = wilson_interval(failures, n, level)
    return Rate(failures, n, failures / n, low, high, "wilson", level)


def wilson_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    r"""Return Wilson's interval of a share, by the formula in ``red_line_rate``.

    Parameters
    ----------
    hits, n : int
        With n at least 1.
    level : float
        Coverage.

    Returns
    -------
    (float, float)
        Within 0 and 1; exactly 0 without a hit and 1 without a miss.

    References
    ----------
    Wilson (1927). *JASA* 22, 209–212.

    Examples
    --------
    >>> [round(end, 4) for end in wilson_interval(8, 10)], wilson_interval(3, 3)[1]
    ([0.4902, 0.9433], 1.0)
    """
    share = hits / n
    z = float(stats.norm.ppf((1.0 + level) / 2.0))
    centre = share + z * z / (2.0 * n)
    spread = z * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    low, high = (centre - spread) / (1.0 + z * z / n), (centre + spread) / (1.0 + z * z / n)
    return (0.0 if hits == 0 else max(0.0, low)), (1.0 if hits == n else min(1.0, high))


def worst_at_k_weights(n: int) -> FloatArray:
    r"""Return the weight of each ordered sample in the expected minimum of k.

    Parameters
    ----------
    n : int
        Samples per case.

    Returns
    -------
    ndarray, shape (n, n)
        Column k - 1 holds :math:`\binom{n - 1 - i}{k - 1} / \binom{n}{k}` for the i-th smallest, i from 0.
        Computed by the ratio of neighbours, so that large n does not overflow.

    Examples
    --------
    >>> worst_at_k_weights(3).round(4).tolist()
    [[0.3333, 0.6667, 1.0], [0.3333, 0.3333, 0.0], [0.3333, 0.0, 0.0]]
    """
    k = np.arange(1, n + 1, dtype=np.float64)
    weights = np.zeros((n, n))
    weights[0] = k / n
    for i in range(n - 1):
        weights[i + 1] = weights[i] * np.maximum(n - i - k, 0.0) / (n - 1 - i)
    return weights


@overload
def worst_at_k(scores: Any, k: int) -> float | None: ...


@overload
def worst_at_k(scores: Any, k: None = None) -> FloatArray | None: ...


def worst_at_k(scores: Any, k: int | None = None) -> float | FloatArray | None:
    r"""Return HealthBench's worst-at-k: the expected worst of k samples, mean over cases, clipped to [0, 1].

    For n samples sorted ascending :math:`s_{(0)} \le … \le s_{(n-1)}` the mean over all k-subsets of their
    minimum is :math:`\sum_i s_{(i)} \binom{n - 1 - i}{k - 1} / \binom{n}{k}`.

    Parameters
    ----------
    scores : array_like, shape (cases, n)
        Unclipped score of each sample. A case with a missing (NaN) sample is left out.
    k : int, optional
        From 1 to n. Default: all k.

    Returns
    -------
    float, or ndarray of shape (n,) for all k, or None
        None when no case has all its samples.

    Raises
    ------
    ValueError
        When scores are not two-dimensional or k is out of range.

    References
    ----------
    Arora et al. (2025). HealthBench. arXiv:2505.08775, section 6.

    Examples
    --------
    Scores 0, 0.5, 1: the worst of two is 0, 0 or 0.5.

    >>> round(worst_at_k([[0.5, 0.0, 1.0]], 2), 4)
    0.1667
    >>> worst_at_k([[0.5, 0.0, 1.0]]).round(4).tolist()
    [0.5, 0.1667, 0.0]
    """
    matrix = np.asarray(scores, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"Scores must be cases × samples, but have shape {matrix.shape}.")
    n = matrix.shape[1]
    if k is not None and not 1 <= k <= n:
        raise ValueError(f"k must lie between 1 and the number of samples ({n}), but is {k}.")
    complete = np.sort(matrix[~np.isnan(matrix).any(axis=1)], axis=1)
    if not complete.size:
        return None
    means = np.clip(complete.mean(axis=0) @ worst_at_k_weights(n), 0.0, 1.0)
    return means if k is None else float(means[k - 1])
