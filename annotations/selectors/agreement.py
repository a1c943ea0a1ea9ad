"""Agreement reports: how far the graders of a session agree, overall and where they don't."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from annotations.frames import MAX_CRITERIA, Ratings, Units, count_abstentions, session_ratings, session_units
from annotations.models import GradingSession, SessionState
from annotations.stats import Estimate, PairwiseKappa, agreement, pairwise_cohen_kappa
from builder.common.errors import NotReady

SEED = 20_250_508
HEADLINE = ("percent_agreement", "krippendorff_alpha", "gwet_ac1", "fleiss_kappa")


@dataclass(frozen=True, slots=True)
class CriterionAgreement:
    """Raw agreement on one criterion of one case: too few units for a coefficient."""

    prompt_id: str
    criterion_index: int
    criterion: str
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
    """How often one rater agrees with the others, over pairs, and how often they could not judge."""

    rater: str
    n_pairs: int
    agreeing_pairs: int
    cannot_judge: int

    @property
    def share(self) -> float | None:
        """The share of this rater's pairs that agree."""
        return self.agreeing_pairs / self.n_pairs if self.n_pairs else None


@dataclass(frozen=True, eq=False)
class AgreementReport:
    """Everything the agreement page and `agreement --session` say."""

    session: GradingSession
    raters: list[str]
    estimates: list[Estimate]
    pairwise: PairwiseKappa
    by_axis: dict[str, list[Estimate]]
    by_criterion: list[CriterionAgreement]
    by_rater: list[RaterAgreement]

    def estimate(self, name: str) -> Estimate | None:
        """Return one coefficient by name."""
        return next((estimate for estimate in self.estimates if estimate.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values; people are grader-N."""
        return {
            "session": self.session.pk,
            "release": self.session.release.label,
            "raters": self.raters,
            "estimates": [estimate.to_dict() for estimate in self.estimates],
            "pairwise": pairwise_to_dict(self.pairwise, self.raters),
            "by_axis": {axis: [e.to_dict() for e in found] for axis, found in self.by_axis.items()},
            "by_criterion": [
                {
                    "prompt_id": row.prompt_id,
                    "criterion_index": row.criterion_index,
                    "criterion": row.criterion,
                    "n_pairs": row.n_pairs,
                    "percent_agreement": row.share,
                }
                for row in self.by_criterion
            ],
            "by_rater": [
                {
                    "rater": row.rater,
                    "n_pairs": row.n_pairs,
                    "percent_agreement": row.share,
                    "cannot_judge": row.cannot_judge,
                }
                for row in self.by_rater
            ],
        }


def report_agreement(session: GradingSession) -> AgreementReport:
    """Return the agreement of a session whose grading has ended. Cost: a few queries and 1,000 replicates.

    Raises NotReady while graders still work: they would otherwise see each other's verdicts.
    """
    if session.state not in (SessionState.ADJUDICATING, SessionState.CLOSED):
        raise NotReady(_("Agreement is shown when grading has ended."))
    units = session_units(session)
    ratings = session_ratings(session, units)
    table = ratings.table(units)
    members = list(session.session_raters.select_related("rater").order_by("position"))
    labels = {member.position: member.label for member in members}
    agreeing, pairs, by_rater = _pair_counts(ratings, len(units))
    abstained = count_abstentions(session)
    return AgreementReport(
        session=session,
        raters=list(labels.values()),
        estimates=agreement(table, seed=SEED),
        pairwise=pairwise_cohen_kappa(table),
        by_axis=_by_axis(ratings, units),
        by_criterion=_by_criterion(units, agreeing, pairs),
        by_rater=[
            RaterAgreement(label, *by_rater.get(place, (0, 0)), abstained.get(place, 0))
            for place, label in labels.items()
        ],
    )


def pairwise_to_dict(pairwise: PairwiseKappa, raters: list[str] | None = None) -> dict[str, Any]:
    """Return the matrices with NaN as None."""

    def matrix(values: Any) -> list[list[Any]]:
        return [[None if isinstance(x, float) and np.isnan(x) else x for x in row] for row in np.asarray(values).tolist()]

    names = raters if raters and len(raters) == len(pairwise.raters) else [str(rater) for rater in pairwise.raters]
    return {"raters": names, "kappa": matrix(pairwise.kappa), "se": matrix(pairwise.se), "n": matrix(pairwise.n)}


def _pair_counts(ratings: Ratings, n_units: int) -> tuple[Any, Any, dict[int, tuple[int, int]]]:
    """Return agreeing pairs and all pairs by unit, and (pairs, agreeing pairs) by rater place."""
    rated = np.bincount(ratings.unit, minlength=n_units)
    met = np.bincount(ratings.unit, weights=ratings.met, minlength=n_units).astype(np.int64)
    not_met = rated - met
    pairs = rated * (rated - 1) // 2
    agreeing = (met * (met - 1) + not_met * (not_met - 1)) // 2
    others = rated[ratings.unit] - 1
    same = np.where(ratings.met == 1, met[ratings.unit], not_met[ratings.unit]) - 1
    by_rater = {
        int(place): (int(others[ratings.rater == place].sum()), int(same[ratings.rater == place].sum()))
        for place in np.unique(ratings.rater)
    }
    return agreeing, pairs, by_rater


def _by_axis(ratings: Ratings, units: Units) -> dict[str, list[Estimate]]:
    axis = np.array(
        [units.items[case].content.rubrics[index].axis for case, index in zip(units.case, units.criterion, strict=True)]
    )
    return {
        name: agreement(ratings.table(units, axis == name), HEADLINE, seed=SEED)
        for name in sorted(set(axis.tolist()) - {""})
    }


def _by_criterion(units: Units, agreeing: Any, pairs: Any) -> list[CriterionAgreement]:
    """Pool the samples and runs of one criterion of one case; least agreement first."""
    key = units.case * MAX_CRITERIA + units.criterion
    rows = []
    for value in np.unique(key):
        chosen = key == value
        place, index = divmod(int(value), MAX_CRITERIA)
        criterion = units.items[place].content.rubrics[index]
        rows.append(
            CriterionAgreement(
                units.items[place].prompt_id, index, criterion.criterion, criterion.red_line, criterion.points,
                int(pairs[chosen].sum()), int(agreeing[chosen].sum()),
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row.share is None, row.share or 0.0, -row.n_pairs))
