"""Endpoints about a harness's results: its log comes home, and its numbers beside ours."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotations.log_files import reading_formats
from annotations.models import ComparisonFinding
from annotations.selectors.comparison import list_differences
from annotations.selectors.results import get_results
from annotations.services.result_uploads import upload_results
from builder.access import Act
from builder.api.base import ApiView, Shape, answers
from builder.api.serializers.jobs import JobOut
from builder.selectors.jobs import job_page
from exports import access
from exports.api.serializers import RunFactorsIn


class ResultsIn(RunFactorsIn):
    """A harness's log, and what it may not say: without `format` it is recognised, without `rater` it is its grader."""

    file = serializers.FileField(help_text="The log as the harness wrote it; a folder of logs as a .zip.")
    format = serializers.ChoiceField(
        choices=list(reading_formats()), required=False, default="", allow_blank=True
    )
    rater = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    key = serializers.CharField(
        max_length=100, required=False, default="", allow_blank=True,
        help_text="A name of this request: sent again, it returns the first job.",
    )  # fmt: skip


class RunResultsOut(Shape):
    """What a harness said of a run, and what we compute from its verdicts; null where there is no such number."""

    format = serializers.CharField()
    harness = serializers.CharField()
    harness_version = serializers.CharField()
    grader = serializers.CharField()
    reported_score = serializers.FloatField(allow_null=True)
    session = serializers.IntegerField(allow_null=True)
    finding = serializers.ChoiceField(choices=ComparisonFinding.values, allow_null=True)
    formula = serializers.CharField(help_text="How the harness computes, in a sentence.")
    our_score = serializers.FloatField(allow_null=True)
    ci_low = serializers.FloatField(allow_null=True)
    ci_high = serializers.FloatField(allow_null=True)
    expected_score = serializers.FloatField(
        allow_null=True, help_text="What the harness's formula makes of its verdicts."
    )
    n_reported = serializers.IntegerField(allow_null=True, help_text="Answers the harness scored.")
    n_unexplained = serializers.IntegerField(
        allow_null=True, help_text="Of them, those whose score its formula doesn't give."
    )
    n_other = serializers.IntegerField(
        allow_null=True, help_text="Of them, those that differ from our score."
    )


class DifferenceOut(Shape):
    """One answer on which scores differ."""

    prompt_id = serializers.CharField()
    epoch = serializers.IntegerField()
    reported = serializers.FloatField()
    expected = serializers.FloatField(allow_null=True)
    ours = serializers.FloatField(allow_null=True)
    difference = serializers.FloatField(allow_null=True, help_text="Reported minus expected.")


class ResultsView(ApiView):
    """A harness's log."""

    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": ResultsIn}, responses=answers(JobOut, 202))
    def post(self, request: Request) -> Response:
        """Ask for the import of a log, all or none; the answer is the job that does it."""
        wanted = self.body(ResultsIn)
        name, version = access.split_label(wanted["release"])
        job = upload_results(
            upload=wanted["file"], release=access.get_release_for(self.person, Act.IMPORT_RUNS, name, version),
            run_name=wanted["run"], by=self.person, file_format=wanted["format"], rater_name=wanted["rater"].strip(),
            restart=wanted["restart"], key=wanted["key"], model=wanted["model"], model_class=wanted["model_class"],
            prompting=wanted["prompting"], retrieval=wanted["retrieval"], parameters=wanted["param"],
        )  # fmt: skip
        return Response(JobOut(job_page(job, self.person)).data, status=202)


class RunResultsView(ApiView):
    """A harness's numbers beside ours."""

    @extend_schema(responses=answers(RunResultsOut))
    def get(self, request: Request, name: str) -> Response:
        """Show what the harness reported of the run; 404 for a run whose answers came as a plain file."""
        return Response(RunResultsOut(get_results(access.get_run(self.person, name))).data)


class RunDifferencesView(ApiView):
    """The answers on which they differ."""

    @extend_schema(responses=answers(DifferenceOut(many=True)))
    def get(self, request: Request, name: str) -> Response:
        """List the answers whose reported score is not ours, or not what the harness's formula gives."""
        run = access.get_run(self.person, name)
        get_results(run)
        return self.listed(list_differences(run), DifferenceOut)
