"""What the rows of several formats share: the canary, and the row with and without a rubric."""

from typing import Any

import msgspec

from builder.common.canonical_json import canonical_json
from exports.formats.base import BundleContext
from exports.records import CaseRecord, canonical_row

_ENCODER = msgspec.json.Encoder(order="sorted")
# Between these both encoders spell a number alike: outside, one of them may use an exponent.
_SMALLEST, _LARGEST = 1e-3, 1e15


def line_of(row: dict[str, Any]) -> str:
    """Return `canonical_json(row)`, several times faster where no odd number or type stands in the way."""
    return _ENCODER.encode(row).decode("utf-8") if _is_plain(row) else canonical_json(row)


def _is_plain(value: Any) -> bool:
    """Whether both encoders spell the value alike; loops, since calls would cost more than they save."""
    waiting = [value]
    for item in waiting:
        kind = type(item)
        if kind is dict:
            for key in item:
                if type(key) is not str:
                    return False
            waiting.extend([each for each in item.values() if type(each) is not str])
        elif kind is list:
            waiting.extend([each for each in item if type(each) is not str])
        elif kind is int or kind is float:
            if item != 0 and not _SMALLEST <= abs(item) < _LARGEST:
                return False
        elif not (kind is str or kind is bool or item is None):
            return False
    return True


def canary_for(record: CaseRecord, context: BundleContext) -> str:
    """Return the case's own canary, or the bundle's where the case brings none."""
    own = record.content.canary
    return own if isinstance(own, str) else context.canary


def turns(record: CaseRecord) -> list[dict[str, Any]]:
    """Return the conversation as objects with role and content."""
    found: list[dict[str, Any]] = msgspec.to_builtins(record.content.prompt)
    return found


def prompt_row(record: CaseRecord, context: BundleContext) -> dict[str, Any]:
    """Return all that may leave of a case when its rubric must not be seen.

    Title, tags, reference answer, evidence and metadata stay behind: each can tell what the rubric asks for.
    `item_sha256` names the frozen case, so that an answer can be matched to it.
    """
    return {
        "prompt_id": record.prompt_id,
        "prompt": turns(record),
        "split": record.split,
        "item_sha256": record.sha256,
        "canary": canary_for(record, context),
    }


def graded_row(record: CaseRecord, context: BundleContext) -> dict[str, Any]:
    """Return a case as our own tasks read it: prompt and rubric, with the hash by which its answers are matched.

    Without the rubric it is `prompt_row`.
    """
    if context.prompts_only:
        return prompt_row(record, context)
    content = record.content
    return {
        "prompt_id": record.prompt_id,
        "prompt": turns(record),
        "rubrics": canonical_row(record.prompt_id, content)["rubrics"],
        "example_tags": content.example_tags,
        "ideal_completion": content.reference_answer,
        "kind": content.kind,
        "language": content.language,
        "split": record.split,
        "item_sha256": record.sha256,
        "canary": canary_for(record, context),
    }
