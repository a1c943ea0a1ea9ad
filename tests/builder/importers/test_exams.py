"""Exam benchmarks become open-ended drafts, and keep the question they came from."""

import json
from pathlib import Path
from typing import Any

import pytest

from builder.common.errors import BadInput
from builder.importers.exams import read_medmcqa, read_medqa, read_pubmedqa, recognise_exam
from builder.importers.open_ended import needs_options, open_ended_case, open_question

MEDQA = {
    "question": "A 40-year-old woman has a rash. Which of the following is the most likely diagnosis?",
    "answer": "Lupus",
    "options": {"A": "Lupus", "B": "Rosacea", "C": "Psoriasis", "D": "Eczema"},
    "meta_info": "step1",
    "answer_idx": "A",
    "metamap_phrases": ["rash"],
}
MEDMCQA = {
    "question": "Drug of choice for anaphylaxis is", "exp": "Given into the muscle.", "cop": 4, "opa": "Cetirizine",
    "opb": "Steroids", "opc": "Salbutamol", "opd": "Adrenaline", "subject_name": "Medicine", "topic_name": None,
    "id": "b1", "choice_type": "single",
}  # fmt: skip
PUBMEDQA = {
    "QUESTION": "Does rest help?", "CONTEXTS": ["We studied rest.", "It helped 3 of 10."], "LABELS": ["A", "B"],
    "MESHES": [], "YEAR": "2011", "reasoning_required_pred": "yes", "reasoning_free_pred": "maybe",
    "final_decision": "maybe", "LONG_ANSWER": "The evidence is thin.",
}  # fmt: skip


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_medqa_question_becomes_an_open_ended_draft(tmp_path: Path) -> None:
    (question,) = read_medqa(lines(tmp_path / "q.jsonl", MEDQA))
    prompt_id, content = open_ended_case(question)
    assert prompt_id.startswith("medqa-")
    assert content.prompt[0].content == "A 40-year-old woman has a rash. What is the most likely diagnosis?"
    assert not any(option in content.prompt[0].content for option in MEDQA["options"].values())  # type: ignore[attr-defined]
    assert [(each.criterion, each.points) for each in content.rubrics] == [
        ("Names Lupus as the most likely diagnosis", 5),
        ("Gives a reason for the answer that is drawn from the question", 3),
        ("Names Rosacea as the most likely diagnosis", -5),
        ("Names Psoriasis as the most likely diagnosis", -5),
        ("Names Eczema as the most likely diagnosis", -5),
    ]
    assert all(each.extra == {"suggested": True} for each in content.rubrics)
    assert "Lupus" in content.reference_answer and "Rosacea; Psoriasis; Eczema" in content.reference_answer
    assert content.kind == "knowledge"


def test_a_long_vignette_names_the_case_by_how_it_begins_and_what_it_asks(tmp_path: Path) -> None:
    vignette = (
        "A 40-year-old woman has had a rash for a week. " + "It itches at night and spares the face. " * 8
    )
    row = {**MEDQA, "question": vignette + "Which of the following is the most likely diagnosis?"}
    (question,) = read_medqa(lines(tmp_path / "q.jsonl", row))
    title = open_ended_case(question)[1].title
    assert title.startswith("A 40-year-old woman has had a rash for a week.")
    assert title.endswith(" … What is the most likely diagnosis?")
    assert len(title) <= 150


def test_the_same_question_has_the_same_id_wherever_it_stands(tmp_path: Path) -> None:
    first, second = read_medqa(lines(tmp_path / "q.jsonl", MEDQA, {**MEDQA, "meta_info": "other"}))
    assert open_ended_case(first)[0] == open_ended_case(second)[0]


@pytest.mark.parametrize(("cop", "expected"), [((1, 4), ("A", "D")), ((0, 3), ("A", "D"))])
def test_medmcqa_counts_its_key_from_one_or_from_zero(
    tmp_path: Path, cop: tuple[int, int], expected: tuple[str, str]
) -> None:
    path = lines(tmp_path / "q.json", *({**MEDMCQA, "id": f"b{each}", "cop": each} for each in cop))
    assert tuple(question.answer for question in read_medmcqa(path)) == expected


