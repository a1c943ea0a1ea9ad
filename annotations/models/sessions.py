"""Grading sessions: release × runs × raters × overlap, and who grades which response."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from annotations.models.raters import Rater
from builder.models import Department, Role, User
from builder.models.departments import ENGINEERS
from exports.models import Release, Response, Run


class SessionKind(models.TextChoices):
    """Graded here, or verdicts brought from elsewhere."""

    GRADED = "graded", _("Graded here")
    IMPORTED = "imported", _("Imported")


class SessionState(models.TextChoices):
    """Where a session stands. Adjudicating ends grading."""

    DRAFT = "draft", _("Draft")
    IMPORTING = "importing", _("Being imported")
    OPEN = "open", _("Open")
    ADJUDICATING = "adjudicating", _("Adjudicating")
    CLOSED = "closed", _("Closed")


class Desk(models.TextChoices):
    """Where a rater grades."""

    IN_APP = "in-app", _("In these pages")
    LABEL_STUDIO = "label-studio", "Label Studio"
    IMPORTED = "imported", _("Imported")


BLIND_STATES = (SessionState.DRAFT, SessionState.OPEN, SessionState.ADJUDICATING)


class SessionQuerySet(models.QuerySet["GradingSession"]):
    """Which sessions."""

    def visible_to(self, user: User) -> "SessionQuerySet":
        """Those of departments the person leads or analyses; never one whose import is unfinished."""
        sessions = self.exclude(state=SessionState.IMPORTING)
        if user.is_org_admin:
            return sessions
        return sessions.filter(release__department__in=Department.objects.where_one_of(user, ENGINEERS))

    def graded_by(self, user: User) -> "SessionQuerySet":
        """Open sessions in which the person grades in these pages, as long as they hold the role of grader."""
        return self.of_member(user).filter(state=SessionState.OPEN)

    def of_member(self, user: User) -> "SessionQuerySet":
        """Those in which the person grades or graded in these pages, as long as they hold the role of grader."""
        return self.filter(
            session_raters__rater__user=user, session_raters__desk=Desk.IN_APP, session_raters__removed_at=None,
            release__department__memberships__user=user, release__department__memberships__role=Role.GRADER,
        )  # fmt: skip

    def blinding(self, user: User) -> "SessionQuerySet":
        """Sessions whose identities are hidden from the person, because they grade there; a removal doesn't unblind."""
        return self.filter(kind=SessionKind.GRADED, state__in=BLIND_STATES, session_raters__rater__user=user)


class GradingSession(models.Model):
    """Who grades which answers of which release, and how many graders each answer gets."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="sessions")
    kind = models.CharField(max_length=10, choices=SessionKind.choices, default=SessionKind.GRADED)
    state = models.CharField(max_length=12, choices=SessionState.choices, default=SessionState.DRAFT)
    overlap = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField(default=0)
    show_reference = models.BooleanField(default=True)
    show_points = models.BooleanField(default=True)
    source_sha256 = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    close_reason = models.TextField(blank=True)
    runs: "models.ManyToManyField[Run, Any]" = models.ManyToManyField(
        Run, through="SessionRun", related_name="sessions"
    )
    raters: "models.ManyToManyField[Rater, Any]" = models.ManyToManyField(
        Rater, through="SessionRater", related_name="sessions"
    )

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=SessionState.values), name="session_known_state"),
            models.CheckConstraint(condition=Q(kind__in=SessionKind.values), name="session_known_kind"),
            models.CheckConstraint(condition=Q(overlap__gte=1), name="session_overlap_at_least_one"),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_at__isnull=False), name="session_closed_has_time"
            ),
        )

    def __str__(self) -> str:
        return f"session {self.pk} of {self.release}"

    @property
    def is_blind(self) -> bool:
        """Whether its graders must not learn which system wrote what."""
        return self.kind == SessionKind.GRADED and self.state in BLIND_STATES


class SessionRun(models.Model):
    """A run whose answers are graded in a session; the position gives its neutral letter."""

    session = models.ForeignKey(GradingSession, models.CASCADE, related_name="session_runs")
    run = models.ForeignKey(Run, models.PROTECT, related_name="session_runs")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("session", "position")
        constraints = (
            models.UniqueConstraint(fields=("session", "run"), name="session_run_once"),
            models.UniqueConstraint(fields=("session", "position"), name="session_run_position"),
        )

    def __str__(self) -> str:
        return f"{self.session} · {self.run}"


class SessionRater(models.Model):
    """A rater of a session, the desk they use, and their place, which reports print as grader-N."""

    session = models.ForeignKey(GradingSession, models.CASCADE, related_name="session_raters")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="session_raters")
    desk = models.CharField(max_length=12, choices=Desk.choices, default=Desk.IN_APP)
    position = models.PositiveSmallIntegerField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("session", "position")
        constraints = (
            models.UniqueConstraint(fields=("session", "rater"), name="session_rater_once"),
            models.UniqueConstraint(fields=("session", "position"), name="session_rater_position"),
            models.CheckConstraint(condition=Q(desk__in=Desk.values), name="session_rater_known_desk"),
        )

    def __str__(self) -> str:
        return f"{self.session} · {self.label}"

    @property
    def label(self) -> str:
        """The name reports use for a person; an external source or a judge keeps its own."""
        return f"grader-{self.position}" if self.rater.user_id else self.rater.name


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Which assignments."""

    def of_grader(self, user: User) -> "AssignmentQuerySet":
        """The person's own to grade in these pages, in sessions that are open, in their own order."""
        return self.filter(
            rater__user=user, session__state=SessionState.OPEN, session__session_raters__rater=F("rater"),
            session__session_raters__desk=Desk.IN_APP, session__session_raters__removed_at=None,
            session__release__department__memberships__user=user,
            session__release__department__memberships__role=Role.GRADER,
        ).order_by("session", "position")  # fmt: skip


class Assignment(models.Model):
    """One rater is to grade one response, at a place of that rater's own order."""

    session = models.ForeignKey(GradingSession, models.CASCADE, related_name="assignments")
    response = models.ForeignKey(Response, models.PROTECT, related_name="assignments")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="assignments")
    position = models.PositiveIntegerField()
    done_at = models.DateTimeField(null=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ("session", "rater", "position")
        constraints = (
            models.UniqueConstraint(fields=("session", "response", "rater"), name="assignment_once"),
            models.UniqueConstraint(fields=("session", "rater", "position"), name="assignment_order"),
        )

    def __str__(self) -> str:
        return f"{self.session} · place {self.position}"
