"""Endpoints about a session's graders in Label Studio."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.models import ProjectState
from annotations.selectors.label_studio import label_studio_page, quarantined
from annotations.services.label_studio.requests import request_sync, send_again
from builder.api.base import MAX_INTEGER, ApiView, Shape, StrictShape, answers
from builder.api.serializers.jobs import JobOut
from builder.selectors.jobs import job_page


class SyncIn(StrictShape):
    """Asking for a synchronisation."""

    key = serializers.CharField(
        required=False, default="", max_length=100, help_text="The same key returns the first job."
    )


class GraderInLabelStudioOut(Shape):
    """One grader there; takes a `GraderLine`."""

    name = serializers.CharField(source="label", help_text="What reports call the grader.")
    person = serializers.CharField()
    removed = serializers.BooleanField()
    project = serializers.IntegerField(
        source="project.pk", default=None, allow_null=True, max_value=MAX_INTEGER
    )
    state = serializers.ChoiceField(choices=ProjectState.values)
    address = serializers.CharField(help_text="Of the project in Label Studio; empty where there is none.")
    invite_url = serializers.CharField(
        help_text="Where the grader signs up; empty once they have an account."
    )
    assigned = serializers.IntegerField(source="sums.assigned")
    pushed = serializers.IntegerField(source="sums.pushed")
    annotated = serializers.IntegerField(source="sums.annotated")
    quarantined = serializers.IntegerField(source="sums.quarantined")
    missing = serializers.IntegerField()
    lost = serializers.IntegerField(source="sums.lost", help_text="Tasks that somebody deleted there.")
    drift = serializers.ListField(
        child=serializers.CharField(), help_text="What the counts there say otherwise."
    )
    problem = serializers.CharField(source="project.problem", default="")
    pulled_at = serializers.DateTimeField(source="project.pulled_at", default=None, allow_null=True)
    webhook_at = serializers.DateTimeField(source="project.webhook_at", default=None, allow_null=True)
    reconciled_at = serializers.DateTimeField(source="project.reconciled_at", default=None, allow_null=True)


class LogLineOut(Shape):
    """One line of the log."""

    at = serializers.DateTimeField()
    grader = serializers.CharField(source="project.session_rater.label")
    is_problem = serializers.BooleanField()
    text = serializers.CharField()


class LabelStudioOut(Shape):
    """A session's graders in Label Studio; takes a `LabelStudioPage`."""

    url = serializers.CharField(source="connection.url", default="")
    graders = GraderInLabelStudioOut(many=True)
    log = LogLineOut(many=True, help_text="The newest lines first.")


class QuarantineRow(Shape):
    """An annotation that was set aside."""

    annotation = serializers.IntegerField(source="remote_id")
    task = serializers.IntegerField(source="task.remote_id", allow_null=True)
    grader = serializers.CharField(source="task.project.session_rater.label")
    account = serializers.CharField(help_text="Who wrote it, as Label Studio says.")
    updated_at = serializers.DateTimeField()
    reason = serializers.CharField()


class SessionLabelStudioView(ApiView):
    """How far a session's graders in Label Studio are."""

    @extend_schema(responses=answers(LabelStudioOut))
    def get(self, request: Request, session_id: int) -> Response:
        """Show each grader's project, what is missing or set aside, and the log."""
        session = access.get_session_to_manage(self.person, session_id)
        return Response(LabelStudioOut(label_studio_page(session)).data)


class SessionQuarantineView(ApiView):
    """What was set aside."""

    @extend_schema(responses=answers(QuarantineRow(many=True)))
    def get(self, request: Request, session_id: int) -> Response:
        """List the annotations that don't count, with why; the newest first."""
        session = access.get_session_to_manage(self.person, session_id)
        return self.listed(quarantined(session), QuarantineRow)


class SessionSyncView(ApiView):
    """Asking for a synchronisation."""

    @extend_schema(request=SyncIn, responses=answers(JobOut, 202))
    def post(self, request: Request, session_id: int, act: str) -> Response:
        """Ask for `sync` (send and pull), `pull`, `reconcile` or `recheck`; the answer is the job that does it."""
        session = access.get_session_to_manage(self.person, session_id)
        job = request_sync(session=session, act=act, by=self.person, key=self.body(SyncIn)["key"])
        return Response(JobOut(job_page(job, self.person)).data, status=202)


class SendAgainView(ApiView):
    """Sending again what somebody deleted."""

    @extend_schema(request=None, responses=answers(JobOut, 202))
    def post(self, request: Request, session_id: int, project_id: int) -> Response:
        """Send the deleted tasks of one project again, as far as they have no grade; a deleted project is made anew."""
        session = access.get_session_to_manage(self.person, session_id)
        send_again(project=access.get_project_of_session(session, project_id), by=self.person)
        job = request_sync(session=session, act="sync", by=self.person)
        return Response(JobOut(job_page(job, self.person)).data, status=202)
