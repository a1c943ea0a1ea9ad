"""HealthBench rubric scores of responses, cases and runs, from typed arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from annotations.stats.arrays import FloatArray, IntArray, number_or_none
from annotations.stats.response_sums import MET, UNRESOLVED, ResponseSums


@dataclass(frozen=True, eq=False)
class RubricGrades:
    """The verdicts of one run: one row per (response, criterion); build it with ``from_arrays``.

    Attributes
    ----------
    case : ndarray of int, shape (rows,)
        Case code of each row, 0 or more.
    sample : ndarray of int, shape (rows,)
        Which response to the case (epoch), 0 or more. A response is a (case, sample).
    points : ndarray of float, shape (rows,)
        Signed points of the criterion.
    met : ndarray of int8, shape (rows,)
        1 met, 0 not met, -1 unresolved (missing, cannot judge, judge failed, tie).
    criterion_tags : dict of str to ndarray of int
        Row indices of the criteria with a tag (``axis:…``, ``level:…``, ``cluster:…``).
    case_tags : dict of str to ndarray of int
        Case codes with an example tag (``theme:…``, ``physician_agreed_category:…``).

    Examples
    --------
    >>> g = RubricGrades.from_arrays(case=[0, 0], points=[5, -2], met=[1, 1])
    >>> case_scores(g).score.tolist()
    [0.6]
    """

    case: IntArray
    sample: IntArray
    points: FloatArray
    met: IntArray
    criterion_tags: dict[str, IntArray] = field(default_factory=dict)
    case_tags: dict[str, IntArray] = field(default_factory=dict)

    @cached_property
    def sums(self) -> ResponseSums:
        """The rows prepared for summing over responses; made once and shared by all tags."""
        return ResponseSums(self.case, self.sample, self.points, self.met)

    @classmethod
    def from_arrays(
        cls,
        case: Any,
        points: Any,
        met: Any,
        sample: Any = None,
        criterion_tags: Mapping[str, Any] | None = None,
        case_tags: Mapping[str, Any] | None = None,
    ) -> RubricGrades:
        """Build and check the grades of one run.

        Parameters
        ----------
        case, points, met : array_like, shape (rows,)
            ``met`` may hold True/False/None; None and -1 are unresolved.
        sample : array_like, shape (rows,), optional
            Default: one response per case.
        criterion_tags : mapping of str to row mask (bool) or row indices (int), optional
        case_tags : mapping of str to case codes (int), optional

        Returns
        -------
        RubricGrades

        Raises
        ------
        ValueError
            For columns of different length, negative codes, points that are not finite or a verdict
            that is not 1, 0 or -1.

        Examples
        --------
        >>> RubricGrades.from_arrays([0], [1.0], [None]).met.tolist()
        [-1]
        """
        cases = _codes(case)
        samples = np.zeros(cases.size, dtype=np.int64) if sample is None else _codes(sample)
        weights = np.asarray(points, dtype=np.float64)
        verdicts = _verdicts(met)
        _refuse_bad_rows(cases, samples, weights, verdicts)
        rows = {tag: _row_indices(tag, given, cases.size) for tag, given in (criterion_tags or {}).items()}
        tagged = {tag: np.asarray(given, dtype=np.int64) for tag, given in (case_tags or {}).items()}
        return cls(cases, samples, weights, verdicts, rows, tagged)


def _codes(values: Any) -> IntArray:
    codes = np.asarray(values)
    return codes.astype(np.int64) if codes.dtype == np.uint64 or not codes.size else codes


def _verdicts(met: Any) -> IntArray:
    if isinstance(met, np.ndarray) and met.dtype.kind in "iub":
        return met.astype(np.int8) if met.dtype.itemsize > 1 or met.dtype.kind != "i" else met
    return np.array(
        [UNRESOLVED if value is None or np.isnan(value) else int(value) for value in met], dtype=np.int8
    )


def _refuse_bad_rows(case: IntArray, sample: IntArray, points: FloatArray, met: IntArray) -> None:
    sizes = {case.size, sample.size, points.size, met.size}
    if len(sizes) > 1:
        raise ValueError(f"case, sample, points and met must have the same length, but have {sorted(sizes)}.")
    if not case.size:
        return
    for what, codes in (("case", case), ("sample", sample)):
        if codes.dtype.kind not in "iu" or int(codes.min()) < 0:
            raise ValueError(f"The {what} column must hold integer codes of 0 or more.")
    if not np.isfinite(points).all():
        raise ValueError(
            f"Row {int(np.argmin(np.isfinite(points)))} has points that are not a finite number."
        )
    if int(met.min()) < UNRESOLVED or int(met.max()) > MET:
        row = int(np.argmax((met < UNRESOLVED) | (met > MET)))
        raise ValueError(
            f"Row {row} has the verdict {int(met[row])}: use 1 (met), 0 (not met) or -1 (unresolved)."
        )


def _row_indices(tag: str, given: Any, n_rows: int) -> IntArray:
    rows = np.asarray(given)
    if rows.dtype == np.bool_:
        if rows.size != n_rows:
            raise ValueError(f"The mask of tag {tag!r} has {rows.size} rows, but there are {n_rows}.")
        return np.flatnonzero(rows)
    return rows.astype(np.int64, copy=False)


def rubric_score(points: Sequence[float] | FloatArray, met: Sequence[Any] | IntArray) -> float | None:
    r"""Return HealthBench's score of one response, not clipped.

    :math:`s = \sum \text{points of met criteria} / \sum \text{positive points}`; it can be below 0.

    Parameters
    ----------
    points : array_like, shape (criteria,)
        Signed points.
    met : array_like, shape (criteria,)
        1 / True met, 0 / False not met, -1 / None unresolved.

    Returns
    -------
    float or None
        None when no criterion has positive points, or when any verdict is unresolved (the response is
        then incomplete; an unresolved criterion never counts as not met).

    Raises
    ------
    ValueError
        For inputs of different length or a verdict that is not 1, 0 or -1.

    References
    ----------
    Arora et al. (2025). HealthBench. arXiv:2505.08775, appendix D.

    Examples
    --------
    Points 7, 5, 10, -6 with all met but the second: (7 + 10 - 6) / 22.

    >>> rubric_score([7, 5, 10, -6], [True, False, True, True])
    0.5
    >>> rubric_score([-6], [True]) is None, rubric_score([7], [None]) is None
    (True, True)
    """
    weights, verdicts = np.asarray(points, dtype=np.float64), _verdicts(met)
    _refuse_bad_rows(
        np.zeros(weights.size, dtype=np.int64), np.zeros(weights.size, dtype=np.int64), weights, verdicts
    )
    possible = float(weights[weights > 0].sum())
    if possible == 0.0 or bool((verdicts == UNRESOLVED).any()):
        return None
    return float(weights[verdicts == MET].sum()) / possible


@dataclass(frozen=True, eq=False)
class CaseScores:
    """Scores of cases, unclipped, in increasing order of case code.

    Attributes
    ----------
    case : ndarray of int, shape (n,)
        Codes of the cases with a response whose used criteria include a positive one.
    score : ndarray of float, shape (n,)
        Mean of the case's complete responses; NaN when none is complete.
    worst, best : ndarray of float, shape (n,)
        The score if every unresolved verdict went against, or for, the response.
    floor : ndarray of float, shape (n,)
        Lowest score the rubric allows: negative points / positive points.
    n_complete, n_incomplete : ndarray of int, shape (n,)
        Responses of the case by whether all used criteria are resolved.

    Examples
    --------
    >>> scores = case_scores(RubricGrades.from_arrays([0, 0, 1, 1], [4, -1, 4, -1], [1, 0, 1, -1]))
    >>> scores.score.tolist(), scores.worst.tolist(), scores.best.tolist(), scores.n
    ([1.0, nan], [1.0, 0.75], [1.0, 1.0], 1)
    """

    case: IntArray
    score: FloatArray
    worst: FloatArray
    best: FloatArray
    floor: FloatArray
    n_complete: IntArray
    n_incomplete: IntArray

    @property
    def defined(self) -> FloatArray:
        """Scores of the cases that have one, shape (n,)."""
        scores: FloatArray = self.score[~np.isnan(self.score)]
        return scores

    @property
    def n(self) -> int:
        """Number of cases with a score."""
        return int(self.defined.size)

    @property
    def responses_incomplete(self) -> int:
        """Number of responses left out because a verdict is unresolved."""
        return int(self.n_incomplete.sum())

    def of(self, cases: Any) -> CaseScores:
        """Return the scores of some cases only, in increasing order of code.

        Parameters
        ----------
        cases : array_like of int

        Returns
        -------
        CaseScores
        """
        keep = np.isin(self.case, np.asarray(cases, dtype=np.int64))
        return CaseScores(
            self.case[keep], self.score[keep], self.worst[keep], self.best[keep],
            self.floor[keep], self.n_complete[keep], self.n_incomplete[keep],
        )  # fmt: skip

    def by_case(self) -> dict[int, float]:
        """Return a dictionary from case code to score, without the cases that have none."""
        return {int(c): float(s) for c, s in zip(self.case, self.score, strict=True) if not np.isnan(s)}


def case_scores(grades: RubricGrades, rows: Any = None) -> CaseScores:
    r"""Return the score of every case, from all criteria or from some rows.

    A response scores :math:`\sum_{met} points / \sum_{points > 0} points` over the rows used. A response with
    an unresolved verdict among them is incomplete: left out of the case's mean, counted, and bounded by
    ``worst`` and ``best``. A case whose rows hold no positive criterion has no score and is left out.

    Parameters
    ----------
    grades : RubricGrades
    rows : array_like of int, optional
        Use these rows only (the criteria of a tag).

    Returns
    -------
    CaseScores

    Raises
    ------
    ValueError
        As in ``RubricGrades.from_arrays``.

    References
    ----------
    Arora et al. (2025). HealthBench. arXiv:2505.08775, appendix D.

    Examples
    --------
    Two responses to one case score 1 and 0.5:

    >>> g = RubricGrades.from_arrays(case=[0] * 4, sample=[0, 0, 1, 1], points=[1, 1, 1, 1], met=[1, 1, 1, 0])
    >>> case_scores(g).score.tolist()
    [0.75]
    """
    if not grades.case.size or (rows is not None and not np.size(rows)):
        none, no_int = np.zeros(0), np.zeros(0, dtype=np.int64)
        return CaseScores(no_int, none, none, none, none, no_int, no_int)
    totals = grades.sums.totals(None if rows is None else np.asarray(rows, dtype=np.int64))
    scored = np.flatnonzero(totals.possible > 0)
    possible, earned = totals.possible[scored], totals.earned[scored]
    low = high = earned / possible
    complete = np.ones(scored.size, dtype=bool)
    if totals.open_positive is not None and totals.open_penalty is not None and totals.n_open is not None:
        low = (earned - totals.open_penalty[scored]) / possible
        high = (earned + totals.open_positive[scored]) / possible
        complete = totals.n_open[scored] == 0
    floor = -totals.penalty[scored] / possible
    case = scored // grades.sums.n_samples
    return _mean_of_responses(case, earned / possible, low, high, floor, complete)


def _mean_of_responses(
    case: IntArray, score: FloatArray, worst: FloatArray, best: FloatArray, floor: FloatArray, complete: Any
) -> CaseScores:
    """Average responses, given in order of case, over each case."""
    first = np.flatnonzero(np.append(True, case[1:] != case[:-1]))[: case.size]
    codes = case[first]
    responses = np.diff(np.append(first, case.size))

    def per_case(values: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(values, first), dtype=np.float64) if values.size else values

    n_complete = per_case(complete.astype(np.float64)).astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = per_case(np.where(complete, score, 0.0)) / n_complete
    return CaseScores(
        codes, mean, per_case(worst) / responses, per_case(best) / responses,
        per_case(floor) / responses, n_complete, responses - n_complete,
    )  # fmt: skip


def run_score(scores: CaseScores | Sequence[float | None] | FloatArray) -> float | None:
    r"""Return HealthBench's score of a run: the mean over cases, clipped to [0, 1] after the mean.

    Parameters
    ----------
    scores : CaseScores or array_like, shape (cases,)
        Unclipped case scores; NaN and None are cases without one.

    Returns
    -------
    float or None
        None when no case has a score.

    References
    ----------
    Arora et al. (2025). HealthBench. arXiv:2505.08775, appendix D.

    Examples
    --------
    Clipping each case first would give 0.5:

    >>> run_score([1.0, -0.5])
    0.25
    >>> run_score([-0.5]), run_score([]) is None
    (0.0, True)
    """
    values = (
        scores.score
        if isinstance(scores, CaseScores)
        else np.array([np.nan if s is None else s for s in scores], dtype=np.float64)
    )
    values = values[~np.isnan(values)]
    return number_or_none(np.clip(values.mean(), 0.0, 1.0)) if values.size else None
