"""Differences between runs on the same cases, and corrections for making many of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

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


def scores_by_case(scores: Scores) -> dict[Any, float]:
    """Return scores as a dictionary from case to score, without the cases that have none."""
    if isinstance(scores, CaseScores):
        return dict(scores.by_case())
    items = scores.items() if isinstance(scores, Mapping) else enumerate(scores)
    return {case: float(value) for case, value in items if value is not None and not math.isnan(value)}


class CommonCases(NamedTuple):
    """The cases two runs share, aligned.

    Attributes
    ----------
    difference : ndarray, shape (n,)
        a - b.
    cluster : ndarray of int, shape (n,)
    n, n_clusters, n_only_a, n_only_b : int
    """

    difference: FloatArray
    cluster: IntArray
    n: int
    n_clusters: int
    n_only_a: int
    n_only_b: int


def common_cases(scores_a: Scores, scores_b: Scores, cluster: Mapping[Any, Any] | None = None) -> CommonCases:
    """Return the differences of two runs on the cases both have a score for.

    Parameters
    ----------
    scores_a, scores_b, cluster
        As in ``paired_difference``.

    Returns
    -------
    CommonCases

    Examples
    --------
    >>> pairs = common_cases({"x": 1.0, "y": 0.5}, {"y": 0.25})
    >>> pairs.difference.tolist(), pairs.n_only_a
    ([0.25], 1)
    """
    a, b = scores_by_case(scores_a), scores_by_case(scores_b)
    common = [case for case in a if case in b]
    difference = np.array([a[case] - b[case] for case in common], dtype=np.float64)
    labels = common if cluster is None else [cluster.get(case, case) for case in common]
    position: dict[Any, int] = {}
    codes = np.array([position.setdefault(label, len(position)) for label in labels], dtype=np.int64)
    n = len(common)
    return CommonCases(difference, codes, n, len(position), len(a) - n, len(b) - n)


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
    :math:`2^C` flips for up to 12 clusters, else ``n_permutations`` random ones with
    :math:`(1 + hits) / (1 + flips)`.

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
    pairs = common_cases(scores_a, scores_b, cluster)
    difference, codes = pairs.difference, pairs.cluster
    if not pairs.n:
        return _no_interval(None, pairs, "undefined_no_pairs", "The runs have no case in common.")
    mean = float(difference.mean())
    if pairs.n_clusters < 2:
        note = "Only one case (or cluster) in common, so there is no interval."
        return _no_interval(mean, pairs, "single_unit", note)
    if not difference.any():
        note = "The runs score the same on every common case: resampling would claim certainty."
        return _no_interval(mean, pairs, "no_difference", note)
    rng = np.random.default_rng(seed)
    low, high = cluster_bootstrap(difference, codes, rng, level, n_boot)
    sums = np.asarray(np.bincount(codes, weights=difference), dtype=np.float64)
    p, flips = sign_flip_p(sums, n_permutations, rng)
    few = pairs.n_clusters < 10
    note = f"Only {pairs.n_clusters} cases or clusters in common: the interval is rough." if few else ""
    return PairedDifference(
        mean, clustered_se(difference, codes), low, high, p, pairs.n, pairs.n_clusters, pairs.n_only_a,
        pairs.n_only_b, n_boot, flips, "few_units" if few else "ok", note,
    )  # fmt: skip


def _no_interval(mean: float | None, pairs: CommonCases, status: str, note: str) -> PairedDifference:
    only = (pairs.n_only_a, pairs.n_only_b)
    return PairedDifference(
        mean, None, None, None, None, pairs.n, pairs.n_clusters, *only, 0, 0, status, note
    )  # fmt: skip


def cluster_bootstrap(
    values: FloatArray, codes: IntArray, rng: np.random.Generator, level: float, n_boot: int
) -> tuple[float, float]:
    """Return the percentile interval of a mean when whole clusters are resampled.

    Parameters
    ----------
    values : ndarray, shape (n,)
    codes : ndarray of int, shape (n,)
        Cluster of each value.
    rng : numpy.random.Generator
    level : float
    n_boot : int

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> cluster_bootstrap(np.array([1.0, 1.0]), np.array([0, 1]), np.random.default_rng(0), 0.95, 10)
    (1.0, 1.0)
    """
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
    # Eight signs at a time: the sum of eight signed clusters is looked up by a random byte.
    padded = np.append(sums, np.zeros(-n % 8)).reshape(-1, 8)
    signs = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) - 1.0
    looked_up = (signs @ padded.T).ravel()
    groups = padded.shape[0]
    place = np.arange(groups)
    hits = 0
    step = max(1, CHUNK_CELLS // groups)
    for start in range(0, n_permutations, step):
        drawn = rng.integers(0, 256, size=(min(step, n_permutations - start), groups), dtype=np.uint8)
        flipped = looked_up[drawn.astype(np.int64) * groups + place].sum(axis=1)
        hits += int(np.count_nonzero(np.abs(flipped) >= observed))
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
