"""The workbook: no cell is a formula, nothing is lost, and what people fill in comes home."""

import csv
import itertools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from builder.common.errors import BadInput
from builder.content import Criterion, Turn
from exports.formats.base import LogRow
from exports.formats.sheets import ANSWERS, CASES, CRITERIA, GRADER, MODEL, TURNS, VERDICTS
from exports.formats.xlsx import FORMAT, MAX_CELL
from exports.formats.xlsx_log import header, recognises, rows
from exports.records import CaseRecord
from tests.conformance.harnesses.cases import hard_records
from tests.exports.builders import (
    make_bundle,
    make_context,
    make_records,
    make_release_record,
    write_bundle,
)
from tests.factories import make_content

# Ways to begin a cell that spreadsheet programs take for a formula, or that hide one.
PREFIXES = ("=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠", "=cmd|' /C calc'!A0 ")
ODD = ("  lead and trail  ", "_x0041_", "a\rb", "a\r\nb", "\x0b\x01", "1234", "TRUE", "#N/A", "2024-01-01", "\u2028",
       "<b>&amp;", "흉통 🫀", "'quoted")  # fmt: skip


def hostile_records() -> list[CaseRecord]:
    """Return one case per prefix, with the prefix in every text that leaves."""
    contents = []
    for prefix in PREFIXES:
        text = f'{prefix}HYPERLINK("http://x.example","y")'
        contents.append(
            make_content(
                text, kind=text, prompt=[Turn("user", text)], example_tags=[text], canary=text,
                rubrics=[Criterion(text, 1, [text], guideline=text, jurisdiction=text)],
                ideal_completions_data={"ideal_completion": text},
            )
        )  # fmt: skip
    return make_records(contents)


def written(directory: Path, records: list[CaseRecord]) -> Path:
    """Write the workbook alone and return its path."""
    FORMAT.write(records, directory, make_context())
    return directory / FORMAT.file_name


def filled(path: Path, change: Callable[[Any], None]) -> Path:
    """Open the workbook as a person's program would, change it, and save it elsewhere."""
    workbook = openpyxl.load_workbook(path)
    change(workbook)
    target = path.with_name("filled.xlsx")
    workbook.save(target)
    return target


def column(sheet: Any, name: str) -> int:
    """Return the number of a column, from 1."""
    return [cell.value for cell in sheet[1]].index(name) + 1


def fill_everything(workbook: Any) -> None:
    """Answer every case; judge met, not met, cannot judge, nothing, in turn."""
    workbook["About"]["B3"], workbook["About"]["B4"] = "some-model", "Gia"
    answers, verdicts = workbook[ANSWERS], workbook[VERDICTS]
    for row in range(2, answers.max_row + 1):
        answers.cell(row, column(answers, "answer")).value = f"Answer {row} 🫀\nsecond line"
    words = itertools.cycle(["met", "Not met", " cannot  judge ", None])
    for row in range(2, verdicts.max_row + 1):
        verdicts.cell(row, column(verdicts, "verdict")).value = next(words)


