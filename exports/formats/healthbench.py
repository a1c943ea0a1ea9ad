"""HealthBench's own row, as simple-evals reads it: an imported row leaves with every field it came with."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from builder.common.canonical_json import canonical_json
from builder.content import CaseContent, Criterion
from exports.formats.base import BundleFormat, write_lines
from exports.records import CaseRecord

FILE_NAME = "healthbench.jsonl"


def write(records: Iterable[CaseRecord], directory: Path, canary: str) -> None:
    """Write one HealthBench line per case."""
    write_lines(directory / FILE_NAME, (canonical_json(row(record, canary)) for record in records))


def row(record: CaseRecord, canary: str) -> dict[str, Any]:
    """Return the row of one case; the bundle's canary goes in where the case brings none."""
    content = record.content
    return {
        **content.extra,
        **_ideal_completions(content),
        "prompt_id": record.prompt_id,
        "prompt": msgspec.to_builtins(content.prompt),
        "rubrics": [_criterion(criterion) for criterion in content.rubrics],
        "example_tags": content.example_tags,
        "canary": content.canary if isinstance(content.canary, str) else canary,
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {
        **criterion.extra,
        "criterion": criterion.criterion,
        "points": criterion.points,
        "tags": criterion.tags,
    }


def _ideal_completions(content: CaseContent) -> dict[str, Any]:
    """Keep absent and null apart, as the imported row had it."""
    if content.ideal_completions_data is UNSET:
        return {}
    return {"ideal_completions_data": content.ideal_completions_data}


FORMAT = BundleFormat(
    name="healthbench",
    label="HealthBench JSONL",
    file_name=FILE_NAME,
    write=write,
    description=(
        "Each line is one case as HealthBench publishes them: prompt_id, prompt, rubrics (criterion, points, tags), "
        "example_tags, ideal_completions_data and canary. simple-evals, Inspect's `healthbench` task and MedHELM read "
        "it. Criteria carry no id here: results are joined by prompt_id and the criterion's place, so keep the order."
    ),
)
