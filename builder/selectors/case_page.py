"""What the page of one case and its review page show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from builder import access
from builder.access import Act
from builder.common.errors import NotReady
from builder.content import CaseContent, Criterion
from builder.models import Case, CaseRevision, CaseState, CriterionVote, Decision, Review, User
from builder.selectors.case_checks import ChecksPanel, checks_panel
from builder.selectors.cases import head_content, kind_label, own_draft
from builder.selectors.changes import Change, Changes, compare
from builder.selectors.reviews import (
    Standing,
    current_reviews,
    last_approved_before,
    last_reviewed_before,
    standings,
    votes_of,
)  # fmt: skip
from builder.vocabulary import axis_label, language_label

REVIEWABLE = (CaseState.IN_REVIEW, CaseState.APPROVED, CaseState.CHANGES_REQUESTED)


@dataclass(frozen=True, slots=True)
class CriterionView:
    """A criterion as a reader sees it; `components/criterion_head.html` takes its fields."""

    number: int
    text: str
    points: int | float
    red_line: bool
    axis: str
    reference: str
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A content, ready to be read."""

    content: CaseContent
    kind: str
    language: str
    criteria: list[CriterionView]


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything the page of a case shows, and what this person may do from it."""

    case: Case
    view: CaseView
    reviews: list[Review]
    approvals: int
    required: int
    external_source: str
    hides_votes: bool
    contested: list[CriterionView]
    requests: list[Review]
    disagreements: list[tuple[int, str, str]]
    has_draft: bool
    may_edit: bool
    may_submit: bool
    may_review: bool
    may_retire: bool


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


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Everything the review page shows."""

    case: Case
    revision: CaseRevision
    view: CaseView
    compared: CaseRevision | None
    changes: Changes | None
    earlier: list[int]
    rows: list[ReviewRow]
    deciders: list[User]
    own: Review | None
    own_votes: Mapping[int, CriterionVote]
    approvals: int
    required: int
    checks: ChecksPanel


def case_view(content: CaseContent, standing: list[Standing] | None = None) -> CaseView:
    """Return a content with its words spelled out. Pure but for the language."""
    places = {item.evidence_id: number for number, item in enumerate(content.evidence, start=1)}
    criteria = [
        CriterionView(
            number=number,
            text=criterion.criterion,
            points=criterion.points,
            red_line=criterion.red_line,
            axis=axis_label(criterion.axis),
            reference=_reference(criterion, places),
            standing=standing[number - 1] if standing else None,
        )
        for number, criterion in enumerate(content.rubrics, start=1)
    ]
    return CaseView(content, kind_label(content.kind), language_label(content.language), criteria)


def case_page(case: Case, user: User) -> CasePage:
    """Return the page of a case. Cost: up to fourteen queries, whatever its size."""
    head = case.head
    reviews = current_reviews(head) if head else []
    required = case.department.required_approvals
    may_review = may_review_case(case, user)
    decided = any(review.reviewer_id == user.pk for review in reviews)
    hides_votes = may_review and not decided and case.state == CaseState.IN_REVIEW
    shown = bool(head and reviews and not hides_votes)
    view = case_view(
        head_content(case), _standings_so_far(head, reviews, required) if head and shown else None
    )
    may_write = access.may(user, Act.WRITE_CASES, case.department) and case.state != CaseState.RETIRED
    return CasePage(
        case=case,
        view=view,
        reviews=reviews,
        approvals=_approvals(reviews),
        required=required,
        external_source=head.external_approval.source if head and hasattr(head, "external_approval") else "",
        hides_votes=hides_votes,
        contested=[each for each in view.criteria if each.standing and each.standing.is_contested],
        requests=[]
        if hides_votes
        else [each for each in reviews if each.decision == Decision.REQUEST_CHANGES],
        disagreements=_disagreements(reviews) if shown else [],
        has_draft=may_write and own_draft(case, user) is not None,
        may_edit=may_write,
        may_submit=may_write and head is not None and case.state == CaseState.DRAFT,
        may_review=may_review,
        may_retire=case.state != CaseState.RETIRED and access.may(user, Act.RETIRE_CASES, case.department),
    )


