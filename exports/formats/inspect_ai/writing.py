"""The task directory that Inspect runs."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from builder.common.canonical_json import canonical_json
from exports.formats.base import BundleContext, write_lines
from exports.formats.rows import canary_for, turns
from exports.records import CaseRecord, canonical_row

FILE_NAME = "cases.jsonl"
_TASK = Path(__file__).parent / "bundle" / "rubric_task.py"


def write(records: Iterable[CaseRecord], directory: Path, context: BundleContext) -> None:
    """Write the cases, one a line, and the task."""
    write_lines(directory / FILE_NAME, (canonical_json(_row(each, context)) for each in records))
    shutil.copyfile(_TASK, directory / _TASK.name)


def _row(record: CaseRecord, context: BundleContext) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "item_sha256": record.sha256,
        "split": record.split,
        "canary": canary_for(record, context),
    }
    if not context.prompts_only:
        content = record.content
        metadata |= {
            "rubrics": canonical_row(record.prompt_id, content)["rubrics"],
            "example_tags": content.example_tags,
            "kind": content.kind,
            "language": content.language,
        }
    return {
        "id": record.prompt_id,
        "input": turns(record),
        "target": "" if context.prompts_only else record.content.reference_answer,
        "metadata": metadata,
    }
