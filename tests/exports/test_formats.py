"""Formats are lossless: what was imported leaves unchanged, and what left comes back identical."""

import json
from pathlib import Path

import pytest

from builder.common.canonical_json import canonical_json, sha256_text
from builder.common.errors import BadInput
from builder.importers import read_cases
from exports.formats import verify
from exports.formats.registry import FORMATS, get_format
from exports.records import canonical_row, item_hash
from tests.exports.builders import (
    make_bundle,
    make_context,
    make_records,
    read_jsonl_rows,
    varied_contents,
    write_jsonl,
)
from tests.factories import make_content

HEALTHBENCH_ROWS = [
    {
        "prompt_id": "hb-1",
        "prompt": [{"role": "user", "content": "Hello"}],
        "rubrics": [{"criterion": "Greets.", "points": 5, "tags": ["axis:accuracy"], "note": {"by": "panel"}}],
        "example_tags": ["theme:hedging"],
        "ideal_completions_data": None,
        "canary": "source:1",
        "title": "an unknown field of this format",
        "split": "test",
    },
    {
        "prompt_id": "hb-2",
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "안녕 🫀"}],
        "rubrics": [
            {"criterion": "Answers.", "points": 2.5, "tags": []},
            {"criterion": "Rambles.", "points": -5.0, "tags": []},
        ],
        "example_tags": [],
        "ideal_completions_data": {"ideal_completion": "Hi.", "ideal_completions_group": None},
    },
]  # fmt: skip


def test_healthbench_rows_leave_as_they_came(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", HEALTHBENCH_ROWS)
    records = make_records(case.content for case in read_cases(source, "healthbench"))
    get_format("healthbench").write(records, tmp_path, make_context())
    rows = read_jsonl_rows(tmp_path / "healthbench.jsonl")
    assert [list(map(type, (r["points"] for r in row["rubrics"]))) for row in rows] == [[int], [float, float]]
    expected = [{**row, "prompt_id": f"case-{index}"} for index, row in enumerate(HEALTHBENCH_ROWS)]
    expected[1]["canary"] = "bundle-canary"
    assert rows == expected
    assert "ideal_completions_data" in rows[0]


def test_healthbench_keeps_an_absent_reference_absent(tmp_path: Path) -> None:
    row = {key: value for key, value in HEALTHBENCH_ROWS[0].items() if key != "ideal_completions_data"}
    source = write_jsonl(tmp_path / "in.jsonl", [row])
    records = make_records(case.content for case in read_cases(source, "healthbench"))
    get_format("healthbench").write(records, tmp_path, make_context())
    assert "ideal_completions_data" not in read_jsonl_rows(tmp_path / "healthbench.jsonl")[0]


def test_content_extra_never_replaces_a_field_of_the_row(tmp_path: Path) -> None:
    content = make_content(extra={"prompt_id": "forged", "rubrics": []})
    get_format("healthbench").write(make_records([content]), tmp_path, make_context())
    row = read_jsonl_rows(tmp_path / "healthbench.jsonl")[0]
    assert row["prompt_id"] == "case-0"
    assert len(row["rubrics"]) == 3


@pytest.mark.parametrize("file_format", ["canonical", "auto"])
def test_canonical_comes_back_identical(tmp_path: Path, file_format: str) -> None:
    """A bundle's own canary, split and schema version aren't taken for content; a source's canary is."""
    make_bundle(tmp_path / "out")
    cases = list(read_cases(tmp_path / "out" / "canonical.jsonl", file_format))
    assert [case.content for case in cases] == varied_contents()
    assert [case.prompt_id for case in cases] == ["case-0", "case-1", "case-2", "case-3"]


def test_canonical_row_has_tags_everywhere_and_says_what_was_added(tmp_path: Path) -> None:
    manifest = make_bundle(tmp_path / "out")
    rows = read_jsonl_rows(tmp_path / "out" / "canonical.jsonl")
    assert rows[3]["example_tags"] == []
    assert all("tags" in criterion for row in rows for criterion in row["rubrics"])
    assert {row["schema_version"] for row in rows} == {"1.0"}
    assert [row["canary"] for row in rows] == [manifest["canary"]] * 2 + ["source:1234", manifest["canary"]]
    assert rows[2]["added"] == ["schema_version", "split"]


def test_item_hash_is_that_of_the_row_without_what_was_added(tmp_path: Path) -> None:
    make_bundle(tmp_path / "out")
    for row, content in zip(
        read_jsonl_rows(tmp_path / "out" / "canonical.jsonl"), varied_contents(), strict=True
    ):
        plain = {key: value for key, value in row.items() if key not in [*row["added"], "added"]}
        text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert plain == canonical_row(row["prompt_id"], content)
        assert sha256_text(text) == item_hash(row["prompt_id"], content) == verify.row_hash(row)


@pytest.mark.parametrize(
    "value", [{"b": 1, "a": [1.0, -0.0, 1e22, "é🫀\u2028"]}, [], "x", None, {"k": {"z": True}}]
)
def test_verifier_spells_canonical_json_as_the_product_does(value: object) -> None:
    assert verify.canonical(value) == canonical_json(value)


def test_lines_end_with_a_line_feed_and_keep_unicode(tmp_path: Path) -> None:
    make_bundle(tmp_path / "out")
    raw = (tmp_path / "out" / "canonical.jsonl").read_bytes()
    assert raw.count(b"\n") == 4
    assert b"\r" not in raw
    assert "흉통".encode() in raw


def test_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="canonical, healthbench"):
        get_format("parquet")
    assert all(name == each.name for name, each in FORMATS.items())
