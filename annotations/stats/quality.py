"""What tells of a grader's care: agreement with the others, drift, straight-lining, speed and calibration.

Every flag is a hint for a person to look, never a verdict on a grader: see ``GraderQuality.flags``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from annotations.stats.arrays import FloatArray
from annotations.stats.cluster_shares import (
    FEW_CLUSTERS,
    NO_SHARE,
    ClusterResamples,
    Counts,
    ShareEstimate,
    cluster_differences,
    cluster_shares,
)
from annotations.stats.grader_counts import LEAST_ANSWERS, GraderCounts, VerdictTable
from annotations.stats.rates import wilson_interval
from annotations.stats.verdict_runs import LongestRun, longest_run

N_BOOT = 1000
NOTEWORTHY = 0.10  # smaller differences change no score that matters, however sure they are
FEW_UNITS = 30
UNIFORM_MORE = 0.20
# 600 words a minute is two and a half times the average of silent reading (Brysbaert 2019: 238).
WORDS_PER_MINUTE, SECONDS_PER_CRITERION = 600.0, 1.0
FAST_SHARE = 0.05
CALIBRATED = 0.80


@dataclass(frozen=True, slots=True)
class Drift:
    """A share in the three thirds of a grader's own order, and the last third minus the first.

    Attributes
    ----------
    thirds : tuple of three (float or None)
    change : ShareEstimate
        A flag is raised by its 99 % interval.

    Examples
    --------
    >>> Drift((0.9, 0.8, 0.7), ShareEstimate(-0.2, -0.3, -0.1, 90, 30, "ok", -0.33, -0.07)).has_fallen
    True
    """

    thirds: tuple[float | None, ...]
    change: ShareEstimate

    @property
    def can_tell(self) -> bool:
        """Whether both thirds hold enough verdicts of enough cases for a flag."""
        return self.change.n >= FEW_UNITS and self.change.n_clusters >= FEW_CLUSTERS

    @property
    def has_fallen(self) -> bool:
        """Whether the share surely fell by a tenth or more."""
        change = self.change
        return self.can_tell and change.is_below_zero and (change.value or 0.0) <= -NOTEWORTHY

    @property
    def has_changed(self) -> bool:
        """Whether the share surely fell or rose by a tenth or more."""
        change = self.change
        risen = self.can_tell and change.is_above_zero and (change.value or 0.0) >= NOTEWORTHY
        return risen or self.has_fallen

    def to_dict(self) -> dict[str, Any]:
        """Return the drift as JSON-ready values."""
        return {"thirds": list(self.thirds), "change": self.change.to_dict()}


@dataclass(frozen=True, slots=True)
class UniformAnswers:
    """How many answers got one verdict on all of their criteria; only answers with four verdicts or more.

    ``others`` is the share among colleagues: on the same answers where ten or more were judged by both
    (``paired``), else on all of theirs. It and ``more``, the difference, are None without colleagues.
    """

    n_answers: int
    n_uniform: int
    others: float | None
    more: ShareEstimate | None
    paired: bool

    @property
    def share(self) -> float | None:
        """The share of the grader's answers."""
        return self.n_uniform / self.n_answers if self.n_answers else None

    @property
    def is_remarkable(self) -> bool:
        """Whether the share surely lies above the colleagues', by a fifth or more."""
        more = self.more
        if more is None or more.n < LEAST_ANSWERS or more.n_clusters < FEW_CLUSTERS:
            return False
        return more.is_above_zero and (more.value or 0.0) >= UNIFORM_MORE


