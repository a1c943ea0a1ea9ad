"""Jobs: work that outlives a request, done by a worker that may be killed at any moment."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from builder.models.departments import Department
from builder.models.users import User


class JobState(models.TextChoices):
    """Where a job stands; the names are those of Django's tasks."""

    READY = "ready", _("Waiting")
    RUNNING = "running", _("Running")
    SUCCESSFUL = "successful", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


ENDED_STATES = (JobState.SUCCESSFUL, JobState.FAILED, JobState.CANCELLED)


class JobQuerySet(models.QuerySet["Job"]):
    """Which jobs."""

    def visible_to(self, user: User) -> "JobQuerySet":
        """Those the person asked for; an administrator of the organization sees all."""
        return self.all() if user.is_org_admin else self.filter(created_by=user)

    def due(self, now: datetime, kinds: Iterable[str]) -> "JobQuerySet":
        """Those a worker may take: waiting ones whose time has come, and running ones whose lease has expired."""
        waiting = Q(state=JobState.READY, run_after__lte=now)
        abandoned = Q(state=JobState.RUNNING, lease_until__lt=now)
        return self.filter(waiting | abandoned, kind__in=kinds)

    def held(self, pk: int, worker: str, attempt: int) -> "JobQuerySet":
        """The job if this worker's attempt still holds it: nobody took it over and it has not ended."""
        return self.filter(pk=pk, state=JobState.RUNNING, worker=worker, attempts=attempt)


class Job(models.Model):
    """One piece of work: what kind, with what arguments, how far it is, and what came out.

    `lease_until` is when another worker may take a running job over: its worker renews it while it lives.
    `idempotency_key` makes a second request for the same work return the first job. `file_name` is what the uploaded
    file was called; the file itself lies in the directory of job files, see `builder.jobs.files`.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.READY)
    arguments: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    idempotency_key = models.CharField(max_length=200, unique=True, null=True)  # noqa: DJ001 -- many rows have none
    file_name = models.CharField(max_length=100, blank=True)
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    run_after = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(null=True)
    progress_label = models.CharField(max_length=100, blank=True)
    result: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_known_state"),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_until__isnull=False), name="job_running_has_lease"
            ),
        )
        indexes = (models.Index(fields=("state", "run_after")),)

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"

    @property
    def is_ended(self) -> bool:
        """Whether nothing happens any more."""
        return self.state in ENDED_STATES

    @property
    def waits_for_another_attempt(self) -> bool:
        """Whether an attempt failed and the next one is yet to come."""
        return self.state == JobState.READY and self.attempts > 0
