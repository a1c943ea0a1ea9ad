"""Scores corrected for the length of the response."""

from __future__ import annotations

from typing import Any

import numpy as np

from annotations.stats.arrays import FloatArray

PER_STEP = 0.0147
STEP = 500.0
REFERENCE = 2000.0


def length_adjusted(
    scores: Any, characters: Any, per_step: float = PER_STEP, step: float = STEP, reference: float = REFERENCE
) -> FloatArray:
    r"""Return HealthBench Professional's length-adjusted scores of responses.

    :math:`s' = s - 0.0147 \cdot (characters - 2000) / 500`, linear both ways: a short response gains. Adjust
    each response before averaging, and clip after the mean as always.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Unclipped scores; NaN stays NaN.
    characters : array_like, shape (n,)
        Length of each response in characters.
    per_step, step, reference : float
        Points lost for each ``step`` characters beyond ``reference``.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        For columns of different length or a negative number of characters.

    References
    ----------
    HealthBench Professional (2026). arXiv:2604.27470.

    Examples
    --------
    1,000 characters too many cost 2 steps, 500 too few gain one:

    >>> length_adjusted([0.5, 0.5, 0.5], [3000, 2000, 1500]).round(4).tolist()
    [0.4706, 0.5, 0.5147]
    """
    values = np.asarray(scores, dtype=np.float64)
    lengths = np.asarray(characters, dtype=np.float64)
    if values.shape != lengths.shape:
        raise ValueError(f"There are {values.size} scores but {lengths.size} lengths.")
    if lengths.size and float(np.nanmin(lengths)) < 0.0:
        raise ValueError("A response cannot have a negative number of characters.")
    return np.asarray(values - per_step * (lengths - reference) / step, dtype=np.float64)
