"""Endpoints about files of cases: look at one, have a job bring it in, and the workbook to fill in."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from builder import access
from builder.access import Act
from builder.api.base import ERRORS, ApiView, answers
from builder.api.serializers.case_files import FilePreviewOut, LanguageQuery
from builder.api.serializers.cases import ImportIn
from builder.api.serializers.jobs import JobOut
from builder.common.uploads import stored
from builder.importers.workbook_template import template_workbook
from builder.selectors.case_files import preview_cases
from builder.selectors.jobs import job_page
from builder.services.case_files import CaseFile, request_import

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class CaseImportPreviewView(ApiView):
    """Looking at a file before anything is written."""

    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": ImportIn}, responses=answers(FilePreviewOut))
    def post(self, request: Request) -> Response:
        """Say what the file holds and every problem it has; nothing is kept."""
        wanted = self.body(ImportIn)
        access.get_department_for(self.person, Act.IMPORT_CASES, wanted["department"])
        with stored(wanted["file"]) as path:
            return Response(FilePreviewOut(preview_cases(path, wanted["format"])).data)


class CaseImportJobView(ApiView):
    """Imports that take longer than a request should."""

    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": ImportIn}, responses=answers(JobOut, 202))
    def post(self, request: Request) -> Response:
        """Have a job import the file, all or none; its progress stands under `jobs/`."""
        wanted = self.body(ImportIn)
        department = access.get_department_for(self.person, Act.IMPORT_CASES, wanted["department"])
        with stored(wanted["file"]) as path:
            file = CaseFile(path, wanted["format"], wanted["approved_elsewhere"])
            job = request_import(file=file, department=department, by=self.person)
        return Response(JobOut(job_page(job, self.person)).data, status=202)


class CaseTemplateView(ApiView):
    """The workbook people fill in."""

    @extend_schema(parameters=[LanguageQuery], responses={(200, XLSX): OpenApiTypes.BINARY, **ERRORS})
    def get(self, request: Request) -> HttpResponse:
        """Send the empty workbook."""
        language = self.query(LanguageQuery)["language"]
        return HttpResponse(
            template_workbook(language), content_type=XLSX,
            headers={"Content-Disposition": 'attachment; filename="clinwright-cases.xlsx"'},
        )  # fmt: skip
