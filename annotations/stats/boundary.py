"""Intervals where there is no or almost no disagreement: resampling would claim certainty it cannot have."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse, stats

from annotations.stats.arrays import FloatArray
from annotations.stats.patterns import Patterns
from annotations.stats.ratings import RatingTable

RARE_SHARE = 0.1


class Disagreement(NamedTuple):
    """How many resampling units (units, or clusters) hold a disagreement.

    Attributes
    ----------
    n : int
        Units with two or more ratings, or clusters with such a unit.
    n_disagreeing : int
        Those with two different ratings in one unit.
    """

    n: int
    n_disagreeing: int

    def pins_resampling(self, level: float) -> bool:
        """Return whether a resampled interval would be pinned at full agreement.

        That is so without any disagreement; and where disagreements are rare (at most 10 %) and a resample
        misses all of them with probability :math:`(1 - d/n)^n` above the interval's tail
        :math:`(1 - level) / 2`.

        Parameters
        ----------
        level : float

        Returns
        -------
        bool

        Examples
        --------
        >>> Disagreement(50, 0).pins_resampling(0.95), Disagreement(50, 3).pins_resampling(0.95)
        (True, True)
        >>> Disagreement(50, 4).pins_resampling(0.95), Disagreement(8, 2).pins_resampling(0.95)
        (False, False)
        """
        if self.n_disagreeing == 0:
            return True
        share = self.n_disagreeing / self.n
        return bool(share <= RARE_SHARE and (1.0 - share) ** self.n > (1.0 - level) / 2.0)


def disagreeing_patterns(patterns: Patterns) -> FloatArray:
    """Return 1 for patterns with ratings in two or more categories, else 0; shape (P,)."""
    used = patterns.counts.astype(bool) if sparse.issparse(patterns.counts) else patterns.counts > 0
    return (np.asarray(used.sum(axis=1)).ravel() > 1).astype(np.float64)


def count_disagreement(table: RatingTable) -> Disagreement:
    """Count the units, or clusters when the table has them, that hold a disagreement.

    Parameters
    ----------
    table : RatingTable

    Returns
    -------
    Disagreement

    Examples
    --------
    >>> count_disagreement(RatingTable.from_matrix([[1, 1], [1, 2], [2, None]]))
    Disagreement(n=2, n_disagreeing=1)
    """
    patterns = table.patterns
    pairable = (patterns.size >= 2).astype(np.float64)
    differing = disagreeing_patterns(patterns)
    if table.cluster is None:
        return Disagreement(patterns.n_pairable, int(patterns.multiplicity @ differing))
    incidence = patterns.incidence(table.cluster)
    return Disagreement(
        int(np.count_nonzero(incidence @ pairable)), int(np.count_nonzero(incidence @ differing))
    )


def largest_disagreement(patterns: Patterns, n_categories: int) -> float:
    """Return the mean over pairable units of the largest share of disagreeing pairs a unit can have.

    A unit of r ratings over q categories disagrees most when they are spread evenly.

    Parameters
    ----------
    patterns : Patterns
    n_categories : int

    Returns
    -------
    float
        Between 0 and 1; an upper limit for weighted disagreement too, whose pairs count at most 1.

    Examples
    --------
    Three ratings in two categories: at most 2 of the 3 pairs differ.

    >>> t = RatingTable.from_matrix([[1, 1, 2]], categories=[1, 2])
    >>> round(largest_disagreement(t.patterns, 2), 3)
    0.667
    """
    paired = patterns.size >= 2
    size, weight = patterns.size[paired], patterns.multiplicity[paired]
    q = max(n_categories, 2)
    least, extra = np.divmod(size, q)
    same = extra * (least + 1) ** 2 + (q - extra) * least**2
    return float(np.average((size**2 - same) / (size * (size - 1.0)), weights=weight))


def one_sided_low(disagreement: Disagreement, largest: float, value: float, pe: float, level: float) -> float:
    """Return a one-sided lower bound of a coefficient through an exact bound on the disagreeing share.

    The Clopper–Pearson upper bound of the share of disagreeing units (1 - (1 - level)^(1/n) without any,
    about 3/n at 95 %), each taken to disagree as much as a unit can, gives a largest disagreement D; the
    bound is :math:`1 - D / (1 - p_e)` with chance agreement held at its estimate.

    Parameters
    ----------
    disagreement : Disagreement
    largest : float
        From ``largest_disagreement``.
    value, pe : float
        The estimate and its chance agreement, below 1.
    level : float

    Returns
    -------
    float
        Between -1 and ``value``.

    References
    ----------
    Clopper & Pearson (1934). *Biometrika* 26, 404–413. Hanley & Lippman-Hand (1983). *JAMA* 249, 1743–1745.

    Examples
    --------
    60 units without disagreement: the share may be 1 - 0.05^(1/60) = 4.9 %.

    >>> round(one_sided_low(Disagreement(60, 0), 1.0, 1.0, 0.5, 0.95), 4)
    0.9026
    """
    d, n = disagreement.n_disagreeing, disagreement.n
    share = 1.0 if d >= n else float(stats.beta.ppf(level, d + 1, n - d))
    low = 1.0 - share * largest / (1.0 - pe)
    return float(min(max(low, -1.0), value))
