"""What the review page of a case shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from builder.approval import Standing
from builder.common.errors import NotReady
from builder.models import (
    Case,
    CaseRevision,
    CaseState,
    ConflictOfInterest,
    CriterionVote,
    Decision,
    Review,
    User,
)  # fmt: skip
from builder.selectors.case_checks import ChecksPanel, case_checks_panel
from builder.selectors.case_page import CaseView, CriterionView, case_view, standings_so_far
from builder.selectors.changes import Change, Changes, compare
from builder.selectors.reviews import (
    REVIEWABLE,
    Tally,
    conflicts_on,
    current_reviews,
    last_approved_before,
    last_reviewed_before,
    tally_of,
    votes_of,
)  # fmt: skip
from builder.selectors.threads import Discussion, discussion_of


@dataclass(frozen=True, slots=True)
class PersonVote:
    """One reviewer's vote on one criterion."""

    initials: str
    person: str
    vote: str
    comment: str


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One criterion on the review page."""

    index: int
    view: CriterionView
    change: Change | None
    votes: list[PersonVote]
    tally: str
    open_threads: int


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Everything the review page shows."""

    case: Case
    revision: CaseRevision
    view: CaseView
    compared: CaseRevision | None
    decided_at: datetime | None
    changes: Changes | None
    earlier: list[int]
    rows: list[ReviewRow]
    deciders: list[User]
    own: Review | None
    own_votes: Mapping[int, CriterionVote]
    own_conflict: ConflictOfInterest | None
    contested: list[CriterionView]
    tally: Tally
    discussion: Discussion
    checks: ChecksPanel


def review_page(case: Case, user: User, against: int | None = None) -> ReviewPage:
    """Return the review page; raises NotReady when nothing waits for a decision.

    The new text is compared with the revision asked for, else with the one this person last decided on, else with
    the last approved one. Colleagues' votes are shown only after the person's own decision.
    """
    revision = case.head
    if revision is None or case.state not in REVIEWABLE:
        raise NotReady(_("This case isn't in review, so there is nothing to decide."))
    reviews = current_reviews(revision)
    votes = votes_of(reviews)
    own = next((review for review in reviews if review.reviewer_id == user.pk), None)
    compared = _compared_with(case, revision, user, against)
    changes = compare(compared.content, revision.content) if compared else None
    view = case_view(
        revision.content, standings_so_far(revision, case.department, reviews, votes) if own else None
    )
    discussion = discussion_of(case, user, reviews)
    return ReviewPage(
        case=case,
        revision=revision,
        view=view,
        compared=compared,
        decided_at=_decided_at(compared, user),
        changes=changes,
        earlier=list(case.revisions.filter(number__lt=revision.number).values_list("number", flat=True)),
        rows=_review_rows(view, changes, reviews if own else [], votes, discussion),
        deciders=[review.reviewer for review in reviews if review != own],
        own=own,
        own_votes=votes.get(own.pk, {}) if own else {},
        own_conflict=next((each for each in conflicts_on(case) if each.person_id == user.pk), None),
        contested=[each for each in view.criteria if each.standing and each.standing.is_contested],
        tally=tally_of(reviews, case.department),
        discussion=discussion,
        checks=case_checks_panel(case, revision.content),
    )


def after_review(case: Case, decision: str) -> str:
    """Say what happens next, after a decision on the head revision. Cost: one query."""
    number = {"number": case.version}
    if decision == Decision.REQUEST_CHANGES:
        return _("You asked for changes to revision %(number)s. The author sees your comment.") % number
    approved = _("You approved revision %(number)s.") % number
    if case.has_expired_approval():
        return f"{approved} " + _("Its evidence is past its review date, so the approval doesn't count.")
    if case.state == CaseState.APPROVED:
        return f"{approved} " + _("The case is approved and can be taken into a release.")
    if case.state == CaseState.CHANGES_REQUESTED:
        return f"{approved} " + _("A colleague asked for changes, so the author revises it.")
    return f"{approved} {_still_missing(case)}"


def _still_missing(case: Case) -> str:
    missing = tally_of(current_reviews(case.head) if case.head else [], case.department).missing
    text = ngettext(
        "It needs %(missing)s more approval.", "It needs %(missing)s more approvals.", missing.approvals
    ) % {"missing": missing.approvals}
    if not missing.outside:
        return text
    outside = ngettext(
        "%(missing)s of them must come from another department.",
        "%(missing)s of them must come from other departments.",
        missing.outside,
    )
    return text + " " + outside % {"missing": missing.outside}


def _compared_with(
    case: Case, revision: CaseRevision, user: User, against: int | None
) -> CaseRevision | None:
    if against is not None and against < revision.number:
        asked = case.revisions.select_related("author").filter(number=against).first()
        if asked is not None:
            return asked
    return last_reviewed_before(revision, user) or last_approved_before(revision)


def _decided_at(revision: CaseRevision | None, user: User) -> datetime | None:
    """Return when the person last decided on the revision. Cost: one query."""
    if revision is None:
        return None
    last = revision.reviews.filter(reviewer=user).order_by("-pk").first()
    return last.created_at if last else None


def _review_rows(
    view: CaseView,
    changes: Changes | None,
    reviews: list[Review],
    votes: Mapping[int, Mapping[int, CriterionVote]],
    discussion: Discussion,
) -> list[ReviewRow]:
    return [
        ReviewRow(
            index=index,
            view=each,
            change=changes.criteria.get(index) if changes else None,
            votes=[_person_vote(review, votes.get(review.pk, {}).get(index)) for review in reviews],
            tally=_tally(each.standing),
            open_threads=sum(thread.place == index for thread in discussion.open_threads),
        )
        for index, each in enumerate(view.criteria)
    ]


def _person_vote(review: Review, vote: CriterionVote | None) -> PersonVote:
    reviewer = review.reviewer
    return PersonVote(
        reviewer.initials, str(reviewer), vote.vote if vote else "none", vote.comment if vote else ""
    )


def _tally(standing: Standing | None) -> str:
    if standing is None or not (standing.disagree or standing.cannot_judge):
        return ""
    decided = standing.agree + standing.disagree
    text = _("%(agree)s of %(all)s agree") % {"agree": standing.agree, "all": decided} if decided else ""
    if not standing.cannot_judge:
        return text
    unsure = ngettext(
        "%(number)s can't judge", "%(number)s can't judge", standing.cannot_judge
    ) % {"number": standing.cannot_judge}  # fmt: skip
    return f"{text}, {unsure}" if text else unsure
