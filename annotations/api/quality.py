"""Endpoints about how careful a session's graders look."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.selectors.quality import report_own_quality, report_quality
from builder.api.base import ApiView, answers


class QualityView(ApiView):
    """All graders of a session, for its lead."""

    @extend_schema(responses=answers(OpenApiTypes.OBJECT))
    def get(self, request: Request, session_id: int) -> Response:
        """Return progress, pace, agreement, drift, straight-lining and calibration of each grader, by pseudonym."""
        session = access.get_session_to_manage(self.person, session_id)
        return Response(report_quality(session, self.person).to_dict())


class OwnQualityView(ApiView):
    """The caller, as a grader of a session."""

    @extend_schema(responses=answers(OpenApiTypes.OBJECT))
    def get(self, request: Request, session_id: int) -> Response:
        """Return the same of the caller alone; what others' verdicts tell is there when grading has ended."""
        session = access.get_session_graded_in(self.person, session_id)
        return Response(report_own_quality(session, self.person).to_dict())
