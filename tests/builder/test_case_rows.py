"""What the editor's form doesn't show must survive an edit."""

import pytest
from django.http import QueryDict

from builder.common.errors import BadInput
from builder.content import CaseContent, Criterion, Evidence, Turn, content_from_json, content_to_json
from builder.forms.case_rows import (
    CaseRows,
    change_rows,
    content_from_rows,
    parse_points,
    refuse_excess,
    rows_from_content,
    rows_from_post,
)  # fmt: skip
from tests.factories import make_content

IMPORTED = CaseContent(
    prompt=[
        Turn("user", "\n\nA line\r\nand another\rend \n"),
        Turn("assistant", "  answer  "),
        Turn("user", "질문"),
    ],
    rubrics=[
        Criterion(
            "Same text ", 5.0, ["level:example", "axis:accuracy", "cluster:x"], extra={"weight": [1, {}]}
        ),
        Criterion("Same text ", -3, ["axis:first", "axis:second"], red_line=True, evidence=["gone", "e1"]),
    ],
    example_tags=["physician_agreed_category:enough", "theme:hedging", "theme:second", " odd "],
    ideal_completions_data={
        "ideal_completion": "Best\r\n",
        "ideal_completions_group": "g",
        "ideal_completions_ref_completions": ["r"],
    },
    title="A title\nin two lines ",
    kind="something imported",
    language="sw",
    evidence=[Evidence("e1", "quote\n", "source", date="c. 1999", url=" https://example.org ")],
    canary="healthbench:1",
    metadata={"deep": {"er": [1.5, True]}},
    extra={"unknown": {"field": "kept"}},
)


def browser(rows: CaseRows) -> CaseRows:
    """Return the rows after a browser posted them: line ends become CRLF, one-line fields lose theirs."""
    post = QueryDict(mutable=True)
    for name, value in rows.head.items():
        post[name] = _sent(name, value)
    for section in ("turns", "evidence", "rubrics"):
        for index, row in enumerate(rows.section(section)):
            for name, value in row.items():
                if section == "rubrics" and name == "evidence":
                    post.setlist(f"{section}-{index}-{name}", value)
                elif value or name != "red_line":
                    post[f"{section}-{index}-{name}"] = _sent(name, value)
    return rows_from_post(post)


def _sent(name: str, value: str) -> str:
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    if name in ("content", "criterion", "quote", "tags", "reference"):
        return lines.replace("\n", "\r\n")
    return value if name == "origin" else lines.replace("\n", "")


@pytest.mark.parametrize("content", [IMPORTED, make_content(), CaseContent(prompt=[], rubrics=[])])
def test_untouched_content_keeps_every_byte(content: CaseContent) -> None:
    stored = content_from_json(content_to_json(content))
    again = content_from_rows(browser(rows_from_content(stored)))
    assert content_to_json(again) == content_to_json(content)


def test_moved_rows_take_their_hidden_fields_along() -> None:
    rows = rows_from_content(IMPORTED)
    assert change_rows(rows, "down-rubrics-0")
    moved = content_from_rows(browser(rows))
    assert moved.rubrics == [IMPORTED.rubrics[1], IMPORTED.rubrics[0]]
    assert rows.focus == "rubrics-1-up"


def test_edits_change_only_what_is_shown() -> None:
    rows = rows_from_content(IMPORTED)
    rows.rubrics[0]["axis"] = "completeness"
    rows.rubrics[0]["points"] = "7"
    rows.rubrics[1]["axis"] = ""
    rows.rubrics[1]["evidence"] = ["e1"]
    rows.head["theme"] = "emergency"
    rows.head["reference"] = "Better"
    edited = content_from_rows(browser(rows))
    assert edited.rubrics[0].tags == ["level:example", "axis:completeness", "cluster:x"]
    assert edited.rubrics[0].points == 7
    assert edited.rubrics[0].extra == IMPORTED.rubrics[0].extra
    assert edited.rubrics[1].tags == ["axis:second"]
    assert edited.rubrics[1].evidence == ["e1"]
    assert edited.example_tags == [
        "physician_agreed_category:enough",
        "theme:emergency",
        "theme:second",
        " odd ",
    ]
    assert edited.ideal_completions_data == {**IMPORTED.ideal_completions_data, "ideal_completion": "Better"}
    assert (edited.extra, edited.metadata, edited.canary) == (
        IMPORTED.extra,
        IMPORTED.metadata,
        IMPORTED.canary,
    )


def test_other_tags_are_edited_around_the_theme() -> None:
    rows = rows_from_content(make_content(example_tags=["a:1", "theme:t", "b:2"]))
    rows.head["tags"] = "a:1\nc:3\nb:2"
    assert content_from_rows(browser(rows)).example_tags == ["a:1", "theme:t", "c:3", "b:2"]


def test_null_and_absent_reference_stay_what_they_were() -> None:
    for given in ({"ideal_completions_data": None}, {}):
        content = CaseContent(prompt=[Turn("user", "Q")], rubrics=[], **given)
        assert content_from_rows(browser(rows_from_content(content))) == content
    rows = rows_from_content(CaseContent(prompt=[], rubrics=[]))
    rows.head["reference"] = "Say so."
    assert content_from_rows(rows).ideal_completions_data == {"ideal_completion": "Say so."}


def test_new_rows_get_ids_that_no_other_row_has() -> None:
    rows = rows_from_content(make_content())
    for action in ("add-evidence", "add-evidence", "add-rubrics", "add-rubrics", "add-turns"):
        assert change_rows(rows, action)
    content = content_from_rows(browser(rows))
    assert [item.evidence_id for item in content.evidence] == ["e1", "e2", "e3"]
    ids = [criterion.criterion_id for criterion in content.rubrics]
    assert len(set(ids)) == 5 and all(ids)
    assert content.prompt[-1] == Turn("assistant", "")
    assert rows.focus == "turns-1-content"


@pytest.mark.parametrize("action", ["", "remove-turns-9", "up-turns-0", "sideways-turns-0", "add-people"])
def test_other_actions_leave_the_rows_alone(action: str) -> None:
    rows = rows_from_content(make_content())
    change_rows(rows, action)
    assert content_from_rows(rows) == make_content()


@pytest.mark.parametrize(
    ("typed", "points"),
    [("5", 5), ("−5", -5), ("-5", -5), ("+3", 3), (" 2.5 ", 2.5), ("１０", 10), ("－４", -4), ("", None), ("ten", None),
     ("1e3", None), ("nan", None), ("5 5", None), ("--5", None)],
)  # fmt: skip
def test_points_as_people_type_them(typed: str, points: float | None) -> None:
    assert parse_points(typed) == points


@pytest.mark.parametrize("origin", ["{", '{"role": "user"}', "[" * 100_000, '{"role":"robot","content":""}'])
def test_damaged_hidden_part_is_refused(origin: str) -> None:
    post = QueryDict(mutable=True)
    post.update({"turns-0-role": "user", "turns-0-content": "Q", "turns-0-origin": origin})
    with pytest.raises(BadInput, match="damaged"):
        content_from_rows(rows_from_post(post))


def test_too_many_rows_are_refused() -> None:
    post = QueryDict(mutable=True)
    post.update({f"turns-{index}-content": "x" for index in range(401)})
    rows = rows_from_post(post)
    assert len(rows.turns) == 401
    with pytest.raises(BadInput, match="at most 400"):
        refuse_excess(rows)
