"""Shapes of what identifies a person in a case."""

from rest_framework import serializers

from builder.api.base import Shape, StrictShape
from builder.services.identifiers import MAX_REASON


class PlaceOut(Shape):
    """Where a passage stands."""

    field = serializers.CharField()
    words = serializers.CharField()


class IdentifierOut(Shape):
    """One passage, masked; `reference` names it. It keeps the case from review until it is removed or attested."""

    reference = serializers.CharField()
    kind = serializers.CharField()
    masked = serializers.CharField()
    places = PlaceOut(many=True)
    is_attested = serializers.BooleanField()
    reason = serializers.CharField()
    attested_by = serializers.CharField()
    attested_at = serializers.DateTimeField(allow_null=True)


class AttestIn(StrictShape):
    """The passage's reference, and why it may stay; the reason must not repeat the passage."""

    reference = serializers.RegexField(r"^[0-9a-f]{64}\Z")
    reason = serializers.CharField(max_length=MAX_REASON)
