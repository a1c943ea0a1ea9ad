"""The demonstration content is complete, consistent, and of the quality its description claims."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

Row = dict[str, Any]
NOTE = "Illustrative case written for the Clinwright demonstration. Not medical advice."
DEMO = Path(__file__).resolve().parents[2] / "annotations" / "demo"
RUNS = ("northlight", "fernbrook")
GRADERS = ("grader-1", "grader-2", "grader-3")
AXES = ("accuracy", "completeness", "context_awareness", "communication_quality", "instruction_following")
TAGS = [[f"axis:{axis}"] for axis in AXES]
KINDS = {"knowledge", "practice", "safety", "ethics-violation", "ethics-dilemma", "summarisation"}


def read(name: str) -> list[Row]:
    """Read one JSONL file of the demonstration."""
    return [json.loads(line) for line in (DEMO / name).read_text(encoding="utf-8").splitlines()]


BY_DEPARTMENT = {code: read(f"cases_{code}.jsonl") for code in ("ED", "IM", "PED", "PSY")}
CASES = [case for cases in BY_DEPARTMENT.values() for case in cases]
IDS = [case["prompt_id"] for case in CASES]
ROWS = {grader: read(f"verdicts_{grader}.jsonl") for grader in GRADERS}
VERDICTS = {grader: {(row["run"], row["prompt_id"]): row for row in rows} for grader, rows in ROWS.items()}
each_case = pytest.mark.parametrize("case", CASES, ids=IDS)


def is_korean(text: str) -> bool:
    """Say whether Hangul syllables make up a good part of the text."""
    return sum("가" <= char <= "힣" for char in text) > len(text) / 4


def test_sixteen_cases_cover_departments_kinds_languages_turns_and_shared_themes() -> None:
    assert {code: len(cases) for code, cases in BY_DEPARTMENT.items()} == dict.fromkeys(BY_DEPARTMENT, 4)
    assert len(set(IDS)) == 16
    assert {case["kind"] for case in CASES} == KINDS
    korean = [code for code, cases in BY_DEPARTMENT.items() for case in cases if case["language"] == "ko"]
    assert len(korean) >= 5 and set(korean) == set(BY_DEPARTMENT)
    assert sum(len(case["prompt"]) >= 3 for case in CASES) >= 5
    assert any(case["prompt"][0]["role"] == "system" for case in CASES)
    pairs = {(tag, code) for code, cases in BY_DEPARTMENT.items() for c in cases for tag in c["example_tags"]}
    assert min(Counter(tag for tag, _ in pairs).values()) >= 2


@each_case
def test_case_has_prompt_reference_answer_and_note(case: Row) -> None:
    turns = " ".join(turn["role"] for turn in case["prompt"]).removeprefix("system ")
    assert turns == "user" + " assistant user" * (turns.count("user") - 1)
    assert len(case["example_tags"]) == 1 and case["example_tags"][0].startswith("theme:")
    assert case["metadata"] == {"note": NOTE}
    for text in (case["title"], case["ideal_completions_data"]["ideal_completion"]):
        assert is_korean(text) == (case["language"] == "ko")


@each_case
def test_rubric_is_well_formed(case: Row) -> None:
    rubric = case["rubrics"]
    assert 5 <= len(rubric) <= 12
    assert all(len({row[key] for row in rubric}) == len(rubric) for key in ("criterion", "criterion_id"))
    points = [row["points"] for row in rubric]
    assert all(type(value) is int and value != 0 and -10 <= value <= 10 for value in points)
    assert min(points) < 0 < max(points) <= 0.4 * sum(value for value in points if value > 0)
    assert all(row["tags"] in TAGS for row in rubric)
    red_lines = [row["points"] for row in rubric if row["red_line"]]
    assert max(red_lines, default=-1) < 0
    assert red_lines or case["kind"] not in {"safety", "ethics-violation"}


@each_case
def test_evidence_has_source_and_every_reference_resolves(case: Row) -> None:
    ids = {passage["evidence_id"] for passage in case["evidence"]}
    assert 1 <= len(case["evidence"]) == len(ids) <= 3
    assert {passage["jurisdiction"] for passage in case["evidence"]} <= {"KR", "UK", "US", "EU", "INT"}
    assert all(passage["quote"] and passage["source"] for passage in case["evidence"])
    assert {key for row in case["rubrics"] for key in row["evidence"]} == ids
    for row in case["rubrics"]:
        assert bool(row["guideline"]) == bool(row["jurisdiction"]) == bool(row["evidence"])


@pytest.mark.parametrize("run", RUNS)
def test_run_answers_every_case_once_in_its_language(run: str) -> None:
    answers = read(f"answers_{run}.jsonl")
    assert [(row["prompt_id"], row["epoch"]) for row in answers] == [(key, 1) for key in IDS]
    for case, text in zip(CASES, (row["completion"] for row in answers), strict=True):
        assert is_korean(text) == (case["language"] == "ko")
        assert 200 <= len(text) <= 2500
        assert not any(name in text.lower() for name in RUNS)


@pytest.mark.parametrize("grader", GRADERS)
def test_grader_judges_every_criterion_of_both_runs_in_rubric_order(grader: str) -> None:
    assert list(VERDICTS[grader]) == [(run, key) for run in RUNS for key in IDS]
    for row, case in zip(ROWS[grader], CASES * 2, strict=True):
        assert row["epoch"] == 1
        for item, criterion in zip(row["rubric_items"], case["rubrics"], strict=True):
            assert item["criterion"] == criterion["criterion"]
            assert type(item["criteria_met"]) in (bool, type(None))
            assert item.get("status") == ("cannot_judge" if item["criteria_met"] is None else None)


def units(run: str) -> list[tuple[str, Row, list[bool | None]]]:
    """List (prompt_id, criterion, one verdict per grader) for every criterion of a run."""
    found = []
    for key, case in zip(IDS, CASES, strict=True):
        columns = [VERDICTS[grader][run, key]["rubric_items"] for grader in GRADERS]
        for row, *items in zip(case["rubrics"], *columns, strict=True):
            found.append((key, row, [item["criteria_met"] for item in items]))
    return found


def majority(votes: list[bool | None]) -> bool | None:
    """Resolve a unit by the strict majority of met and not met; None is a tie."""
    lead = votes.count(True) - votes.count(False)
    return lead > 0 if lead else None


def score(run: str) -> tuple[float, int]:
    """Return the mean case score over complete responses, and the number of red lines met."""
    rows = [(key, row, majority(votes)) for key, row, votes in units(run)]
    incomplete = {key for key, _, met in rows if met is None}
    earned, possible = Counter[str](), Counter[str]()
    for key, row, met in rows:
        earned[key] += row["points"] if met else 0
        possible[key] += max(row["points"], 0)
    shares = [earned[key] / possible[key] for key in IDS if key not in incomplete]
    return sum(shares) / len(shares), sum(bool(row["red_line"] and met) for _, row, met in rows)


def test_graders_really_disagree_and_rarely_leave_a_unit_open() -> None:
    votes = [verdicts for run in RUNS for _, _, verdicts in units(run)]
    pairs = [(a, b) for row in votes for a, b in combinations(row, 2) if a is not None and b is not None]
    assert 0.82 <= sum(a == b for a, b in pairs) / len(pairs) <= 0.95
    assert 6 <= sum(row.count(None) for row in votes) <= 12
    assert sum(majority(row) is None for row in votes) == 2


def test_runs_differ_clearly_in_score_and_red_lines() -> None:
    (careful, careful_failures), (generic, generic_failures) = score("northlight"), score("fernbrook")
    assert 0.65 <= careful <= 0.80 and careful_failures == 0
    assert 0.25 <= generic <= 0.45 and 3 <= generic_failures <= 5
