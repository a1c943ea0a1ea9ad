"""The approval rule: what votes and decisions on one revision add up to, and how long an approval lasts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from builder.content import CaseContent

# A criterion needs this many agreeing votes, where the department asks for as many approvals.
FEWEST_AGREEING = 2


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What a department asks for. `threshold` is the share of the decided votes that those who agree must exceed."""

    approvals: int
    outside_approvals: int = 0
    threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class Given:
    """One reviewer's latest decision on a revision; `outside` when they are from another department."""

    approves: bool
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """How many approvals are still needed, and how many of them must come from other departments."""

    approvals: int
    outside: int

    def __bool__(self) -> bool:
        return bool(self.approvals or self.outside)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a criterion stands: votes for, votes against, votes that couldn't judge, and whether it is contested."""

    agree: int
    disagree: int
    cannot_judge: int
    is_contested: bool


def missing_approvals(given: Iterable[Given], rule: ApprovalRule) -> Missing:
    """Return what a revision still lacks; a request for changes is no approval and blocks by itself.

    One that must come from outside is missing even when there are enough from the house, so `approvals` is at least
    `outside`.
    """
    approving = [each for each in given if each.approves]
    outside = max(rule.outside_approvals - sum(each.outside for each in approving), 0)
    return Missing(max(rule.approvals - len(approving), outside), outside)


def is_approved(given: Iterable[Given], rule: ApprovalRule) -> bool:
    """Whether nobody asks for changes and no approval is missing."""
    decisions = list(given)
    return all(each.approves for each in decisions) and not missing_approvals(decisions, rule)


def standing_of(agree: int, disagree: int, cannot_judge: int, rule: ApprovalRule) -> Standing:
    """Return how a criterion stands; "can't judge" is no decided vote and counts for neither side.

    It stands when the share that agrees exceeds the threshold, and at least min(2, required approvals) agree.
    """
    decided = agree + disagree
    stands = agree >= min(FEWEST_AGREEING, rule.approvals) and agree / decided > rule.threshold
    return Standing(agree, disagree, cannot_judge, not stands)


def expiry_of(content: CaseContent) -> date | None:
    """Return the earliest review-by date of the evidence, the last day an approval counts; other texts are no date."""
    dates = [day for each in content.evidence if (day := _date(each.review_by)) is not None]
    return min(dates, default=None)


def is_expired(expires_on: date | None, today: date) -> bool:
    """Whether an approval that lasts through `expires_on` no longer counts on the day `today`."""
    return expires_on is not None and expires_on < today


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
