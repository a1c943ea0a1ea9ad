"""The canonical format: HealthBench's row and everything else a case says."""

from collections.abc import Iterable
from pathlib import Path

from builder.common.canonical_json import canonical_json
from exports.formats.base import BundleFormat, write_lines
from exports.records import CaseRecord, canonical_row

SCHEMA_VERSION = "1.0"
FILE_NAME = "canonical.jsonl"


def write(records: Iterable[CaseRecord], directory: Path, canary: str) -> None:
    """Write one canonical line per case."""
    write_lines(directory / FILE_NAME, (row_text(record, canary) for record in records))


def row_text(record: CaseRecord, canary: str) -> str:
    """Return the line of one case; the bundle's canary goes in where the case brings none.

    `added` names what was put around the case, so that an import takes only the case back and verify.py hashes only
    the case.
    """
    added = {"schema_version": SCHEMA_VERSION, "split": record.split}
    if not isinstance(record.content.canary, str):
        added["canary"] = canary
    return canonical_json(
        {**canonical_row(record.prompt_id, record.content), **added, "added": sorted(added)}
    )


FORMAT = BundleFormat(
    name="canonical",
    label="Canonical JSONL",
    file_name=FILE_NAME,
    write=write,
    description=(
        "Each line is one case in HealthBench's fields, with title, kind, language, evidence, criterion ids, red "
        "lines and metadata where the case has them. `added` names the fields this export put around the case; "
        "without them the line is the frozen case, and the hash of its canonical JSON stands in manifest.json."
    ),
)
