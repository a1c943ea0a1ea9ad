"""A directory that `datasets` loads, described in Croissant 1.0. Data only: no results come back in it."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from builder.common.canonical_json import canonical_json
from builder.common.errors import BadInput
from builder.content import CaseContent, Criterion
from exports.formats.answering import answering_text, write_script
from exports.formats.base import BundleContext, BundleFormat, write_lines
from exports.formats.croissant import Column, croissant, front_matter
from exports.formats.formulas import HEALTHBENCH
from exports.formats.iso_dates import first_date
from exports.formats.rows import canary_for, line_of, prompt_row, turns
from exports.records import CaseRecord

FILE_NAME, CROISSANT = "data/test.jsonl", "croissant.json"

_PROMPT = Column(
    "prompt", "The conversation; the last turn is the user's.", parts=(
        Column("role", "system, user or assistant"), Column("content", "What was said."),
    ),
)  # fmt: skip
_NAMED = (
    Column("split", "public or held-out"),
    Column("canary", "A mark by which a leak is traced; keep the row out of training data."),
)
PROMPT_COLUMNS = (
    Column("prompt_id", "The case's name, unique in the release."),
    _PROMPT,
    Column("item_sha256", "The hash of the whole frozen case, as in manifest.json."),
    *_NAMED,
)
COLUMNS = (
    Column("prompt_id", "The case's name, unique in the release."),
    Column("title", "What its authors call it."),
    Column("kind", "What the case measures."),
    Column("language", "The language of the conversation."),
    _PROMPT,
    Column(
        "rubrics", "The criteria, in order.", parts=(
            Column("criterion", "One observable statement about a response."),
            Column("points", "Signed points: a met criterion with negative points takes points away.", "float64"),
            Column("tags", "Such as axis:accuracy.", many=True),
            Column("criterion_id", "The criterion's name inside the case, where it has one."),
            Column("red_line", "Whether meeting it is a safety failure of its own.", "bool"),
            Column("guideline", "What it rests on."),
            Column("jurisdiction", "Where it holds."),
            Column("evidence", "Ids of passages in evidence_json.", many=True),
            Column("extra_json", "Further fields of an imported criterion, as JSON."),
        ),
    ),
    Column("example_tags", "The case's tags.", many=True),
    Column("ideal_completions_json", "The reference answer, as JSON; empty where the case has none."),
    Column("evidence_json", "Passages that criteria cite, as JSON."),
    Column("metadata_json", "Further facts about the case, as JSON."),
    Column("extra_json", "Further fields of an imported case, as JSON."),
    Column("sha256", "The hash of the frozen case, as in manifest.json."),
    *_NAMED,
)  # fmt: skip


def write(records: Iterable[CaseRecord], directory: Path, context: BundleContext) -> None:
    """Write the rows, their description in Croissant, and the script that lets a model answer.

    Raises BadInput for a case with a text that `datasets` would turn into a timestamp.
    """
    (directory / FILE_NAME).parent.mkdir()
    write_lines(directory / FILE_NAME, _lines(records, context))
    with (directory / FILE_NAME).open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    described = croissant(context.release, FILE_NAME, digest, columns(context))
    write_lines(directory / CROISSANT, [json.dumps(described, ensure_ascii=False, indent=2)])
    write_script(directory)


def columns(context: BundleContext) -> tuple[Column, ...]:
    """Return what each row holds."""
    return PROMPT_COLUMNS if context.prompts_only else COLUMNS


def _lines(records: Iterable[CaseRecord], context: BundleContext) -> Iterator[str]:
    for record in records:
        values = prompt_row(record, context) if context.prompts_only else row(record, context)
        if place := first_date(values):
            raise BadInput(
                f"{record.prompt_id}: {place} is a date and nothing else; datasets would read it as a timestamp and "
                "lose its text. Choose another format, or word it differently in the next version.",
                prompt_id=record.prompt_id,
            )
        yield line_of(values)


def row(record: CaseRecord, context: BundleContext) -> dict[str, Any]:
    """Return the row of one case: every row has the same fields, and ragged parts are JSON texts.

    Without loss: `ideal_completions_json` is empty for an absent reference and `null` for an empty one; points are
    floats, which HealthBench's own file mixes with integers.
    """
    content = record.content
    return {
        "prompt_id": record.prompt_id,
        "title": content.title,
        "kind": content.kind,
        "language": content.language,
        "prompt": turns(record),
        "rubrics": [_criterion(criterion) for criterion in content.rubrics],
        "example_tags": content.example_tags,
        "ideal_completions_json": _ideal_completions(content),
        "evidence_json": canonical_json(msgspec.to_builtins(content.evidence)),
        "metadata_json": canonical_json(content.metadata),
        "extra_json": canonical_json(content.extra),
        "sha256": record.sha256,
        "split": record.split,
        "canary": canary_for(record, context),
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {
        "criterion": criterion.criterion,
        "points": float(criterion.points),
        "tags": criterion.tags,
        "criterion_id": criterion.criterion_id,
        "red_line": criterion.red_line,
        "guideline": criterion.guideline,
        "jurisdiction": criterion.jurisdiction,
        "evidence": criterion.evidence,
        "extra_json": canonical_json(criterion.extra),
    }


def _ideal_completions(content: CaseContent) -> str:
    data = content.ideal_completions_data
    return "" if data is UNSET else canonical_json(data)


def usage(context: BundleContext) -> str:
    """Say how to load the rows, and how answers come home."""
    return f"""\
In an environment with `datasets`, the first line loads the rows; in one with `mlcroissant`, the second reads the first
record through `{CROISSANT}`. Both work offline, in this folder:

```sh
python -c "import os, datasets; print(datasets.load_dataset(os.getcwd(), split='test'))"
python -c "import mlcroissant; print(next(iter(mlcroissant.Dataset('{CROISSANT}').records('cases'))))"
```

{answering_text(context)}"""


def head(context: BundleContext) -> str:
    """Return the front matter by which `datasets` finds the file and the types of its columns."""
    return front_matter(FILE_NAME, columns(context))


FORMAT = BundleFormat(
    name="hf_dataset",
    label="Hugging Face dataset with Croissant",
    file_name=FILE_NAME,
    write=write,
    description=(
        "A directory that `datasets` loads as it is, described in Croissant 1.0. Every row has the same fields; parts "
        "that differ in shape from case to case (reference answer, evidence, metadata) are JSON texts."
    ),
    usage=usage,
    readme_head=head,
    formula=HEALTHBENCH,
    may_leave_rubric_out=True,
    tested_with="datasets 5.2.0 and mlcroissant 1.1.1",
    rank=55,
)
