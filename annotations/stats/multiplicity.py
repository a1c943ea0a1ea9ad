"""Corrections of p-values for making many comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import false_discovery_control

from annotations.stats.arrays import FloatArray


def holm(p_values: Sequence[float] | FloatArray) -> FloatArray:
    r"""Return Holm's step-down adjusted p-values, which control the family-wise error.

    :math:`\tilde p_{(i)} = \max_{j \le i} \min(1, (m - j + 1) p_{(j)})`. Written here because scipy's
    ``false_discovery_control`` offers the Benjamini methods only.

    Parameters
    ----------
    p_values : array_like, shape (m,)

    Returns
    -------
    ndarray, shape (m,)
        In the order given.

    Raises
    ------
    ValueError
        For a p-value outside [0, 1].

    References
    ----------
    Holm, S. (1979). *Scandinavian Journal of Statistics* 6, 65–70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _checked_p(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def benjamini_hochberg(p_values: Sequence[float] | FloatArray) -> FloatArray:
    r"""Return Benjamini–Hochberg adjusted p-values, which control the false-discovery rate.

    :math:`\tilde p_{(i)} = \min_{j \ge i} \min(1, m p_{(j)} / j)`,
    from ``scipy.stats.false_discovery_control``.

    Parameters
    ----------
    p_values : array_like, shape (m,)

    Returns
    -------
    ndarray, shape (m,)
        In the order given.

    Raises
    ------
    ValueError
        For a p-value outside [0, 1].

    References
    ----------
    Benjamini & Hochberg (1995). *JRSS B* 57, 289–300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.04, 0.04]
    """
    p = _checked_p(p_values)
    return np.asarray(false_discovery_control(p, method="bh"), dtype=np.float64) if p.size else p


def _checked_p(p_values: Sequence[float] | FloatArray) -> FloatArray:
    p = np.asarray(p_values, dtype=np.float64)
    if p.size and not (p.min() >= 0.0 and p.max() <= 1.0):
        raise ValueError("p-values must lie between 0 and 1.")
    return p
