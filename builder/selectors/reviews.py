"""How the revisions of a case stand with their reviewers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from builder.approval import Given, Missing, Standing, is_approved, missing_approvals, standing_of
from builder.models import (
    Case,
    CaseRevision,
    CaseState,
    ConflictOfInterest,
    ConflictRule,
    CriterionVote,
    Decision,
    Department,
    Review,
    User,
    Vote,
)  # fmt: skip

REVIEWABLE = (CaseState.IN_REVIEW, CaseState.APPROVED, CaseState.CHANGES_REQUESTED)


@dataclass(frozen=True, slots=True)
class Tally:
    """What the decisions on a revision add up to."""

    approvals: int
    outside: int
    missing: Missing
    is_approved: bool


def latest_reviews(revisions: Iterable[CaseRevision]) -> list[Review]:
    """Return each reviewer's latest review of each revision, oldest first. Cost: one query.

    Where a department bars reviewers with a conflict of interest, what they decided before they declared it is no
    longer among them.
    """
    reviews = Review.objects.filter(revision__in=list(revisions)).exclude(Exists(_barring_conflicts()))
    latest = {
        (review.revision_id, review.reviewer_id): review
        for review in reviews.select_related("reviewer").order_by("pk")
    }
    return sorted(latest.values(), key=lambda review: review.pk)


def current_reviews(revision: CaseRevision) -> list[Review]:
    """Return each reviewer's latest review of the revision. Cost: one query."""
    return latest_reviews([revision])


def votes_of(reviews: Iterable[Review]) -> dict[int, dict[int, CriterionVote]]:
    """Return the votes of reviews: by review, then by criterion. Cost: one query."""
    votes: dict[int, dict[int, CriterionVote]] = {}
    for vote in CriterionVote.objects.filter(review__in=list(reviews)):
        votes.setdefault(vote.review_id, {})[vote.criterion_index] = vote
    return votes


def tally_of(reviews: Iterable[Review], department: Department) -> Tally:
    """Return what these decisions on one revision add up to under the department's rule. Pure."""
    given = [Given(review.decision == Decision.APPROVE, review.is_outside) for review in reviews]
    rule = department.approval_rule
    return Tally(
        approvals=sum(each.approves for each in given),
        outside=sum(each.approves and each.outside for each in given),
        missing=missing_approvals(given, rule),
        is_approved=is_approved(given, rule),
    )


def standings(revision: CaseRevision, department: Department) -> list[Standing]:
    """Return how each criterion stands under the department's rule, in rubric order. Cost: up to three queries."""
    reviews = current_reviews(revision)
    return standings_of(revision, department, votes_of(reviews))


def standings_of(
    revision: CaseRevision, department: Department, votes: Mapping[int, Mapping[int, CriterionVote]]
) -> list[Standing]:
    """Return how each criterion stands; `votes` are those of the reviews that count, as `votes_of` returns them.

    A revision approved elsewhere has no contested criterion. Cost: up to one query.
    """
    counts = count_votes(len(revision.content.rubrics), [list(each.values()) for each in votes.values()])
    if hasattr(revision, "external_approval"):
        return [Standing(*count, is_contested=False) for count in counts]
    return [standing_of(*count, department.approval_rule) for count in counts]


def count_votes(criteria: int, reviews: Sequence[Sequence[CriterionVote]]) -> list[tuple[int, int, int]]:
    """Return how many agree, disagree and can't judge, for each criterion."""
    places = {Vote.AGREE.value: 0, Vote.DISAGREE.value: 1, Vote.CANNOT_JUDGE.value: 2}
    counts = [[0, 0, 0] for _criterion in range(criteria)]
    for votes in reviews:
        for vote in votes:
            counts[vote.criterion_index][places[vote.vote]] += 1
    return [(agree, disagree, cannot_judge) for agree, disagree, cannot_judge in counts]


def last_approved_before(revision: CaseRevision) -> CaseRevision | None:
    """Return the newest earlier revision that had its approvals and no open change request. Cost: two queries."""
    earlier = list(
        revision.case.revisions.filter(number__lt=revision.number)
        .select_related("author", "external_approval")
        .order_by("-number")
    )
    reviews: dict[int, list[Review]] = {}
    for review in latest_reviews(earlier):
        reviews.setdefault(review.revision_id, []).append(review)
    department = revision.case.department
    return next((each for each in earlier if _was_approved(each, reviews.get(each.pk, []), department)), None)


def last_reviewed_before(revision: CaseRevision, reviewer: User) -> CaseRevision | None:
    """Return the newest earlier revision this person decided on. Cost: one query."""
    earlier = revision.case.revisions.filter(number__lt=revision.number, reviews__reviewer=reviewer)
    return earlier.select_related("author").order_by("-number").first()


def conflicts_on(case: Case) -> list[ConflictOfInterest]:
    """Return the conflicts of interest declared on the case, oldest first. Cost: one query."""
    return list(case.conflicts_of_interest.select_related("person").order_by("pk"))


def decides_blind(case: Case, user: User, reviews: Iterable[Review], *, may_review: bool) -> bool:
    """Whether what colleagues decided is kept from the person, who is yet to decide on the head revision. Pure."""
    has_decided = any(review.reviewer_id == user.pk for review in reviews)
    return may_review and not has_decided and case.state == CaseState.IN_REVIEW


def _barring_conflicts() -> QuerySet[ConflictOfInterest]:
    return ConflictOfInterest.objects.filter(
        case=OuterRef("revision__case"),
        person=OuterRef("reviewer"),
        case__department__conflict_rule=ConflictRule.BAR,
    )


def _was_approved(revision: CaseRevision, reviews: list[Review], department: Department) -> bool:
    return hasattr(revision, "external_approval") or tally_of(reviews, department).is_approved
