"""Grades and resolutions. A missing grade is the absence of a row: it is never *not met*."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotations.models.sessions import Assignment, Desk, GradingSession, SessionItem
from builder.models import User
from exports.models import Response


class Verdict(models.TextChoices):
    """What a rater says of one criterion of one response."""

    MET = "met", _("Met")
    NOT_MET = "not_met", _("Not met")
    CANNOT_JUDGE = "cannot_judge", _("Cannot judge")
    JUDGE_FAILED = "judge_failed", _("Judge failed")


# A grader chooses among these; a judge's failure is never a person's verdict.
HUMAN_VERDICTS = (Verdict.MET, Verdict.NOT_MET, Verdict.CANNOT_JUDGE)


class Grade(models.Model):
    """One verdict; `criterion_index` is the criterion's place in the frozen rubric, from 0.

    `quote` is the part of the answer the verdict is about: a met red line is asked for it.
    """

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="grades")
    criterion_index = models.PositiveSmallIntegerField()
    round = models.PositiveSmallIntegerField(default=1)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    explanation = models.TextField(blank=True)
    quote = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("assignment", "criterion_index")
        constraints = (
            models.UniqueConstraint(
                fields=("assignment", "criterion_index", "round"), name="grade_once_per_criterion_and_round"
            ),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="grade_known_verdict"),
        )

    def __str__(self) -> str:
        return f"{self.assignment} · criterion {self.criterion_index + 1}: {self.verdict}"


def new_key() -> str:
    """Return a name for an act that came without one."""
    return str(uuid4())


class GradeEvent(models.Model):
    """One thing a grader said of a criterion, in the order it was said; an empty verdict takes the last one back.

    Rows are only ever added: `Grade` is what they come to. `key` names the act itself, so that a page that sends it
    twice says it once; what comes without one gets its own.
    """

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="events")
    criterion_index = models.PositiveSmallIntegerField()
    round = models.PositiveSmallIntegerField(default=1)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True)
    explanation = models.TextField(blank=True)
    quote = models.TextField(blank=True)
    key = models.CharField(max_length=36, default=new_key)
    desk = models.CharField(max_length=12, choices=Desk.choices, default=Desk.IN_APP)
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("assignment", "key"), name="grade_event_once_per_key"),
            models.CheckConstraint(
                condition=Q(verdict__in=["", *Verdict.values]), name="grade_event_known_verdict"
            ),
        )

    def __str__(self) -> str:
        return f"{self.assignment} · criterion {self.criterion_index + 1}: {self.verdict or 'taken back'}"


class GoldVerdict(models.Model):
    """What is right for one criterion of a calibration item, and why: shown to a grader after their own verdict."""

    item = models.ForeignKey(SessionItem, models.CASCADE, related_name="gold")
    criterion_index = models.PositiveSmallIntegerField()
    verdict = models.CharField(
        max_length=12, choices=[(Verdict.MET, _("Met")), (Verdict.NOT_MET, _("Not met"))]
    )
    explanation = models.TextField(blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("item", "criterion_index")
        constraints = (
            models.UniqueConstraint(fields=("item", "criterion_index"), name="gold_once_per_criterion"),
            models.CheckConstraint(condition=Q(verdict__in=("met", "not_met")), name="gold_decides"),
        )

    def __str__(self) -> str:
        return f"gold · criterion {self.criterion_index + 1}: {self.verdict}"


class Ruling(models.TextChoices):
    """What an adjudicator makes of a unit; the last two leave it undecided for good."""

    MET = "met", _("Met")
    NOT_MET = "not_met", _("Not met")
    CANNOT_JUDGE = "cannot_judge", _("Cannot judge")
    UNCLEAR = "unclear", _("The criterion’s wording is unclear")


class Resolution(models.Model):
    """The one authoritative ruling on a unit that was adjudicated; other units go by the session's rule.

    A ruling that was taken back stays, with who did it and why; at most one of a unit stands.
    """

    session = models.ForeignKey(GradingSession, models.CASCADE, related_name="resolutions")
    response = models.ForeignKey(Response, models.PROTECT, related_name="resolutions")
    criterion_index = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=12, choices=Ruling.choices)
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    withdrawn_reason = models.TextField(blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("session", "response", "criterion_index"),
                condition=Q(withdrawn_at__isnull=True),
                name="resolution_once_per_unit",
            ),
            models.CheckConstraint(condition=Q(verdict__in=Ruling.values), name="resolution_known_ruling"),
            models.CheckConstraint(condition=~Q(reason=""), name="resolution_says_why"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | ~Q(withdrawn_reason=""),
                name="resolution_withdrawn_says_why",
            ),
        )

    def __str__(self) -> str:
        return f"{self.session} · criterion {self.criterion_index + 1}: {self.verdict}"
