"""`datasets` loads the directory with every row equal, and every Croissant record can be read with mlcroissant."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from builder.content import Evidence
from exports.records import CaseRecord
from tests.conformance.harnesses.conftest import Runner
from tests.exports.builders import make_records, read_jsonl_rows
from tests.factories import make_content

pytestmark = pytest.mark.harnesses
Bundle = Callable[..., Runner]

LOAD = """python - <<'END'
import json
import os, datasets
rows = datasets.load_dataset(os.getcwd(), split="test")
print("ROWS" + json.dumps([dict(row) for row in rows]))
END"""
# Texts come as bytes, and keys with the record set's name in front.
ITERATE = """python - <<'END'
import json
import mlcroissant
def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {key.rpartition("/")[2]: plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [plain(item) for item in value] if isinstance(value, list) else value
records = mlcroissant.Dataset("croissant.json").records("cases")
print("ROWS" + json.dumps([plain(record) for record in records]))
END"""


def printed(text: str) -> list[dict[str, Any]]:
    """Return the rows that a program printed between other lines."""
    (line,) = [each for each in text.split("\n") if each.startswith("ROWS")]
    return json.loads(line[4:])


@pytest.mark.parametrize("prompts_only", [False, True])
def test_rows_and_records_equal_the_file(
    bundle: Bundle, records: list[CaseRecord], prompts_only: bool
) -> None:
    """Dates in the evidence of every case, which a reader would make timestamps of, stay as they are written."""
    dated = make_records(
        [make_content(evidence=[Evidence("e1", "Quote", "Source", date="2024-05-01")], example_tags=[])]
    )
    run = bundle("hf_dataset", [*records, *dated], "hf", prompts_only=prompts_only)
    rows = read_jsonl_rows(run.directory / "data" / "test.jsonl")
    assert len(rows) > 20
    assert printed(run.run(LOAD)) == rows
    assert printed(run.run(ITERATE)) == rows


def test_commands_of_the_readme(bundle: Bundle, records: list[CaseRecord]) -> None:
    """The two loaders, and the script that answers without asking anybody."""
    run = bundle("hf_dataset", records, "hf")
    loading, answering = run.readme_commands()
    shown = run.run(loading)
    assert f"num_rows: {len(records)}" in shown
    assert "cases/prompt_id" in shown
    run.run(answering.splitlines()[0])
    assert len(read_jsonl_rows(run.directory / "mock.jsonl")) == len(records)
    assert run.run("mlcroissant validate --jsonld croissant.json") is not None
