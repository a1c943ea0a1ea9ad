"""The README and the manifest beside a graded dataset. Always in English: the same session gives the same bytes."""

import json
from typing import Any

from annotations.graded_dataset.formats import COUNTED, DatasetFormat
from annotations.graded_dataset.records import DatasetHead

SCHEMA = "clinwright-grades/1"
_TEMPLATE = """\
# Verdicts of grading session {session} · {label}

{rows} rows made of {verdicts} verdicts on {answers} answers to {release} (stage: {stage}), exported by Clinwright.
{withheld}

{description}

| | |
|---|---|
| data | `{data_file}`, SHA-256 {data_sha256} |
| release | {release}, SHA-256 {release_sha256} |
| all grades of the session | SHA-256 {grades_sha256} |
| graders | {graders} |
| verdicts | {kinds} |
| not counted for scores | {uncounted} |
| canary | {canary} |
{notes}
People go by the session's own numbers (`grader-1`), or by ids that mean nothing outside this file; who they are stays
where the session was held. Notes, quotes and reasons stand as they were typed: read them before you pass them on.
A missing verdict has no row and is never *not met*; *cannot judge* and a judge's failure are verdicts of their own.

The canary marks this copy: keep it out of training data and out of public plain text.

What each field means: docs/graded-dataset.md of Clinwright.
"""
_META_NOTE = """
Only people's *met* and *not met* are labels: {left_out} verdicts of *cannot judge* are left out, and {without} criteria
of an answer have no label. Third opinions, calibration answers, released verdicts and withdrawn runs are left out, so
that agreement computed from this file is the session's own.
"""
_CSV_NOTE = """
The table holds what counts. Released verdicts, calibration answers and withdrawn runs are in the JSON Lines file.
"""


def manifest_of(
    head: DatasetHead, dataset_format: DatasetFormat, counts: dict[str, int], file: dict[str, Any]
) -> dict[str, Any]:
    """Return the manifest: where the rows come from, how many they are, and the hash of the file they are in."""
    extra = {name: number for name, number in sorted(counts.items()) if name not in COUNTED}
    return {
        "schema": SCHEMA,
        "format": dataset_format.name,
        **head.to_dict(),
        "counts": {**{name: counts.get(name, 0) for name in COUNTED}, **extra},
        "files": [file],
    }


def manifest_text(manifest: dict[str, Any]) -> str:
    """Return the one text of a manifest."""
    return json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=2) + "\n"


def readme_text(manifest: dict[str, Any], dataset_format: DatasetFormat) -> str:
    """Return the README; it says nothing that the manifest doesn't."""
    counts = manifest["counts"]
    uncounted = ("released", "withdrawn", "calibration")
    return _TEMPLATE.format(
        label=dataset_format.label,
        description=dataset_format.description,
        data_file=manifest["files"][0]["path"],
        data_sha256=manifest["files"][0]["sha256"],
        graders=", ".join(f"{each['grader']} ({each['desk']})" for each in manifest["graders"]),
        kinds=", ".join(
            f"{counts[name]} {name.replace('_', ' ')}"
            for name in ("met", "not_met", "cannot_judge", "judge_failed")
        ),
        uncounted=", ".join(f"{counts[name]} {name}" for name in uncounted)
        + f"; among those that count {counts['third_opinions']} third opinions",
        withheld=_withheld(manifest),
        notes=_notes(manifest, dataset_format),
        rows=counts["rows"],
        verdicts=counts["verdicts"],
        answers=counts["answers"],
        **{
            name: manifest[name]
            for name in ("session", "release", "release_sha256", "stage", "grades_sha256", "canary")
        },
    )


def _withheld(manifest: dict[str, Any]) -> str:
    if manifest["recipient"]:
        return (
            f"This copy was made for {manifest['recipient']} and holds held-out cases too: do not pass it on."
        )
    held = manifest["withheld"]
    if held["verdicts"]:
        return f"Withheld: {held['verdicts']} verdicts on {held['answers']} answers to {held['cases']} held-out cases."
    return "Nothing is withheld."


def _notes(manifest: dict[str, Any], dataset_format: DatasetFormat) -> str:
    notes = f"\n{manifest['independence_note']}\n" if manifest["independence_note"] else ""
    if dataset_format.name == "meta-eval":
        counts = manifest["counts"]
        notes += _META_NOTE.format(
            left_out=counts.get("labels_left_out", 0), without=counts.get("units_without_label", 0)
        )
    return notes + (_CSV_NOTE if dataset_format.name == "csv" else "")
