"""The JSON Schemas of the canonical row and of a line of the canonical log. Pure.

The row's parts come from the types that hold a case, so that a field can't be added to a case and forgotten here.
"""

import json
from typing import Any

import msgspec

from builder.content import MAX_CRITERIA, MAX_POINTS, MIN_POINTS, PROMPT_ID, CaseContent

ROW_FILE, LOG_FILE = "canonical.schema.json", "results.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: dict[str, Any] = {"type": "string"}
_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_PROMPT_ID = {"type": "string", "pattern": f"^{PROMPT_ID.pattern}$"}
_VERSION = {"const": "1.0"}
_SPLIT = {"enum": ["public", "held-out"]}


def row_schema() -> dict[str, Any]:
    """Return the schema of a line of canonical.jsonl, with the rubric or without."""
    (_reference,), parts = msgspec.json.schema_components([CaseContent], ref_template="#/$defs/{name}")
    case, criterion = parts["CaseContent"], parts["Criterion"]
    for part in parts.values():
        part["additionalProperties"] = False
    criterion["properties"]["points"] = {
        "type": "number", "minimum": MIN_POINTS, "maximum": MAX_POINTS, "not": {"const": 0},
        "description": "Signed: a met criterion with negative points takes points away.",
    }  # fmt: skip
    criterion["properties"]["criterion"] = {"type": "string", "pattern": r"\S"}
    criterion["required"] = sorted({*criterion["required"], "tags"})
    case["properties"] |= {
        "prompt_id": _PROMPT_ID,
        "schema_version": _VERSION,
        "split": _SPLIT,
        "added": {
            "type": "array",
            "items": {"enum": ["canary", "schema_version", "split"]},
            "uniqueItems": True,
            "description": "Fields that the export put around the case. Without them and without `added`, the "
            "canonical JSON of the row has the SHA-256 that manifest.json lists for this case.",
        },
    }
    case["properties"]["prompt"] |= {"minItems": 1}
    case["properties"]["rubrics"] |= {
        "minItems": 1,
        "maxItems": MAX_CRITERIA,
        "contains": {"properties": {"points": {"exclusiveMinimum": 0}}},
    }
    case["required"] = sorted(
        {*case["required"], "prompt_id", "example_tags", "schema_version", "split", "canary", "added"}
    )
    parts["PromptOnly"] = _prompt_only()
    return {
        "$schema": _DIALECT,
        "title": "A line of canonical.jsonl",
        "description": "One frozen case; in a bundle without the rubric, only what the system under test may see.",
        "oneOf": [{"$ref": "#/$defs/CaseContent"}, {"$ref": "#/$defs/PromptOnly"}],
        "$defs": parts,
    }


def _prompt_only() -> dict[str, Any]:
    properties = {
        "schema_version": _VERSION,
        "prompt_id": _PROMPT_ID,
        "prompt": {"type": "array", "items": {"$ref": "#/$defs/Turn"}, "minItems": 1},
        "split": _SPLIT,
        "item_sha256": _SHA256 | {"description": "The hash of the whole frozen case, as in manifest.json."},
        "canary": _TEXT,
    }
    return {
        "title": "PromptOnly",
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _verdict() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "criterion": _TEXT | {"description": "The criterion's text, as released."},
            "criterion_id": _TEXT,
            "points": {"type": ["number", "null"]},
            "criteria_met": {
                "type": ["boolean", "null"],
                "description": "null is a missing verdict, unless status says more.",
            },
            "status": {"enum": ["cannot_judge", "judge_failed", None]},
            "explanation": {"type": ["string", "null"]},
        },
        "required": ["criterion", "criteria_met"],
        # A status says why there is no decision, so it goes with none.
        "anyOf": [{"properties": {name: {"type": "null"}}} for name in ("criteria_met", "status")],
    }


def log_schema() -> dict[str, Any]:
    """Return the schema of a line of the canonical log."""
    return {
        "$schema": _DIALECT,
        "title": "A line of a canonical log",
        "description": "One answer to one case and its verdicts. Names of the run are the same in every line.",
        "type": "object",
        "properties": {
            "prompt_id": _TEXT | {"minLength": 1},
            "epoch": {"type": "integer", "minimum": 1, "maximum": 32767, "default": 1},
            "completion": _TEXT,
            "rubric_items": {
                "type": ["array", "null"],
                "items": _verdict(),
                "minItems": 1,
                "description": "One object per criterion in rubric order; absent or null where nothing was graded.",
            },
            "score": {"type": ["number", "null"], "description": "The harness's own number for this answer."},
            "error": {"type": ["string", "null"]},
            "item_sha256": {"anyOf": [_SHA256, {"type": "null"}]},
            "release_sha256": {"anyOf": [_SHA256, {"type": "null"}]},
            "prompt": {
                "type": ["array", "null"],
                "items": {"type": "object", "required": ["role", "content"]},
            },
            "parameters": {"type": ["object", "null"]},
            **{
                name: {"type": ["string", "null"]}
                for name in ("run_id", "harness", "harness_version", "model", "grader_model")
            },
        },
        "required": ["prompt_id", "completion"],
    }


def schema_text(schema: dict[str, Any]) -> str:
    """Return a schema as the file that is published."""
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
