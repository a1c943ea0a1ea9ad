"""Annotations are read back exactly, or set aside with a reason: never guessed at."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.labelstudio import answers
from annotations.labelstudio.payloads import content_hash
from annotations.labelstudio.results import (
    LONGEST_NOTE,
    Problem,
    ReadGrades,
    ReadReview,
    Reason,
    SentTask,
    read_grades,
    read_review,
)
from annotations.labelstudio.sentences import sentence_of
from tests.product_files import ROOT

CAPTURED = ROOT / "tests" / "annotations" / "labelstudio" / "captured"
Result = list[dict[str, Any]]


def captured(name: str) -> dict[str, Any]:
    """Return what the server answered."""
    found: dict[str, Any] = json.loads((CAPTURED / f"{name}.json").read_text(encoding="utf-8"))
    return found


def sent_task(data: dict[str, Any]) -> SentTask:
    """Return what is kept of a task that was sent."""
    ids = tuple(each["id"] for each in data["criteria"])
    return SentTask(content_hash(data), data["criteria_hash"], ids)


def graded(language: str) -> tuple[Result, dict[str, Any], SentTask]:
    """Return the captured annotation, its task's data as it came back, and what was sent."""
    answer = captured(language)
    task = answers.task_of(answer["list"]["tasks"][0])
    return [dict(each) for each in task.annotations[0].result], task.data, sent_task(answer["sent"][0])


@pytest.mark.parametrize("language", ["ko", "en"])
def test_data_come_back_as_they_were_sent(language: str) -> None:
    """In every kind of answer, so that a changed hash means a changed text."""
    answer = captured(language)
    sent = [content_hash(data) for data in answer["sent"]]
    for tasks in (answer["list"]["tasks"], answer["task_only"]["tasks"], answer["export"]):
        assert [content_hash(task["data"]) for task in tasks] == sent
    assert content_hash(answer["task"]["data"]) == sent[0]


@pytest.mark.parametrize(("language", "criteria"), [("ko", 3), ("en", 9)])
@pytest.mark.parametrize("kind", ["list", "task", "export"])
def test_what_a_person_graded_in_the_page_is_read(language: str, criteria: int, kind: str) -> None:
    """Radio buttons were taken in turn: met, not met, cannot judge, met …; the second criterion has a note."""
    answer = captured(language)
    task = {"list": answer["list"]["tasks"][0], "task": answer["task"], "export": answer["export"][0]}[kind]
    read = answers.task_of(task)
    (annotation,) = read.annotations
    grades = read_grades(annotation.result, read.data, sent_task(answer["sent"][0]))
    assert isinstance(grades, ReadGrades)
    turn = ("met", "not_met", "cannot_judge")
    assert [each.verdict for each in grades.verdicts] == [turn[place % 3] for place in range(criteria)]
    assert [(each.index, each.criterion_id) for each in grades.verdicts] == [
        (place, f"c{place + 1}") for place in range(criteria)
    ]
    note, comment = {"ko": ("메모 둘째 줄", "전체 의견"), "en": ("Asked, but late.", "Fine overall.")}[
        language
    ]
    assert [each.note for each in grades.verdicts] == ["", note] + [""] * (criteria - 2)
    assert grades.comment == comment
    assert annotation.completed_by == 4
    assert not annotation.was_cancelled
    assert annotation.unique_id is None or kind == "export"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_skip_is_an_annotation_without_a_result(language: str) -> None:
    """And is counted apart by the server."""
    answer = captured(language)
    task = answers.task_of(answer["list"]["tasks"][1])
    assert [(each.was_cancelled, each.result) for each in task.annotations] == [(True, ())]
    keys = [answers.key_of(each) for each in answer["task_only"]["tasks"]]
    assert [key.annotations for key in keys] == [1, 1]
    assert [key.ext_id for key in keys] == [data["ext_id"] for data in answer["sent"]]


def test_a_webhook_without_its_payload_says_only_that_something_happened() -> None:
    """The one that is asked for; the other one would carry the conversation and the answer."""
    bodies = captured("webhooks")
    assert bodies["hint"] == {"action": "ANNOTATION_CREATED"}
    assert "conversation_md" in bodies["full"]["task"]["data"]


def drop(result: Result) -> None:
    """Forget the second verdict."""
    del result[1]


def change(**values: Any) -> Callable[[Result], None]:
    """Return what changes the second verdict."""
    return lambda result: result[1].update(values)


def choose(*choices: Any) -> Callable[[Result], None]:
    """Return what chooses something else for the second criterion."""
    return change(value={"choices": list(choices)})


def add(**values: Any) -> Callable[[Result], None]:
    """Return what adds another entry like the second verdict."""
    return lambda result: result.append(result[1] | values)


