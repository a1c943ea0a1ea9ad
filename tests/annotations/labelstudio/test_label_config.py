"""The configurations say one thing in two languages, and hold nothing but the look."""

import re
from xml.etree import ElementTree

import pytest

from annotations.labelstudio.label_config import (
    GradingLook,
    grading_config,
    grading_instruction,
    review_config,
    review_instruction,
)
from annotations.labelstudio.payloads import (
    GradingTask,
    ReviewTask,
    TaskCriterion,
    review_task_data,
    task_data,
)
from annotations.labelstudio.results import DECISIONS, VERDICTS, VOTES
from annotations.labelstudio.words import ENGLISH, KOREAN, words_in

LOOKS = [
    GradingLook(language, reference, evidence)
    for language in ("en", "ko")
    for reference in (True, False)
    for evidence in (True, False)
]


def tags(config: str, name: str) -> list[dict[str, str]]:
    """Return the attributes of every tag of a name."""
    # Made here a moment ago; no stranger's XML.
    return [each.attrib for each in ElementTree.fromstring(config).iter(name)]  # noqa: S314


def fields(config: str) -> set[str]:
    """Return the fields of a task's data that the configuration reads."""
    values = [value for each in tags(config, "*") for value in each.values() if value.startswith("$")]
    return {match.group() for match in (re.match(r"\$\w+", value) for value in values) if match}


@pytest.mark.parametrize("look", LOOKS)
def test_a_task_has_just_the_fields_its_configuration_reads(look: GradingLook) -> None:
    """Label Studio refuses a whole batch for one missing field; and what isn't shown isn't sent."""
    task = GradingTask(
        key="k",
        turns=(),
        response="",
        criteria=(TaskCriterion("c", "x"),),
        reference="" if look.shows_reference else None,
        evidence=() if look.shows_evidence else None,
        language=look.language,
    )
    data = task_data(task)
    assert fields(grading_config(look)) == {f"${name}" for name in data} - {"$ext_id", "$criteria_hash"}
    assert all(data.values())


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_same_of_a_review(language: str) -> None:
    """Its reference answer is always shown: reviewers judge the rubric by it."""
    data = review_task_data(
        ReviewTask(key="k", turns=(), criteria=(TaskCriterion("c", "x"),), language=language)
    )
    assert fields(review_config(language)) == {f"${name}" for name in data} - {"$ext_id", "$criteria_hash"}
    assert all(data.values())


@pytest.mark.parametrize("look", LOOKS)
def test_every_criterion_needs_one_of_three_verdicts(look: GradingLook) -> None:
    """The alias is what is stored: no language is in a result."""
    config = grading_config(look)
    (choices,) = tags(config, "Choices")
    assert (choices["name"], choices["toName"]) == ("verdict_{{idx}}", "crit_{{idx}}")
    assert (choices["choice"], choices["required"]) == ("single-radio", "true")
    words = words_in(look.language)
    assert [(each["alias"], each["value"]) for each in tags(config, "Choice")] == [
        ("met", words.met),
        ("not_met", words.not_met),
        ("cannot_judge", words.cannot_judge),
    ]
    assert tuple(each["alias"] for each in tags(config, "Choice")) == VERDICTS
    assert [each["name"] for each in tags(config, "TextArea")] == ["note_{{idx}}", "overall_comment"]


def test_a_review_asks_for_votes_and_a_decision() -> None:
    """With a comment and a proposed wording for each criterion."""
    config = review_config("ko")
    assert [each["name"] for each in tags(config, "Choices")] == ["vote_{{idx}}", "decision"]
    assert tuple(each["alias"] for each in tags(config, "Choice")) == VOTES + DECISIONS
    names = ["comment_{{idx}}", "wording_{{idx}}", "overall_comment"]
    assert [each["name"] for each in tags(config, "TextArea")] == names


def test_every_control_names_an_object_that_is_there() -> None:
    """A control without its object renders as an error."""
    for config in (*(grading_config(look) for look in LOOKS), review_config("en"), review_config("ko")):
        objects = {each["name"] for each in tags(config, "Text")}
        controls = [*tags(config, "Choices"), *tags(config, "TextArea")]
        assert {each["toName"] for each in controls} <= objects
        names = [each["name"] for each in (*controls, *tags(config, "Text"))]
        assert len(names) == len(set(names))


def test_no_configuration_loads_anything() -> None:
    """Neither a picture nor a style of another host, nor a tag that stands for one."""
    for config in (*(grading_config(look) for look in LOOKS), review_config("en"), review_config("ko")):
        assert not re.search(r"https?:|//|url\(|@import|<Image|<HyperText|<Audio|<Video|script", config)


def test_both_languages_say_everything() -> None:
    """No text of one is left in the other."""
    korean = re.compile("[가-힣]")
    for field in ENGLISH.__dataclass_fields__:
        english, other = getattr(ENGLISH, field), getattr(KOREAN, field)
        assert type(english) is type(other)
        if isinstance(english, str):
            assert english and korean.search(other) and not korean.search(english)
        else:
            assert len(english) == len(other)
    assert ENGLISH.points.count("%s") == KOREAN.points.count("%s") == 1
    assert words_in("ko-KR") is KOREAN
    assert words_in("en") is words_in("fr") is words_in("") is ENGLISH


def test_instructions_are_lists_of_plain_sentences() -> None:
    """Label Studio keeps a few tags of HTML; these have nothing else."""
    for text in (
        grading_instruction(GradingLook("en")),
        grading_instruction(GradingLook("ko")),
        review_instruction("en"),
        review_instruction("ko"),
    ):
        assert set(re.findall(r"<[^>]+>", text)) == {"<ol>", "</ol>", "<li>", "</li>"}
        assert text.count("<li>") >= 4
