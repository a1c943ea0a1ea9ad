"""Endpoints of reviewing: decisions, points of the discussion, conflicts of interest."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.access import Act
from builder.api.base import ApiView, answers
from builder.api.serializers.cases import DraftOut
from builder.api.serializers.reviews import (
    AdoptionIn,
    ConflictIn,
    ConflictOut,
    MessageIn,
    ResolutionIn,
    ReviewIn,
    ReviewOut,
    ThreadIn,
    ThreadOut,
)
from builder.models import Case, Review
from builder.selectors.case_page import reviews_shown_to
from builder.selectors.reviews import conflicts_on, votes_of
from builder.selectors.threads import ThreadView, discussion_of, find_thread
from builder.services.conflicts import declare_conflict
from builder.services.reviews import review_case
from builder.services.threads import (
    adopt_proposal,
    open_thread,
    reopen_thread,
    reply_to_thread,
    resolve_thread,
)


class ReviewsView(ApiView):
    """Reviews of the head revision."""

    @extend_schema(responses=answers(ReviewOut(many=True)))
    def get(self, request: Request, case_id: int) -> Response:
        """List each reviewer's latest review of the head revision, with the votes.

        A reviewer who is yet to decide gets none: everybody judges for themselves.
        """
        case = access.get_case_to_read(self.person, case_id)
        return self.listed(_rows(reviews_shown_to(case, self.person), case.version), ReviewOut)

    @extend_schema(request=ReviewIn, responses=answers(ReviewOut, 201))
    def post(self, request: Request, case_id: int) -> Response:
        """Approve a revision or ask for changes; nobody reviews a case they wrote part of."""
        case = access.get_case_to_review(self.person, case_id)
        wanted = self.body(ReviewIn)
        votes = {vote["criterion_index"]: vote for vote in wanted["votes"]}
        review = review_case(
            case=case, revision_number=wanted["revision"], decision=wanted["decision"], comment=wanted["comment"],
            votes={index: vote["vote"] for index, vote in votes.items()},
            vote_comments={index: vote["comment"] for index, vote in votes.items()},
            proposals={index: vote["proposed_wording"] for index, vote in votes.items()}, by=self.person,
        )  # fmt: skip
        return Response(ReviewOut(_rows([review], wanted["revision"])[0]).data, status=201)


class ThreadsView(ApiView):
    """The discussion of a case."""

    @extend_schema(responses=answers(ThreadOut(many=True)))
    def get(self, request: Request, case_id: int) -> Response:
        """List the points the caller may read, open ones first, in the order of the rubric."""
        case = access.get_case_to_read(self.person, case_id)
        return self.listed(discussion_of(case, self.person).threads, ThreadOut)

    @extend_schema(request=ThreadIn, responses=answers(ThreadOut, 201))
    def post(self, request: Request, case_id: int) -> Response:
        """Raise a point about the case or one of its criteria."""
        case = access.get_case_to_discuss(self.person, case_id)
        thread = open_thread(case=case, **self.body(ThreadIn), by=self.person)
        return _thread_answer(self, case, thread.pk, 201)


class ThreadMessagesView(ApiView):
    """The answers to one point."""

    @extend_schema(request=MessageIn, responses=answers(ThreadOut, 201))
    def post(self, request: Request, case_id: int, thread_id: int) -> Response:
        """Answer a point, or propose a wording for its criterion."""
        case, found = _case_and_thread(self, case_id, thread_id)
        reply_to_thread(thread=found.thread, **self.body(MessageIn), by=self.person)
        return _thread_answer(self, case, thread_id, 201)


class ThreadResolutionView(ApiView):
    """Whether one point is resolved."""

    @extend_schema(request=ResolutionIn, responses=answers(ThreadOut))
    def put(self, request: Request, case_id: int, thread_id: int) -> Response:
        """Resolve a point, or open it again; as it is already, nothing changes."""
        case, found = _case_and_thread(self, case_id, thread_id)
        wanted = self.body(ResolutionIn)
        if wanted["resolved"]:
            resolve_thread(thread=found.thread, text=wanted["text"], by=self.person)
        else:
            reopen_thread(thread=found.thread, by=self.person)
        return _thread_answer(self, case, thread_id)


class ThreadAdoptionView(ApiView):
    """A proposed wording taken into a draft."""

    @extend_schema(request=AdoptionIn, responses=answers(DraftOut))
    def post(self, request: Request, case_id: int, thread_id: int) -> Response:
        """Put a proposed wording into the caller's draft, and resolve the point.

        409 when a colleague saved meanwhile, or when the criterion is no longer in the draft.
        """
        case = access.get_case_to_edit(self.person, case_id)
        found = find_thread(case, self.person, thread_id)
        message = self.body(AdoptionIn)["message"]
        draft = adopt_proposal(thread=found.thread, message_id=message, by=self.person)
        return Response(DraftOut(draft).data)


class ConflictsView(ApiView):
    """Conflicts of interest on a case."""

    @extend_schema(responses=answers(ConflictOut(many=True)))
    def get(self, request: Request, case_id: int) -> Response:
        """List what reviewers declared, oldest first."""
        return self.listed(conflicts_on(access.get_case_to_read(self.person, case_id)), ConflictOut)

    @extend_schema(request=ConflictIn, responses=answers(ConflictOut, 201))
    def post(self, request: Request, case_id: int) -> Response:
        """Declare what ties the caller to the case; 409 for a second time."""
        case = access.get_case_for(self.person, Act.REVIEW_CASES, case_id)
        statement = self.body(ConflictIn)["statement"]
        conflict = declare_conflict(case=case, statement=statement, by=self.person)
        return Response(ConflictOut(conflict).data, status=201)


def _case_and_thread(view: ApiView, case_id: int, thread_id: int) -> tuple[Case, ThreadView]:
    case = access.get_case_to_discuss(view.person, case_id)
    return case, find_thread(case, view.person, thread_id)


def _thread_answer(view: ApiView, case: Case, thread_id: int, status: int = 200) -> Response:
    return Response(ThreadOut(find_thread(case, view.person, thread_id)).data, status=status)


def _rows(reviews: list[Review], revision: int) -> list[dict[str, object]]:
    """Return reviews with their votes. Cost: one query."""
    votes = votes_of(reviews)
    return [
        {
            "id": review.pk,
            "revision": revision,
            "reviewer": review.reviewer.email,
            "is_outside": review.is_outside,
            "decision": review.decision,
            "comment": review.comment,
            "created_at": review.created_at,
            "votes": [vote for _index, vote in sorted(votes.get(review.pk, {}).items())],
        }
        for review in reviews
    ]
