"""A graded dataset in HealthBench's meta-evaluation format is what inspect-evals' task reads, somebody else's code."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from annotations.graded_dataset.formats import meta_eval_rows
from annotations.graded_dataset.records import DatasetHead, GivenGrade, GradedAnswer, Grader, Judged
from exports.records import CaseRecord
from tests.conformance.harnesses.conftest import Runner, harness_programs

pytestmark = pytest.mark.harnesses
READ = """\
import json
from inspect_evals.healthbench.dataset import record_to_sample_meta_eval
for line in open("meta_eval.jsonl", encoding="utf-8"):
    sample = record_to_sample_meta_eval(json.loads(line))
    print(json.dumps({**sample.metadata, "target": sample.target}))
"""


def judged(records: list[CaseRecord]) -> list[GradedAnswer]:
    """Return an answer to each case, on which two people differ at every second criterion."""
    people = [Grader(f"grader-{n}", f"id{n}", "in-app", True) for n in (1, 2)]
    at = datetime(2026, 5, 8, tzinfo=UTC)

    def grades(person: int, criteria: int) -> dict[int, GivenGrade]:
        return {n: GivenGrade("met" if n % 2 or person else "not_met", "", "", at) for n in range(criteria)}

    return [
        GradedAnswer(
            prompt_id=record.prompt_id, item_sha256=record.sha256, split="public", content=record.content, run="m",
            model="", epoch=1, response_id=place, completion=f"Answer {place}.\n두 번째 줄", withdrawn=False,
            calibration=False, outcomes=(), rulings={}, gold={},
            judged=[
                Judged(each, place, None, False, "", grades(person, len(record.content.rubrics)))
                for person, each in enumerate(people)
            ],
        )
        for place, record in enumerate(records)
    ]  # fmt: skip


def test_every_row_is_read_as_it_was_meant(
    records: list[CaseRecord], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    head = DatasetHead(
        1, "graded", "set==1.0.0", "0" * 64, "final", "majority", 2, None, "0" * 64, "c", "", (), ""
    )
    answers = judged(records)
    (tmp_path / "meta_eval.jsonl").write_bytes(b"".join(meta_eval_rows(answers, head, Counter())))
    (tmp_path / "read.py").write_text(READ)
    runner = Runner(tmp_path, harness_programs("inspect-evals"), tmp_path, record_property)
    read = [json.loads(line) for line in runner.run("python read.py").splitlines() if line.startswith("{")]
    expected = [
        (
            answer.prompt_id,
            answer.completion_id,
            answer.completion,
            criterion.criterion,
            [index % 2 == 1, True],
        )
        for answer in answers
        for index, criterion in enumerate(answer.content.rubrics)
    ]
    fields = ("prompt_id", "completion_id", "target", "rubric", "binary_labels")
    assert [tuple(row[name] for name in fields) for row in read] == expected
    assert {tuple(row["anonymized_physician_ids"]) for row in read} == {("id1", "id2")}
    turns = [(turn.role, turn.content) for turn in answers[0].content.prompt]
    assert [(turn["role"], turn["content"]) for turn in read[0]["conversation"]] == turns
