"""Endpoints for the steps of a case: submission and retirement; and for whole files of cases."""

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.access import Act
from builder.api.base import ApiView, answers
from builder.api.serializers.cases import CaseOut, ImportIn, ImportOut, ReasonIn
from builder.api.views.cases import case_answer
from builder.common.uploads import stored
from builder.services.cases import retire_case, submit_case
from builder.services.imports import import_cases


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
