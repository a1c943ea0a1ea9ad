"""Differences between runs on the same cases, and corrections for making many of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import false_discovery_control

from annotations.stats.arrays import FloatArray, IntArray
from annotations.stats.scoring import CaseScores

EXACT_UP_TO = 12  # clusters: all 2^n sign flips are enumerated
CHUNK_CELLS = 500_000


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Mean difference of two runs on the cases both have.

    Attributes
    ----------
    mean_difference : float or None
        Mean of (a - b) over common cases, of unclipped case scores; None without a common case.
    se : float or None
        Clustered standard error.
    ci_low, ci_high : float or None
        Cluster-bootstrap percentile interval.
    p_value : float or None
        Two-sided sign-flip permutation p.
    n, n_clusters : int
        Common cases, and their clusters.
    n_only_a, n_only_b : int
        Cases that only one of the runs has a score for.
    n_boot, n_permutations : int
    status : str
        ``"ok"``, ``"few_units"`` (below 10 clusters), ``"single_unit"``, ``"no_difference"`` (all
        differences are 0) or ``"undefined_no_pairs"``.
    note : str

    Examples
    --------
    >>> paired_difference([1.0], [0.5]).to_dict()["status"]
    'single_unit'
    """

    mean_difference: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    n: int
    n_clusters: int
    n_only_a: int
    n_only_b: int
    n_boot: int
    n_permutations: int
    status: str
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as a dictionary ready for JSON."""
        return asdict(self)


Scores = CaseScores | Mapping[Any, float | None] | Sequence[float | None] | FloatArray


def _by_case(scores: Scores) -> dict[Any, float]:
    if isinstance(scores, CaseScores):
        return dict(scores.by_case())
    items = scores.items() if isinstance(scores, Mapping) else enumerate(scores)
    return {case: float(value) for case, value in items if value is not None and not math.isnan(value)}


def paired_difference(
    scores_a: Scores,
    scores_b: Scores,
    cluster: Mapping[Any, Any] | None = None,
    level: float = 0.95,
    n_boot: int = 1000,
    n_permutations: int = 10_000,
    seed: int | None = 0,
) -> PairedDifference:
    r"""Compare two runs on the cases both have.

    The estimate is :math:`\bar d = \frac{1}{n} \sum_i (a_i - b_i)`. The interval resamples clusters of
    cases (cases, when no clusters are given). The p-value flips the sign of whole clusters: all
    :math:`2^C` flips for up to 12 clusters, else ``n_permutations`` random ones with :math:`(1 + hits) / (1 + flips)`.

    Parameters
    ----------
    scores_a, scores_b : CaseScores, mapping of case to score, or array_like of shape (cases,)
        Unclipped case scores; arrays are aligned by position; None and NaN are cases without a score.
    cluster : mapping of case to cluster, optional
        Cases that belong together (variants of one vignette).
    level : float
    n_boot, n_permutations : int
    seed : int or None

    Returns
    -------
    PairedDifference

    References
    ----------
    Miller, E. (2024). Adding Error Bars to Evals. arXiv:2411.00640, section 3.

    Examples
    --------
    >>> d = paired_difference([0.9, 0.8, 0.7, 0.6], [0.5, 0.6, 0.5, None])
    >>> round(d.mean_difference, 4), d.n, d.n_only_a, d.p_value
    (0.2667, 3, 1, 0.25)
    """
    a, b = _by_case(scores_a), _by_case(scores_b)
    common = [case for case in a if case in b]
    only_a, only_b = len(a) - len(common), len(b) - len(common)
    difference = np.array([a[case] - b[case] for case in common], dtype=np.float64)
    if not common:
        return _no_interval(
            None, 0, 0, only_a, only_b, "undefined_no_pairs", "The runs have no case in common."
        )
    labels = common if cluster is None else [cluster.get(case, case) for case in common]
    position: dict[Any, int] = {}
    codes = np.array([position.setdefault(label, len(position)) for label in labels], dtype=np.int64)
    mean = float(difference.mean())
    if len(position) < 2:
        note = "Only one case (or cluster) in common, so there is no interval."
        return _no_interval(mean, len(common), len(position), only_a, only_b, "single_unit", note)
    if not difference.any():
        note = "The runs score the same on every common case: resampling would claim certainty."
        return _no_interval(mean, len(common), len(position), only_a, only_b, "no_difference", note)
    rng = np.random.default_rng(seed)
    low, high = _cluster_bootstrap(difference, codes, rng, level, n_boot)
    p, flips = sign_flip_p(
        np.asarray(np.bincount(codes, weights=difference), dtype=np.float64), n_permutations, rng
    )
    few = len(position) < 10
    note = f"Only {len(position)} cases or clusters in common: the interval is rough." if few else ""
    return PairedDifference(
        mean, clustered_se(difference, codes), low, high, p, len(common), len(position), only_a, only_b,
        n_boot, flips, "few_units" if few else "ok", note,
    )  # fmt: skip


def _no_interval(
    mean: float | None, n: int, n_clusters: int, only_a: int, only_b: int, status: str, note: str
) -> PairedDifference:
    return PairedDifference(mean, None, None, None, None, n, n_clusters, only_a, only_b, 0, 0, status, note)


def _cluster_bootstrap(
    values: FloatArray, codes: IntArray, rng: np.random.Generator, level: float, n_boot: int
) -> tuple[float, float]:
    sums, sizes = np.bincount(codes, weights=values), np.bincount(codes).astype(np.float64)
    n = sums.size
    means = np.empty(n_boot)
    step = max(1, CHUNK_CELLS // n)
    for start in range(0, n_boot, step):
        picked = rng.integers(0, n, size=(min(step, n_boot - start), n))
        means[start : start + step] = sums[picked].sum(axis=1) / sizes[picked].sum(axis=1)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)


def sign_flip_p(sums: FloatArray, n_permutations: int, rng: np.random.Generator) -> tuple[float, int]:
    r"""Return the two-sided p-value of a mean of 0 under random sign flips, and the number of flips.

    Parameters
    ----------
    sums : ndarray, shape (C,)
        Sum of the differences of each cluster.
    n_permutations : int
        Random flips when C > 12; otherwise all :math:`2^C` are used and p is exact.
    rng : numpy.random.Generator

    Returns
    -------
    p : float
    flips : int

    Examples
    --------
    Three differences of one sign: 2 of the 8 flips are as extreme.

    >>> sign_flip_p(np.array([1.0, 2.0, 3.0]), 1000, np.random.default_rng(0))
    (0.25, 8)
    """
    observed = abs(float(sums.sum())) - 1e-12 * float(np.abs(sums).sum())
    n = sums.size
    if n <= EXACT_UP_TO:
        bits = np.arange(2**n)[:, None] >> np.arange(n)[None, :] & 1
        hits = int(np.count_nonzero(np.abs((2.0 * bits - 1.0) @ sums) >= observed))
        return hits / 2**n, 2**n
    hits = 0
    step = max(1, CHUNK_CELLS // n)
    for start in range(0, n_permutations, step):
        rows = min(step, n_permutations - start)
        signs = 2.0 * rng.integers(0, 2, size=(rows, n), dtype=np.int8) - 1.0
        hits += int(np.count_nonzero(np.abs(signs @ sums) >= observed))
    return (1 + hits) / (1 + n_permutations), n_permutations


def clustered_se(values: Any, cluster: Any = None) -> float | None:
    r"""Return the standard error of a mean when values come in clusters.

    :math:`SE^2 = \frac{1}{n^2} \sum_c \big(\sum_{i \in c} (s_i - \bar s)\big)^2`, which equals Miller's
    :math:`SE_{CLT}^2 + \frac{1}{n^2} \sum_c \sum_{i \ne j \in c} (s_i - \bar s)(s_j - \bar s)` with the sum
    of squares divided by :math:`n^2`; without a small-cluster factor, as in the paper. Without clusters it is
    the ordinary :math:`\sqrt{s^2 / n}` with :math:`s^2` over n - 1.

    Parameters
    ----------
    values : array_like, shape (n,)
    cluster : array_like of labels, shape (n,), optional

    Returns
    -------
    float or None
        None below two values, or below two clusters.

    Raises
    ------
    ValueError
        When the columns differ in length.

    References
    ----------
    Miller, E. (2024). Adding Error Bars to Evals. arXiv:2411.00640, section 2.2.

    Examples
    --------
    Each value counted twice in a cluster: as if there were half as many.

    >>> round(clustered_se([0, 0, 1, 1], ["a", "a", "b", "b"]), 4)
    0.3536
    >>> round(clustered_se([0, 1]), 4)
    0.5
    """
    scores = np.asarray(values, dtype=np.float64)
    n = scores.size
    if n < 2:
        return None
    if cluster is None:
        return float(scores.std(ddof=1) / np.sqrt(n))
    _, codes = np.unique(np.asarray(cluster), return_inverse=True)
    if codes.size != n:
        raise ValueError(f"There are {n} values but {codes.size} cluster labels.")
    if int(codes.max()) == 0:
        return None
    sums = np.bincount(codes.ravel(), weights=scores - scores.mean())
    return float(np.sqrt((sums**2).sum()) / n)


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
