"""Grading sessions: release × runs × raters × overlap, and who grades which response."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from annotations.models.raters import Rater
from builder.common.prepared import Given
from builder.models import CaseRevision, Department, Role, User
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


class DecisionRule(models.TextChoices):
    """Whose word counts where graders disagree on a unit."""

    MAJORITY = "majority", _("The majority decides; a tie goes to the lead")
    LEAD = "lead", _("The lead decides every disagreement")


class ReleaseCause(models.TextChoices):
    """Why an answer went back to the session, to be taken by somebody else."""

    SKIPPED = "skipped", _("Skipped by the grader")
    REMOVED = "removed", _("The grader was removed")
    EXPIRED = "expired", _("Nobody graded it in time")


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
        """Those in which the person grades in these pages now, as long as they hold the role of grader.

        Open ones, and those in adjudication where somebody waits for their third opinion.
        """
        asked = Assignment.objects.filter(session=OuterRef("pk"), rater__user=user).third_opinions()
        return self.of_member(user).filter(
            Q(state=SessionState.OPEN) | Q(Exists(asked.live().waiting()), state=SessionState.ADJUDICATING)
        )

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
    """Who grades which answers of which release, and how many graders each answer gets.

    `safety_overlap` is the number of graders for answers to safety cases, `epochs` the samples that are graded (empty:
    all), `min_shared` how many answers each pair of graders had to share at least when the session was planned.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="sessions")
    kind = models.CharField(max_length=10, choices=SessionKind.choices, default=SessionKind.GRADED)
    state = models.CharField(max_length=12, choices=SessionState.choices, default=SessionState.DRAFT)
    overlap = models.PositiveSmallIntegerField()
    safety_overlap = models.PositiveSmallIntegerField(null=True)
    min_shared = models.PositiveIntegerField(default=0)
    epochs: "models.JSONField[list[int], list[int]]" = models.JSONField(default=list)
    seed = models.BigIntegerField(default=0)
    rule = models.CharField(max_length=10, choices=DecisionRule.choices, default=DecisionRule.MAJORITY)
    show_reference = models.BooleanField(default=True)
    show_evidence = models.BooleanField(default=True)
    show_points = models.BooleanField(default=True)
    allow_own_cases = models.BooleanField(default=False)
    deadline = models.DateField(null=True)
    source_sha256 = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
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
            models.CheckConstraint(condition=Q(rule__in=DecisionRule.values), name="session_known_rule"),
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
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("session", "position")
        constraints = (
            models.UniqueConstraint(fields=("session", "run"), name="session_run_once"),
            models.UniqueConstraint(fields=("session", "position"), name="session_run_position"),
        )

    def __str__(self) -> str:
        return f"{self.session} · {self.run}"


class MemberQuerySet(models.QuerySet["SessionRater"]):
    """Which members of sessions."""

    def grading(self, user: User | Given) -> "MemberQuerySet":
        """Those who grade in these pages and weren't removed, as long as the person holds the role of grader."""
        return self.filter(
            desk=Desk.IN_APP, removed_at=None, session__release__department__memberships__user=user,
            session__release__department__memberships__role=Role.GRADER,
        )  # fmt: skip


class SessionRater(models.Model):
    """A rater of a session, the desk they use, and their place, which reports print as grader-N."""

    session = models.ForeignKey(GradingSession, models.CASCADE, related_name="session_raters")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="session_raters")
    desk = models.CharField(max_length=12, choices=Desk.choices, default=Desk.IN_APP)
    position = models.PositiveSmallIntegerField()
    quota = models.PositiveIntegerField(null=True)
    removed_at = models.DateTimeField(null=True)

    objects = MemberQuerySet.as_manager()

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


class ItemQuerySet(models.QuerySet["SessionItem"]):
    """Which answers of sessions."""

    def free(self, session: GradingSession, *, at: datetime | None = None) -> "ItemQuerySet":
        """Those of a session that have a place left and aren't for calibration; none of a run that was withdrawn.

        With `at` also those that will have one as soon as somebody asks: whoever took them ran out of time by then.
        """
        withdrawn = SessionRun.objects.filter(session=session, withdrawn_at__isnull=False)
        has_place = Q(taken__lt=F("overlap"))
        if at is not None:
            lapsed = Assignment.objects.filter(session=session).lapsed(at)
            has_place |= Q(response__in=lapsed.values("response"))
        items = self.filter(has_place, session=session, is_calibration=False)
        return items.exclude(response__run__in=withdrawn.values("run"))

    def not_written_by(self, user: User) -> "ItemQuerySet":
        """Those to cases of which the person saved no revision."""
        own = CaseRevision.objects.filter(author=user)
        return self.exclude(response__item__revision__case__in=own.values("case"))


