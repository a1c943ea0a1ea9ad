"""What the documents say of the formats, written from the registry: `make formats` saves it, a test compares it."""

import sys
from pathlib import Path

from exports.formats import canonical_schema
from exports.formats.base import BundleContext, BundleFormat
from exports.formats.json_stream import MAX_FILE_BYTES
from exports.formats.readme import commands_of
from exports.formats.registry import FORMATS
from exports.records import ReleaseRecord

DOCS = Path(__file__).resolve().parents[1] / "docs"
_PAGE = """\
# Formats

<!-- Written by `make formats` from the registry of formats. Change exports/documentation.py instead. -->

A release leaves as a *bundle*: a folder, or the same folder as a zip. On the release's page choose *Download a
bundle*; by command `python manage.py export_release NAME==X.Y.Z --format FORMAT --out DIR --by EMAIL`; by API
`GET /api/v1/releases/NAME/X.Y.Z/bundle/?format=FORMAT` (`GET /api/v1/formats/` lists the formats).

| format | `--format` | read back | run by the tests with | score | without the rubric |
|---|---|---|---|---|---|
{rows}

*Read back* is what `python manage.py import_results` takes. *Score* compares the harness's own number with
Clinwright's, which is always computed again from the verdicts. Clinwright's: {ours}

## What every bundle holds

| file | what |
|---|---|
| `README.md` | the commands that run the bundle, with a mock model first |
| `manifest.json` | release, stage, splits, counts, formula, licence, canary, exporter version, every hash |
| `verify.py` | checks every byte with Python alone: `python3 -I verify.py [--expect RELEASE_SHA256]` |
| `grader_template.txt` | the prompt for an LLM that grades one criterion; not in a bundle without the rubric |

The same release in the same state, format and recipient gives the same bytes. A bundle appears whole or not at
all.

**Who gets what.** Without `--for` a bundle holds the public cases only. `--for RECIPIENT --reason TEXT` adds
the held-out ones, which is audited.

**Canary.** Each bundle has its own: a UUIDv5 of release hash, format, recipient, and whether the rubric was
left out. It stands in the manifest and in each row that brings none of its own, so a leak leads to the bundle.

**Without the rubric.** `--prompts-only` leaves out criteria, reference answers, evidence, tags, titles and
metadata, for running a system that must not see them; the answers are graded in Clinwright. What stays is
`prompt_id`, the conversation, the split, the canary, and the hash of the whole case.

**What `verify.py` proves.** That no byte changed since the export, that the release inside has the hash it says
(compare it with the release's page), and, in the canonical format with the rubric, that each case is the frozen
one. In other formats, and without the rubric, the rows can't be hashed as the release hashes its cases: there
it proves the files, and in JSON Lines the cases' order, not the words of each case.

## Limits

* A log that is one JSON document is read value by value: up to {limit} MiB, each value up to 8 MiB. A line of
  JSON Lines may have 8 MiB; the file may be of any length. A larger log is refused with a sentence before
  anything is written.
* A workbook is checked before it is opened: up to 64 MiB, 128 MiB unpacked, 100 times its packed size, and 5
  million cells a sheet.
* A spreadsheet's cell holds 32,767 characters: a case with a longer criterion or reference answer can't leave
  in that format, and the export names it.
* Hugging Face's reader turns a text that is nothing but a date into a timestamp. A case with such a title,
  turn, tag or criterion can't leave in that format. Loading another format's JSON Lines with it changes such
  texts silently, the dates of evidence too.
* simple-evals fails while it writes its report when a criterion holds {marks}; the other harnesses don't.

## Format by format

{formats}

[Adding a format](adding-a-format.md) takes one file. The schemas of the canonical row and of a line of its log
are in [schema/{row_schema}](schema/{row_schema}) and [schema/{log_schema}](schema/{log_schema}).
"""


def page() -> str:
    """Return docs/formats.md."""
    context = BundleContext(ReleaseRecord("NAME", "X.Y.Z", "final", "RELEASE_SHA256", {}), canary="CANARY")
    return _PAGE.format(
        rows="\n".join(_row(each) for each in FORMATS.values()),
        ours=FORMATS["canonical"].formula.sentence if FORMATS["canonical"].formula else "",
        limit=MAX_FILE_BYTES // 2**20,
        marks="`{{`, `{%` or `{#`",
        formats="\n".join(_section(each, context) for each in FORMATS.values()),
        row_schema=canonical_schema.ROW_FILE,
        log_schema=canonical_schema.LOG_FILE,
    )


def _row(each: BundleFormat) -> str:
    score = "–" if each.formula is None else "the same" if each.formula.same_as_ours else "another, see below"
    cells = (
        f"[{each.label}](#{_anchor(each.label)})", f"`{each.name}`", each.reader.files if each.reader else "–",
        each.tested_with or "the product itself", score, "yes" if each.may_leave_rubric_out else "no",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _anchor(label: str) -> str:
    kept = "".join(letter for letter in label.lower() if letter.isalnum() or letter in " -_")
    return kept.strip().replace(" ", "-")


def _section(each: BundleFormat, context: BundleContext) -> str:
    commands = "\n".join(commands_of(each.usage(context)))
    parts = [f"### {each.label}", each.description]
    if each.formula and not each.formula.same_as_ours:
        parts.append(f"Its own number: {each.formula.sentence}")
    if commands:
        parts.append(f"In the bundle's folder (its README says more):\n\n```sh\n{commands}\n```")
    return "\n\n".join(parts) + "\n"


def documents() -> dict[Path, str]:
    """Return every generated document by its path below docs/."""
    return {
        Path("formats.md"): page(),
        Path("schema") / canonical_schema.ROW_FILE: canonical_schema.schema_text(
            canonical_schema.row_schema()
        ),
        Path("schema") / canonical_schema.LOG_FILE: canonical_schema.schema_text(
            canonical_schema.log_schema()
        ),
    }


def main() -> None:
    """Write the documents."""
    for name, text in documents().items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        sys.stdout.write(f"Written: docs/{name.as_posix()}\n")


if __name__ == "__main__":
    main()
