"""Endpoints for the steps of a case: submission, reviews, retirement; and for whole files of cases."""

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.access import Act
from builder.api.base import ApiView, answers
from builder.api.serializers.cases import CaseOut, ImportIn, ImportOut, ReasonIn, ReviewIn, ReviewOut
from builder.api.views.cases import case_answer
from builder.common.uploads import stored
from builder.models import Review
from builder.selectors.reviews import current_reviews, votes_of
from builder.services.cases import retire_case, submit_case
from builder.services.imports import import_cases
from builder.services.reviews import review_case


class CaseSubmitView(ApiView):
    """Sending a case to review."""

    @extend_schema(request=None, responses=answers(CaseOut))
    def post(self, request: Request, case_id: int) -> Response:
        """Send the head revision to review; 422 with every error among the findings."""
        submit_case(case=access.get_case_to_edit(self.person, case_id), by=self.person)
        return case_answer(self, case_id)


class CaseRetireView(ApiView):
    """Taking a case out of use."""

    @extend_schema(request=ReasonIn, responses=answers(CaseOut))
    def post(self, request: Request, case_id: int) -> Response:
        """Retire the case; releases that hold it keep it."""
        case = access.get_case_for(self.person, Act.RETIRE_CASES, case_id)
        retire_case(case=case, reason=self.body(ReasonIn)["reason"], by=self.person)
        return case_answer(self, case_id)


class ReviewsView(ApiView):
    """Reviews of the head revision."""

    @extend_schema(responses=answers(ReviewOut(many=True)))
    def get(self, request: Request, case_id: int) -> Response:
        """List each reviewer's latest review of the head revision, with the votes."""
        case = access.get_case_to_read(self.person, case_id)
        return self.listed(_rows(current_reviews(case.head), case.version) if case.head else [], ReviewOut)

    @extend_schema(request=ReviewIn, responses=answers(ReviewOut, 201))
    def post(self, request: Request, case_id: int) -> Response:
        """Approve a revision or ask for changes; nobody reviews a case they wrote part of."""
        case = access.get_case_to_review(self.person, case_id)
        wanted = self.body(ReviewIn)
        votes = {vote["criterion_index"]: vote for vote in wanted["votes"]}
        review = review_case(
            case=case, revision_number=wanted["revision"], decision=wanted["decision"], comment=wanted["comment"],
            votes={index: vote["vote"] for index, vote in votes.items()},
            vote_comments={index: vote["comment"] for index, vote in votes.items()}, by=self.person,
        )  # fmt: skip
        return Response(ReviewOut(_rows([review], wanted["revision"])[0]).data, status=201)


class CaseImportView(ApiView):
    """Files of cases."""

    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": ImportIn}, responses=answers(ImportOut))
    def post(self, request: Request) -> Response:
        """Import a file, all or none; the same file again changes nothing."""
        wanted = self.body(ImportIn)
        department = access.get_department_for(self.person, Act.IMPORT_CASES, wanted["department"])
        with stored(wanted["file"]) as path:
            result = import_cases(
                path=path, file_format=wanted["format"], department=department, by=self.person,
                approved_elsewhere=wanted["approved_elsewhere"],
            )  # fmt: skip
        return Response(ImportOut(result).data)


def _rows(reviews: list[Review], revision: int) -> list[dict[str, object]]:
    """Return reviews with their votes. Cost: one query."""
    votes = votes_of(reviews)
    return [
        {
            "id": review.pk,
            "revision": revision,
            "reviewer": review.reviewer.email,
            "decision": review.decision,
            "comment": review.comment,
            "created_at": review.created_at,
            "votes": [vote for _index, vote in sorted(votes.get(review.pk, {}).items())],
        }
        for review in reviews
    ]
