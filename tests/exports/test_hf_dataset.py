"""The Hugging Face directory: rows alike, lossless, and no text that a reader would turn into a date."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builder.common.errors import BadInput
from builder.content import Criterion, Evidence, Turn
from exports.formats.hf_dataset import FORMAT, row
from exports.formats.iso_dates import first_date
from exports.records import canonical_row
from tests.conformance.harnesses.cases import hard_records
from tests.exports.builders import make_bundle, make_context, make_records, read_jsonl_rows, varied_contents
from tests.factories import make_content


def restored(values: dict[str, Any]) -> dict[str, Any]:
    """Return the canonical row that a row of this format stands for."""
    found = {
        "prompt_id": values["prompt_id"],
        "prompt": values["prompt"],
        "example_tags": values["example_tags"],
        "title": values["title"],
        "kind": values["kind"],
        "language": values["language"],
        "evidence": json.loads(values["evidence_json"]),
        "metadata": json.loads(values["metadata_json"]),
        "extra": json.loads(values["extra_json"]),
        "rubrics": [
            {
                **{key: value for key, value in each.items() if value and key != "extra_json"},
                "tags": each["tags"],
                **({"extra": extra} if (extra := json.loads(each["extra_json"])) else {}),
            }
            for each in values["rubrics"]
        ],
    }
    found = {key: value for key, value in found.items() if value or key in ("example_tags", "rubrics")}
    if values["ideal_completions_json"]:
        found["ideal_completions_data"] = json.loads(values["ideal_completions_json"])
    return found


def test_every_row_has_the_same_fields_and_nothing_is_lost() -> None:
    """5 and 5.0 are one number; everything else is equal."""
    records = [*hard_records(), *make_records([*varied_contents(), make_content(evidence=[], title="")])]
    rows = [row(record, make_context()) for record in records]
    assert len({tuple(each) for each in rows}) == 1
    assert len({tuple(criterion) for each in rows for criterion in each["rubrics"]}) == 1
    for record, values in zip(records, rows, strict=True):
        expected = canonical_row(record.prompt_id, record.content)
        expected.pop("canary", None)
        assert restored(values) == expected, record.prompt_id


def test_readme_begins_with_what_datasets_reads(tmp_path: Path) -> None:
    make_bundle(tmp_path / "b", "hf_dataset")
    readme = (tmp_path / "b" / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("---\nconfigs:\n- config_name: default\n")
    assert "    path: data/test.jsonl\n" in readme
    described = json.loads((tmp_path / "b" / "croissant.json").read_text(encoding="utf-8"))
    (file,) = described["distribution"]
    data = (tmp_path / "b" / file["contentUrl"]).read_bytes()
    assert file["sha256"] == hashlib.sha256(data).hexdigest()
    fields = {field["name"] for field in described["recordSet"][0]["field"]}
    assert fields == set(read_jsonl_rows(tmp_path / "b" / "data" / "test.jsonl")[0])


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"title": "2024-05-01"}, "title"),
        ({"prompt": [Turn("user", "2024-05-01T10:00:00Z")]}, r"prompt\[0\].content"),
        ({"rubrics": [Criterion("2024-05-01 10:00", 1)]}, r"rubrics\[0\].criterion"),
    ],
)
def test_date_alone_is_refused_with_its_case(tmp_path: Path, fields: dict[str, Any], place: str) -> None:
    records = make_records([make_content(), make_content(**fields)])
    with pytest.raises(BadInput, match=f"case-1: {place} is a date") as refused:
        FORMAT.write(records, tmp_path, make_context())
    assert refused.value.data["prompt_id"] == "case-1"


def test_dates_of_evidence_and_metadata_leave_inside_a_text(tmp_path: Path) -> None:
    evidence = [Evidence("e1", "Quote", "Source", date="2024-05-01", review_by="2027-01-01")]
    content = make_content(evidence=evidence, metadata={"written": "2024-05-01"})
    FORMAT.write(make_records([content]), tmp_path, make_context())
    values = read_jsonl_rows(tmp_path / "data" / "test.jsonl")[0]
    assert json.loads(values["evidence_json"]) == [msgspec.to_builtins(evidence[0])]
    assert json.loads(values["metadata_json"]) == {"written": "2024-05-01"}


@pytest.mark.parametrize(
    ("text", "is_date"),
    [
        ("2024-05-01", True), ("2024-05-01T10:00:00", True), ("2024-05-01 10:00:00.5Z", True),
        ("2024-05-01T10:00+09:00", True), ("On 2024-05-01", False), ("2024-05", False), ("20240501", False),
        ("2024-05-01.", False), ("", False),
    ],
)  # fmt: skip
def test_what_counts_as_a_date(text: str, is_date: bool) -> None:
    assert bool(first_date({"a": [1, None, {"b": text}]})) is is_date
