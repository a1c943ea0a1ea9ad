"""Cases: the live row, its immutable revisions and each editor's draft."""

from datetime import date
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from builder.approval import is_expired
from builder.common import clock
from builder.content import CaseContent, content_from_json
from builder.models.departments import READERS, REVIEWERS, ConflictRule, Department
from builder.models.users import User


class CaseState(models.TextChoices):
    """Where a case stands."""

    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    APPROVED = "approved", _("Approved")
    RETIRED = "retired", _("Retired")


class Kind(models.TextChoices):
    """What a case measures; imported cases may bring other kinds."""

    KNOWLEDGE = "knowledge", _("Knowledge")
    PRACTICE = "practice", _("Practice")
    SAFETY = "safety", _("Safety")
    ETHICS_VIOLATION = "ethics-violation", _("Ethics: must refuse")
    ETHICS_DILEMMA = "ethics-dilemma", _("Ethics: dilemma")
    SUMMARISATION = "summarisation", _("Summarising")


class CaseQuerySet(models.QuerySet["Case"]):
    """Which cases."""

    def visible_to(self, user: User) -> "CaseQuerySet":
        """Those of the departments in which the person writes, reviews, leads or analyses."""
        if user.is_org_admin:
            return self.all()
        return self.filter(department__in=Department.objects.where_one_of(user, READERS))

    def approved(self, on: date | None = None) -> "CaseQuerySet":
        """Those a release may take on a day, today unless told: approved, and none of their evidence is too old."""
        lasting = Q(expires_on=None) | Q(expires_on__gte=on or clock.today())
        return self.filter(lasting, state=CaseState.APPROVED)

    def with_expired_approval(self, on: date | None = None) -> "CaseQuerySet":
        """Those whose approval no longer counts on a day, today unless told, because evidence is too old."""
        return self.filter(state=CaseState.APPROVED, expires_on__lt=on or clock.today())

    def active(self) -> "CaseQuerySet":
        """All but the retired ones."""
        return self.exclude(state=CaseState.RETIRED)

    def awaiting_review_by(self, user: User) -> "CaseQuerySet":
        """In review where the person reviews, not written by them, not yet decided by them, and not barred to them."""
        departments = Department.objects.where_one_of(user, REVIEWERS)
        barred = self.model.objects.filter(
            conflicts_of_interest__person=user, department__conflict_rule=ConflictRule.BAR
        )
        return (
            self.filter(state=CaseState.IN_REVIEW, department__in=departments)
            .exclude(revisions__author=user)
            .exclude(head__reviews__reviewer=user)
            .exclude(pk__in=barred.values("pk"))
        )

    def written_by(self, user: User) -> "CaseQuerySet":
        """Those the person made or revised, or holds a draft of."""
        return self.filter(Q(created_by=user) | Q(revisions__author=user) | Q(drafts__editor=user)).distinct()


class Case(models.Model):
    """A conversation with a rubric. The title and tags here are copies of the head revision's, for lists."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="cases")
    prompt_id = models.CharField(max_length=200)
    state = models.CharField(max_length=20, choices=CaseState.choices, default=CaseState.DRAFT)
    version = models.PositiveIntegerField(default=0)
    head = models.ForeignKey("CaseRevision", models.PROTECT, null=True, related_name="+")
    title = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=20, blank=True)
    theme = models.CharField(max_length=100, blank=True)
    # The earliest review-by date of its evidence: from the day after, its approval no longer counts.
    expires_on = models.DateField(null=True)
    # When it was last sent to review: since then it waits for its reviewers.
    submitted_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("department", "prompt_id"), name="case_prompt_id_in_department"),
            models.CheckConstraint(condition=Q(state__in=CaseState.values), name="case_known_state"),
            models.CheckConstraint(
                condition=~Q(state__in=("in_review", "changes_requested", "approved"))
                | Q(head__isnull=False),
                name="case_under_review_has_revision",
            ),
        )
        indexes = (models.Index(fields=("department", "state")),)

    def __str__(self) -> str:
        return self.title or self.prompt_id

    def has_expired_approval(self, on: date | None = None) -> bool:
        """Whether it was approved and the approval no longer counts on a day, today unless told."""
        return self.state == CaseState.APPROVED and is_expired(self.expires_on, on or clock.today())


class CaseRevision(models.Model):
    """An immutable snapshot of a case and its rubric; approvals and releases point here."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    content_text = models.TextField()
    sha256 = models.CharField(max_length=64)
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("case", "number")
        constraints = (models.UniqueConstraint(fields=("case", "number"), name="revision_number_in_case"),)

    def __str__(self) -> str:
        return f"{self.case} · revision {self.number}"

    @cached_property
    def content(self) -> CaseContent:
        """What this revision says."""
        return content_from_json(self.content_text)


class CaseDraft(models.Model):
    """What one editor has typed and not yet saved as a revision; one row per editor and case."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="drafts")
    editor = models.ForeignKey(User, models.CASCADE, related_name="+")
    base_version = models.PositiveIntegerField()
    # Counts the saves of this draft, so that a second window of the same person can't overwrite the first.
    sequence = models.PositiveIntegerField(default=1)
    content: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("case", "editor"), name="draft_one_per_editor"),)

    def __str__(self) -> str:
        return f"draft of {self.editor} on {self.case}"


class ExternalApproval(models.Model):
    """A revision that was approved elsewhere: who vouches for it, and where it was approved."""

    revision = models.OneToOneField(CaseRevision, models.PROTECT, related_name="external_approval")
    source = models.CharField(max_length=200)
    vouched_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.revision} approved by {self.source}"
