"""Answers and verdicts are read strictly: a fault names file, line and field."""

from pathlib import Path
from typing import Any

import pytest

from builder.common.errors import BadInput
from exports.formats.results import read_responses, read_verdicts
from exports.records import ResponseRecord, VerdictItem
from tests.exports.builders import write_jsonl

ANSWER = {"prompt_id": "a", "completion": "Yes."}
ITEM = {"criterion": "Greets.", "points": 5, "tags": [], "criteria_met": True, "explanation": "It did."}


def verdict(**item: Any) -> dict[str, Any]:
    """Return a verdict line with one item."""
    return {"prompt_id": "a", "rubric_items": [{**ITEM, **item}]}


def test_answers_are_read_in_order(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "r.jsonl", [ANSWER, {**ANSWER, "epoch": 2, "completion": "", "model": "ignored"}]
    )
    assert [(line.number, record) for line, record in read_responses(path)] == [
        (1, ResponseRecord("a", 1, "Yes.")), (2, ResponseRecord("a", 2, "")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"completion": "x"}, "prompt_id"),
        ({**ANSWER, "prompt_id": 7}, "prompt_id"),
        ({**ANSWER, "prompt_id": ""}, "prompt_id"),
        ({"prompt_id": "a"}, "completion"),
        ({**ANSWER, "completion": None}, "completion"),
        ({**ANSWER, "completion": ["x"]}, "completion"),
        ({**ANSWER, "epoch": 0}, "epoch"),
        ({**ANSWER, "epoch": True}, "epoch"),
        ({**ANSWER, "epoch": 1.0}, "epoch"),
        ({**ANSWER, "epoch": None}, "epoch"),
        ({**ANSWER, "epoch": 40_000}, "epoch"),
        ("{", "bad JSON"),
        ("[]", "a JSON object"),
        ('{"prompt_id": "a", "completion": "x", "score": NaN}', "score"),
        ("[" * 100_000, "nested too deeply"),
        ('{"prompt_id": "a", "completion": "\\u0000"}', "NUL"),
        (
            '{"prompt_id": "\\u0041", "completion": "x", "deep": ' + "[" * 990 + "]" * 990 + "}",
            "nested too deeply",
        ),
        ('{"prompt_id": "a", "completion": "x", "deep": ' + "[" * 300 + "]" * 300 + "}", "nested too deeply"),
    ],
)
def test_faulty_answer_names_file_line_and_field(tmp_path: Path, row: Any, complaint: str) -> None:
    path = write_jsonl(tmp_path / "answers.jsonl", [ANSWER, row])
    with pytest.raises(BadInput, match=rf"^answers\.jsonl, line 2: .*{complaint}"):
        list(read_responses(path))


def test_a_line_with_many_fields_is_not_a_deep_one(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "answers.jsonl", [{**ANSWER, "usage": [{}] * 1000}])
    assert len(list(read_responses(path))) == 1


def test_invalid_utf8_and_a_huge_line_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b'{"prompt_id": "a", "completion": "\xff"}\n')
    with pytest.raises(BadInput, match="line 1: not valid UTF-8"):
        list(read_responses(path))
    with path.open("wb") as target:
        target.write(b'{"prompt_id": "a", "completion": "')
        target.write(b"x" * (64 * 1024 * 1024))
        target.write(b'"}\n')
    with pytest.raises(BadInput, match="line 1: the line is longer"):
        list(read_responses(path))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, "met"),
        ({"criteria_met": False}, "not_met"),
        ({"criteria_met": None}, None),
        ({"criteria_met": None, "status": None}, None),
        ({"criteria_met": None, "status": "cannot_judge"}, "cannot_judge"),
        ({"criteria_met": None, "status": "judge_failed"}, "judge_failed"),
    ],
)
def test_verdicts_keep_missing_and_failed_apart(tmp_path: Path, item: Any, expected: str | None) -> None:
    path = write_jsonl(tmp_path / "v.jsonl", [verdict(**item)])
    [(_line, record)] = read_verdicts(path)
    assert record.items == (VerdictItem("Greets.", 5, expected, "It did."),)
    assert (record.rater, record.epoch) == ("", 1)


def test_points_tags_and_explanation_may_be_left_out(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "v.jsonl",
        [
            {
                "prompt_id": "a",
                "epoch": 2,
                "rater": "judge",
                "rubric_items": [{"criterion": "C", "criteria_met": False}],
            }
        ],
    )
    [(_line, record)] = read_verdicts(path)
    assert record.items == (VerdictItem("C", None, "not_met", ""),)
    assert (record.rater, record.epoch) == ("judge", 2)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (verdict(criteria_met="true"), r"rubric_items\[0\]\.criteria_met"),
        (verdict(criteria_met=1), r"rubric_items\[0\]\.criteria_met"),
        (verdict(criteria_met=0), r"rubric_items\[0\]\.criteria_met"),
        ({"prompt_id": "a", "rubric_items": [{"criterion": "C"}]}, "criteria_met"),
        (verdict(criteria_met=None, status="unsure"), r"\.status"),
        (verdict(criteria_met=None, status=3), r"\.status"),
        (verdict(criteria_met=True, status="judge_failed"), r"\.status"),
        (verdict(criterion=None), r"\.criterion"),
        (verdict(points="5"), r"\.points"),
        (verdict(points=True), r"\.points"),
        (verdict(explanation=5), r"\.explanation"),
        ({"prompt_id": "a", "rubric_items": []}, "rubric_items"),
        ({"prompt_id": "a", "rubric_items": {}}, "rubric_items"),
        ({"prompt_id": "a", "rubric_items": [True]}, r"rubric_items\[0\]"),
        ({"prompt_id": "a"}, "rubric_items"),
        ({**verdict(), "rater": 5}, "rater"),
        ({**verdict(), "prompt_id": None}, "prompt_id"),
    ],
)
def test_faulty_verdict_names_file_line_and_field(tmp_path: Path, row: Any, complaint: str) -> None:
    path = write_jsonl(tmp_path / "verdicts.jsonl", [verdict(), row])
    with pytest.raises(BadInput, match=rf"^verdicts\.jsonl, line 2: .*{complaint}"):
        list(read_verdicts(path))
