"""Agreement reports: how far the graders of a session agree, overall and where they don't."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from annotations.frames import (
    SEED,
    Abstentions,
    Ratings,
    Units,
    agreement_units,
    count_abstentions,
    session_ratings,
)
from annotations.models import GradingSession, SessionState
from annotations.selectors.desks import independence_note
from annotations.selectors.shared_criteria import SharedCriterion, shared_criteria
from annotations.stats import Estimate, PairwiseKappa, RatingTable, agreement, pairwise_cohen_kappa
from builder.common.errors import BadInput, NotReady
from builder.content import MAX_CRITERIA

HEADLINE = ("percent_agreement", "krippendorff_alpha", "gwet_ac1", "fleiss_kappa")
Matrix = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class CriterionAgreement:
    """Raw agreement on one criterion of one case: too few units for a coefficient."""

    prompt_id: str
    title: str
    criterion_index: int
    criterion: str
    axis: str
    red_line: bool
    points: float
    n_pairs: int
    agreeing_pairs: int

    @property
    def share(self) -> float | None:
        """The share of rater pairs that agree; None when no two raters judged it."""
        return self.agreeing_pairs / self.n_pairs if self.n_pairs else None


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """How often one rater agrees with the others, over pairs; how often they say met, and could not judge."""

    rater: str
    n_verdicts: int
    n_met: int
    n_pairs: int
    agreeing_pairs: int
    cannot_judge: int
    judge_failed: int
    estimate: Estimate

    @property
    def share(self) -> float | None:
        """The share of this rater's pairs that agree."""
        return self.agreeing_pairs / self.n_pairs if self.n_pairs else None

    @property
    def share_met(self) -> float | None:
        """The share of this rater's verdicts that are met."""
        return self.n_met / self.n_verdicts if self.n_verdicts else None


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two raters on the units both judged: the share of equal verdicts, and Cohen's kappa."""

    a: str
    b: str
    n_units: int
    percent: Estimate
    kappa: Estimate


