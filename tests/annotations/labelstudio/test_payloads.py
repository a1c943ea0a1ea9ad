"""A task holds what a grader may see, under a key that says nothing; the same answer always makes the same task."""

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from annotations.labelstudio.clean_text import JOINER
from annotations.labelstudio.payloads import (
    GradingTask,
    ReviewTask,
    Said,
    TaskCriterion,
    annotation_uuid,
    content_hash,
    criteria_hash,
    ext_id,
    review_task_data,
    task_data,
    task_key,
)

TASK = GradingTask(
    key="0123456789abcdef0123",
    turns=(
        Said("system", "Be brief."),
        Said("user", "가슴이 아파요."),
        Said("assistant", "언제부터요?"),
        Said("user", "어제."),
    ),
    response="119에 전화하세요.",
    criteria=(
        TaskCriterion("c1", "Says 119."),
        TaskCriterion("c2", "Prescribes.", points=-2.5, red_line=True),
    ),
    reference="119.",
    evidence=("Guideline A.", "", "Guideline B."),
    language="ko",
)


def test_a_task_of_an_answer() -> None:
    """Every field, written out."""
    data = task_data(TASK)
    assert data == {
        "ext_id": f"0123456789abcdef0123:{data['criteria_hash'][:16]}:1",
        "criteria_hash": criteria_hash(data["criteria"]),
        "conversation_md": "**시스템**\n\nBe brief.\n\n---\n\n**사용자**\n\n가슴이 아파요.\n\n---\n\n"
        "**어시스턴트**\n\n언제부터요?\n\n---\n\n**사용자**\n\n어제.",
        "response_md": "119에 전화하세요.",
        "criteria": [
            {"id": "c1", "label": "1. Says 119."},
            {
                "id": "c2",
                "label": "2. Prescribes.\n-2.5점\n레드라인: 해당하면 그 문장을 메모에 옮겨 적어 주세요",
            },
        ],
        "reference": "119.",
        "evidence": "Guideline A.\n\nGuideline B.",
        "overall": "전체에 대해 덧붙일 의견이 있습니까?",
    }
    assert json.loads(json.dumps(data)) == data


def test_a_task_of_a_rubric() -> None:
    """There is no answer in it."""
    data = review_task_data(ReviewTask(key="k", turns=TASK.turns[1:2], criteria=TASK.criteria, reference=""))
    assert set(data) == {"ext_id", "criteria_hash", "conversation_md", "criteria", "reference", "overall"}
    assert data["reference"] == "(none)"


def test_what_is_not_shown_is_not_sent() -> None:
    """An open Data Manager shows every field."""
    data = task_data(replace(TASK, reference=None, evidence=None))
    assert "reference" not in data and "evidence" not in data
    plain = task_data(
        replace(TASK, criteria=tuple(TaskCriterion(each.id, each.text) for each in TASK.criteria))
    )
    assert [each["label"] for each in plain["criteria"]] == ["1. Says 119.", "2. Prescribes."]


def test_empty_texts_are_said_to_be_empty() -> None:
    """Label Studio refuses a batch in which a field is missing."""
    data = task_data(replace(TASK, turns=(), response=" \n", reference=" ", evidence=(" ",)))
    names = ("conversation_md", "response_md", "reference", "evidence")
    assert [data[name] for name in names] == ["(없음)"] * 4


@pytest.mark.parametrize("field", ["turns", "response", "criteria", "reference", "evidence"])
def test_every_text_is_cleaned(field: str) -> None:
    """Wherever a picture's address stands, it loads nothing."""
    picture = "![x](https://evil.example/a.png)"
    values: dict[str, Any] = {
        "turns": (Said("user", picture),),
        "criteria": (TaskCriterion("c", picture),),
        "evidence": (picture,),
    }
    data = task_data(replace(TASK, **{field: values.get(field, picture)}))
    text = json.dumps(data, ensure_ascii=False)
    assert f"!{JOINER}[x]{JOINER}(https:{JOINER}//evil.example/a.png)" in text
    assert "![" not in text and "](" not in text and "://" not in text


def test_an_open_code_block_ends_with_its_turn() -> None:
    """Otherwise the next speaker's name is code."""
    data = task_data(replace(TASK, turns=(Said("user", "```\nx"), Said("user", "y"))))
    assert data["conversation_md"] == "**사용자**\n\n```\nx\n```\n\n---\n\n**사용자**\n\ny"


def test_the_same_answer_makes_the_same_task() -> None:
    """And a hash that the order of fields, or a way through JSON, doesn't change."""
    data = task_data(TASK)
    assert task_data(TASK) == data
    back = dict(reversed(list(json.loads(json.dumps(data)).items())))
    assert content_hash(back) == content_hash(data)
    for changed in (
        data | {"response_md": "x"},
        {**data, "x": 1},
        {k: v for k, v in data.items() if k != "overall"},
    ):
        assert content_hash(changed) != content_hash(data)
    assert content_hash({"x": float("nan")}) == ""


def test_another_rubric_or_version_is_another_task() -> None:
    """Wording, order, points and ids all count."""
    base = task_data(TASK)
    first, second = TASK.criteria
    others = [
        task_data(replace(TASK, criteria=changed))
        for changed in (
            (second, first),
            (first,),
            (first, replace(second, text="Prescribes!")),
            (first, replace(second, points=-3)),
            (first, replace(second, id="c3")),
        )
    ]
    assert len({each["criteria_hash"] for each in (base, *others)}) == 6
    assert len({each["ext_id"] for each in (base, *others, task_data(replace(TASK, version=2)))}) == 7
    assert task_data(replace(TASK, version=2))["criteria_hash"] == base["criteria_hash"]


def test_a_key_tells_nothing_of_its_row() -> None:
    """Rows of one run are neighbours; without the secret no key can be matched to a number."""
    keys = [task_key(secret=b"s", number=number) for number in range(200)]
    assert len(set(keys)) == 200
    assert sorted(keys) != keys
    assert keys[5] == task_key(secret=b"s", number=5)
    assert keys[5] != task_key(secret=b"t", number=5)
    assert keys[5] != task_key(secret=b"s", number=5, purpose="review")
    assert all(len(key) == 20 and int(key, 16) >= 0 for key in keys)


def test_a_key_that_does_not_fit_is_refused() -> None:
    """Our table holds 120 characters."""
    assert len(ext_id("k" * 20, "0" * 64, 1)) < 120
    with pytest.raises(ValueError, match="too long"):
        ext_id("k" * 120, "0" * 64, 1)


def test_unique_ids_are_the_same_however_often_they_are_made() -> None:
    """Version 5, and another one for another project, task or purpose."""
    made = {
        annotation_uuid(*each)
        for each in (("1", "a", "x"), ("2", "a", "x"), ("1", "b", "x"), ("1", "a", "y"))
    }
    assert len(made) == 4
    assert annotation_uuid("1", "a", "x") in made
    assert {uuid.UUID(each).version for each in made} == {5}
