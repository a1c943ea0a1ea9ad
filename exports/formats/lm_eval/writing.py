"""The task directory that lm-evaluation-harness runs."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from builder.common.canonical_json import canonical_json
from exports.formats.base import BundleContext, write_lines
from exports.formats.rows import graded_row
from exports.records import CaseRecord

FILE_NAME = "cases.jsonl"
TASKS = "tasks"
_BUNDLE = Path(__file__).parent / "bundle"


def write(records: Iterable[CaseRecord], directory: Path, context: BundleContext) -> None:
    """Write the cases, one a line, and the folder of the task."""
    write_lines(directory / FILE_NAME, (canonical_json(graded_row(each, context)) for each in records))
    (directory / TASKS).mkdir()
    for name in ("clinwright.yaml", "rubric_task.py"):
        shutil.copyfile(_BUNDLE / name, directory / TASKS / name)
