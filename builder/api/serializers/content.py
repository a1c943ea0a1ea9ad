"""What a case says, in the schema: described from the type that reads it, so that the two can't differ."""

from typing import Any

import msgspec
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from builder.content import CaseContent


class ContentField(serializers.DictField):
    """A case's content as JSON; the service reads and checks it."""

    def to_representation(self, value: Any) -> Any:
        """Return the content as JSON-ready values, whether it comes as a value or as stored JSON."""
        return msgspec.to_builtins(value)


class ContentFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes the content as a component of its own."""

    target_class = "builder.api.serializers.content.ContentField"

    def get_name(self) -> str:
        """Name the component."""
        return "CaseContent"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Return the JSON schema of the content's type."""
        return content_schema()


def content_schema() -> dict[str, Any]:
    """Return the JSON schema of a case's content, with every part written out where it is used."""
    (whole,), parts = msgspec.json.schema_components([CaseContent], ref_template="{name}")
    return _written_out(whole, parts)


def _written_out(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_written_out(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _written_out(parts[schema["$ref"]], parts)
    return {key: _written_out(value, parts) for key, value in schema.items()}