@dataclass(frozen=True, eq=False)
class AgreementReport:
    """Everything the agreement page and `agreement --session` say."""

    sessions: list[GradingSession]
    raters: list[str]
    n_cases: int
    n_answers: int
    n_units: int
    n_judged_once: int
    n_met: int
    n_verdicts: int
    abstentions: Abstentions
    estimates: list[Estimate]
    pairwise: PairwiseKappa
    pairs: list[PairAgreement]
    by_axis: dict[str, list[Estimate]]
    by_criterion: list[CriterionAgreement]
    shared_criteria: list[SharedCriterion]
    by_rater: list[RaterAgreement]
    independence_note: str

    @property
    def session(self) -> GradingSession:
        """The session; of pooled ones the first."""
        return self.sessions[0]

    def estimate(self, name: str) -> Estimate | None:
        """Return one coefficient by name."""
        return next((estimate for estimate in self.estimates if estimate.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values; people are grader-N."""
        return {
            "session": self.session.pk,
            "sessions": [session.pk for session in self.sessions],
            "release": self.session.release.label,
            "raters": self.raters,
            "counts": {
                "cases": self.n_cases, "answers": self.n_answers, "units": self.n_units,
                "verdicts": self.n_verdicts, "met": self.n_met,
                "cannot_judge": sum(self.abstentions.cannot_judge),
                "judge_failed": sum(self.abstentions.judge_failed), "missing": self.abstentions.missing,
                "third_opinions": self.abstentions.third_opinions,
            },
            "independence_note": self.independence_note,
            "estimates": [estimate.to_dict() for estimate in self.estimates],
            "pairwise": pairwise_to_dict(self.pairwise, self.raters),
            "pairs": [_pair_to_dict(pair) for pair in self.pairs],
            "by_axis": {axis: [e.to_dict() for e in found] for axis, found in self.by_axis.items()},
            "by_criterion": _criteria_to_dicts(self.by_criterion, self.shared_criteria),
            "by_rater": [_rater_to_dict(row) for row in self.by_rater],
        }  # fmt: skip


def report_agreement(*sessions: GradingSession) -> AgreementReport:
    """Return the agreement of sessions whose grading has ended; several of one release are pooled.

    Cost: sixteen queries, two more with third opinions, and 1,000 replicates for each coefficient, axis, rater and
    pair. Raises NotReady while graders still work (they would otherwise see each other's verdicts), BadInput for
    sessions that can't be pooled.
    """
    sessions = tuple({session.pk: session for session in sessions}.values())
    _check_sessions(sessions)
    units = agreement_units(sessions)
    ratings = session_ratings(sessions, units)
    _refuse_overlap(ratings, sessions)
    table = ratings.table(units)
    matrix = ratings.matrix(len(units))
    agreeing, pairs = _pair_counts(matrix)
    abstentions = count_abstentions(sessions, units)
    return AgreementReport(
        sessions=list(sessions),
        raters=ratings.labels,
        n_cases=len(np.unique(units.case)),
        n_answers=len(np.unique(units.response)),
        n_units=len(units),
        n_judged_once=int(((matrix >= 0).sum(axis=1) == 1).sum()),
        n_met=int(ratings.met.sum()),
        n_verdicts=len(ratings.met),
        abstentions=abstentions,
        estimates=agreement(table, seed=SEED),
        pairwise=_labelled(pairwise_cohen_kappa(table), ratings.labels),
        pairs=_by_pair(matrix, ratings.labels, units),
        by_axis=_by_axis(ratings, units),
        by_criterion=_by_criterion(units, agreeing, pairs),
        shared_criteria=shared_criteria(units, ratings),
        by_rater=_by_rater(matrix, ratings.labels, units, abstentions),
        independence_note=independence_note(sessions),
    )


def pairwise_to_dict(pairwise: PairwiseKappa, raters: list[str] | None = None) -> dict[str, Any]:
    """Return the matrices with NaN as None; with `raters`, the rows of all of them, those without a verdict empty."""
    found = pairwise.to_dict()
    found["raters"] = [str(rater) for rater in found["raters"]]
    if raters is None or raters == found["raters"]:
        return found
    place = {name: index for index, name in enumerate(found["raters"])}

    def spread(matrix: list[list[Any]], empty: Any) -> list[list[Any]]:
        return [
            [matrix[place[a]][place[b]] if a in place and b in place else empty for b in raters]
            for a in raters
        ]

    return {
        "raters": raters,
        "kappa": spread(found["kappa"], None),
        "se": spread(found["se"], None),
        "n": spread(found["n"], 0),
    }


def _check_sessions(sessions: Sequence[GradingSession]) -> None:
    for session in sessions:
        if session.state not in (SessionState.ADJUDICATING, SessionState.CLOSED):
            raise NotReady(
                _("Agreement is shown when grading has ended. Session %(session)s is: %(state)s.")
                % {"session": session.pk, "state": session.get_state_display().lower()}
            )
    if len({session.release_id for session in sessions}) > 1:
        raise BadInput(_("Only sessions of the same release can be pooled: elsewhere the criteria differ."))


def _refuse_overlap(ratings: Ratings, sessions: Sequence[GradingSession]) -> None:
    """A rater who judged an answer in two sessions would count twice."""
    if len(sessions) == 1:
        return
    keys, counts = np.unique(ratings.unit * len(ratings.labels) + ratings.rater, return_counts=True)
    if len(keys) and counts.max() > 1:
        rater = ratings.labels[int(keys[counts.argmax()]) % len(ratings.labels)]
        raise BadInput(
            _(
                "%(rater)s judged the same answer in two of these sessions. "
                "Pool sessions with other answers or graders."
            )
            % {"rater": rater}
        )


def _pair_counts(matrix: Matrix) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return agreeing rater pairs and all rater pairs by unit."""
    met, not_met = (matrix == 1).sum(axis=1), (matrix == 0).sum(axis=1)
    rated = met + not_met
    return (met * (met - 1) + not_met * (not_met - 1)) // 2, rated * (rated - 1) // 2


def _by_rater(
    matrix: Matrix, labels: list[str], units: Units, abstentions: Abstentions
) -> list[RaterAgreement]:
    return [_one_against_rest(matrix, place, label, units, abstentions) for place, label in enumerate(labels)]


def _one_against_rest(
    matrix: Matrix, place: int, label: str, units: Units, abstentions: Abstentions
) -> RaterAgreement:
    """Count every pair of this rater's verdict with another's; the interval resamples cases."""
    own = matrix[:, place]
    unit, other = np.nonzero((matrix >= 0) & (own >= 0)[:, None] & (np.arange(matrix.shape[1]) != place))
    theirs = matrix[unit, other]
    estimate = _two_raters(own[unit], theirs, units.case[unit], "percent_agreement")
    return RaterAgreement(
        rater=label,
        n_verdicts=int((own >= 0).sum()),
        n_met=int((own == 1).sum()),
        n_pairs=len(unit),
        agreeing_pairs=int((own[unit] == theirs).sum()),
        cannot_judge=abstentions.cannot_judge[place],
        judge_failed=abstentions.judge_failed[place],
        estimate=estimate,
    )


def _by_pair(matrix: Matrix, labels: list[str], units: Units) -> list[PairAgreement]:
    found = []
    for a, b in combinations(range(len(labels)), 2):
        both = np.flatnonzero((matrix[:, a] >= 0) & (matrix[:, b] >= 0))
        columns = (matrix[both, a], matrix[both, b], units.case[both])
        # For two raters on the units both judged, Conger's kappa is Cohen's.
        kappa = replace(_two_raters(*columns, "conger_kappa"), name="cohen_kappa")
        percent = _two_raters(*columns, "percent_agreement")
        found.append(PairAgreement(labels[a], labels[b], len(both), percent, kappa))
    return found


def _two_raters(a: Matrix, b: Matrix, case: NDArray[np.int64], name: str) -> Estimate:
    row = np.arange(len(a))
    table = RatingTable.from_long(
        np.concatenate([row, row]), np.repeat([0, 1], len(a)), np.concatenate([a, b]).astype(np.int64),
        cluster=np.concatenate([case, case]), categories=(0, 1),
    )  # fmt: skip
    return agreement(table, name, seed=SEED)[0]


def _labelled(pairwise: PairwiseKappa, labels: list[str]) -> PairwiseKappa:
    return replace(pairwise, raters=[labels[place] for place in pairwise.raters])


def _by_axis(ratings: Ratings, units: Units) -> dict[str, list[Estimate]]:
    axis = np.array(
        [
            units.items[case].content.rubrics[index].axis
            for case, index in zip(units.case, units.criterion, strict=True)
        ]
    )
    return {
        name: agreement(ratings.table(units, axis == name), HEADLINE, seed=SEED)
        for name in sorted(set(axis.tolist()) - {""})
    }


def _by_criterion(
    units: Units, agreeing: NDArray[np.int64], pairs: NDArray[np.int64]
) -> list[CriterionAgreement]:
    """Pool the samples and runs of one criterion of one case; least agreement first."""
    keys, group = np.unique(units.case * MAX_CRITERIA + units.criterion, return_inverse=True)
    n_pairs = np.bincount(group, weights=pairs, minlength=len(keys))
    n_agreeing = np.bincount(group, weights=agreeing, minlength=len(keys))
    rows = []
    for key, total, same in zip(keys.tolist(), n_pairs.tolist(), n_agreeing.tolist(), strict=True):
        place, index = divmod(key, MAX_CRITERIA)
        item = units.items[place]
        criterion = item.content.rubrics[index]
        rows.append(
            CriterionAgreement(
                item.prompt_id, item.content.title, index, criterion.criterion, criterion.axis, criterion.red_line,
                criterion.points, int(total), int(same),
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row.share is None, row.share or 0.0, -row.n_pairs))


def _pair_to_dict(pair: PairAgreement) -> dict[str, Any]:
    return {
        "a": pair.a, "b": pair.b, "n_units": pair.n_units,
        "percent_agreement": pair.percent.to_dict(), "cohen_kappa": pair.kappa.to_dict(),
    }  # fmt: skip


def _criteria_to_dicts(
    rows: Sequence[CriterionAgreement], shared: Sequence[SharedCriterion]
) -> list[dict[str, Any]]:
    """One object per criterion: those that span cases, pooled and with coefficients, then those of one case."""
    counts = {(row.prompt_id, row.criterion_index): row for row in rows}
    pooled = {member for each in shared for member in each.members}
    return [
        *(_shared_to_dict(each, [counts[member] for member in each.members]) for each in shared),
        *(_criterion_to_dict(row) for member, row in counts.items() if member not in pooled),
    ]


def _shared_to_dict(shared: SharedCriterion, rows: Sequence[CriterionAgreement]) -> dict[str, Any]:
    n_pairs, agreeing = sum(row.n_pairs for row in rows), sum(row.agreeing_pairs for row in rows)
    return {
        **_criterion_to_dict(rows[0]), "criterion": shared.criterion, "cluster": shared.cluster or None,
        "prompt_ids": list(dict.fromkeys(prompt_id for prompt_id, _index in shared.members)),
        "red_line": shared.red_line, "n_pairs": n_pairs, "percent_agreement": agreeing / n_pairs if n_pairs else None,
        "estimates": [estimate.to_dict() for estimate in shared.estimates],
    }  # fmt: skip


def _criterion_to_dict(row: CriterionAgreement) -> dict[str, Any]:
    """A criterion of one case has raw agreement and no coefficient."""
    return {
        "prompt_id": row.prompt_id, "criterion_index": row.criterion_index, "criterion": row.criterion,
        "cluster": None, "prompt_ids": [row.prompt_id], "red_line": row.red_line, "n_pairs": row.n_pairs,
        "percent_agreement": row.share, "estimates": [],
    }  # fmt: skip


def _rater_to_dict(row: RaterAgreement) -> dict[str, Any]:
    return {
        "rater": row.rater, "n_verdicts": row.n_verdicts, "n_met": row.n_met, "n_pairs": row.n_pairs,
        "percent_agreement": row.share, "ci_low": row.estimate.ci_low, "ci_high": row.estimate.ci_high,
        "cannot_judge": row.cannot_judge, "judge_failed": row.judge_failed,
    }  # fmt: skip
