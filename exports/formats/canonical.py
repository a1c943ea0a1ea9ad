"""The canonical format: HealthBench's row and everything else a case says."""

from collections.abc import Iterable
from pathlib import Path

from exports.formats.answering import answering_text, write_script
from exports.formats.base import BundleContext, BundleFormat, write_lines
from exports.formats.canonical_log import READER
from exports.formats.canonical_schema import LOG_FILE, ROW_FILE, log_schema, row_schema, schema_text
from exports.formats.formulas import HEALTHBENCH
from exports.formats.rows import line_of, prompt_row
from exports.records import CaseRecord, canonical_row

SCHEMA_VERSION = "1.0"
FILE_NAME = "canonical.jsonl"


def write(records: Iterable[CaseRecord], directory: Path, context: BundleContext) -> None:
    """Write one canonical line per case, the schemas, and the script that lets a model answer."""
    write_lines(directory / FILE_NAME, (row_text(record, context) for record in records))
    write_script(directory)
    write_lines(directory / ROW_FILE, [schema_text(row_schema()).rstrip("\n")])
    write_lines(directory / LOG_FILE, [schema_text(log_schema()).rstrip("\n")])


def row_text(record: CaseRecord, context: BundleContext) -> str:
    """Return the line of one case; the bundle's canary goes in where the case brings none.

    `added` names what was put around the case, so that an import takes only the case back and verify.py hashes only
    the case.
    """
    if context.prompts_only:
        return line_of({"schema_version": SCHEMA_VERSION, **prompt_row(record, context)})
    added = {"schema_version": SCHEMA_VERSION, "split": record.split}
    if not isinstance(record.content.canary, str):
        added["canary"] = context.canary
    return line_of({**canonical_row(record.prompt_id, record.content), **added, "added": sorted(added)})


def usage(context: BundleContext) -> str:
    """Say how to let a model answer, and how answers and verdicts come home."""
    return answering_text(context) + ("" if context.prompts_only else _grading_text(context))


def _grading_text(context: BundleContext) -> str:
    return f"""
A harness of your own that also grades writes a line of this shape per answer (`{LOG_FILE}` says all of it). Name the
run in every line alike; `criteria_met` null is a missing verdict, with `"status": "judge_failed"` a failed one:

```
{{"prompt_id": "…", "epoch": 1, "completion": "…", "harness": "…", "model": "…", "grader_model": "…",
 "release_sha256": "{context.release.sha256}",
 "rubric_items": [{{"criterion": "…", "criteria_met": true, "explanation": "…"}}]}}
```

(in one line), and answers and verdicts come home at once:

```
python manage.py import_results FILE --release {context.release.label} --run RUN --by EMAIL
```
"""


FORMAT = BundleFormat(
    name="canonical",
    label="Canonical JSONL",
    file_name=FILE_NAME,
    write=write,
    usage=usage,
    reader=READER,
    formula=HEALTHBENCH,
    may_leave_rubric_out=True,
    rank=0,
    description=(
        "Each line is one case in HealthBench's fields, with title, kind, language, evidence, criterion ids, red "
        "lines and metadata where the case has them. `added` names the fields this export put around the case; "
        "without them the line is the frozen case, and the hash of its canonical JSON stands in manifest.json."
    ),
)
