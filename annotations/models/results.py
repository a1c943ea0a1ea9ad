"""What a harness said of a run, beside what we compute from the same verdicts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotations.models.sessions import GradingSession


class ComparisonFinding(models.TextChoices):
    """What became of the harness's own numbers."""

    SAME = "same", _("The same as ours")
    EXPLAINED = "explained", _("Explained by the harness’s formula")
    UNEXPLAINED = "unexplained", _("Not explained")
    NOT_REPORTED = "not_reported", _("No score reported")


class ResultsComparison(models.Model):
    """The comparison of an imported run, made once when its log came in: neither verdicts nor log change later.

    `formula_place` counts the formulas of the run's format from 0, the usual one; `expected_score` is what that one
    makes of our verdicts. `n_reported` counts the answers the harness scored, `n_unexplained` those of them that the
    formula doesn't give, `n_other` those that differ from our score.
    """

    session = models.OneToOneField(GradingSession, models.CASCADE, related_name="comparison")
    finding = models.CharField(max_length=12, choices=ComparisonFinding.choices)
    formula_place = models.PositiveSmallIntegerField(default=0)
    our_score = models.FloatField(null=True)
    ci_low = models.FloatField(null=True)
    ci_high = models.FloatField(null=True)
    expected_score = models.FloatField(null=True)
    n_reported = models.PositiveIntegerField()
    n_unexplained = models.PositiveIntegerField()
    n_other = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(finding__in=ComparisonFinding.values), name="comparison_known_finding"
            ),
        )

    def __str__(self) -> str:
        return f"{self.session}: {self.finding}"
