"""How often one run beats another, case by case, with ties."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from annotations.stats.comparison import Scores, cluster_bootstrap, common_cases


@dataclass(frozen=True, slots=True)
class WinRate:
    """Wins, ties and losses of run a against run b.

    Attributes
    ----------
    wins, ties, losses, n : int
        On the cases both have.
    rate : float or None
        (wins + ties / 2) / n.
    ci_low, ci_high : float or None
    ci_method : str
        ``"percentile"`` (cluster bootstrap), ``"clopper_pearson"`` (one-sided, when one run always wins) or
        ``"none"``.
    p_value : float or None
        Two-sided sign test of wins against losses; None without either, or when cases come in clusters.
    status : str
        ``"ok"``, ``"few_units"``, ``"boundary"``, ``"no_difference"`` (all ties), ``"single_unit"`` or
        ``"undefined_no_pairs"``.

    Examples
    --------
    >>> win_rate([0.5], [0.2]).to_dict()["status"]
    'single_unit'
    """

    wins: int
    ties: int
    losses: int
    n: int
    rate: float | None
    ci_low: float | None
    ci_high: float | None
    ci_method: str
    p_value: float | None
    n_boot: int
    status: str

    def to_dict(self) -> dict[str, Any]:
        """Return the rate as a dictionary ready for JSON."""
        return asdict(self)


def win_rate(
    scores_a: Scores,
    scores_b: Scores,
    cluster: Any = None,
    tolerance: float = 1e-9,
    level: float = 0.95,
    n_boot: int = 1000,
    seed: int | None = 0,
) -> WinRate:
    r"""Return how often run a scores higher than run b on the cases both have; a tie is half a win.

    :math:`\frac{1}{n} \sum_i ([a_i > b_i] + \frac12 [a_i = b_i])`, with a percentile interval from resampling
    clusters of cases and a sign test of wins against losses.

    Parameters
    ----------
    scores_a, scores_b, cluster, level, n_boot, seed
        As in ``paired_difference``.
    tolerance : float
        Scores that differ by no more are a tie.

    Returns
    -------
    WinRate
        When one run wins every case, the bound is one-sided and exact: a resampled interval would have no
        width.

    References
    ----------
    Arora et al. (2025). HealthBench. arXiv:2505.08775 (win rates); Dixon & Mood (1946) for the sign test.

    Examples
    --------
    >>> w = win_rate([0.9, 0.5, 0.4, 0.7], [0.1, 0.5, 0.6, 0.2])
    >>> (w.wins, w.ties, w.losses, w.rate)
    (2, 1, 1, 0.625)
    """
    pairs = common_cases(scores_a, scores_b, cluster)
    difference, n = pairs.difference, pairs.n
    wins = int((difference > tolerance).sum())
    losses = int((difference < -tolerance).sum())
    ties = n - wins - losses
    if n == 0:
        return WinRate(0, 0, 0, 0, None, None, None, "none", None, 0, "undefined_no_pairs")
    outcome = np.where(difference > tolerance, 1.0, np.where(difference < -tolerance, 0.0, 0.5))
    rate = float(outcome.mean())
    decided = wins + losses
    clustered = pairs.n_clusters < n
    p = float(stats.binomtest(wins, decided).pvalue) if decided and not clustered else None
    if pairs.n_clusters < 2:
        return WinRate(wins, ties, losses, n, rate, None, None, "none", p, 0, "single_unit")
    if ties == n:
        return WinRate(wins, ties, losses, n, rate, None, None, "none", None, 0, "no_difference")
    if wins == n or losses == n:
        bound = (1.0 - level) ** (1.0 / pairs.n_clusters)
        low, high = (bound, 1.0) if wins == n else (0.0, 1.0 - bound)
        return WinRate(wins, ties, losses, n, rate, low, high, "clopper_pearson", p, 0, "boundary")
    rng = np.random.default_rng(seed)
    low, high = cluster_bootstrap(outcome, pairs.cluster, rng, level, n_boot)
    status = "few_units" if pairs.n_clusters < 10 else "ok"
    return WinRate(wins, ties, losses, n, rate, low, high, "percentile", p, n_boot, status)