NOTE = {"type": "textarea", "from_name": "note_2", "to_name": "crit_2"}
WRONG: dict[str, tuple[Callable[[Result], None], Problem]] = {
    "nothing at all": (lambda result: result.clear(), Problem(Reason.MISSING, 0)),
    "one missing": (drop, Problem(Reason.MISSING, 1)),
    "the same twice": (add(), Problem(Reason.DOUBLED, 1)),
    "two of them": (add(value={"choices": ["met"]}), Problem(Reason.DOUBLED, 1)),
    "two chosen at once": (choose("met", "not_met"), Problem(Reason.DOUBLED, 1)),
    "none chosen": (choose(), Problem(Reason.MALFORMED, 1)),
    "an unknown verdict": (choose("unsure"), Problem(Reason.UNKNOWN_VERDICT, 1)),
    "the word instead of its alias": (choose("Met"), Problem(Reason.UNKNOWN_VERDICT, 1)),
    "a verdict that is none": (choose({"met": 1}), Problem(Reason.UNKNOWN_VERDICT, 1)),
    "a vote": (choose("agree"), Problem(Reason.UNKNOWN_VERDICT, 1)),
    "behind the last criterion": (
        add(from_name="verdict_3", to_name="crit_3"), Problem(Reason.OUT_OF_RANGE, 3),
    ),
    "far behind": (add(from_name="verdict_99999", to_name="crit_99999"), Problem(Reason.OUT_OF_RANGE, 99999)),
    "before the first": (add(from_name="verdict_-1"), Problem(Reason.UNKNOWN_FIELD)),
    "another spelling of a number": (add(from_name="verdict_02", to_name="crit_2"), Problem(Reason.UNKNOWN_FIELD)),
    "another script's number": (add(from_name="verdict_２", to_name="crit_2"), Problem(Reason.UNKNOWN_FIELD)),
    "about another card": (change(to_name="crit_2"), Problem(Reason.MALFORMED, 1)),
    "about no card": (change(to_name=None), Problem(Reason.MALFORMED, 1)),
    "a field of another form": (add(from_name="sentiment", to_name="text"), Problem(Reason.UNKNOWN_FIELD)),
    "a field of a review": (add(from_name="vote_1"), Problem(Reason.UNKNOWN_FIELD)),
    "a decision": (add(from_name="decision", to_name="overall"), Problem(Reason.UNKNOWN_FIELD)),
    "a verdict on the whole": (add(from_name="verdict", to_name="overall"), Problem(Reason.UNKNOWN_FIELD)),
    "a name that is none": (change(from_name=3), Problem(Reason.MALFORMED)),
    "another kind": (change(type="labels"), Problem(Reason.MALFORMED, 1)),
    "no value": (change(value=None), Problem(Reason.MALFORMED, 1)),
    "choices that are none": (change(value={"choices": "met"}), Problem(Reason.MALFORMED, 1)),
    "a note of numbers": (add(**NOTE, value={"text": [3]}), Problem(Reason.MALFORMED, 2)),
    "a note that is none": (add(**NOTE, value={"text": None}), Problem(Reason.MALFORMED, 2)),
    "a note of another kind": (add(**NOTE | {"type": "choices"}, value={"text": ["x"]}), Problem(Reason.MALFORMED, 2)),
    "a note too long": (add(**NOTE, value={"text": ["x" * (LONGEST_NOTE + 1)]}), Problem(Reason.TOO_LONG, 2)),
    "a comment elsewhere": (
        add(type="textarea", from_name="overall_comment", to_name="crit_0", value={"text": ["x"]}),
        Problem(Reason.MALFORMED),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_plainly_right_is_set_aside(what: str) -> None:
    """With the reason and the criterion."""
    result, data, sent = graded("ko")
    wrong, problem = WRONG[what]
    wrong(result)
    assert read_grades(result, data, sent) == problem


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        ("response_md", "Another answer.", Reason.DATA_CHANGED),
        ("reference", "Another one.", Reason.DATA_CHANGED),
        ("model", "x", Reason.DATA_CHANGED),
        ("ext_id", "another:one:1", Reason.DATA_CHANGED),
        ("criteria_hash", "0" * 64, Reason.CRITERIA_CHANGED),
        ("criteria", [], Reason.CRITERIA_CHANGED),
        ("criteria", None, Reason.CRITERIA_CHANGED),
        ("criteria", ["c1", "c2", "c3"], Reason.CRITERIA_CHANGED),
        ("criteria", [{"id": "c1"}, {"id": "c2"}], Reason.CRITERIA_CHANGED),
        ("criteria", [{"id": "c2"}, {"id": "c1"}, {"id": "c3"}], Reason.CRITERIA_CHANGED),
        ("criteria", [{"id": "c1"}, {"id": "c2"}, {"id": "c3"}], Reason.DATA_CHANGED),
    ],
)
def test_verdicts_on_changed_data_are_set_aside(where: str, value: object, reason: Reason) -> None:
    """They belong to criteria by place alone."""
    result, data, sent = graded("ko")
    assert read_grades(result, data | {where: value}, sent) == Problem(reason)


def test_the_order_of_a_result_means_nothing() -> None:
    """Nor do the ids that the page gives its parts."""
    result, data, sent = graded("en")
    shuffled = [each | {"id": "same"} for each in reversed(result)]
    assert read_grades(shuffled, data, sent) == read_grades(result, data, sent)


