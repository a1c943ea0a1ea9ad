"""Reviewing: decisions on a revision, votes on its criteria, and the rule that approves."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from builder import access
from builder.common.errors import BadInput, Conflict, NotReady
from builder.models import Case, CaseRevision, CaseState, CriterionVote, Decision, Review, User, Vote
from builder.selectors.reviews import REVIEWABLE, current_reviews, tally_of
from builder.services.audit import record
from builder.services.cases import lock_case
from builder.services.threads import raise_points


@transaction.atomic
def review_case(
    *, case: Case, revision_number: int, decision: str, comment: str = "", votes: Mapping[int, str], by: User,
    vote_comments: Mapping[int, str] | None = None, proposals: Mapping[int, str] | None = None,
) -> Review:  # fmt: skip
    """Record a decision on a revision and a vote on every criterion; approve the case when it has enough.

    Comments and proposed wordings may stand beside votes, by the criterion's place from 0; a proposal that says what
    the criterion says is none. Raises NotAllowed for somebody who saved a revision of the case or is barred by a
    conflict of interest, Conflict when the revision isn't the newest.
    """
    locked = lock_case(case)
    access.require_reviewer(by, locked)
    revision = _revision_under_review(locked, revision_number)
    comments, wordings = _said(vote_comments), _real_proposals(revision, _said(proposals))
    _check_review(revision, decision, comment, votes)
    _check_beside(votes, {**comments, **wordings})
    review = Review.objects.create(
        revision=revision, reviewer=by, decision=decision, comment=comment.strip(),
        is_outside=access.is_from_outside(by, locked.department),
    )  # fmt: skip
    given = CriterionVote.objects.bulk_create(
        CriterionVote(
            review=review,
            criterion_index=index,
            vote=vote,
            comment=comments.get(index, ""),
            proposed_wording=wordings.get(index, ""),
        )
        for index, vote in sorted(votes.items())
    )
    record(
        by=by, verb=f"review:{decision}", what=locked, department=locked.department, why=comment.strip(),
        after=revision.sha256, revision=revision.number,
    )  # fmt: skip
    raise_points(locked, review, given)
    settle_case(locked, by=by)
    return review


@transaction.atomic
def settle_case(case: Case, *, by: User) -> None:
    """Move a case under review to the state its current reviews add up to; the caller holds its row."""
    revision = case.head
    if revision is None or case.state not in REVIEWABLE:
        return
    reviews = current_reviews(revision)
    if any(review.decision == Decision.REQUEST_CHANGES for review in reviews):
        state = CaseState.CHANGES_REQUESTED
    elif hasattr(revision, "external_approval") or tally_of(reviews, case.department).is_approved:
        state = CaseState.APPROVED
    else:
        state = CaseState.IN_REVIEW
    if state == case.state:
        return
    case.state = state
    case.save(update_fields=["state", "updated_at"])
    if state == CaseState.APPROVED:
        record(by=by, verb="case:approve", what=case, department=case.department, after=revision.sha256)


def _revision_under_review(case: Case, number: int) -> CaseRevision:
    if case.state not in REVIEWABLE or case.head is None:
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
        raise BadInput(
            _("A vote is agree, disagree or cannot_judge, not %(vote)s.") % {"vote": wrong[0]}, field="votes"
        )
    missing = [index + 1 for index in indexes if index not in votes]
    if decision == Decision.APPROVE and missing:
        raise BadInput(
            _("Vote on every criterion before you approve; criterion %(number)s has no vote.")
            % {"number": missing[0]},
            field=f"vote-{missing[0] - 1}",
        )


def _check_beside(votes: Mapping[int, str], said: Mapping[int, str]) -> None:
    """Refuse what is said about a criterion without a vote on it: it would be lost."""
    if lonely := sorted(index for index in said if index not in votes):
        raise BadInput(
            _("You wrote something about criterion %(number)s. Vote on it too.") % {"number": lonely[0] + 1},
            field=f"vote-{lonely[0]}",
        )


def _said(texts: Mapping[int, str] | None) -> dict[int, str]:
    return {index: text.strip() for index, text in (texts or {}).items() if text.strip()}


def _real_proposals(revision: CaseRevision, wordings: Mapping[int, str]) -> dict[int, str]:
    """Return the wordings that differ from what the criteria say; a browser sends line ends of its own."""
    present = {index: _plain(each.criterion) for index, each in enumerate(revision.content.rubrics)}
    plain = {index: _plain(text) for index, text in wordings.items()}
    return {index: text for index, text in plain.items() if text != present.get(index)}


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
