"""Shapes of cases, their drafts, revisions and reviews."""

from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from builder.api.base import MAX_INTEGER, MAX_SMALL, Shape
from builder.api.serializers.content import ContentField
from builder.checks import check_content
from builder.importers import FORMATS
from builder.models import Case, CaseDraft, CaseRevision, CaseState, CriterionVote, Decision, Vote
from builder.selectors.cases import ANY_STATE, head_content
from builder.selectors.reviews import standings


class CaseQuery(Shape):
    """How a list of cases is narrowed; without `state` retired cases are left out."""

    q = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=200,
        help_text="Text in the title or the prompt_id.",
    )
    department = serializers.CharField(required=False, default="", allow_blank=True, max_length=20)
    state = serializers.ChoiceField(
        required=False, default="", allow_blank=True, choices=[*CaseState.values, ANY_STATE]
    )
    kind = serializers.CharField(required=False, default="", allow_blank=True, max_length=40)
    language = serializers.CharField(required=False, default="", allow_blank=True, max_length=20)
    theme = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)


class CaseRow(serializers.ModelSerializer[Case]):
    """A case in a list."""

    department = serializers.CharField(source="department.code")
    state = serializers.ChoiceField(choices=CaseState.values)
    created_by = serializers.EmailField(source="created_by.email")

    class Meta:
        model = Case
        fields: tuple[str, ...] = (
            "id", "department", "prompt_id", "state", "version", "title", "kind", "language", "theme", "created_by",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class FindingOut(Shape):
    """One thing a check noticed; errors keep the case from being submitted."""

    check_id = serializers.CharField()
    severity = serializers.CharField()
    field = serializers.CharField()
    message = serializers.CharField()


class StandingOut(Shape):
    """How one criterion stands with the reviewers."""

    agree = serializers.IntegerField()
    disagree = serializers.IntegerField()
    is_contested = serializers.BooleanField()


class RevisionOut(serializers.ModelSerializer[CaseRevision]):
    """An immutable snapshot, without its text."""

    author = serializers.EmailField(source="author.email")

    class Meta:
        model = CaseRevision
        fields: tuple[str, ...] = ("number", "sha256", "author", "created_at")
        read_only_fields = fields


class CaseOut(CaseRow):
    """A case with what its head revision says; `version` is the `base_version` of the next save."""

    content = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField()
    standings = serializers.SerializerMethodField()
    required_approvals = serializers.IntegerField(source="department.required_approvals")

    class Meta(CaseRow.Meta):
        fields: tuple[str, ...] = (
            *CaseRow.Meta.fields,
            "content",
            "findings",
            "standings",
            "required_approvals",
        )
        read_only_fields = fields

    @extend_schema_field(ContentField)
    def get_content(self, case: Case) -> Any:
        """Return what the head revision says."""
        return msgspec.to_builtins(head_content(case))

    @extend_schema_field(FindingOut(many=True))
    def get_findings(self, case: Case) -> Any:
        """Return what the checks say of it."""
        return FindingOut(check_content(head_content(case)), many=True).data

    @extend_schema_field(StandingOut(many=True))
    def get_standings(self, case: Case) -> Any:
        """Return how its criteria stand, in rubric order. Cost: three queries."""
        found = standings(case.head, case.department.required_approvals) if case.head else []
        return StandingOut(found, many=True).data


class RevisionWithContent(RevisionOut):
    """An immutable snapshot and what it says."""

    content = ContentField()

    class Meta(RevisionOut.Meta):
        fields: tuple[str, ...] = (*RevisionOut.Meta.fields, "content")
        read_only_fields = fields


class CaseIn(Shape):
    """A new case; without `prompt_id` it gets one."""

    department = serializers.CharField(max_length=20)
    prompt_id = serializers.CharField(max_length=200, required=False, default="")
    content = ContentField()


class ContentIn(Shape):
    """The content of the next revision, and the version it was written on."""

    content = ContentField()
    base_version = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER)


class DraftIn(ContentIn):
    """What the editor typed so far; `sequence` is the one of the last answer, 0 at first."""

    sequence = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER, default=0)


class DraftOut(serializers.ModelSerializer[CaseDraft]):
    """The caller's own draft."""

    content = ContentField()

    class Meta:
        model = CaseDraft
        fields: tuple[str, ...] = ("base_version", "sequence", "content", "updated_at")
        read_only_fields = fields


class ReasonIn(Shape):
    """Why; it is kept in the audit trail."""

    reason = serializers.CharField(max_length=10_000)


class VoteOut(serializers.ModelSerializer[CriterionVote]):
    """One vote on one criterion, which is named by its place from 0."""

    vote = serializers.ChoiceField(choices=Vote.values)

    class Meta:
        model = CriterionVote
        fields: tuple[str, ...] = ("criterion_index", "vote", "comment")
        read_only_fields = fields


class ReviewOut(Shape):
    """A reviewer's latest decision on one revision."""

    id = serializers.IntegerField()
    revision = serializers.IntegerField()
    reviewer = serializers.EmailField()
    decision = serializers.ChoiceField(choices=Decision.values)
    comment = serializers.CharField()
    created_at = serializers.DateTimeField()
    votes = VoteOut(many=True)


class VoteIn(Shape):
    """One vote on one criterion, which is named by its place from 0."""

    criterion_index = serializers.IntegerField(min_value=0, max_value=MAX_SMALL)
    vote = serializers.ChoiceField(choices=Vote.values)
    comment = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)


class ReviewIn(Shape):
    """A decision on a revision; approving needs a vote on every criterion, asking for changes a comment."""

    revision = serializers.IntegerField(min_value=1, max_value=MAX_INTEGER)
    decision = serializers.ChoiceField(choices=Decision.values)
    comment = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)
    votes = VoteIn(many=True, required=False, default=list)


class ImportIn(Shape):
    """A file of cases. `approved_elsewhere` says where they were approved; the caller vouches for it."""

    file = serializers.FileField()
    department = serializers.CharField(max_length=20)
    format = serializers.ChoiceField(choices=FORMATS, required=False, default="auto")
    approved_elsewhere = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class ImportOut(Shape):
    """What an import did; `findings` counts by check."""

    created = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    findings = serializers.DictField(child=serializers.IntegerField())
