"""The canonical row obeys its published schema; the canonical log comes home; a broken one of either does not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from builder.common.errors import BadInput
from exports.formats.canonical_log import header, recognises, rows
from exports.formats.canonical_schema import log_schema, row_schema
from exports.formats.registry import get_format
from tests.conformance.harnesses.cases import hard_records
from tests.exports.builders import (
    make_bundle,
    make_records,
    make_release_record,
    read_jsonl_rows,
    varied_contents,
    write_bundle,
    write_jsonl,
)

VERDICT = {"criterion": "Greets.", "points": 5, "criteria_met": True, "explanation": "It does."}


def answer(**changes: Any) -> dict[str, Any]:
    """Return a line of a log."""
    return {
        "prompt_id": "case-0", "epoch": 1, "completion": "Hi.", "rubric_items": [VERDICT], "harness": "mine",
        "model": "m", "grader_model": "g", "release_sha256": "a" * 64, "score": 1.0, **changes,
    }  # fmt: skip


@pytest.mark.parametrize("prompts_only", [False, True])
def test_every_row_of_hard_cases_obeys_the_schema_in_the_bundle(tmp_path: Path, prompts_only: bool) -> None:
    records = [*hard_records(), *make_records(varied_contents())]
    write_bundle(
        records, tmp_path / "b", release=make_release_record(records), bundle_format=get_format("canonical"),
        prompts_only=prompts_only,
    )  # fmt: skip
    schema = json.loads((tmp_path / "b" / "canonical.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    found = read_jsonl_rows(tmp_path / "b" / "canonical.jsonl")
    assert len(found) == len(records) >= 24
    for row in found:
        validator.validate(row)
        assert ("rubrics" in row) is not prompts_only


@pytest.mark.parametrize(
    "change",
    [
        {"prompt_id": "a/b"},
        {"prompt_id": None},
        {"prompt": []},
        {"prompt": [{"role": "tool", "content": "x"}]},
        {"prompt": [{"role": "user", "content": [{"type": "text"}]}]},
        {"rubrics": []},
        {"rubrics": [{"criterion": "x", "points": 0, "tags": []}]},
        {"rubrics": [{"criterion": "x", "points": -3, "tags": []}]},
        {"rubrics": [{"criterion": "x", "points": 11, "tags": []}]},
        {"rubrics": [{"criterion": "x", "points": 1}]},
        {"rubrics": [{"criterion": " ", "points": 1, "tags": []}]},
        {"rubrics": [{"criterion": "x", "points": 1, "tags": [], "unknown": 1}]},
        {"split": "train"},
        {"unknown": 1},
        {"example_tags": "x"},
        {"canary": None},
        {"schema_version": "2.0"},
    ],
)
def test_broken_rows_break_the_schema(tmp_path: Path, change: dict[str, Any]) -> None:
    make_bundle(tmp_path / "b")
    row = read_jsonl_rows(tmp_path / "b" / "canonical.jsonl")[0]
    validator = jsonschema.Draft202012Validator(row_schema())
    assert validator.is_valid(row)
    assert not validator.is_valid({**row, **change})
    without = {key: value for key, value in row.items() if key not in change}
    assert not validator.is_valid(without) or without == row


def test_log_comes_home(tmp_path: Path) -> None:
    lines = [
        answer(parameters={"temperature": 0}),
        answer(
            epoch=2, rubric_items=[{**VERDICT, "criteria_met": None, "status": "judge_failed"}], score=None
        ),
        answer(prompt_id="case-1", rubric_items=None, error="timed out", item_sha256="b" * 64),
        answer(prompt_id="case-2", rubric_items=[{**VERDICT, "criteria_met": None}]),
    ]
    path = write_jsonl(tmp_path / "log.jsonl", lines)
    validator = jsonschema.Draft202012Validator(log_schema())
    assert all(validator.is_valid(line) for line in lines)
    assert recognises(path)
    said = header(path)
    assert (said.harness, said.model, said.grader, said.release_sha256) == ("mine", "m", "g", "a" * 64)
    assert said.parameters == {"temperature": "0"}
    first, second, third, fourth = rows(path)
    assert (first.place, first.epoch, first.reported_score) == ("log.jsonl, line 1", 1, 1.0)
    assert [row.items[0].verdict for row in (first, second, fourth)] == ["met", "judge_failed", None]
    assert (third.items, third.error, third.item_sha256) == (None, "timed out", "b" * 64)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "another"}, "line 2: model: 'another' here, but 'm' before"),
        ({"epoch": 0}, "line 2: epoch"),
        ({"completion": 3}, "line 2: completion: a text"),
        ({"rubric_items": []}, "line 2: rubric_items"),
        ({"rubric_items": [{"criterion": "x"}]}, r"rubric_items\[0\]"),
        ({"rubric_items": [{**VERDICT, "criteria_met": "yes"}]}, "true, false or null"),
        (
            {"rubric_items": [{**VERDICT, "criteria_met": None, "status": "odd"}]},
            "cannot_judge or judge_failed",
        ),
        (
            {"rubric_items": [{**VERDICT, "criteria_met": True, "status": "judge_failed"}]},
            "goes with criteria_met null only",
        ),
        ({"item_sha256": 3}, "line 2: item_sha256"),
    ],
)
def test_broken_log_lines_are_refused_and_break_the_schema(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    path = write_jsonl(tmp_path / "log.jsonl", [answer(), answer(**change)])
    with pytest.raises(BadInput, match=words):
        list(rows(path))
    if "model" not in change:
        assert not jsonschema.Draft202012Validator(log_schema()).is_valid(answer(**change))


def test_other_files_are_not_taken_for_a_canonical_log(tmp_path: Path) -> None:
    for name, text in {
        "empty.jsonl": "",
        "cases.jsonl": '{"prompt_id": "a", "prompt": []}',
        "samples.jsonl": '{"prompt_id": "a", "completion": "x", "doc": {}}',
        "log.txt": json.dumps(answer()),
        "bad.jsonl": "{",
    }.items():
        (tmp_path / name).write_text(text)
        assert not recognises(tmp_path / name), name
    assert not recognises(tmp_path)
    with pytest.raises(BadInput, match="the log is empty"):
        header(tmp_path / "empty.jsonl")


def test_answer_script_runs_alone_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """The README's first command, isolated; a half-written last line is written again."""
    make_bundle(tmp_path / "b", prompts_only=True)
    script = [sys.executable, "-I", "-S", str(tmp_path / "b" / "answer.py")]
    out = tmp_path / "mock.jsonl"
    done = subprocess.run(
        [*script, "--mock", "--out", str(out)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.startswith("Wrote 4 answers")
    whole = out.read_bytes()
    assert [row["prompt_id"] for row in read_jsonl_rows(out)] == [f"case-{n}" for n in range(4)]
    out.write_bytes(whole[:-20])
    again = subprocess.run([*script, "--mock", "--out", str(out)], capture_output=True, text=True, check=True)
    assert again.stdout.startswith("Wrote 1 answers") and out.read_bytes() == whole
    refused = subprocess.run(script, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    nobody = ["--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--out", str(tmp_path / "x.jsonl")]
    silent = subprocess.run([*script, *nobody], capture_output=True, text=True, check=False)
    assert (silent.returncode, "can't be reached" in silent.stderr) == (1, True)
