"""The directory that promptfoo runs."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from builder.common.canonical_json import canonical_json
from builder.content import Criterion
from exports.formats.base import BundleContext
from exports.formats.promptfoo.escaping import escape
from exports.formats.rows import canary_for, graded_row
from exports.records import CaseRecord

FILE_NAME, TESTS = "cases.jsonl", "tests.jsonl"
_BUNDLE = Path(__file__).parent / "bundle"
_ALWAYS = ("promptfooconfig.yaml", "cases.cjs", "prompt.cjs", "mock_model.cjs")
_GRADING = ("grader.cjs", "score.cjs")
_PROMPTS_ONLY = "prompts_only.yaml"
# A bare hash looks like a secret to promptfoo, which writes [REDACTED] into its results instead.
HASH_PREFIX = "sha256:"
# promptfoo parses an answer that looks like JSON before its grader sees it; with the role in front it stays a text.
_TRANSFORM = "'assistant: ' + output"


def write(records: Iterable[CaseRecord], directory: Path, context: BundleContext) -> None:
    """Write the cases, a test for each, and the scripts."""
    with (
        (directory / FILE_NAME).open("w", encoding="utf-8", newline="\n") as cases,
        (directory / TESTS).open("w", encoding="utf-8", newline="\n") as tests,
    ):
        for record in records:
            cases.write(canonical_json(graded_row(record, context)) + "\n")
            tests.write(canonical_json(_test(record, context)) + "\n")
    for name in (*_ALWAYS, *(() if context.prompts_only else _GRADING)):
        source = _PROMPTS_ONLY if context.prompts_only and name == _ALWAYS[0] else name
        shutil.copyfile(_BUNDLE / source, directory / name)


def _test(record: CaseRecord, context: BundleContext) -> dict[str, Any]:
    """Return the test of one case; its texts stand in the cases, where no template engine reads them."""
    return {
        "description": record.prompt_id,
        "vars": {"prompt_id": record.prompt_id},
        "assert": [] if context.prompts_only else [
            _assertion(place, criterion) for place, criterion in enumerate(record.content.rubrics, 1)
        ],
        "metadata": {
            "prompt_id": record.prompt_id,
            "item_sha256": f"{HASH_PREFIX}{record.sha256}",
            "release_sha256": f"{HASH_PREFIX}{context.release.sha256}",
            "canary": canary_for(record, context),
        },
    }  # fmt: skip


def _assertion(place: int, criterion: Criterion) -> dict[str, Any]:
    return {
        "type": "llm-rubric" if criterion.points > 0 else "not-llm-rubric",
        "value": f"#{place} [{criterion.points}] {escape(criterion.criterion)}",
        "weight": abs(criterion.points),
        "metric": f"c{place}",
        "transform": _TRANSFORM,
    }
