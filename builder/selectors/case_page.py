"""What the page of one case shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.approval import Standing
from builder.content import CaseContent, Criterion, Turn
from builder.models import (
    Case,
    CaseRevision,
    CaseState,
    ConflictOfInterest,
    CriterionVote,
    Decision,
    Department,
    Review,
    User,
    Vote,
)
from builder.selectors.cases import head_content, kind_label, own_draft
from builder.selectors.reviews import (
    REVIEWABLE,
    Tally,
    conflicts_on,
    current_reviews,
    decides_blind,
    standings_of,
    tally_of,
    votes_of,
)  # fmt: skip
from builder.selectors.threads import Discussion, discussion_of
from builder.selectors.turns import LaidOutTurn, lay_out
from builder.vocabulary import axis_label, language_label

MAX_LAID_OUT = 100_000


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
    is_suggested: bool = False


@dataclass(frozen=True, slots=True)
class CaseView:
    """A content, ready to be read."""

    content: CaseContent
    kind: str
    language: str
    criteria: list[CriterionView]

    @property
    def turns_for_graders(self) -> Sequence[LaidOutTurn | Turn]:
        """The conversation as the grading desk lays it out; a very long one as it was typed, since each save asks."""
        turns = self.content.prompt
        return turns if sum(len(turn.content) for turn in turns) > MAX_LAID_OUT else lay_out(turns)


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything the page of a case shows, and what this person may do from it."""

    case: Case
    view: CaseView
    reviews: list[Review]
    tally: Tally
    external_source: str
    hides_votes: bool
    contested: list[CriterionView]
    remarks: list[tuple[int, str, str]]
    discussion: Discussion
    conflicts: list[ConflictOfInterest]
    is_expired: bool
    has_draft: bool
    may_edit: bool
    may_submit: bool
    may_review: bool
    may_declare: bool
    may_retire: bool

    @property
    def asks_for_changes(self) -> bool:
        """Whether a reviewer asks for changes, as far as the person may know."""
        return not self.hides_votes and any(
            each.decision == Decision.REQUEST_CHANGES for each in self.reviews
        )


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
            is_suggested=criterion.is_suggested,
        )
        for number, criterion in enumerate(content.rubrics, start=1)
    ]
    return CaseView(content, kind_label(content.kind), language_label(content.language), criteria)


def case_page(case: Case, user: User) -> CasePage:
    """Return the page of a case. Cost: up to twenty-five queries, whatever its size."""
    head = case.head
    reviews = current_reviews(head) if head else []
    may_review = may_review_case(case, user)
    hides_votes = decides_blind(case, user, reviews, may_review=may_review)
    votes = votes_of(reviews) if reviews and not hides_votes else {}
    shown = bool(head and votes)
    view = case_view(
        head_content(case),
        standings_so_far(head, case.department, reviews, votes) if head and shown else None,
    )
    may_write = access.may(user, Act.WRITE_CASES, case.department) and case.state != CaseState.RETIRED
    conflicts = conflicts_on(case)
    return CasePage(
        case=case,
        view=view,
        reviews=reviews,
        tally=tally_of(reviews, case.department),
        external_source=head.external_approval.source if head and hasattr(head, "external_approval") else "",
        hides_votes=hides_votes,
        contested=[each for each in view.criteria if each.standing and each.standing.is_contested],
        remarks=_remarks(reviews, votes),
        discussion=discussion_of(case, user, reviews),
        conflicts=conflicts,
        is_expired=case.has_expired_approval(),
        has_draft=may_write and own_draft(case, user) is not None,
        may_edit=may_write,
        may_submit=may_write and head is not None and case.state == CaseState.DRAFT,
        may_review=may_review,
        may_declare=may_review and user.pk not in {each.person_id for each in conflicts},
        may_retire=case.state != CaseState.RETIRED and access.may(user, Act.RETIRE_CASES, case.department),
    )


def may_review_case(case: Case, user: User) -> bool:
    """Whether this person may decide on the head revision. Cost: up to three queries."""
    if case.state not in REVIEWABLE or not access.may(user, Act.REVIEW_CASES, case.department):
        return False
    return not access.wrote_part_of(user, case) and not access.is_barred(user, case)


def standings_so_far(
    revision: CaseRevision,
    department: Department,
    reviews: list[Review],
    votes: Mapping[int, Mapping[int, CriterionVote]],
) -> list[Standing]:
    """Return the standings; nothing is called contested while colleagues who must decide haven't."""
    found = standings_of(revision, department, votes)
    if len(reviews) >= department.required_approvals:
        return found
    return [replace(each, is_contested=False) for each in found]


def reviews_shown_to(case: Case, user: User) -> list[Review]:
    """Return the reviews of the head revision that the person may read. Cost: up to six queries."""
    reviews = current_reviews(case.head) if case.head else []
    return [] if decides_blind(case, user, reviews, may_review=may_review_case(case, user)) else reviews


def standings_shown_to(case: Case, user: User) -> list[Standing]:
    """Return how the criteria stand, as far as the person may read it. Cost: up to eight queries."""
    if case.head is None:
        return []
    return standings_of(case.head, case.department, votes_of(reviews_shown_to(case, user)))


def _remarks(
    reviews: list[Review], votes: Mapping[int, Mapping[int, CriterionVote]]
) -> list[tuple[int, str, str]]:
    """Return what those who agree wrote beside their votes, which needs no answer: criterion number, person, text."""
    return sorted(
        (index + 1, str(review.reviewer), vote.comment)
        for review in reviews
        for index, vote in votes.get(review.pk, {}).items()
        if vote.comment and vote.vote == Vote.AGREE and not vote.proposed_wording
    )


def _reference(criterion: Criterion, places: Mapping[str, int]) -> str:
    cited = [str(places[identifier]) for identifier in criterion.evidence if identifier in places]
    passages = _("evidence %(list)s") % {"list": ", ".join(cited)} if cited else ""
    return " · ".join(part for part in (criterion.guideline, criterion.jurisdiction, passages) if part)