class SessionItem(models.Model):
    """One answer of a session and how many graders it gets; `taken` counts its assignments that aren't released.

    Whoever assigns or releases holds this row, so that the number of graders is kept under concurrency. A calibration
    item comes first for every grader, has gold verdicts, and counts for no agreement and no score. `names_system` says
    that the answer's own text names the system that wrote it. Imported sessions have no items.
    """

    session = models.ForeignKey(GradingSession, models.CASCADE, related_name="items")
    response = models.ForeignKey(Response, models.PROTECT, related_name="session_items")
    overlap = models.PositiveSmallIntegerField()
    taken = models.PositiveSmallIntegerField(default=0)
    is_calibration = models.BooleanField(default=False)
    names_system = models.BooleanField(default=False)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ("session", "pk")
        constraints = (
            models.UniqueConstraint(fields=("session", "response"), name="session_item_once"),
            models.CheckConstraint(condition=Q(taken__lte=F("overlap")), name="session_item_overlap_kept"),
        )

    def __str__(self) -> str:
        return f"{self.session} · {self.taken} of {self.overlap}"


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Which assignments."""

    def live(self) -> "AssignmentQuerySet":
        """Those that are somebody's now: not released, and of no run that was withdrawn from the session."""
        withdrawn = SessionRun.objects.filter(
            session=OuterRef("session"), run=OuterRef("response__run"), withdrawn_at__isnull=False
        )
        return self.filter(~Exists(withdrawn), released_at=None)

    def live_in(self, session: GradingSession | Given) -> "AssignmentQuerySet":
        """Those of one session that are `live`. Cost: looks at each answer's run only where any was withdrawn."""
        withdrawn = SessionRun.objects.filter(session=session, withdrawn_at__isnull=False)
        of_answer = withdrawn.filter(run__responses=OuterRef("response"))
        return self.filter(~Exists(withdrawn) | ~Exists(of_answer), session=session, released_at=None)

    def third_opinions(self) -> "AssignmentQuerySet":
        """Those that a lead asked for on some criteria of an answer."""
        return self.exclude(asked=[])

    def of_member(self, user: User) -> "AssignmentQuerySet":
        """The person's own in these pages, whatever became of them, as long as they are a grader of the session."""
        return self.filter(
            rater__user=user, session__kind=SessionKind.GRADED, session__session_raters__rater=F("rater"),
            session__session_raters__desk=Desk.IN_APP, session__session_raters__removed_at=None,
            session__release__department__memberships__user=user,
            session__release__department__memberships__role=Role.GRADER,
        )  # fmt: skip

    def of_grader(self, user: User) -> "AssignmentQuerySet":
        """The person's own to grade in these pages now, in their own order.

        While a session is open all that wasn't released; while it is adjudicated third opinions alone.
        """
        now = Q(session__state=SessionState.OPEN) | (
            Q(session__state=SessionState.ADJUDICATING) & ~Q(asked=[])
        )
        return self.of_member(user).live().filter(now).order_by("session", "position")

    def waiting(self) -> "AssignmentQuerySet":
        """Those without all the verdicts that are asked for."""
        return self.filter(done_at=None)

    def lapsed(self, at: datetime) -> "AssignmentQuerySet":
        """Those taken from a session's rest whose time ran out before they were done."""
        return self.filter(_lapsed(at))

    def held(self, at: datetime) -> "AssignmentQuerySet":
        """All but the `lapsed`, which wait for whoever asks next although nobody has given them back yet."""
        return self.exclude(_lapsed(at))


def _lapsed(at: datetime) -> Q:
    return Q(released_at=None, done_at=None, lease_until__lt=at)


class Assignment(models.Model):
    """One rater is to grade one response, at a place of that rater's own order.

    `asked` holds the criteria a third opinion is wanted on, by their place from 0 (empty: all). `lease_until` is when
    an answer that was taken from the session's rest goes back to it, unless a verdict was given. A released assignment
    keeps its grades, but they count no more. `active_seconds` is the time the grader worked on it, without pauses.
    """

    session = models.ForeignKey(GradingSession, models.CASCADE, related_name="assignments")
    response = models.ForeignKey(Response, models.PROTECT, related_name="assignments")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="assignments")
    position = models.PositiveIntegerField()
    is_calibration = models.BooleanField(default=False)
    asked: "models.JSONField[list[int], list[int]]" = models.JSONField(default=list)
    opened_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    active_seconds = models.PositiveIntegerField(default=0)
    flagged_at = models.DateTimeField(null=True)
    flag_note = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    released_cause = models.CharField(max_length=10, choices=ReleaseCause.choices, blank=True)
    skip_reason = models.TextField(blank=True)
    # How many criteria have a verdict, where a service has just counted them.
    n_judged: int | None = None

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ("session", "rater", "position")
        constraints = (
            models.UniqueConstraint(fields=("session", "response", "rater"), name="assignment_once"),
            models.UniqueConstraint(fields=("session", "rater", "position"), name="assignment_order"),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_cause="")
                | Q(released_at__isnull=False, released_cause__in=ReleaseCause.values),
                name="assignment_release_has_cause",
            ),
        )

    def __str__(self) -> str:
        return f"{self.session} · place {self.position}"
