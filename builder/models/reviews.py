"""Reviews: a person's decision on one revision, and their vote on each criterion. Rows are only ever added."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from builder.models.cases import CaseRevision
from builder.models.users import User


class Decision(models.TextChoices):
    """What a reviewer decided."""

    APPROVE = "approve", _("Approve")
    REQUEST_CHANGES = "request_changes", _("Ask for changes")


class Vote(models.TextChoices):
    """What a reviewer thinks of one criterion."""

    AGREE = "agree", _("Agree")
    DISAGREE = "disagree", _("Disagree")


class Review(models.Model):
    """One decision of one reviewer; a later one of the same person on the same revision replaces it."""

    revision = models.ForeignKey(CaseRevision, models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(User, models.PROTECT, related_name="+")
    decision = models.CharField(max_length=20, choices=Decision.choices)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(decision__in=Decision.values), name="review_known_decision"
            ),
            models.CheckConstraint(
                condition=~models.Q(decision="request_changes") | ~models.Q(comment=""),
                name="review_change_request_says_why",
            ),
        )

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.decision} ({self.revision})"


class CriterionVote(models.Model):
    """One vote of a review; `criterion_index` is the criterion's place in the revision's rubric, from 0."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="votes")
    criterion_index = models.PositiveSmallIntegerField()
    vote = models.CharField(max_length=10, choices=Vote.choices)
    comment = models.TextField(blank=True)

    class Meta:
        ordering = ("review", "criterion_index")
        constraints = (
            models.UniqueConstraint(fields=("review", "criterion_index"), name="vote_once_per_criterion"),
            models.CheckConstraint(condition=models.Q(vote__in=Vote.values), name="vote_known"),
        )

    def __str__(self) -> str:
        return f"criterion {self.criterion_index + 1}: {self.vote}"
