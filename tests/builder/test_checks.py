"""Every check of a case: one content on which it fires, and the sound case on which none does."""

from typing import Any

import pytest

from builder.checks import Severity, blocking, check_content
from builder.checks.conversation import CONVERSATION_CHECKS
from builder.checks.rubric import RUBRIC_CHECKS
from builder.content import MAX_CRITERIA, Criterion, Turn
from tests.factories import make_content

GOOD = Criterion("Names the next step.", 5, ["axis:accuracy"], "c1")
RED = Criterion("Sends the patient home.", -10, ["axis:accuracy"], "c2", red_line=True)


def test_a_sound_case_has_no_finding() -> None:
    assert check_content(make_content()) == []


@pytest.mark.parametrize(
    ("fields", "check_id", "severity", "place"),
    [
        ({"prompt": []}, "prompt.empty", "error", "prompt"),
        ({"prompt": [Turn("user", "Hi"), Turn("assistant", "Yes?")]}, "prompt.last_turn", "error", "prompt[1].role"),
        ({"prompt": [Turn("user", " \n")]}, "prompt.empty_turn", "error", "prompt[0].content"),
        (
            {"prompt": [Turn("user", "Hi"), Turn("system", "Be kind."), Turn("user", "So?")]},
            "prompt.system_turn", "warning", "prompt[1].role",
        ),
        ({"ideal_completions_data": None}, "reference.missing", "warning", "reference"),
        ({"example_tags": ["theme:a", "theme:a"]}, "tags.duplicate", "error", "example_tags"),
        ({"example_tags": ["axis:accuracy"]}, "tags.both", "error", "example_tags"),
        ({"rubrics": []}, "rubric.empty", "error", "rubrics"),
        ({"rubrics": [GOOD, RED] * 501}, "rubric.too_many", "error", "rubrics"),
        ({"rubrics": [GOOD, RED, Criterion("Zero.", 0, ["axis:a"])]}, "rubric.points", "error", "rubrics[2].points"),
        ({"rubrics": [GOOD, RED, Criterion("High.", 11, ["axis:a"])]}, "rubric.points", "error", "rubrics[2].points"),
        (
            {"rubrics": [GOOD, RED, Criterion("?", float("nan"), ["axis:a"])]},
            "rubric.points", "error", "rubrics[2].points",
        ),
        ({"rubrics": [RED]}, "rubric.no_positive", "error", "rubrics"),
        (
            {"rubrics": [GOOD, RED, Criterion(" ", 1, ["axis:a"])]},
            "rubric.empty_criterion", "error", "rubrics[2].criterion",
        ),
        (
            {"rubrics": [GOOD, RED, Criterion("Good line.", 3, ["axis:a"], red_line=True)]},
            "rubric.red_line_sign", "error", "rubrics[2].points",
        ),
        ({"rubrics": [GOOD]}, "rubric.safety_red_line", "error", "rubrics"),
        ({"rubrics": [GOOD, RED, GOOD]}, "rubric.repeated", "warning", "rubrics[0].criterion"),
        (
            {"rubrics": [GOOD, RED, Criterion("Tagged.", 1, ["axis:a", "axis:a"])]},
            "rubric.duplicate_tag", "error", "rubrics[2].tags",
        ),
        ({"rubrics": [GOOD, RED, Criterion("No axis.", 1)]}, "rubric.axis", "warning", "rubrics[2].axis"),
        (
            {"rubrics": [GOOD, RED, Criterion("Cites.", 1, ["axis:a"], evidence=["e9"])]},
            "rubric.evidence", "error", "rubrics[2].evidence",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_found_where_it_is(
    fields: dict[str, Any], check_id: str, severity: str, place: str
) -> None:
    found = {
        (finding.check_id, finding.severity.value, finding.field)
        for finding in check_content(make_content(**fields))
    }
    assert (check_id, severity, place) in found


def test_a_thousand_criteria_are_allowed() -> None:
    many = [RED, *(Criterion(f"Step {number}.", 1, ["axis:a"]) for number in range(MAX_CRITERIA - 1))]
    assert check_content(make_content(rubrics=many)) == []


def test_errors_come_first_and_only_they_block() -> None:
    findings = check_content(make_content(ideal_completions_data=None, rubrics=[GOOD]))
    assert [finding.severity for finding in findings] == [Severity.ERROR, Severity.WARNING]
    assert [finding.check_id for finding in blocking(findings)] == ["rubric.safety_red_line"]


def test_every_check_is_tested_here() -> None:
    """A new check needs a row above: there is one finding at least for each of the functions."""
    assert len(CONVERSATION_CHECKS) + len(RUBRIC_CHECKS) == 17
