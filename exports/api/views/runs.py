"""Endpoints about runs and their answers. A run the caller grades blind isn't there for them."""

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from builder.access import Act
from builder.api.base import ApiView, answers
from builder.api.serializers.cases import ReasonIn
from builder.common.uploads import stored
from exports import access
from exports.api.serializers import ResponseOut, RunIn, RunMade, RunOut, RunQuery, RunRow
from exports.selectors import list_responses, list_runs
from exports.services.runs import import_responses, withdraw_run


class RunsView(ApiView):
    """Runs of the departments the caller leads or analyses."""

    parser_classes = [MultiPartParser]

    @extend_schema(parameters=[RunQuery], responses=answers(RunRow(many=True)))
    def get(self, request: Request) -> Response:
        """List the runs the caller sees, newest first."""
        label = self.query(RunQuery)["release"]
        release = access.get_release_by_label(self.person, label) if label else None
        return self.listed(list_runs(self.person, release), RunRow)

    @extend_schema(request={"multipart/form-data": RunIn}, responses=answers(RunMade, 201))
    def post(self, request: Request) -> Response:
        """Bring in one run's answers, all or none; the same file again changes nothing."""
        wanted = self.body(RunIn)
        name, version = access.split_label(wanted["release"])
        release = access.get_release_for(self.person, Act.IMPORT_RUNS, name, version)
        with stored(wanted["file"]) as path:
            result = import_responses(
                path=path, release=release, run_name=wanted["run"], by=self.person, model=wanted["model"],
                model_class=wanted["model_class"], prompting=wanted["prompting"], retrieval=wanted["retrieval"],
                parameters=wanted["param"], restart=wanted["restart"],
            )  # fmt: skip
        return Response(RunMade(result).data, status=201 if result.created else 200)


class RunView(ApiView):
    """One run."""

    @extend_schema(responses=answers(RunOut))
    def get(self, request: Request, name: str) -> Response:
        """Show a run's factors."""
        return Response(RunOut(access.get_run(self.person, name)).data)


class RunResponsesView(ApiView):
    """The answers of a run."""

    @extend_schema(responses=answers(ResponseOut(many=True)))
    def get(self, request: Request, name: str) -> Response:
        """List a run's answers in the release's order."""
        return self.listed(list_responses(access.get_run(self.person, name)), ResponseOut)


class RunWithdrawView(ApiView):
    """Taking a run out of use."""

    @extend_schema(request=ReasonIn, responses=answers(RunOut))
    def post(self, request: Request, name: str) -> Response:
        """Withdraw the run; its answers and what was said of them stay."""
        run = access.get_run_for(self.person, Act.IMPORT_RUNS, name)
        withdraw_run(run=run, reason=self.body(ReasonIn)["reason"], by=self.person)
        return Response(RunOut(access.get_run(self.person, name)).data)
