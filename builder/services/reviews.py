"""Reviewing: decisions on a revision, votes on its criteria, and the rule that approves."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from builder import access
from builder.common.errors import BadInput, Conflict, NotReady
from builder.models import Case, CaseRevision, CaseState, CriterionVote, Decision, Review, User, Vote
from builder.selectors.reviews import current_reviews
from builder.services.audit import record
from builder.services.cases import lock_case


@transaction.atomic
def review_case(
    *, case: Case, revision_number: int, decision: str, comment: str = "", votes: Mapping[int, str], by: User,
    vote_comments: Mapping[int, str] | None = None,
) -> Review:  # fmt: skip
    """Record a decision on a revision and a vote on every criterion; approve the case when it has enough.

    Raises NotAllowed for somebody who saved a revision of the case, Conflict when the revision isn't the newest.
    """
    locked = lock_case(case)
    access.require_reviewer(by, locked)
    revision = _revision_under_review(locked, revision_number)
    _check_review(revision, decision, comment, votes)
    review = Review.objects.create(revision=revision, reviewer=by, decision=decision, comment=comment.strip())
    CriterionVote.objects.bulk_create(
        CriterionVote(
            review=review,
            criterion_index=index,
            vote=vote,
            comment=(vote_comments or {}).get(index, "").strip(),
        )
        for index, vote in sorted(votes.items())
    )
    record(
        by=by, verb=f"review:{decision}", what=locked, department=locked.department, why=comment.strip(),
        after=revision.sha256, revision=revision.number,
    )  # fmt: skip
    _settle(locked, revision, by=by)
    return review


def _revision_under_review(case: Case, number: int) -> CaseRevision:
    if (
        case.state not in (CaseState.IN_REVIEW, CaseState.APPROVED, CaseState.CHANGES_REQUESTED)
        or case.head is None
    ):
        raise NotReady(_("This case isn't in review."))
    if case.head.number != number:
        raise Conflict(
            _("The author saved revision %(new)s after you opened revision %(old)s. Read the new one first.")
            % {"new": case.head.number, "old": number},
            version=case.head.number,
        )
    return case.head


def _check_review(revision: CaseRevision, decision: str, comment: str, votes: Mapping[int, str]) -> None:
    if decision not in Decision.values:
        raise BadInput(_("Choose whether to approve or to ask for changes."), field="decision")
    if decision == Decision.REQUEST_CHANGES and not comment.strip():
        raise BadInput(_("Say what should change."), field="comment")
    indexes = range(len(revision.content.rubrics))
    if unknown := [index for index in votes if index not in indexes]:
        raise BadInput(_("There is no criterion %(number)s.") % {"number": unknown[0] + 1}, field="votes")
    if wrong := [vote for vote in votes.values() if vote not in Vote.values]:
        raise BadInput(_("A vote is agree or disagree, not %(vote)s.") % {"vote": wrong[0]}, field="votes")
    missing = [index + 1 for index in indexes if index not in votes]
    if decision == Decision.APPROVE and missing:
        raise BadInput(
            _("Vote on every criterion before you approve; criterion %(number)s has no vote.")
            % {"number": missing[0]},
            field=f"vote-{missing[0] - 1}",
        )


def _settle(case: Case, revision: CaseRevision, *, by: User) -> None:
    """Move the case to the state its current reviews add up to."""
    decisions = [review.decision for review in current_reviews(revision)]
    if Decision.REQUEST_CHANGES in decisions:
        state = CaseState.CHANGES_REQUESTED
    elif (
        hasattr(revision, "external_approval")
        or decisions.count(Decision.APPROVE) >= case.department.required_approvals
    ):
        state = CaseState.APPROVED
    else:
        state = CaseState.IN_REVIEW
    if state == case.state:
        return
    case.state = state
    case.save(update_fields=["state", "updated_at"])
    if state == CaseState.APPROVED:
        record(by=by, verb="case:approve", what=case, department=case.department, after=revision.sha256)
