"""Endpoints about what identifies a person in a case."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.api.base import ApiView, answers
from builder.api.serializers.identifiers import AttestIn, IdentifierOut
from builder.models import Case
from builder.selectors.identifiers import identifiers_page
from builder.services.identifiers import attest_identifier


class IdentifiersView(ApiView):
    """The passages of a case that identify a person."""

    @extend_schema(responses=answers(IdentifierOut(many=True)))
    def get(self, request: Request, case_id: int) -> Response:
        """List them, those that wait for a decision first; of the caller's draft when there is one."""
        return self._list(access.get_case_to_read(self.person, case_id))

    @extend_schema(request=AttestIn, responses=answers(IdentifierOut(many=True), 201))
    def post(self, request: Request, case_id: int) -> Response:
        """Say why one passage may stay; answers with the list as it then is."""
        case = access.get_case_to_edit(self.person, case_id)
        wanted = self.body(AttestIn)
        attest_identifier(
            case=case, reference=wanted["reference"], reason=wanted["reason"], by=self.person
        )  # fmt: skip
        answer = self._list(case)
        answer.status_code = 201
        return answer

    def _list(self, case: Case) -> Response:
        page = identifiers_page(case, self.person)
        return self.listed([*page.open, *page.attested], IdentifierOut)
