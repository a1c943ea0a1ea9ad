"""Agreement weights and disagreement metrics between categories."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from annotations.stats.arrays import FloatArray

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Weights = Literal["identity", "linear", "quadratic", "ordinal", "radical", "ratio"]
METRICS: tuple[str, ...] = get_args(Metric)
WEIGHTS: tuple[str, ...] = get_args(Weights)


def _refuse_unless_ratio_scale(values: FloatArray, what: str) -> None:
    if values.size and values.min() < 0:
        raise ValueError(f"{what} need values of zero or more, but the smallest is {values.min():g}.")


def _ratio_distance(values: FloatArray) -> FloatArray:
    total = values[:, None] + values[None, :]
    gap = values[:, None] - values[None, :]
    return np.divide(gap, total, out=np.zeros_like(total), where=total != 0) ** 2


def agreement_weights(values: FloatArray, weights: Weights) -> FloatArray:
    r"""Return the matrix of agreement weights between ordered categories.

    Parameters
    ----------
    values : ndarray, shape (q,)
        Numeric value of each category in order (1, 2, … q when the categories are labels).
    weights : {"identity", "linear", "quadratic", "ordinal", "radical", "ratio"}
        With :math:`d = |x_k - x_l|` and :math:`D = x_{max} - x_{min}`: identity :math:`[k = l]`;
        linear :math:`1 - d/D`; quadratic :math:`1 - (d/D)^2`; radical :math:`1 - \sqrt{d/D}`;
        ratio :math:`1 - ((x_k - x_l)/(x_k + x_l))^2 / (D/(x_{max} + x_{min}))^2`;
        ordinal :math:`1 - \binom{m_{kl}}{2} / \binom{q}{2}` with :math:`m_{kl}` the number of categories
        from k to l, both included.

    Returns
    -------
    ndarray, shape (q, q)
        Symmetric, 1 on the diagonal, less than 1 elsewhere.

    Raises
    ------
    ValueError
        For an unknown name, or ratio weights on negative values.

    References
    ----------
    Gwet, K. L. (2014). *Handbook of Inter-Rater Reliability*, 4th ed., chapter 3.

    Examples
    --------
    >>> agreement_weights(np.array([1.0, 2.0, 3.0]), "linear")[0].tolist()
    [1.0, 0.5, 0.0]
    >>> agreement_weights(np.array([1.0, 2.0, 3.0]), "quadratic")[0].tolist()
    [1.0, 0.75, 0.0]
    """
    q = values.size
    if weights == "identity" or q < 2:
        return np.eye(q)
    gap: FloatArray = np.abs(values[:, None] - values[None, :])
    scaled: FloatArray = gap / gap.max()
    if weights == "linear":
        return 1.0 - scaled
    if weights == "quadratic":
        return 1.0 - scaled**2
    if weights == "radical":
        return 1.0 - np.sqrt(scaled)
    if weights == "ordinal":
        rank = np.arange(q, dtype=float)
        between = np.abs(rank[:, None] - rank[None, :]) + 1.0
        pairs: FloatArray = 1.0 - between * (between - 1.0) / (q * (q - 1.0))
        return pairs
    if weights == "ratio":
        _refuse_unless_ratio_scale(values, "Ratio weights")
        distance: FloatArray = _ratio_distance(values)
        return np.asarray(1.0 - distance / distance.max(), dtype=np.float64)
    raise ValueError(f"Unknown weights {weights!r}: use one of {', '.join(WEIGHTS)}.")


def difference_function(values: FloatArray, metric: Metric) -> FloatArray:
    r"""Return Krippendorff's squared difference between categories.

    The ordinal difference depends on how often each category was used and is computed inside
    ``krippendorff_alpha``; here it is refused.

    Parameters
    ----------
    values : ndarray, shape (q,)
        Numeric value of each category.
    metric : {"nominal", "interval", "ratio"}
        nominal :math:`[c \ne k]`; interval :math:`(c - k)^2`; ratio :math:`((c - k)/(c + k))^2`,
        0 for two zeros.

    Returns
    -------
    ndarray, shape (q, q)
        Symmetric, 0 on the diagonal.

    Raises
    ------
    ValueError
        For another metric, or the ratio metric on negative values.

    References
    ----------
    Krippendorff, K. (2011). *Computing Krippendorff's Alpha-Reliability*.

    Examples
    --------
    >>> difference_function(np.array([1.0, 3.0]), "interval").tolist()
    [[0.0, 4.0], [4.0, 0.0]]
    >>> difference_function(np.array([1.0, 3.0]), "ratio").tolist()
    [[0.0, 0.25], [0.25, 0.0]]
    """
    if metric == "nominal":
        return 1.0 - np.eye(values.size)
    if metric == "interval":
        return (values[:, None] - values[None, :]) ** 2
    if metric == "ratio":
        _refuse_unless_ratio_scale(values, "The ratio metric")
        return _ratio_distance(values)
    raise ValueError(f"No fixed difference function for metric {metric!r}.")


def category_scores(values: FloatArray | None, n_categories: int, declared: bool, scale: str) -> FloatArray:
    """Return the numeric value of each category, refusing a scale that the categories do not allow.

    Parameters
    ----------
    values : ndarray, shape (q,), or None
        Categories as numbers; None when they are text.
    n_categories : int
    declared : bool
        Whether the order of the categories was given.
    scale : str
        A metric or the name of weights.

    Returns
    -------
    ndarray, shape (q,)
        The numbers themselves; 1, 2, … q for text.

    Raises
    ------
    ValueError
        For text with an interval or ratio scale, or with an ordered scale when no order was declared.

    Examples
    --------
    >>> category_scores(None, 3, True, "ordinal").tolist()
    [1.0, 2.0, 3.0]
    """
    if values is not None:
        return values
    if scale in ("interval", "ratio"):
        raise ValueError(f"The {scale} scale needs numbers, but the values are text: use nominal or ordinal.")
    if scale not in ("nominal", "identity") and not declared:
        raise ValueError(
            f"The values are text without an order: declare the categories in order for {scale!r}."
        )
    return np.arange(1.0, n_categories + 1.0, dtype=np.float64)
