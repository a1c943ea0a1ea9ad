"""Label Studio beside this installation: which server a department uses, and what was sent there and came back."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotations.models.sessions import Assignment, SessionRater
from builder.models import CaseRevision, Department, User


class LabelStudioConnection(models.Model):
    """A department's Label Studio. Token and webhook secret are stored encrypted; `url` has no slash at its end."""

    department = models.OneToOneField(Department, models.PROTECT, related_name="label_studio")
    url = models.URLField(max_length=300)
    token = models.TextField()
    webhook_secret = models.TextField()
    # Where the Label Studio reaches us; empty: it can't, and grades come by polling alone.
    webhook_base_url = models.URLField(max_length=300, blank=True)
    version = models.CharField(max_length=40, blank=True)
    account = models.CharField(max_length=254, blank=True)
    checked_at = models.DateTimeField(null=True)
    # When a message of the connection's own trial last came back: Label Studio refuses intranet addresses in silence.
    webhook_seen_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    saved_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.department}: {self.url}"


class ProjectState(models.TextChoices):
    """Where one of our projects in a Label Studio stands."""

    WANTED = "wanted", _("To be made")
    ACTIVE = "active", _("Active")
    ARCHIVED = "archived", _("Archived")
    LOST = "lost", _("Deleted by somebody")


class LabelStudioProject(models.Model):
    """A project of ours: one grader's work of one session, or one reviewer's of a department's rubrics under review.

    `marker` stands in its description there, so that one which was made and whose number never reached us is found
    again; `asked_at` is when we asked for it. `account_id` is the grader's account there, None until they have one;
    they sign up under `invite_url` then. `cursor` is the newest `updated_at` of a task that was taken over;
    `held_until` keeps a second writer out. The last counts are what Label Studio said of itself when it was last
    asked; `problem` is the sentence for what somebody has to mend.
    """

    connection = models.ForeignKey(LabelStudioConnection, models.PROTECT, related_name="projects")
    session_rater = models.OneToOneField(
        SessionRater, models.PROTECT, null=True, related_name="label_studio_project"
    )
    reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=ProjectState.choices, default=ProjectState.WANTED)
    remote_id = models.PositiveIntegerField(null=True)
    marker = models.UUIDField(default=uuid.uuid4, unique=True)
    asked_at = models.DateTimeField(null=True)
    title = models.CharField(max_length=50)
    account_id = models.PositiveIntegerField(null=True)
    invite_url = models.CharField(max_length=500, blank=True)
    config_sha256 = models.CharField(max_length=64, blank=True)
    webhook_id = models.PositiveIntegerField(null=True)
    cursor = models.DateTimeField(null=True)
    held_by = models.CharField(max_length=100, blank=True)
    held_until = models.DateTimeField(null=True)
    pushed_at = models.DateTimeField(null=True)
    pulled_at = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)
    webhook_at = models.DateTimeField(null=True)
    remote_tasks = models.PositiveIntegerField(null=True)
    remote_annotations = models.PositiveIntegerField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("connection", "remote_id"), name="label_studio_project_once"),
            models.CheckConstraint(
                condition=Q(state__in=ProjectState.values), name="label_studio_project_known_state"
            ),
            models.UniqueConstraint(
                fields=("connection", "reviewer"),
                condition=~Q(state="archived"),
                name="label_studio_review_project_once",
            ),
            models.CheckConstraint(
                condition=Q(session_rater__isnull=False, reviewer__isnull=True)
                | Q(session_rater__isnull=True, reviewer__isnull=False),
                name="label_studio_project_has_one_purpose",
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(remote_id__isnull=False),
                name="label_studio_project_active_is_there",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def person(self) -> User | None:
        """Whose project it is: only their annotations count."""
        return self.session_rater.rater.user if self.session_rater else self.reviewer


class TaskState(models.TextChoices):
    """What is known of a task: sent is not yet confirmed by reading it back."""

    PENDING = "pending", _("To be sent")
    SENT = "sent", _("Sent")
    CONFIRMED = "confirmed", _("Arrived")
    LOST = "lost", _("Deleted by somebody")
    WITHDRAWN = "withdrawn", _("Taken back")


class LabelStudioTask(models.Model):
    """One answer in a project, or the rubric of one revision.

    `data_sha256` is of the task data as we sent it: data is never changed afterwards.
    """

    project = models.ForeignKey(LabelStudioProject, models.PROTECT, related_name="tasks")
    assignment = models.ForeignKey(Assignment, models.PROTECT, null=True, related_name="label_studio_tasks")
    revision = models.ForeignKey(CaseRevision, models.PROTECT, null=True, related_name="+")
    ext_id = models.CharField(max_length=120)
    criteria_hash = models.CharField(max_length=64)
    data_sha256 = models.CharField(max_length=64)
    remote_id = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.PENDING)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("project", "ext_id"), name="label_studio_task_once"),
            models.UniqueConstraint(fields=("project", "remote_id"), name="label_studio_task_there_once"),
            models.CheckConstraint(
                condition=Q(assignment__isnull=False, revision__isnull=True)
                | Q(assignment__isnull=True, revision__isnull=False),
                name="label_studio_task_has_one_purpose",
            ),
            models.CheckConstraint(
                condition=Q(state__in=TaskState.values), name="label_studio_task_known_state"
            ),
        )

    def __str__(self) -> str:
        return f"{self.project} · {self.ext_id}"


class AnnotationState(models.TextChoices):
    """What became of an annotation."""

    ACCEPTED = "accepted", _("Taken over")
    QUARANTINED = "quarantined", _("Set aside")
    WITHDRAWN = "withdrawn", _("Gone from Label Studio")


class LabelStudioAnnotation(models.Model):
    """One annotation as it came, and what became of it; `reason` says why it was set aside.

    `account` is the address of its author at that time, empty where Label Studio no longer knows them.
    """

    task = models.ForeignKey(LabelStudioTask, models.PROTECT, related_name="annotations")
    remote_id = models.PositiveIntegerField()
    updated_at = models.DateTimeField()
    account = models.CharField(max_length=254, blank=True)
    result: "models.JSONField[list[dict[str, object]], list[dict[str, object]]]" = models.JSONField(
        default=list
    )
    state = models.CharField(max_length=12, choices=AnnotationState.choices)
    reason = models.TextField(blank=True)
    seen_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("task", "remote_id"), name="label_studio_annotation_once"),
            models.UniqueConstraint(
                fields=("task",), condition=Q(state="accepted"), name="label_studio_one_annotation_counts"
            ),
            models.CheckConstraint(
                condition=Q(state__in=AnnotationState.values), name="label_studio_annotation_known_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="quarantined") | ~Q(reason=""), name="label_studio_quarantine_says_why"
            ),
        )

    def __str__(self) -> str:
        return f"{self.task} · annotation {self.remote_id}"


class LabelStudioLogLine(models.Model):
    """One line of a project's log, for the lead to read: what was done or what happened, in a sentence."""

    project = models.ForeignKey(LabelStudioProject, models.CASCADE, related_name="log")
    at = models.DateTimeField(auto_now_add=True)
    is_problem = models.BooleanField(default=False)
    text = models.TextField()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.project} · {self.text}"
