"""Shapes of jobs."""

from rest_framework import serializers

from builder.api.base import MAX_INTEGER, Shape
from builder.models import JobState


class JobOut(Shape):
    """A job as the caller may see it; takes a `JobPage`."""

    uuid = serializers.UUIDField(source="job.uuid")
    kind = serializers.CharField(source="job.kind")
    kind_label = serializers.CharField(
        source="label", help_text="What the kind is called, in the caller's language."
    )
    state = serializers.ChoiceField(source="job.state", choices=JobState.values)
    department = serializers.CharField(source="job.department.code", allow_null=True, default=None)
    asked_by = serializers.EmailField(source="job.created_by.email")
    file_name = serializers.CharField(help_text="The file that came with it; empty when there was none.")
    attempts = serializers.IntegerField(source="job.attempts", min_value=0, max_value=MAX_INTEGER)
    cancel_requested = serializers.BooleanField(source="job.cancel_requested")
    progress_done = serializers.IntegerField(source="job.progress_done", min_value=0, max_value=MAX_INTEGER)
    progress_total = serializers.IntegerField(
        source="job.progress_total", min_value=0, max_value=MAX_INTEGER, allow_null=True
    )
    progress_label = serializers.CharField(help_text="What is being counted.")
    result = serializers.DictField(help_text="What came out; each kind says something else.")
    error = serializers.CharField(help_text="Why it failed, or why the last attempt did.")
    created_at = serializers.DateTimeField(source="job.created_at")
    ended_at = serializers.DateTimeField(source="job.ended_at", allow_null=True)
