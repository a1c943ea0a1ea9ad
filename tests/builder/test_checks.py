"""Every check of a case: one content on which it fires, and the sound case on which none does."""

from datetime import date
from typing import Any

import pytest
from django.utils import translation

from builder.checks import (
    CHECKS,
    Context,
    Mend,
    Severity,
    Twin,
    apply_mend,
    blocking,
    check_content,
    find_mend,
)
from builder.common.errors import BadInput
from builder.content import MAX_CRITERIA, CaseContent, Criterion, Evidence, Turn
from tests.factories import make_content

GOOD = Criterion("Names the next step.", 5, ["axis:accuracy"], "c1")
RED = Criterion("Sends the patient home.", -10, ["axis:accuracy"], "c2", red_line=True)
TWICE = "Two cases alike"
TWINS = (
    Twin(None, 7, "Another case", 0, "What now?", 0.93),
    Twin(1, 7, "Another case", 4, "Their words.", 0.88),
    Twin(99, 7, "Another case", 4, "Of a criterion that was removed.", 0.88),
)
SOUND = [
    Criterion("Asks for a 12-lead ECG within ten minutes.", 8, ["axis:accuracy"], "c1"),
    Criterion("Names aspirin as the first medicine.", 6, ["axis:accuracy"], "c2"),
    Criterion(
        "Explains why the patient must not drive to hospital.", 6, ["axis:communication_quality"], "c3"
    ),
    Criterion("Asks since when the pain has been there.", 5, ["axis:context_awareness"], "c4"),
    Criterion("Tells the patient to wait at home.", -10, ["axis:accuracy"], "c5", red_line=True),
]


def rubric(*texts: str, points: float = 5) -> list[Criterion]:
    """Return criteria with these texts and equal points, and a red line after them."""
    return [*(Criterion(text, points, ["axis:a"], f"c{place}") for place, text in enumerate(texts)), RED]


def test_a_sound_case_has_no_finding() -> None:
    assert check_content(make_content(rubrics=SOUND)) == []


# What is wrong, which check says so, how severely, and where.
FAULTS: list[tuple[dict[str, Any], str, str, str]] = [
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
    ({"rubrics": [GOOD, GOOD]}, "rubric.no_negative", "warning", "rubrics"),
    ({"rubrics": [*rubric("A.", "B.", points=2), GOOD]}, "rubric.share", "warning", "rubrics[3].points"),
    ({"rubrics": [GOOD, RED]}, "rubric.size", "advice", "rubrics"),
    ({"rubrics": rubric("Fails to ask about pregnancy.")}, "rubric.sign", "warning", "rubrics[0].points"),
    (
        {"rubrics": rubric("Recommends an ECG and explains why it is needed.")},
        "rubric.double_barrelled", "warning", "rubrics[0].criterion",
    ),
    ({"rubrics": rubric("Same as above, for children.")}, "rubric.refers", "warning", "rubrics[0].criterion"),
    ({"rubrics": rubric("Gives appropriate advice.")}, "rubric.vague", "warning", "rubrics[0].criterion"),
    ({"rubrics": rubric("Understands the risk.")}, "rubric.unobservable", "advice", "rubrics[0].criterion"),
    (
        {"rubrics": rubric("Recommends treatment if the blood pressure is high.")},
        "rubric.threshold", "warning", "rubrics[0].criterion",
    ),
    (
        {"rubrics": rubric("Explains what HIPAA allows.")},
        "rubric.jurisdiction", "warning", "rubrics[0].jurisdiction",
    ),
    (
        {"evidence": [Evidence("e1", "…", "의료법 제27조")]},
        "rubric.jurisdiction", "warning", "evidence[0].jurisdiction",
    ),
    (
        {"rubrics": rubric("Asks about blood thinners.", "Asks the patient about blood thinners.")},
        "rubric.near_duplicate", "warning", "rubrics[1].criterion",
    ),
    (
        {"rubrics": rubric("Recommends rest.", "Does not recommend rest.")},
        "rubric.contradictory", "advice", "rubrics[1].criterion",
    ),
    ({"prompt": [Turn("user", "aspi\u200brin")]}, "text.invisible", "warning", "prompt[0].content"),
    ({"title": "Half \ud83d"}, "text.surrogate", "error", "title"),
    (
        {"evidence": [Evidence("e1", "…", "A guideline", review_by="2020-01-01")]},
        "evidence.expired", "warning", "evidence[0].review_by",
    ),
    ({"title": TWICE}, "case.near_duplicate", "warning", "prompt"),
    ({"title": TWICE}, "rubric.department_duplicate", "advice", "rubrics[1].criterion"),
    ({"title": "Mr John Smith, born 4 March 1951"}, "identifiers.person", "error", "title"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "check_id", "severity", "place"), FAULTS)