def test_no_cell_of_twelve_prefixes_is_a_formula(tmp_path: Path) -> None:
    path = written(tmp_path, hostile_records())
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert not any(b"<f>" in part or b"<f " in part for part in parts.values())
    assert not any("hyperlink" in name.lower() for name in parts)
    cells = [
        cell
        for sheet in openpyxl.load_workbook(path)
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    assert len(cells) > 12 * 20
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert not any(cell.hyperlink for cell in cells)


def test_csv_cells_of_twelve_prefixes_are_quoted(tmp_path: Path) -> None:
    records = hostile_records()
    written(tmp_path, records)
    for name, column_name in (("cases", "title"), ("criteria", "criterion")):
        with (tmp_path / f"{name}.csv").open(encoding="utf-8-sig", newline="") as source:
            found = list(csv.DictReader(source))
        assert len(found) == len(PREFIXES)
        for line, record in zip(found, records, strict=True):
            assert line[column_name] == f"'{record.content.title}"
            assert not any(str(cell).lstrip().startswith(tuple("=+-@＝＋－＠")) for cell in line.values())


def test_negative_points_stay_numbers(tmp_path: Path) -> None:
    records = make_records([make_content()])
    sheet = openpyxl.load_workbook(written(tmp_path, records))[CRITERIA]
    points = [sheet.cell(row, column(sheet, "points")).value for row in range(2, sheet.max_row + 1)]
    assert points == [8, 4, -10]
    assert '"case-0",3,-10,' in (tmp_path / "criteria.csv").read_text(encoding="utf-8-sig")


def test_every_text_comes_back_as_it_left(tmp_path: Path) -> None:
    """Read with the product's own reader, unfilled but for the answers."""
    records = [*hard_records(), *make_records([make_content(rubrics=[Criterion(text, 2) for text in ODD])])]
    path = filled(written(tmp_path, records), fill_everything)
    found = list(rows(path))
    assert [row.prompt_id for row in found] == [record.prompt_id for record in records]
    for row, record in zip(found, records, strict=True):
        assert row.item_sha256 == record.sha256
        assert row.items and [item.points for item in row.items] == [c.points for c in record.content.rubrics]
    # openpyxl reads and writes control characters its own way, so the odd ones are compared as we write them.
    assert [item.criterion for item in found[0].items] == [c.criterion for c in records[0].content.rubrics]


def test_odd_texts_are_read_as_written(tmp_path: Path) -> None:
    from exports.formats.xlsx_log import _table

    path = written(tmp_path, make_records([make_content(rubrics=[Criterion(text, 2) for text in ODD])]))
    assert [row["criterion"] for _number, row in _table(path, VERDICTS)] == list(ODD)


def test_what_people_fill_in_comes_home(tmp_path: Path) -> None:
    make_bundle(tmp_path / "b", "xlsx")
    path = filled(tmp_path / "b" / "cases.xlsx", fill_everything)
    assert recognises(path)
    said = header(path)
    assert (said.harness, said.model, said.grader) == ("spreadsheet", "some-model", "Gia")
    assert len(said.release_sha256) == 64
    found = list(rows(path))
    assert len(found) == 4
    verdicts = [item.verdict for row in found for item in row.items]
    assert verdicts == (["met", "not_met", "cannot_judge", None] * 3)
    assert found[0].completion == "Answer 2 🫀\nsecond line"
    assert found[0].place == "filled.xlsx, Answers, row 2"


def test_second_sample_and_ungraded_answer(tmp_path: Path) -> None:
    def change(workbook: Any) -> None:
        sheet = workbook[ANSWERS]
        sheet["C2"] = "First"
        sheet.append(["case-0", 2, "Second", sheet["D2"].value])
        sheet.append([None, None, None, None])

    path = filled(written(tmp_path, make_records([make_content(), make_content("Other")])), change)
    found = [(row.prompt_id, row.epoch, row.completion, row.items) for row in rows(path)]
    assert found == [("case-0", 1, "First", None), ("case-0", 2, "Second", None)]


def set_cell(sheet: str, place: str, value: object) -> Callable[[Any], None]:
    """Return a change of one cell of an otherwise filled workbook."""

    def change(workbook: Any) -> None:
        fill_everything(workbook)
        workbook[sheet][place] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_cell(VERDICTS, "F2", "maybe"), "Verdicts, row 2: met, not met or cannot judge was expected"),
        (set_cell(VERDICTS, "C3", 3), "Verdicts, row 3: criterion 2 of case-0 was expected here"),
        (set_cell(VERDICTS, "C3", "two"), "Verdicts, row 3, number: a whole number"),
        (set_cell(VERDICTS, "D3", "many"), "Verdicts, row 3, points: a number"),
        (set_cell(VERDICTS, "E1", "text"), "Verdicts: the column criterion is missing"),
        (set_cell(ANSWERS, "B2", 0), "Answers, row 2, epoch: a whole number"),
        (set_cell(ANSWERS, "B2", 1.5), "Answers, row 2, epoch: a whole number"),
        (set_cell(ANSWERS, "C2", None), "Answers, row 2: case-0 has verdicts but no answer"),
        (set_cell(ANSWERS, "A2", "case-9"), "Verdicts: case-0, epoch 1 has verdicts but no answer"),
        (lambda workbook: workbook.remove(workbook[ANSWERS]), "has no sheet Answers"),
    ],
)
def test_each_slip_is_one_sentence_with_its_place(
    tmp_path: Path, change: Callable[[Any], None], words: str
) -> None:
    path = filled(written(tmp_path, make_records([make_content(), make_content("Other")])), change)
    with pytest.raises(BadInput, match=words) as refused:
        list(rows(path))
    assert refused.value.message.startswith("filled.xlsx")


def test_bomb_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = written(tmp_path, make_records([make_content()]))
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            more = b" " * 30_000_000 if name.endswith("sheet5.xml") else b""
            new.writestr(name, old.read(name) + more)
    with pytest.raises(BadInput, match="100 times"):
        list(rows(bomb))


def test_long_turn_goes_on_in_the_next_row_and_a_long_criterion_is_refused(tmp_path: Path) -> None:
    text = "가🫀" * 20_000
    sheet = openpyxl.load_workbook(
        written(tmp_path, make_records([make_content(prompt=[Turn("user", text)])]))
    )[TURNS]
    parts = [row[3].value for row in sheet.iter_rows(min_row=2)]
    assert len(parts) == 3 and "".join(parts) == text
    records = make_records([make_content(), make_content(rubrics=[Criterion("x" * (MAX_CELL + 1), 1)])])
    with pytest.raises(BadInput, match="case-1: a text of 32,768 characters"):
        write_bundle(
            records, tmp_path / "b", release=make_release_record(records), bundle_format=FORMAT
        )  # fmt: skip
    assert not (tmp_path / "b").exists()


def test_verdicts_are_chosen_from_a_list_in_every_row(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(tmp_path, hard_records()))[VERDICTS]
    (choice,) = sheet.data_validations.dataValidation
    assert choice.formula1 == '"met,not met,cannot judge"'
    assert str(choice.sqref) == f"F2:F{sheet.max_row}"


def test_workbook_without_the_rubric_has_no_sheet_for_it(tmp_path: Path) -> None:
    make_bundle(tmp_path / "b", "xlsx", prompts_only=True)
    path = filled(tmp_path / "b" / "cases.xlsx", lambda workbook: workbook[ANSWERS].__setitem__("C3", "Hi"))
    assert openpyxl.load_workbook(path).sheetnames == ["About", CASES, TURNS, ANSWERS]
    (row,) = rows(path)
    assert isinstance(row, LogRow) and (row.prompt_id, row.items) == ("case-1", None)
    assert {MODEL, GRADER} <= {cell.value for cell in openpyxl.load_workbook(path)["About"]["A"]}
    assert not (tmp_path / "b" / "criteria.csv").exists()
