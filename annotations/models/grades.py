"""Grades and resolutions. A missing grade is the absence of a row: it is never *not met*."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotations.models.sessions import Assignment, GradingSession
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
    """One verdict; `criterion_index` is the criterion's place in the frozen rubric, from 0."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="grades")
    criterion_index = models.PositiveSmallIntegerField()
    round = models.PositiveSmallIntegerField(default=1)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    explanation = models.TextField(blank=True)
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


class Resolution(models.Model):
    """The one authoritative verdict of a unit that was adjudicated; other units go by strict majority."""

    session = models.ForeignKey(GradingSession, models.CASCADE, related_name="resolutions")
    response = models.ForeignKey(Response, models.PROTECT, related_name="resolutions")
    criterion_index = models.PositiveSmallIntegerField()
    verdict = models.CharField(
        max_length=12, choices=[(Verdict.MET, _("Met")), (Verdict.NOT_MET, _("Not met"))]
    )
    reason = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("session", "response", "criterion_index"), name="resolution_once_per_unit"
            ),
            models.CheckConstraint(condition=Q(verdict__in=("met", "not_met")), name="resolution_decides"),
            models.CheckConstraint(condition=~Q(reason=""), name="resolution_says_why"),
        )

    def __str__(self) -> str:
        return f"{self.session} · criterion {self.criterion_index + 1}: {self.verdict}"
