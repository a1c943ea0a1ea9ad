"""Pasted conversations: who speaks is recognised, and nothing pasted is lost."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.common.errors import BadInput
from builder.content import Turn
from builder.importers.conversation import read_conversation

U, A, S = "user", "assistant", "system"


def turns(text: str) -> list[tuple[str, str]]:
    """Return what is recognised, as pairs of role and text."""
    return [(turn.role, turn.content) for turn in read_conversation(text).conversation()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User: Hi\nAssistant: Yes?\nUser: Help", [(U, "Hi"), (A, "Yes?"), (U, "Help")]),
        ("System: Be brief.\nUser: Hi", [(S, "Be brief."), (U, "Hi")]),
        ("Patient: It hurts.\nDoctor: Where?\nPatient: Here", [(U, "It hurts."), (A, "Where?"), (U, "Here")]),
        (
            "환자: 아파요.\n의사: 어디가요?\n환자: 가슴이요",
            [(U, "아파요."), (A, "어디가요?"), (U, "가슴이요")],
        ),
        ("환자： 아파요.\n의사： 어디가요?", [(U, "아파요."), (A, "어디가요?")]),
        ("시스템: 짧게\n사용자: 안녕\n어시스턴트: 네", [(S, "짧게"), (U, "안녕"), (A, "네")]),
        ("Q: Why?\nA: Because.", [(U, "Why?"), (A, "Because.")]),
        ("Q1: Why?\nA1: Because.\nQ2: How?", [(U, "Why?"), (A, "Because."), (U, "How?")]),
        ("질문: 왜요?\n답변: 그래서요.", [(U, "왜요?"), (A, "그래서요.")]),
        ("You said:\nHi\nChatGPT said:\nHello", [(U, "Hi"), (A, "Hello")]),
        ("나의 말:\n안녕\nChatGPT의 말:\n네", [(U, "안녕"), (A, "네")]),
        ("**Patient:** One\ntwo\n\n**Doctor (12:03):** Three", [(U, "One\ntwo"), (A, "Three")]),
        ("### User:\nHi\n### Assistant:\nYes", [(U, "Hi"), (A, "Yes")]),
        ("1. User: Hi\n2. Assistant: Yes", [(U, "Hi"), (A, "Yes")]),
        ("Dr. Example: Hello\nPatient: Hi", [(A, "Hello"), (U, "Hi")]),
        # Where a model answers, the clinician asks.
        ("Doctor: Which dose?\nAI: 300 mg.", [(U, "Which dose?"), (A, "300 mg.")]),
        # What stands before the first name is kept.
        ("Copied today\nUser: Hi", [(U, "Copied today"), (U, "Hi")]),
        ("User:\nAssistant: Yes", [(A, "Yes")]),
    ],
)
def test_labelled_lines(text: str, expected: list[tuple[str, str]]) -> None:
    assert turns(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "My chest hurts: should I worry?",
        "S: pain\nO: afebrile\nA: angina\nP: ECG",
        "Patient: 61 years\nHistory: none\nPlan: ECG",
        "Note to the user: read this",
        "[not json\nat all",
        '{"some": "object"}',
        "[1, 2, 3]",
    ],
)
def test_other_text_is_one_turn_and_loses_nothing(text: str) -> None:
    assert turns(text) == [(U, text)]


@pytest.mark.parametrize(
    "value",
    [
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}],
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]},
        [{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]}],
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yes"}]},
        {"chat_messages": [{"sender": "human", "text": "Hi"}, {"sender": "assistant", "text": "Yes"}]},
        {
            "contents": [
                {"role": "user", "parts": [{"text": "Hi"}]},
                {"role": "model", "parts": [{"text": "Yes"}]},
            ]
        },
        [
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Yes"}]},
        ],
    ],
)
def test_json_of_chat_programs(value: Any) -> None:
    assert turns(json.dumps(value)) == [(U, "Hi"), (A, "Yes")]


def test_messages_one_a_line_and_those_without_text() -> None:
    lines = [
        {"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"},
        {"role": "tool", "content": "42"}, {"role": "assistant", "content": None},
    ]  # fmt: skip
    pasted = read_conversation("\n".join(json.dumps(line) for line in lines))
    assert pasted.conversation() == [Turn(S, "Be brief."), Turn(U, "Hi")]
    assert pasted.left_out == 2


def test_export_with_branches_gives_the_branch_that_was_open_last() -> None:
    def node(role: str, text: str, parent: str | None) -> dict[str, Any]:
        message = {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}}
        return {"parent": parent, "message": message}

    mapping = {
        "root": {"parent": None, "message": None}, "a": node("user", "Hi", "root"),
        "b": node("assistant", "Old", "a"), "c": node("assistant", "New", "a"),
    }  # fmt: skip
    exported = {"title": "x", "mapping": mapping, "current_node": "b"}
    assert turns(json.dumps(exported)) == [(U, "Hi"), (A, "Old")]
    assert turns(json.dumps({"mapping": mapping})) == [(U, "Hi"), (A, "New")]
    mapping["a"]["parent"] = "c"
    assert turns(json.dumps({"mapping": mapping, "current_node": "c"})) == [(U, "Hi"), (A, "New")]


def test_chosen_roles_replace_the_recognised_ones() -> None:
    pasted = read_conversation("Patient: Hi\nDoctor: Yes")
    assert pasted.roles == {"Patient": U, "Doctor": A}
    chosen = pasted.conversation({"Doctor": "user", "Patient": "nonsense", "Somebody": "system"})
    assert chosen == [Turn(U, "Hi"), Turn(U, "Yes")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \n", "empty"),
        ("x" * 1_000_001, "long"),
        ("User: x\n" * 401, "turns"),
        ('[{"role": "user", "content": "\\ud800"}]', "character"),
        ("User: \x00", "character"),
    ],
)
def test_what_no_case_can_hold_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_conversation(text)
    assert refused.value.data["reason"] == reason


@pytest.mark.parametrize(
    "text",
    ["(" * 999_999, "user \n" * 160_000, "User (" + "a " * 400_000, " " * 999_998 + "x", "[1" * 400_000,
     "\t:" * 400_000, "1)1)" * 200_000, "*_" * 400_000, "a" + " " * 999_990],
)  # fmt: skip
def test_a_million_odd_characters_are_read_in_no_time(text: str) -> None:
    began = time.process_time()
    assert read_conversation(text).turns
    # Linear reading takes 0.1 to 0.5 s here; anything that tries every pair of places would take hours.
    assert time.process_time() - began < 5


@given(st.text(min_size=1, max_size=200))
def test_every_word_of_a_text_without_names_is_kept(text: str) -> None:
    try:
        found = read_conversation(text)
    except BadInput:
        return
    if found.roles == {"": U}:
        plain = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
        assert [turn.content for turn in found.turns] == [plain]
