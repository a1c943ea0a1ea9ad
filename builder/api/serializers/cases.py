"""Shapes of cases, their drafts and revisions."""

from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from builder.api.base import MAX_INTEGER, Shape, StrictShape
from builder.api.serializers.content import ContentField
from builder.checks import Finding, Severity
from builder.importers import FORMATS
from builder.models import Case, CaseDraft, CaseRevision, CaseState
from builder.selectors.case_checks import findings_of, help_address
from builder.selectors.case_page import standings_shown_to
from builder.selectors.cases import ANY_STATE, EXPIRED, head_content


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
        required=False, default="", allow_blank=True, choices=[*CaseState.values, EXPIRED, ANY_STATE]
    )
    kind = serializers.CharField(required=False, default="", allow_blank=True, max_length=40)
    language = serializers.CharField(required=False, default="", allow_blank=True, max_length=20)
    theme = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)


class CaseRow(serializers.ModelSerializer[Case]):
    """A case in a list."""

    department = serializers.CharField(source="department.code")
    state = serializers.ChoiceField(choices=CaseState.values)
    approval_expired = serializers.SerializerMethodField(
        help_text="Whether the approval no longer counts because evidence is past its review date."
    )
    created_by = serializers.EmailField(source="created_by.email")

    class Meta:
        model = Case
        fields: tuple[str, ...] = (
            "id", "department", "prompt_id", "state", "expires_on", "approval_expired", "submitted_at", "version",
            "title", "kind", "language", "theme", "created_by", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_approval_expired(self, case: Case) -> bool:
        """Return whether the approval no longer counts today."""
        return case.has_expired_approval()


class MendOut(Shape):
    """One change that would settle a finding: the new value of one field; null takes the field's row out."""

    field = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    summary = serializers.CharField(source="label", help_text="What the change does, in words.")


class FindingOut(Shape):
    """One thing a check noticed; errors keep the case from being submitted, warnings and advice don't."""

    check_id = serializers.CharField()
    severity = serializers.ChoiceField(choices=[severity.value for severity in Severity])
    field = serializers.CharField()
    message = serializers.CharField()
    help_url = serializers.SerializerMethodField(help_text="The page that explains the check.")
    mend = MendOut(allow_null=True)

    def get_help_url(self, finding: Finding) -> str:
        """Return the address of the check's help page on this server."""
        return help_address(finding.check_id)


class StandingOut(Shape):
    """How one criterion stands with the reviewers."""

    agree = serializers.IntegerField()
    disagree = serializers.IntegerField()
    cannot_judge = serializers.IntegerField()
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
        return FindingOut(findings_of(case, head_content(case)), many=True).data

    @extend_schema_field(StandingOut(many=True))
    def get_standings(self, case: Case) -> Any:
        """Return how its criteria stand, in rubric order; nothing to whoever must decide unaware of it."""
        return StandingOut(standings_shown_to(case, self.context["viewer"]), many=True).data


class RevisionWithContent(RevisionOut):
    """An immutable snapshot and what it says."""

    content = ContentField()

    class Meta(RevisionOut.Meta):
        fields: tuple[str, ...] = (*RevisionOut.Meta.fields, "content")
        read_only_fields = fields


class CaseIn(StrictShape):
    """A new case; without `prompt_id` it gets one."""

    department = serializers.CharField(max_length=20)
    prompt_id = serializers.CharField(max_length=200, required=False, default="")
    content = ContentField()


class CaseStartIn(StrictShape):
    """A case to begin as a draft, from exactly one of a template, another case, or a pasted conversation."""

    department = serializers.CharField(max_length=20)
    template = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_INTEGER, help_text="A template of the department."
    )
    copy_of = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_INTEGER, help_text="The id of a case the caller reads."
    )
    conversation = serializers.CharField(
        required=False, trim_whitespace=False, help_text="Labelled lines, or the JSON of a chat program."
    )
    title = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    kind = serializers.CharField(required=False, default="", allow_blank=True, max_length=40)
    language = serializers.CharField(required=False, default="", allow_blank=True, max_length=20)
    roles = serializers.DictField(
        child=serializers.ChoiceField(choices=["system", "user", "assistant"]), required=False, default=dict,
        help_text="The roles of speakers by their name in the text, where the recognised ones are wrong.",
    )  # fmt: skip
    last_is_reference = serializers.BooleanField(
        required=False, default=True, help_text="A last answer becomes the reference answer, not a turn."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse no source, or more than one."""
        if sum(name in attrs for name in ("template", "copy_of", "conversation")) != 1:
            raise serializers.ValidationError("Give exactly one of template, copy_of and conversation.")
        return attrs


class PastedTurnOut(Shape):
    """One recognised turn, and the name its speaker has in the text."""

    role = serializers.CharField()
    content = serializers.CharField()
    speaker = serializers.CharField()


class PastedIn(StrictShape):
    """A pasted text."""

    conversation = serializers.CharField(trim_whitespace=False)


class PastedOut(Shape):
    """What was recognised in a pasted text; nothing is kept."""

    turns = PastedTurnOut(many=True)
    left_out = serializers.IntegerField(help_text="How many messages hold no text.")


class ContentIn(StrictShape):
    """The content of the next revision, and the version it was written on."""

    content = ContentField()
    base_version = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER)


class DraftIn(ContentIn):
    """What the editor typed so far; `sequence` is the one of the last answer, 0 at first.

    A program whose connection breaks can name each save by an `attempt` of its own, a random number, and later list
    those it had no answer to as `unanswered`: one of them may have arrived, and is no other window's.
    """

    sequence = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER, default=0)
    attempt = serializers.IntegerField(min_value=1, max_value=MAX_INTEGER, required=False)
    unanswered = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_INTEGER), required=False, max_length=100
    )


class DraftQuery(Shape):
    """The `sequence` of the draft that is to be forgotten; 409 when it was written on since."""

    sequence = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER, required=False)


class DraftOut(serializers.ModelSerializer[CaseDraft]):
    """The caller's own draft."""

    content = ContentField()

    class Meta:
        model = CaseDraft
        fields: tuple[str, ...] = ("base_version", "sequence", "content", "updated_at")
        read_only_fields = fields


class ReasonIn(StrictShape):
    """Why; it is kept in the audit trail."""

    reason = serializers.CharField(max_length=10_000)


class ImportIn(StrictShape):
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