@dataclass(frozen=True, slots=True)
class GraderQuality:
    """One grader: what was given, and how it stands to what the others gave.

    ``majority`` is the share of verdicts that the strict majority of the others shares, ``n_ties`` how many had no
    majority; ``pairwise`` the share over all pairs with another's verdict; ``beside`` the grader's pairwise share
    minus that of the others among themselves, on the same units. ``agreement_drift`` is of ``pairwise``.

    Examples
    --------
    >>> one = np.array([[0, 0, 0, 0, 0, 1, 1]])
    >>> quality = review_graders(VerdictTable(*one.T), 1)[0]
    >>> quality.share_met, quality.flags, quality.pairwise.value
    (1.0, (), None)
    """

    n_verdicts: int
    n_met: int
    majority: ShareEstimate
    n_ties: int
    pairwise: ShareEstimate
    beside: ShareEstimate
    agreement_drift: Drift
    met_drift: Drift
    run: LongestRun
    uniform: UniformAnswers

    @property
    def share_met(self) -> float | None:
        """The share of met among the verdicts."""
        return self.n_met / self.n_verdicts if self.n_verdicts else None

    @property
    def flags(self) -> tuple[str, ...]:
        """What a person should look at: names out of ``QUALITY_FLAGS``."""
        beside = self.beside
        disagrees = beside.n >= FEW_UNITS and beside.n_clusters >= FEW_CLUSTERS and beside.is_below_zero
        found = {
            "agreement": disagrees and (beside.value or 0.0) <= -NOTEWORTHY,
            "agreement_drift": self.agreement_drift.has_fallen,
            "met_drift": self.met_drift.has_changed,
            "run": self.run.is_remarkable,
            "uniform": self.uniform.is_remarkable,
        }
        return tuple(name for name, raised in found.items() if raised)

    def before_the_end(self) -> GraderQuality:
        """Return what a grader may know of themself while grading goes on: neither others nor their own drift."""
        return replace(self.without_others(), met_drift=Drift((None, None, None), NO_SHARE))

    def without_others(self) -> GraderQuality:
        """Return what the grader's own verdicts tell, and nothing of anybody else's."""
        return replace(
            self, majority=NO_SHARE, n_ties=0, pairwise=NO_SHARE, beside=NO_SHARE,
            agreement_drift=Drift((None, None, None), NO_SHARE),
            uniform=replace(self.uniform, others=None, more=None, paired=False),
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        uniform = self.uniform
        return {
            "n_verdicts": self.n_verdicts, "n_met": self.n_met, "share_met": self.share_met,
            "majority": self.majority.to_dict(), "n_ties": self.n_ties, "pairwise": self.pairwise.to_dict(),
            "beside_the_others": self.beside.to_dict(), "agreement_drift": self.agreement_drift.to_dict(),
            "met_drift": self.met_drift.to_dict(), "longest_run": self.run.to_dict(),
            "uniform_answers": {
                "n_answers": uniform.n_answers, "n_uniform": uniform.n_uniform, "share": uniform.share,
                "others": uniform.others, "more": uniform.more.to_dict() if uniform.more else None,
                "paired": uniform.paired,
            },
            "flags": list(self.flags),
        }  # fmt: skip


# In the order of GraderQuality.flags, then those of Speed and GoldShare.
QUALITY_FLAGS = ("agreement", "agreement_drift", "met_drift", "run", "uniform", "speed", "calibration")


@dataclass(frozen=True, slots=True)
class GoldShare:
    """How often a grader gave the verdict that is known to be right; Wilson's interval.

    Examples
    --------
    >>> GoldShare.of(9, 10).is_low, GoldShare.of(4, 10).is_low, GoldShare.of(0, 0).value
    (False, True, None)
    """

    hits: int
    n: int
    value: float | None
    ci_low: float | None
    ci_high: float | None

    @classmethod
    def of(cls, hits: int, n: int) -> GoldShare:
        """Return the share of hits among n."""
        if not n:
            return cls(0, 0, None, None, None)
        return cls(hits, n, hits / n, *wilson_interval(hits, n))

    @property
    def is_low(self) -> bool:
        """Whether the share surely lies below 80 %."""
        return self.ci_high is not None and self.ci_high < CALIBRATED


@dataclass(frozen=True, slots=True)
class Speed:
    """How long answers took, in seconds, and how many took less time than reading them takes.

    Examples
    --------
    >>> Speed.of(np.array([5.0] * 3 + [90.0] * 7), np.full(10, 120.0), np.full(10, 8.0)).is_remarkable
    True
    """

    n_timed: int
    per_answer: float | None
    per_criterion: float | None
    n_fast: int
    fast_low: float | None
    fast_high: float | None

    @classmethod
    def of(cls, seconds: FloatArray, words: FloatArray, criteria: FloatArray) -> Speed:
        """Return the medians, and the answers below ``reading_seconds`` with Wilson's interval of their share."""
        if not len(seconds):
            return cls(0, None, None, 0, None, None)
        fast = int(np.count_nonzero(seconds < reading_seconds(words, criteria)))
        return cls(
            len(seconds), float(np.median(seconds)), float(np.median(seconds / np.maximum(criteria, 1))), fast,
            *wilson_interval(fast, len(seconds)),
        )  # fmt: skip

    @property
    def is_remarkable(self) -> bool:
        """Whether surely more than one answer in twenty was judged faster than it can be read."""
        return self.n_timed >= LEAST_ANSWERS and self.fast_low is not None and self.fast_low > FAST_SHARE


def reading_seconds(words: FloatArray, criteria: FloatArray) -> FloatArray:
    r"""Return the least time in which an answer can be read and judged: :math:`60 w / 600 + c` seconds.

    Nobody reads for content at 600 words a minute: adults' silent reading averages 238 (Brysbaert 2019), and beyond
    400 or so comprehension falls (Rayner et al. 2016). One second for each criterion leaves nothing but a key press.
    The conversation isn't counted: a grader knows it from the case's other answers.

    Parameters
    ----------
    words, criteria : ndarray
        Words of each answer, and its criteria.

    Returns
    -------
    ndarray

    References
    ----------
    Brysbaert, M. (2019). How many words do we read per minute? *Journal of Memory and Language* 109, 104047.
    Rayner, K., et al. (2016). So much to read, so little time. *Psychological Science in the Public Interest* 17, 4–34.

    Examples
    --------
    >>> reading_seconds(np.array([300.0]), np.array([8.0])).tolist()
    [38.0]
    """
    return np.asarray(60.0 * words / WORDS_PER_MINUTE + SECONDS_PER_CRITERION * criteria, dtype=np.float64)


def review_graders(table: VerdictTable, n_graders: int, *, seed: int = 0) -> list[GraderQuality]:
    """Return how careful each grader's verdicts look, in the order of their numbers.

    All intervals resample whole cases, 1,000 times, with the same resamples for all graders.

    Parameters
    ----------
    table : VerdictTable
        Without third opinions and calibration answers: the first are asked for just where graders differ.
    n_graders : int
    seed : int

    Returns
    -------
    list of GraderQuality

    Examples
    --------
    Two graders on two units of one case, once of one mind:

    >>> rows = np.array([[0, 0, 0, 0, 0, 1, 1], [0, 1, 0, 0, 1, 1, 1], [1, 0, 0, 0, 0, 1, 1], [1, 1, 0, 0, 1, 1, 0]])
    >>> a, b = review_graders(VerdictTable(*rows.T), 2)
    >>> a.pairwise.value, a.majority.value, a.share_met, b.share_met, a.pairwise.status
    (0.5, 0.5, 1.0, 0.5, 'single_unit')
    """
    counts = GraderCounts(table.in_order(), n_graders)
    resamples = ClusterResamples(counts.n_cases, N_BOOT, seed)
    majority, pairwise = _split(
        cluster_shares(*_side_by_side(counts.majority, counts.pairwise), resamples), 2
    )
    agreed = [counts.in_third(n, counts.same_as_others, counts.others) for n in range(3)]
    met = [counts.in_third(n, counts.table.met, np.ones_like(counts.others)) for n in range(3)]
    others_among_themselves, own_beside = counts.beside
    first = _side_by_side(others_among_themselves, agreed[0], met[0], counts.uniform.others)
    second = _side_by_side(own_beside, agreed[2], met[2], counts.uniform.own)
    beside, by_agreement, by_met, more = _split(cluster_differences(first, second, resamples), 4)
    agreed_thirds, met_thirds = _shares_of(agreed), _shares_of(met)
    given = np.bincount(counts.table.grader, minlength=n_graders)
    given_met = np.bincount(counts.table.grader, weights=counts.table.met, minlength=n_graders)
    ties = counts.ties
    return [
        GraderQuality(
            n_verdicts=int(given[grader]),
            n_met=int(given_met[grader]),
            majority=majority[grader],
            n_ties=int(ties[grader]),
            pairwise=pairwise[grader],
            beside=beside[grader],
            agreement_drift=Drift(agreed_thirds[grader], by_agreement[grader]),
            met_drift=Drift(met_thirds[grader], by_met[grader]),
            run=_run(counts, grader, seed),
            uniform=_uniform(counts, grader, more[grader]),
        )
        for grader in range(n_graders)
    ]


def _side_by_side(*tables: Counts) -> Counts:
    return np.hstack([hits for hits, _n in tables]), np.hstack([n for _hits, n in tables])


def _split(found: list[ShareEstimate], parts: int) -> list[list[ShareEstimate]]:
    size = len(found) // parts
    return [found[part * size : (part + 1) * size] for part in range(parts)]


def _shares_of(thirds: list[Counts]) -> list[tuple[float | None, ...]]:
    """Return each grader's share in each third."""
    sums = [(hits.sum(axis=0), n.sum(axis=0)) for hits, n in thirds]
    return [
        tuple(float(hits[grader] / n[grader]) if n[grader] else None for hits, n in sums)
        for grader in range(thirds[0][0].shape[1])
    ]


def _run(counts: GraderCounts, grader: int, seed: int) -> LongestRun:
    low, high = np.searchsorted(counts.table.grader, [grader, grader + 1])
    return longest_run(counts.table.met[low:high], counts.table.answer[low:high], seed=seed)


def _uniform(counts: GraderCounts, grader: int, more: ShareEstimate) -> UniformAnswers:
    found = counts.uniform
    theirs, n_theirs = (float(table[:, grader].sum()) for table in found.others)
    return UniformAnswers(
        n_answers=int(found.n[grader]),
        n_uniform=int(found.hits[grader]),
        others=theirs / n_theirs if n_theirs else None,
        more=more if n_theirs else None,
        paired=bool(found.paired[grader]),
    )
