"""How many cases a comparison of two runs needs, and what difference it can find."""

from __future__ import annotations

import math

from scipy import stats


def _variance(omega2: float, sigma2_a: float, sigma2_b: float, samples_a: int, samples_b: int) -> float:
    if min(omega2, sigma2_a, sigma2_b) < 0.0:
        raise ValueError("Variances cannot be negative.")
    if min(samples_a, samples_b) < 1:
        raise ValueError("Each run needs at least one sample per case.")
    return omega2 + sigma2_a / samples_a + sigma2_b / samples_b


def _reach(alpha: float, power: float) -> float:
    if not (0.0 < alpha < 1.0 and 0.0 < power < 1.0):
        raise ValueError(f"alpha ({alpha!r}) and power ({power!r}) must lie between 0 and 1.")
    return float(stats.norm.ppf(1.0 - alpha / 2.0) + stats.norm.ppf(power))


def minimum_detectable_effect(
    n: int,
    omega2: float,
    sigma2_a: float = 0.0,
    sigma2_b: float = 0.0,
    samples_a: int = 1,
    samples_b: int = 1,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    r"""Return the smallest mean difference of two runs that n cases find with a given power.

    :math:`\delta = (z_{\alpha/2} + z_\beta) \sqrt{(\omega^2 + \sigma_A^2/K_A + \sigma_B^2/K_B) / n}`.

    Parameters
    ----------
    n : int
        Cases (clusters, when cases come in clusters).
    omega2 : float
        Variance over cases of the difference of the runs' expected scores.
    sigma2_a, sigma2_b : float
        Mean variance within a case of each run's samples.
    samples_a, samples_b : int
        Samples per case.
    alpha, power : float
        Two-sided level and power.

    Returns
    -------
    float
        In units of the score.

    Raises
    ------
    ValueError
        For n below 1, negative variances, or probabilities outside (0, 1).

    References
    ----------
    Miller, E. (2024). Adding Error Bars to Evals. arXiv:2411.00640, section 5.

    Examples
    --------
    (1.96 + 0.84) sqrt(1/9 / 969) is 3 points:

    >>> round(minimum_detectable_effect(969, 1 / 9), 4)
    0.03
    """
    if n < 1:
        raise ValueError(f"There must be at least one case, but n is {n}.")
    return _reach(alpha, power) * math.sqrt(_variance(omega2, sigma2_a, sigma2_b, samples_a, samples_b) / n)


def sample_size(
    effect: float,
    omega2: float,
    sigma2_a: float = 0.0,
    sigma2_b: float = 0.0,
    samples_a: int = 1,
    samples_b: int = 1,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    r"""Return how many cases are needed to find a mean difference of two runs with a given power.

    :math:`n = (z_{\alpha/2} + z_\beta)^2 (\omega^2 + \sigma_A^2/K_A + \sigma_B^2/K_B) / \delta^2`, rounded
    up.

    Parameters
    ----------
    effect : float
        The difference to find, not 0.
    omega2, sigma2_a, sigma2_b, samples_a, samples_b, alpha, power
        As in ``minimum_detectable_effect``.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        For an effect of 0, negative variances, or probabilities outside (0, 1).

    References
    ----------
    Miller, E. (2024). Adding Error Bars to Evals. arXiv:2411.00640, section 5.

    Examples
    --------
    A difference of 3 points, variance 1/9 of the difference, one sample each without noise:

    >>> sample_size(0.03, 1 / 9)
    969
    """
    if effect == 0.0:
        raise ValueError("No number of cases finds a difference of 0.")
    variance = _variance(omega2, sigma2_a, sigma2_b, samples_a, samples_b)
    return max(1, math.ceil(_reach(alpha, power) ** 2 * variance / effect**2 - 1e-9))