def may_review_case(case: Case, user: User) -> bool:
    """Whether this person may decide on the head revision. Cost: up to two queries."""
    if case.state not in REVIEWABLE or not access.may(user, Act.REVIEW_CASES, case.department):
        return False
    return not access.wrote_part_of(user, case)


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
    earlier = list(case.revisions.filter(number__lt=revision.number).values_list("number", flat=True))
    compared = _compared_with(case, revision, user, against)
    changes = compare(compared.content, revision.content) if compared else None
    required = case.department.required_approvals
    view = case_view(revision.content, _standings_so_far(revision, reviews, required) if own else None)
    return ReviewPage(
        case=case,
        revision=revision,
        view=view,
        compared=compared,
        changes=changes,
        earlier=earlier,
        rows=_review_rows(view, changes, reviews if own else [], votes),
        deciders=[review.reviewer for review in reviews if review != own],
        own=own,
        own_votes=votes.get(own.pk, {}) if own else {},
        approvals=_approvals(reviews),
        required=required,
        checks=checks_panel(revision.content),
    )


def after_review(case: Case, decision: str) -> str:
    """Say what happens next, after a decision on the head revision. Cost: one query."""
    number = {"number": case.version}
    if decision == Decision.REQUEST_CHANGES:
        return _("You asked for changes to revision %(number)s. The author sees your comment.") % number
    if case.state == CaseState.APPROVED:
        return (
            _("You approved revision %(number)s. The case is approved and can be taken into a release.")
            % number
        )
    if case.state == CaseState.CHANGES_REQUESTED:
        return (
            _("You approved revision %(number)s. A colleague asked for changes, so the author revises it.")
            % number
        )
    approvals = _approvals(current_reviews(case.head)) if case.head else 0
    missing = max(case.department.required_approvals - approvals, 0)
    return (_("You approved revision %(number)s.") % number) + " " + ngettext(
        "It needs %(missing)s more approval.", "It needs %(missing)s more approvals.", missing
    ) % {"missing": missing}  # fmt: skip


def _standings_so_far(revision: CaseRevision, reviews: list[Review], required: int) -> list[Standing]:
    """Return the standings; nothing is called contested while colleagues who must decide haven't."""
    found = standings(revision, required)
    if len(reviews) >= required:
        return found
    return [replace(each, is_contested=False) for each in found]


def _compared_with(
    case: Case, revision: CaseRevision, user: User, against: int | None
) -> CaseRevision | None:
    if against is not None and against < revision.number:
        asked = case.revisions.select_related("author").filter(number=against).first()
        if asked is not None:
            return asked
    return last_reviewed_before(revision, user) or last_approved_before(revision)


def _review_rows(
    view: CaseView, changes: Changes | None, reviews: list[Review], votes: dict[int, dict[int, CriterionVote]]
) -> list[ReviewRow]:
    return [
        ReviewRow(
            index=index,
            view=each,
            change=changes.criteria.get(index) if changes else None,
            votes=[_person_vote(review, votes.get(review.pk, {}).get(index)) for review in reviews],
            tally=_tally(each.standing),
        )
        for index, each in enumerate(view.criteria)
    ]


def _person_vote(review: Review, vote: CriterionVote | None) -> PersonVote:
    reviewer = review.reviewer
    return PersonVote(
        reviewer.initials, str(reviewer), vote.vote if vote else "none", vote.comment if vote else ""
    )


def _tally(standing: Standing | None) -> str:
    if standing is None or not standing.disagree:
        return ""
    return _("%(agree)s of %(all)s agree") % {
        "agree": standing.agree, "all": standing.agree + standing.disagree,
    }  # fmt: skip


def _approvals(reviews: list[Review]) -> int:
    return sum(review.decision == Decision.APPROVE for review in reviews)


def _disagreements(reviews: list[Review]) -> list[tuple[int, str, str]]:
    """Return what reviewers wrote beside their votes: criterion number, person, comment."""
    votes = votes_of(reviews)
    said = [
        (index + 1, str(review.reviewer), vote.comment)
        for review in reviews
        for index, vote in votes.get(review.pk, {}).items()
        if vote.comment
    ]
    return sorted(said)


def _reference(criterion: Criterion, places: Mapping[str, int]) -> str:
    cited = [str(places[identifier]) for identifier in criterion.evidence if identifier in places]
    passages = _("evidence %(list)s") % {"list": ", ".join(cited)} if cited else ""
    return " · ".join(part for part in (criterion.guideline, criterion.jurisdiction, passages) if part)