def test_a_note_stored_twice_counts_once() -> None:
    """Which a Repeater is known to do; two different ones are both kept, and an empty one is none."""
    result, data, sent = graded("ko")
    for text, expected in (
        (["메모 둘째 줄"], "메모 둘째 줄"),
        (["또 하나"], "메모 둘째 줄\n또 하나"),
        ([""], "메모 둘째 줄"),
        ("한 줄", "메모 둘째 줄\n한 줄"),
        (["a ", " b\x00"], "메모 둘째 줄\na\nb"),
    ):
        again = {"type": "textarea", "from_name": "note_1", "to_name": "crit_1", "value": {"text": text}}
        read = read_grades([*result, again], data, sent)
        assert isinstance(read, ReadGrades)
        assert read.verdicts[1].note == expected


def review(**votes: str) -> tuple[Result, dict[str, Any], SentTask]:
    """Return a review as the page writes it; the task is the captured Korean one."""
    data, sent = graded("ko")[1:]
    result: Result = [
        {
            "type": "choices",
            "from_name": f"vote_{place}",
            "to_name": f"crit_{place}",
            "value": {"choices": [vote]},
        }
        for place, vote in enumerate(votes.values())
    ]
    return result, data, sent


def on_the_whole(choice: str) -> dict[str, Any]:
    """Return a decision as the page writes it."""
    return {"type": "choices", "from_name": "decision", "to_name": "overall", "value": {"choices": [choice]}}


def test_a_review_is_read() -> None:
    """With its votes, comments, proposed wordings and the decision."""
    result, data, sent = review(a="agree", b="disagree", c="cannot_judge")
    written = {"comment_1": "Too vague.", "wording_1": "Asks when the pain began."}
    texts: Result = [
        {"type": "textarea", "from_name": name, "to_name": "crit_1", "value": {"text": [text]}}
        for name, text in written.items()
    ]
    read = read_review([*result, *texts, on_the_whole("request_changes")], data, sent)
    assert isinstance(read, ReadReview)
    assert read.decision == "request_changes"
    assert [(each.vote, each.comment, each.wording) for each in read.votes] == [
        ("agree", "", ""), ("disagree", "Too vague.", "Asks when the pain began."), ("cannot_judge", "", ""),
    ]  # fmt: skip


def test_a_review_that_is_not_plainly_right_is_set_aside() -> None:
    """As with grades."""
    result, data, sent = review(a="agree", b="agree", c="agree")
    assert read_review(result, data, sent) == Problem(Reason.MISSING)
    decided = [*result, on_the_whole("approve")]
    assert isinstance(read_review(decided, data, sent), ReadReview)
    assert read_review(decided[1:], data, sent) == Problem(Reason.MISSING, 0)
    assert read_review([*decided, on_the_whole("approve")], data, sent) == Problem(Reason.DOUBLED)
    assert read_review([*result, on_the_whole("met")], data, sent) == Problem(Reason.UNKNOWN_VERDICT)
    assert read_review(decided, data | {"overall": "x"}, sent) == Problem(Reason.DATA_CHANGED)
    assert read_review(graded("ko")[0], data, sent) == Problem(Reason.UNKNOWN_FIELD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELD = st.sampled_from(
    ["verdict_0", "verdict_1", "verdict_2", "verdict_3", "note_0", "note_1", "overall_comment", "x"]
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "from_name": FIELD | JSON,
        "to_name": st.sampled_from(["crit_0", "crit_1", "crit_2", "crit_3", "overall"]) | JSON,
        "type": st.sampled_from(["choices", "textarea"]) | JSON,
        "value": st.fixed_dictionaries({"choices": st.lists(st.sampled_from(["met", "not_met"]), max_size=2)})
        | JSON,
    },
)


@given(st.lists(ENTRY | JSON, max_size=6))
def test_no_result_breaks_the_reader(result: list[Any]) -> None:
    """Whatever is written through the API: grades with one verdict each, or a problem that has a sentence."""
    _captured, data, sent = graded("ko")
    before = copy.deepcopy(result)
    for read in (read_grades(result, data, sent), read_review(result, data, sent)):
        if isinstance(read, Problem):
            assert sentence_of(read)
        else:
            assert isinstance(read, ReadGrades)
            assert [each.criterion_id for each in read.verdicts] == ["c1", "c2", "c3"]
    assert result == before


@given(JSON)
def test_no_data_break_the_reader(data: Any) -> None:
    """Somebody may write anything into a task there."""
    result, original, sent = graded("ko")
    for changed in ({"criteria": data}, original | {"criteria": data}, original | {"x": data}):
        assert isinstance(read_grades(result, changed, sent), Problem)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    """Which names the criterion as people count, where it is about one."""
    told = sentence_of(Problem(reason, 4))
    assert told.endswith(".")
    assert "%" not in told
    if "criterion " in told:
        assert "criterion 5" in told
