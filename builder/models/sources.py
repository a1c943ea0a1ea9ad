"""Questions of exam benchmarks that open-ended cases were made from, kept for a paired report. Insert-only."""

from typing import Any

from django.db import models

from builder.models.cases import Case
from builder.models.departments import Department


class SourceQuestion(models.Model):
    """One multiple-choice question as its benchmark publishes it, and the case that was made of it.

    `options` maps letters (or yes/no/maybe) to texts in the source's order; `answer` is the key among them.
    """

    department = models.ForeignKey(Department, models.PROTECT, related_name="source_questions")
    case = models.OneToOneField(Case, models.PROTECT, related_name="source_question")
    dataset = models.CharField(max_length=40)
    source_id = models.CharField(max_length=200)
    question = models.TextField()
    options: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField(default=dict)
    answer = models.CharField(max_length=10)
    details: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("department", "dataset", "source_id"), name="source_question_once_in_department"
            ),
        )

    def __str__(self) -> str:
        return f"{self.dataset} {self.source_id}"
