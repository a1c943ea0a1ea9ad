"""How the revisions of a case stand with their reviewers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from builder.models import CaseRevision, CriterionVote, Decision, Review, User, Vote


@dataclass(frozen=True, slots=True)
class Standing:
    """How a criterion stands: votes for, votes against, and whether it is contested."""

    agree: int
    disagree: int
    is_contested: bool


def latest_reviews(revisions: Iterable[CaseRevision]) -> list[Review]:
    """Return each reviewer's latest review of each revision, oldest first. Cost: one query."""
    reviews = Review.objects.filter(revision__in=list(revisions)).select_related("reviewer").order_by("pk")
    latest = {(review.revision_id, review.reviewer_id): review for review in reviews}
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


def standings(revision: CaseRevision, required_approvals: int) -> list[Standing]:
    """Return how each criterion stands, in rubric order.

    A criterion stands when more than half of the votes and at least min(2, required approvals) agree; otherwise it
    is contested. A revision approved elsewhere has no contested criterion. Cost: three queries.
    """
    votes = votes_of(current_reviews(revision))
    counts = count_votes(len(revision.content.rubrics), [list(each.values()) for each in votes.values()])
    if hasattr(revision, "external_approval"):
        return [Standing(agree, disagree, False) for agree, disagree in counts]
    needed = min(2, required_approvals)
    return [
        Standing(agree, disagree, not (agree >= needed and agree > (agree + disagree) / 2))
        for agree, disagree in counts
    ]


def count_votes(criteria: int, reviews: Sequence[Sequence[CriterionVote]]) -> list[tuple[int, int]]:
    """Return how many agree and disagree with each criterion."""
    counts = [[0, 0] for _criterion in range(criteria)]
    for votes in reviews:
        for vote in votes:
            counts[vote.criterion_index][0 if vote.vote == Vote.AGREE else 1] += 1
    return [(agree, disagree) for agree, disagree in counts]


def last_approved_before(revision: CaseRevision) -> CaseRevision | None:
    """Return the newest earlier revision that had its approvals and no open change request. Cost: two queries."""
    earlier = list(
        revision.case.revisions.filter(number__lt=revision.number)
        .select_related("author", "external_approval")
        .order_by("-number")
    )
    decisions: dict[int, list[str]] = {}
    for review in latest_reviews(earlier):
        decisions.setdefault(review.revision_id, []).append(review.decision)
    needed = revision.case.department.required_approvals
    return next((each for each in earlier if _is_approved(each, decisions.get(each.pk, []), needed)), None)


def last_reviewed_before(revision: CaseRevision, reviewer: User) -> CaseRevision | None:
    """Return the newest earlier revision this person decided on. Cost: one query."""
    earlier = revision.case.revisions.filter(number__lt=revision.number, reviews__reviewer=reviewer)
    return earlier.select_related("author").order_by("-number").first()


def _is_approved(revision: CaseRevision, decisions: list[str], needed: int) -> bool:
    if hasattr(revision, "external_approval"):
        return True
    return Decision.REQUEST_CHANGES not in decisions and decisions.count(Decision.APPROVE) >= needed