def test_a_fault_is_found_where_it_is(
    fields: dict[str, Any], check_id: str, severity: str, place: str
) -> None:
    context = Context(today=date(2026, 1, 1), twins=TWINS if fields.get("title") == TWICE else ())
    found = {
        (finding.check_id, finding.severity.value, finding.field)
        for finding in check_content(make_content(**fields), context)
    }
    assert (check_id, severity, place) in found


def test_a_thousand_criteria_are_allowed() -> None:
    many = [RED, *(Criterion(f"Step {number}.", 1, ["axis:a"]) for number in range(MAX_CRITERIA - 1))]
    assert [finding.check_id for finding in check_content(make_content(rubrics=many))] == ["rubric.size"]


def test_errors_come_first_and_only_they_block() -> None:
    findings = check_content(make_content(ideal_completions_data=None, rubrics=[GOOD]))
    assert [finding.severity for finding in findings] == [
        Severity.ERROR,
        Severity.WARNING,
        Severity.WARNING,
        Severity.ADVICE,
    ]
    assert [finding.check_id for finding in blocking(findings)] == ["rubric.safety_red_line"]


def test_every_check_is_tested_here() -> None:
    """A new check needs a row above, a unique id, and a help page in words."""
    ids = [check.check_id for check in CHECKS]
    assert len(ids) == len(set(ids))
    # Checks of other rooms of the tree bring tests of their own.
    elsewhere = {"rubric.suggested"}
    assert set(ids) - elsewhere <= {check_id for _fields, check_id, _severity, _place in FAULTS}
    for check in CHECKS:
        for text in (check.title, check.help.finds, check.help.why, check.help.before, check.help.after):
            assert str(text).strip()


@pytest.mark.parametrize(
    ("fields", "check_id", "mended"),
    [
        (
            {"rubrics": rubric("Fails to ask about pregnancy.")}, "rubric.sign",
            lambda c: c.rubrics[0].points == -5,
        ),
        (
            {"rubrics": [GOOD, Criterion("Sends home.", 10, red_line=True)]}, "rubric.red_line_sign",
            lambda c: c.rubrics[1].points == -10,
        ),
        ({"rubrics": [Criterion("High.", 50), RED]}, "rubric.points", lambda c: c.rubrics[0].points == 10),
        (
            {"rubrics": [Criterion("Low.", -50), GOOD]}, "rubric.points",
            lambda c: c.rubrics[0].points == -10,
        ),
        (
            {"rubrics": [GOOD, Criterion(" ", 5), RED]}, "rubric.empty_criterion",
            lambda c: c.rubrics == [GOOD, RED],
        ),
        ({"rubrics": [GOOD, RED, GOOD]}, "rubric.repeated", lambda c: c.rubrics == [GOOD, RED]),
        (
            {"rubrics": rubric("Asks about blood thinners.", "Asks for blood thinners.")}, "rubric.near_duplicate",
            lambda c: len(c.rubrics) == 2,
        ),
        (
            {"rubrics": [Criterion("A.", 5, ["b", "a", "b"])]}, "rubric.duplicate_tag",
            lambda c: c.rubrics[0].tags == ["b", "a"],
        ),
        ({"example_tags": ["b", "a", "b"]}, "tags.duplicate", lambda c: c.example_tags == ["b", "a"]),
        ({"example_tags": ["x", "axis:accuracy"]}, "tags.both", lambda c: c.example_tags == ["x"]),
        (
            {"prompt": [Turn("user", " "), Turn("user", "Hi")]}, "prompt.empty_turn",
            lambda c: c.prompt == [Turn("user", "Hi")],
        ),
        (
            {"rubrics": [Criterion("A.", 5, evidence=["e1", "e9"])]}, "rubric.evidence",
            lambda c: c.rubrics[0].evidence == ["e1"],
        ),
        (
            {"prompt": [Turn("user", "aspi\u200brin")]}, "text.invisible",
            lambda c: c.prompt[0].content == "aspirin",
        ),
        (
            {"ideal_completions_data": {"ideal_completion": "a\u200bb", "more": 1}}, "text.invisible",
            lambda c: c.ideal_completions_data == {"ideal_completion": "ab", "more": 1},
        ),
        (
            {"prompt": [Turn("user", "Half \ud83d")]}, "text.surrogate",
            lambda c: c.prompt[0].content == "Half ",
        ),
        (
            {"rubrics": rubric("Explains what HIPAA allows.")}, "rubric.jurisdiction",
            lambda c: c.rubrics[0].jurisdiction == "US",
        ),
        (
            {"rubrics": [Criterion("Cites the law.", 5, evidence=["e1"])]}, "rubric.jurisdiction",
            lambda c: c.rubrics[0].jurisdiction == "INT",
        ),
        (
            {"evidence": [Evidence("e1", "…", "의료법 제27조")]}, "rubric.jurisdiction",
            lambda c: c.evidence[0].jurisdiction == "KR",
        ),
        (
            {"title": TWICE}, "rubric.department_duplicate",
            lambda c: c.rubrics[1].criterion == "Their words.",
        ),
    ],
)  # fmt: skip
def test_one_click_mends_it(fields: dict[str, Any], check_id: str, mended: Any) -> None:
    """The mended content has what the label promised, and the finding is gone."""
    content = make_content(**fields)
    context = Context(twins=TWINS if fields.get("title") == TWICE else ())
    offered = [each for each in check_content(content, context) if each.check_id == check_id and each.mend]
    assert offered, check_id
    finding = offered[-1]
    mend = find_mend(check_content(content, context), finding.key)
    assert mend == finding.mend and mend.label
    after = apply_mend(content, mend)
    assert mended(after)
    assert finding.key not in {each.key for each in check_content(after)}


