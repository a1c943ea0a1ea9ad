"""The endpoint that sends a closed session's verdicts."""

from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from annotations import access
from annotations.graded_dataset.formats import FORMATS
from annotations.models import GradingSession
from annotations.services.graded_dataset import export_grades_archive
from builder.api.base import ERRORS, ApiView, Shape, StrictShape

ZIP: dict[Any, Any] = {
    (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "Data, manifest and README as a zip."),
    **ERRORS,
}


class DatasetQuery(Shape):
    """In which format the verdicts on public cases leave."""

    format = serializers.ChoiceField(choices=list(FORMATS), default="jsonl")


class DatasetIn(StrictShape, DatasetQuery):
    """For whom and why the verdicts on held-out cases leave too; both are kept in the audit trail."""

    recipient = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=10_000)


class GradedDatasetView(ApiView):
    """A closed session's verdicts as a file: the same bytes each time."""

    @extend_schema(parameters=[DatasetQuery], responses=ZIP)
    def get(self, request: Request, session_id: int) -> FileResponse:
        """Download the verdicts on public cases; the act is in the audit trail. 409 before the session is closed."""
        session = access.get_session_to_export(self.person, session_id)
        return self._send(session, self.query(DatasetQuery))

    @extend_schema(request=DatasetIn, responses=ZIP)
    def post(self, request: Request, session_id: int) -> FileResponse:
        """Download all verdicts, those on held-out cases too, for a recipient and a reason."""
        session = access.get_session_to_export(self.person, session_id)
        return self._send(session, self.body(DatasetIn))

    def _send(self, session: GradingSession, wanted: dict[str, Any]) -> FileResponse:
        archive = export_grades_archive(
            session=session, file_format=wanted["format"], by=self.person, recipient=wanted.get("recipient", ""),
            reason=wanted.get("reason", ""),
        )  # fmt: skip
        return FileResponse(
            archive.content, as_attachment=True, filename=archive.name, content_type="application/zip"
        )
