"""Endpoints about verdicts from elsewhere and about scores."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotations.api.serializers import ScoreQuery, ScoresQuery, VerdictsIn, VerdictsOut
from annotations.selectors.scores import report_run, side_by_side
from annotations.services.verdicts import import_verdicts
from builder.access import Act
from builder.api.base import ApiView, answers
from builder.common.uploads import stored
from exports.access import get_run, get_run_for


class VerdictsView(ApiView):
    """Another tool's verdicts on a run."""

    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": VerdictsIn}, responses=answers(VerdictsOut, 201))
    def post(self, request: Request, name: str) -> Response:
        """Import one rater's verdicts, all or none; the same file again changes nothing."""
        run = get_run_for(self.person, Act.IMPORT_RUNS, name)
        wanted = self.body(VerdictsIn)
        with stored(wanted["file"]) as path:
            result = import_verdicts(path=path, run=run, rater_name=wanted["rater"], by=self.person)
        return Response(VerdictsOut(result).data, status=201 if result.created else 200)


class RunScoreView(ApiView):
    """What one run scores."""

    @extend_schema(parameters=[ScoreQuery], responses=answers(OpenApiTypes.OBJECT))
    def get(self, request: Request, name: str) -> Response:
        """Return what `score RUN --json` prints."""
        run, wanted = get_run(self.person, name), self.query(ScoreQuery)
        return Response(report_run(run, session_id=wanted["session"], rater=wanted["rater"]).to_dict())


class ScoresView(ApiView):
    """Runs side by side."""

    @extend_schema(parameters=[ScoresQuery], responses=answers(OpenApiTypes.OBJECT))
    def get(self, request: Request) -> Response:
        """Return what `score RUN RUN … --json` prints: the runs, and every two of them compared."""
        wanted: dict[str, Any] = self.query(ScoresQuery)
        runs = [get_run(self.person, name) for name in wanted["run"]]
        reports = [report_run(run, session_id=wanted["session"], rater=wanted["rater"]) for run in runs]
        return Response(side_by_side(reports))
