"""The task directory that lm-evaluation-harness runs."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from builder.common.canonical_json import canonical_json
from exports.formats.base import BundleContext, write_lines
from exports.formats.rows import canary_for, prompt_row, turns
from exports.records import CaseRecord, canonical_row

FILE_NAME = "cases.jsonl"
TASKS = "tasks"
_BUNDLE = Path(__file__).parent / "bundle"


def write(records: Iterable[CaseRecord], directory: Path, context: BundleContext) -> None:
    """Write the cases, one a line, and the folder of the task."""
    write_lines(directory / FILE_NAME, (canonical_json(_row(each, context)) for each in records))
    (directory / TASKS).mkdir()
    for name in ("clinwright.yaml", "rubric_task.py"):
        shutil.copyfile(_BUNDLE / name, directory / TASKS / name)


def _row(record: CaseRecord, context: BundleContext) -> dict[str, Any]:
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
