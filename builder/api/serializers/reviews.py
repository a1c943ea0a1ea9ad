"""Shapes of reviews, points of the discussion and conflicts of interest."""

from typing import Any

from rest_framework import serializers

from builder.api.base import MAX_BIG, MAX_INTEGER, MAX_SMALL, Shape, StrictShape
from builder.models import ConflictOfInterest, CriterionVote, Decision, Vote
from builder.services.conflicts import MAX_STATEMENT_CHARACTERS
from builder.services.threads import MAX_MESSAGE_CHARACTERS


class VoteOut(serializers.ModelSerializer[CriterionVote]):
    """One vote on one criterion, which is named by its place from 0."""

    vote = serializers.ChoiceField(choices=Vote.values)

    class Meta:
        model = CriterionVote
        fields: tuple[str, ...] = ("criterion_index", "vote", "comment", "proposed_wording")
        read_only_fields = fields


class ReviewOut(Shape):
    """A reviewer's latest decision on one revision."""

    id = serializers.IntegerField()
    revision = serializers.IntegerField()
    reviewer = serializers.EmailField()
    is_outside = serializers.BooleanField(help_text="Whether the reviewer was from another department.")
    decision = serializers.ChoiceField(choices=Decision.values)
    comment = serializers.CharField()
    created_at = serializers.DateTimeField()
    votes = VoteOut(many=True)


class VoteIn(StrictShape):
    """One vote on one criterion, which is named by its place from 0; "cannot_judge" counts for neither side."""

    criterion_index = serializers.IntegerField(min_value=0, max_value=MAX_SMALL)
    vote = serializers.ChoiceField(choices=Vote.values)
    comment = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)
    proposed_wording = serializers.CharField(
        max_length=MAX_MESSAGE_CHARACTERS,
        required=False,
        default="",
        allow_blank=True,
        help_text="How the criterion should read instead.",
    )


class ReviewIn(StrictShape):
    """A decision on a revision; approving needs a vote on every criterion, asking for changes a comment."""

    revision = serializers.IntegerField(min_value=1, max_value=MAX_INTEGER)
    decision = serializers.ChoiceField(choices=Decision.values)
    comment = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)
    votes = VoteIn(many=True, required=False, default=list)


class MessageOut(Shape):
    """One message; `adopts` says that its author took a proposed wording into their draft."""

    id = serializers.IntegerField(source="pk")
    author = serializers.EmailField(source="author.email")
    created_at = serializers.DateTimeField(source="at")
    text = serializers.CharField()
    proposed_wording = serializers.CharField()
    adopts = serializers.IntegerField(allow_null=True, help_text="The message whose wording was adopted.")


class ThreadOut(Shape):
    """One point of the discussion.

    `revision` and `criterion_text` are what it was raised on; `criterion_index` is where that criterion stands in the
    head revision, null when it is about the whole case or the criterion is gone.
    """

    id = serializers.IntegerField(source="thread.pk")
    revision = serializers.IntegerField(source="thread.revision.number")
    opened_by = serializers.EmailField(source="thread.opened_by.email")
    created_at = serializers.DateTimeField(source="thread.created_at")
    criterion_index = serializers.IntegerField(source="place", allow_null=True)
    criterion_text = serializers.CharField(source="thread.criterion_text")
    is_gone = serializers.BooleanField()
    is_open = serializers.BooleanField()
    resolved_by = serializers.SerializerMethodField()
    resolved_at = serializers.DateTimeField(source="thread.resolved_at", allow_null=True)
    messages = MessageOut(many=True)

    def get_resolved_by(self, view: Any) -> str | None:
        """Return the address of whoever resolved it."""
        person = view.thread.resolved_by
        return person.email if person else None


class ThreadIn(StrictShape):
    """A point about a criterion of the head revision (by its place from 0), or about the whole case (null)."""

    criterion_index = serializers.IntegerField(
        min_value=0, max_value=MAX_SMALL, required=False, default=None, allow_null=True
    )
    text = serializers.CharField(
        max_length=MAX_MESSAGE_CHARACTERS, required=False, default="", allow_blank=True
    )
    proposed_wording = serializers.CharField(
        max_length=MAX_MESSAGE_CHARACTERS, required=False, default="", allow_blank=True
    )


class MessageIn(StrictShape):
    """An answer, a proposed wording, or both."""

    text = serializers.CharField(
        max_length=MAX_MESSAGE_CHARACTERS, required=False, default="", allow_blank=True
    )
    proposed_wording = serializers.CharField(
        max_length=MAX_MESSAGE_CHARACTERS, required=False, default="", allow_blank=True
    )


class ResolutionIn(StrictShape):
    """Whether the point is resolved, and a last word if there is one."""

    resolved = serializers.BooleanField()
    text = serializers.CharField(
        max_length=MAX_MESSAGE_CHARACTERS, required=False, default="", allow_blank=True
    )


class AdoptionIn(StrictShape):
    """The message whose proposed wording goes into the caller's draft."""

    message = serializers.IntegerField(min_value=1, max_value=MAX_BIG)


class ConflictOut(serializers.ModelSerializer[ConflictOfInterest]):
    """A reviewer's statement that something ties them to the case."""

    person = serializers.EmailField(source="person.email")

    class Meta:
        model = ConflictOfInterest
        fields: tuple[str, ...] = ("person", "statement", "created_at")
        read_only_fields = fields


class ConflictIn(StrictShape):
    """What ties the caller to the case; it can't be taken back."""

    statement = serializers.CharField(max_length=MAX_STATEMENT_CHARACTERS)
