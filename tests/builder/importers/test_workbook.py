"""A filled-in workbook becomes cases; what is wrong is told by cell, all at once."""

import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from builder.common.errors import BadInput
from builder.content import Turn
from builder.importers import read_cases
from builder.importers.workbook import read_workbook
from builder.importers.workbook_template import template_workbook

CASES = ["Case", "Title", "Conversation", "Reference answer", "Kind", "Language", "Theme", "Tags"]
CRITERIA = ["Case", "Criterion", "Points", "Axis", "Red line", "Guideline", "Jurisdiction", "Evidence"]
EVIDENCE = ["Case", "Passage", "Quote", "Source", "Review by"]
Rows = list[list[Any]]
GOOD_CASE = [
    "ed-1",
    "Pain",
    "User: It hurts.\nAssistant: Where?\nUser: Here.",
    "Go.",
    "Safety",
    "EN",
    "pain",
    "a; b",
]
GOOD_CRITERIA = [
    ["ed-1", "Says to go", 8, "Accuracy", "", "ESC 2023", "KR", "e1"],
    ["ed-1", "Says to wait", -9.0, "accuracy", "Yes", "", "", ""],
]
GOOD_EVIDENCE = [["ed-1", "e1", "Go at once.", "ESC", "2027-03-31"]]


def workbook(path: Path, cases: Rows, criteria: Rows, evidence: Rows | None = None) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, headings, rows in (
            ("Cases", CASES, cases),
            ("Criteria", CRITERIA, criteria),
            ("Evidence", EVIDENCE, evidence or []),
        ):
            sheet = book.add_worksheet(name)
            for number, row in enumerate([headings, *rows]):
                sheet.write_row(number, 0, row)
    return path


def problems_of(path: Path) -> list[tuple[str, str]]:
    return [(problem.sheet, problem.cell) for problem in read_workbook(path).problems]


def test_a_whole_case_comes_in(tmp_path: Path) -> None:
    path = workbook(tmp_path / "w.xlsx", [GOOD_CASE], GOOD_CRITERIA, GOOD_EVIDENCE)
    (case,) = read_cases(path)
    content = case.content
    assert case.prompt_id == "ed-1"
    assert content.prompt == [Turn("user", "It hurts."), Turn("assistant", "Where?"), Turn("user", "Here.")]
    assert (content.kind, content.language, content.example_tags) == (
        "safety",
        "en",
        ["theme:pain", "a", "b"],
    )
    assert [(each.points, each.red_line, each.tags) for each in content.rubrics] == [
        (8, False, ["axis:accuracy"]),
        (-9, True, ["axis:accuracy"]),
    ]
    assert content.rubrics[0].evidence == ["e1"]
    assert (content.evidence[0].quote, content.evidence[0].review_by) == ("Go at once.", "2027-03-31")
    assert content.reference_answer == "Go."


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_template_reads_back_without_its_example(tmp_path: Path, language: str) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(template_workbook(language))
    reading = read_workbook(path)
    assert (reading.cases, reading.problems) == ([], [])


def test_the_korean_template_filled_in_reads_like_the_english_one(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(template_workbook("ko"))
    book = openpyxl.load_workbook(path)
    book["증례"].append(["ed-1", "통증", "사용자: 아파요.", "", "안전", "ko", "", ""])
    book["기준"].append(["ed-1", "가라고 말한다", 8, "정확성", "아니요"])
    book.save(path)
    (case,) = read_cases(path)
    assert (case.content.kind, case.content.rubrics[0].axis) == ("safety", "accuracy")
    assert case.content.prompt == [Turn("user", "아파요.")]


def test_every_problem_is_told_with_its_cell(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "w.xlsx",
        [
            GOOD_CASE,
            ["17", "", "Hello"],
            ["ed-1", "", "Again"],
            ["ed-2", "", ""],
            ["ed-3", "", "Assistant: Hi"],
        ],
        [
            *GOOD_CRITERIA,
            ["ed-9", "Unknown case", 1],
            ["ed-2", "", 5],
            ["ed-2", "Text", "many"],
            ["ed-3", "Text", 11],
            ["ed-3", "Text", 3, "", "perhaps"],
            ["ed-3", "Text", 3, "", "Yes"],
            ["ed-3", "Text", 3, "", "", "", "", "e7"],
        ],
        [*GOOD_EVIDENCE, ["ed-3", "e8", "", "S", "next year"]],
    )
    assert sorted(problems_of(path)) == sorted(
        [
            ("Cases", "A3"),  # all digits
            ("Cases", "A4"),  # twice
            ("Cases", "C5"),  # no conversation
            ("Cases", "C6"),  # ends with the assistant
            ("Criteria", "A4"),  # unknown case
            ("Criteria", "B5"),  # empty
            ("Criteria", "C6"),  # no number
            ("Criteria", "C7"),  # out of range
            ("Criteria", "E8"),  # neither yes nor no
            ("Criteria", "C9"),  # a red line with positive points
            ("Criteria", "H10"),  # no such passage
            ("Evidence", "C3"),  # no quote
            ("Evidence", "E3"),  # no date
        ]
    )  # fmt: skip
    with pytest.raises(BadInput, match=r"w\.xlsx, sheet Cases, cell A3: .* 12 more problems follow\."):
        list(read_cases(path))


def test_a_case_without_positive_points_is_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "w.xlsx", [GOOD_CASE], GOOD_CRITERIA[1:])
    assert problems_of(path) == [("Cases", "A2")]


def test_a_wrong_sheet_and_a_wrong_column_are_told(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Budget").write_row(0, 0, ["Year", "Sum"])
    assert problems_of(path) == [("Cases", ""), ("Criteria", "")]
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cases").write_row(0, 0, ["Case", "Conversation", "Mood", "Case"])
        book.add_worksheet("Criteria").write_row(0, 0, CRITERIA[:2])
    assert problems_of(path) == [("Cases", "C1"), ("Cases", "D1"), ("Criteria", "")]


def test_merged_cells_are_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "w.xlsx", [GOOD_CASE], GOOD_CRITERIA, GOOD_EVIDENCE)
    book = openpyxl.load_workbook(path)
    book["Criteria"].merge_cells("A2:A3")
    book.save(path)
    assert ("Criteria", "A2") in problems_of(path)


def test_dates_and_whole_numbers_typed_as_such_are_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "w.xlsx", [GOOD_CASE], GOOD_CRITERIA, GOOD_EVIDENCE)
    book = openpyxl.load_workbook(path)
    book["Evidence"]["E2"] = datetime.date(2027, 3, 31)
    book["Criteria"]["C3"] = "−9"  # a real minus sign
    book.save(path)
    (case,) = read_cases(path)
    assert (case.content.evidence[0].review_by, case.content.rubrics[1].points) == ("2027-03-31", -9)


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(BadInput, match=r"w\.xlsx is not a whole XLSX workbook"):
        list(read_cases(path))
