"""What harnesses trip over is told when a release is frozen, and blocks nothing."""

from typing import Any

import pytest

from builder.content import Criterion, Evidence, Turn
from exports.invariants import INVARIANTS, find_violations
from exports.presenters import finding_labels
from exports.records import CaseRecord
from tests.exports.builders import make_records
from tests.factories import make_content

GOOD = {"prompt": [Turn("system", "Be brief."), Turn("user", "Hello")]}


def checks_of(records: list[CaseRecord]) -> list[tuple[str, str]]:
    """Return what is found, with its case."""
    return [(found.check_id, found.prompt_id) for found in find_violations(records)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (GOOD, None),
        ({"prompt": [Turn("user", "Hi"), Turn("assistant", "Hello")]}, "export.conversation"),
        (
            {"prompt": [Turn("user", "Hi"), Turn("system", "Be brief."), Turn("user", "?")]},
            "export.conversation",
        ),
        ({"rubrics": [Criterion("Bad.", -5)]}, "export.points"),
        ({"rubrics": [Criterion("Good.", 5), Criterion("Nothing.", 0)]}, "export.points"),
        ({"rubrics": [Criterion("Good.", 5, ["axis:a", "axis:a"])]}, "export.tags"),
        ({"rubrics": [Criterion("Good.", 5, ["theme:emergency_referrals"])]}, "export.tags"),
        ({"example_tags": ["t", "t"]}, "export.tags"),
        ({"rubrics": [Criterion("Good.", 5), Criterion("Good.", 3)]}, "export.repeated_criterion"),
        ({"prompt": [Turn("user", "One\u2028two")]}, "export.line_ends"),
        ({"rubrics": [Criterion("Fills in {{ name }}.", 5)]}, "export.template_marks"),
        ({"title": "2024-05-01"}, "export.date_text"),
        ({"metadata": {"seen": ["2024-05-01T10:00:00Z"]}}, "export.date_text"),
        ({"evidence": [Evidence("e1", "Quote", "Source", date="2024-05-01", review_by="2027-01-01")]}, None),
        ({"metadata": {"weight": float("nan")}}, "export.unwritable"),
        ({"rubrics": [Criterion("Good.", float("inf"))]}, "export.unwritable"),
        ({"title": "half \ud800"}, "export.unwritable"),
    ],
)
def test_each_invariant(fields: dict[str, Any], expected: str | None) -> None:
    found = checks_of([CaseRecord("case-0", 0, "public", "", make_content(**fields))])
    assert found == ([(expected, "case-0")] if expected else [])


@pytest.mark.parametrize(
    ("prompt_id", "safe"), [("ed-1", True), ("123", False), ("a/b", False), ("", False), ("a b", False)]
)
def test_prompt_ids(prompt_id: str, safe: bool) -> None:
    record = CaseRecord(prompt_id, 0, "public", "", make_content())
    assert checks_of([record]) == ([] if safe else [("export.prompt_id", prompt_id)])


def test_fields_that_differ_from_case_to_case_are_told_once() -> None:
    plain = make_content()
    contents = [plain, make_content(extra={"row": 1}), make_content(extra={"row": 2})]
    assert checks_of(make_records(contents)) == [("export.ragged_fields", "case-1")]
    noted = make_content(rubrics=[Criterion("Good.", 5, extra={"note": "x"})])
    assert checks_of(make_records([plain, noted])) == [("export.ragged_fields", "case-1")]
    assert checks_of(make_records(contents[1:])) == []


def test_every_finding_has_words_on_the_page() -> None:
    ids = {*INVARIANTS, "export.ideal_completions_data", "export.ragged_fields"}
    assert set(finding_labels()) == ids


def test_mixed_reference_answers_are_told_once() -> None:
    contents = [
        make_content(),
        make_content(ideal_completions_data=None),
        make_content(ideal_completions_data=None),
    ]
    assert checks_of(make_records(contents)) == [("export.ideal_completions_data", "case-1")]