def test_a_mend_of_a_text_that_changed_meanwhile_is_refused() -> None:
    content = make_content()
    assert find_mend(check_content(content), "rubric.sign:rubrics[0].points") is None
    for field in ("rubrics[99]", "rubrics[99].points", "nothing", "prompt[5].content"):
        with pytest.raises(BadInput):
            apply_mend(content, Mend(field, 1, "Mend"))


def test_a_red_line_is_never_turned_positive() -> None:
    """Its sign can't be mended with one click: a red line has negative points."""
    red = Criterion("Correctly names the diagnosis.", -10, ["axis:a"], red_line=True)
    finding = next(
        each for each in check_content(make_content(rubrics=[GOOD, red])) if each.check_id == "rubric.sign"
    )
    assert finding.mend is None


def test_spans_point_at_the_words() -> None:
    text = "Gives appropriate advice."
    finding = next(
        each for each in check_content(make_content(rubrics=rubric(text))) if each.check_id == "rubric.vague"
    )
    assert finding.span and text[slice(*finding.span)] == "appropriate"


def test_other_languages_are_left_alone() -> None:
    """French and Chinese criteria get no finding of wording; what needs no words still works."""
    french = [
        "Recommande un ECG et explique pourquoi il est nécessaire.",
        "Donne des conseils appropriés au patient.",
    ]
    chinese = ["建议做心电图并解释原因。", "给出适当的建议。", "建议做心电图并解释原因"]
    found = {each.check_id for each in check_content(make_content(rubrics=rubric(*french, *chinese)))}
    assert found == {"rubric.near_duplicate"}


def test_messages_are_translated_when_they_are_shown() -> None:
    """A check is made once, at import; its words follow the reader."""
    with translation.override("ko"):
        korean = next(
            each.message for each in check_content(make_content(prompt=[])) if each.check_id == "prompt.empty"
        )
    assert korean != "Write at least one turn."


def test_without_a_date_nothing_is_past_its_review() -> None:
    content = make_content(evidence=[Evidence("e1", "…", "A guideline", review_by="2020-01-01")])
    assert "evidence.expired" not in {each.check_id for each in check_content(content)}


def test_the_content_is_not_changed() -> None:
    content = make_content(rubrics=rubric("Fails to ask."))
    before: CaseContent = make_content(rubrics=rubric("Fails to ask."))
    check_content(content)
    assert content == before


def test_what_nobody_sees_is_empty() -> None:
    """A criterion of zero-width spaces could otherwise be approved and graded."""
    unseen = CaseContent(prompt=[Turn("user", "\u200b\u2060")], rubrics=[Criterion("\u200b \ufeff", 5)])
    ids = {finding.check_id for finding in blocking(check_content(unseen))}
    assert {"prompt.empty_turn", "rubric.empty_criterion"} <= ids