@pytest.mark.parametrize("cops", [(1, 2, 3), (0, 4)])
def test_medmcqa_keys_that_dont_tell_are_refused(tmp_path: Path, cops: tuple[int, ...]) -> None:
    path = lines(tmp_path / "q.json", *({**MEDMCQA, "cop": each} for each in cops))
    with pytest.raises(BadInput, match=r"q\.json.*cop"):
        list(read_medmcqa(path))


def test_pubmedqa_is_read_as_published_and_as_lines(tmp_path: Path) -> None:
    published = tmp_path / "ori.json"
    published.write_text(json.dumps({"123": PUBMEDQA}, indent=2), encoding="utf-8")
    as_lines = lines(
        tmp_path / "hf.jsonl",
        {
            "pubid": 123, "question": PUBMEDQA["QUESTION"], "context": {"contexts": PUBMEDQA["CONTEXTS"]},
            "long_answer": PUBMEDQA["LONG_ANSWER"], "final_decision": "maybe",
        },
    )  # fmt: skip
    for path in (published, as_lines):
        (question,) = read_pubmedqa(path)
        prompt_id, content = open_ended_case(question)
        assert prompt_id == "pubmedqa-123"
        assert content.prompt[0].content == "We studied rest.\n\nIt helped 3 of 10.\n\nDoes rest help?"
        assert content.rubrics[0].criterion == "Concludes that the evidence leaves the answer open"
        assert [each.points for each in content.rubrics] == [5, 3, -5, -5]
        assert recognise_exam(path) == "pubmedqa"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Which of the following is the best next step?", "What is the best next step?"),
        ("Which of the following drugs was most likely given?", "Which drugs were most likely given?"),
        ("Which one of the following is correct?", "What is correct?"),
        ("Treatment with which of the following drugs would help?", "Treatment with which drugs would help?"),
        ("Of the following options, which is the best?", "Which is the best?"),
        ("What is the diagnosis?", "What is the diagnosis?"),
        ("He took one of the following. Which of the following best explains it?",
         "He took one of the following. What best explains it?"),
    ],
)  # fmt: skip
def test_the_lead_in_reads_without_its_options(asked: str, expected: str) -> None:
    assert open_question(asked) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("All of the following are true except", True),
        ("Which of the following statements is true about gout?", True),
        ("What is the most likely diagnosis?", False),
        ("Drug of choice for anaphylaxis is", False),
    ],
)
def test_questions_that_need_their_options_are_marked(asked: str, expected: bool) -> None:
    assert needs_options(asked) is expected


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"answer_idx": "E"}, "answer_idx"),
        ({"answer": "Rosacea"}, "answer: the text of option A"),
        ({"options": {"A": "one"}}, "options"),
        ({"question": "  "}, "question: a text was expected"),
    ],
)
def test_a_broken_medqa_line_is_named(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadInput, match=rf"q\.jsonl, line 2: {complaint}"):
        list(read_medqa(lines(tmp_path / "q.jsonl", MEDQA, {**MEDQA, **change})))


def test_a_broken_pubmedqa_entry_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ori.json"
    path.write_text(json.dumps({"123": {**PUBMEDQA, "final_decision": "perhaps"}}), encoding="utf-8")
    with pytest.raises(BadInput, match=r"ori\.json, entry 123: final_decision"):
        list(read_pubmedqa(path))


def test_the_published_files_are_read_whole(shared_data: Path) -> None:
    """Counts and the number of each key: as published, and as counted in the files' own columns."""
    medqa = list(read_medqa(shared_data / "medqa/phrases_no_exclude_test.jsonl"))
    assert len(medqa) == 1273
    raw = [
        json.loads(line)
        for line in (shared_data / "medmcqa/dev.json").read_text(encoding="utf-8").splitlines()
    ]
    medmcqa = list(read_medmcqa(shared_data / "medmcqa/dev.json"))
    assert len(medmcqa) == 4183
    for row, question in zip(raw, medmcqa, strict=True):
        assert question.answer_text == row[("opa", "opb", "opc", "opd")[row["cop"] - 1]]
    pubmedqa = list(read_pubmedqa(shared_data / "pubmedqa/ori_pqal.json"))
    counts = {each: sum(question.answer == each for question in pubmedqa) for each in ("yes", "no", "maybe")}
    assert counts == {"yes": 552, "no": 338, "maybe": 110}  # as its authors publish
