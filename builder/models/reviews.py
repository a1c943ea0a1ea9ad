"""Reviews: a person's decision on one revision, and their vote on each criterion. Rows are only ever added."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from builder.models.cases import Case, CaseRevision
from builder.models.users import User


class Decision(models.TextChoices):
    """What a reviewer decided."""

    APPROVE = "approve", _("Approve")
    REQUEST_CHANGES = "request_changes", _("Ask for changes")


class Vote(models.TextChoices):
    """What a reviewer thinks of one criterion."""

    AGREE = "agree", _("Agree")
    DISAGREE = "disagree", _("Disagree")
    CANNOT_JUDGE = "cannot_judge", _("Can't judge")


class Review(models.Model):
    """One decision of one reviewer; a later one of the same person on the same revision replaces it."""

    revision = models.ForeignKey(CaseRevision, models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(User, models.PROTECT, related_name="+")
    decision = models.CharField(max_length=20, choices=Decision.choices)
    comment = models.TextField(blank=True)
    # Whether the reviewer was from another department when they decided; roles may change later.
    is_outside = models.BooleanField(default=False)
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
    vote = models.CharField(max_length=12, choices=Vote.choices)
    comment = models.TextField(blank=True)
    proposed_wording = models.TextField(blank=True)

    class Meta:
        ordering = ("review", "criterion_index")
        constraints = (
            models.UniqueConstraint(fields=("review", "criterion_index"), name="vote_once_per_criterion"),
            models.CheckConstraint(condition=models.Q(vote__in=Vote.values), name="vote_known"),
        )

    def __str__(self) -> str:
        return f"criterion {self.criterion_index + 1}: {self.vote}"


class ConflictOfInterest(models.Model):
    """A reviewer's own statement that something ties them to a case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="conflicts_of_interest")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    statement = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("case", "person"), name="conflict_once_per_case"),
            models.CheckConstraint(condition=~models.Q(statement=""), name="conflict_says_what"),
        )

    def __str__(self) -> str:
        return f"{self.person} on {self.case}"


class ReviewThread(models.Model):
    """A point a reviewer raised about a case or one of its criteria; it stays open until somebody resolves it.

    `criterion_index` is the place in the revision it was raised on; null is the case as a whole. `criterion_text`
    is what the criterion said then, so that the thread is found again when the rubric is reordered. `review` is the
    decision it was raised with, if it was.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="threads")
    revision = models.ForeignKey(CaseRevision, models.PROTECT, related_name="threads")
    criterion_index = models.PositiveSmallIntegerField(null=True)
    criterion_text = models.TextField(blank=True)
    review = models.ForeignKey(Review, models.PROTECT, null=True, related_name="threads")
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(resolved_by__isnull=True, resolved_at__isnull=True)
                | models.Q(resolved_by__isnull=False, resolved_at__isnull=False),
                name="thread_resolved_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"thread {self.pk} on {self.case}"


class ThreadMessage(models.Model):
    """One message of a thread; rows are only ever added. `adopts` is the proposal its author took into the draft."""

    thread = models.ForeignKey(ReviewThread, models.PROTECT, related_name="messages")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField()
    proposed_wording = models.TextField(blank=True)
    adopts = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(text="")
                | ~models.Q(proposed_wording="")
                | models.Q(adopts__isnull=False),
                name="message_says_something",
            ),
        )

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:40]}"


class ReviewReminder(models.Model):
    """A mail about overdue reviews that a person got on a day, so that nobody gets two."""

    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    sent_on = models.DateField()
    cases = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "sent_on"), name="reminder_once_a_day"),)

    def __str__(self) -> str:
        return f"{self.person} on {self.sent_on}: {self.cases}"
