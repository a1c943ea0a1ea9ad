"""Reads cases from a filled-in workbook; every complaint names sheet and cell, and all are told at once."""

import datetime
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import python_calamine
from msgspec import UNSET

from builder.common.errors import BadInput
from builder.common.jsonl import Line
from builder.common.xlsx_preflight import preflight
from builder.content import (
    AXIS_PREFIX,
    MAX_POINTS,
    MIN_POINTS,
    PROMPT_ID,
    THEME_PREFIX,
    CaseContent,
    Criterion,
    Evidence,
    Turn,
)
from builder.importers.conversation import read_conversation
from builder.importers.records import ImportedCase
from builder.importers.workbook_columns import (
    AXES,
    CASES,
    CRITERIA,
    EVIDENCE,
    EXAMPLE_ID,
    KINDS,
    SHEETS,
    YES_NO,
    Sheet,
    stored_word,
)

MAX_PROBLEMS = 200
_HINT_ROW = 2  # the template's second row says what belongs in each column


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong in one cell, or in a sheet as a whole where `cell` is empty."""

    sheet: str
    cell: str
    message: str

    def __str__(self) -> str:
        place = f"sheet {self.sheet}, cell {self.cell}" if self.cell else f"sheet {self.sheet}"
        return f"{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class WorkbookReading:
    """What a workbook holds: its whole cases, and every problem found (at most two hundred)."""

    cases: list[ImportedCase]
    problems: list[CellProblem]


@dataclass(frozen=True, slots=True)
class _Row(Line):
    """One row of a sheet, named by its cells."""

    sheet: str = ""
    columns: dict[str, str] = field(default_factory=dict)

    def error(self, field: str, expected: str) -> BadInput:
        """Return the error that names the sheet and the cell."""
        return BadInput(f"{self.path.name}, sheet {self.sheet}, cell {self.cell(field)}: {expected}")

    def cell(self, name: str) -> str:
        """Return the address of a field in this row; a field without a column is in the first one."""
        return f"{self.columns.get(name, 'A')}{self.number}"

    def text(self, name: str) -> str:
        """Return what was typed, without the spaces around it."""
        return str(self.data.get(name, "")).strip()

    def items(self, name: str) -> list[str]:
        """Return the parts of a list typed with semicolons."""
        return [part.strip() for part in self.text(name).split(";") if part.strip()]


class _Problems(list[CellProblem]):
    def at(self, row: _Row, name: str, message: str) -> None:
        if len(self) < MAX_PROBLEMS:
            self.append(CellProblem(row.sheet, row.cell(name), message))

    def of_sheet(self, sheet: str, message: str, cell: str = "") -> None:
        if len(self) < MAX_PROBLEMS:
            self.append(CellProblem(sheet, cell, message))


def read_workbook(path: Path) -> WorkbookReading:
    """Return the cases and the problems of a workbook; raises BadInput for a file that is no safe workbook.

    Cost: the whole workbook in memory, bounded by the preflight.
    """
    preflight(path)
    problems = _Problems()
    try:
        with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
            rows = {sheet.name.en: _rows_of(book, sheet, path, problems) for sheet in SHEETS}
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise BadInput(f"{path.name} is not a whole XLSX workbook. Save it again as .xlsx.") from error
    return WorkbookReading(_cases(rows, problems), problems)


def read_workbook_cases(path: Path) -> Iterator[ImportedCase]:
    """Yield the cases of a workbook; raises BadInput that names the first problem and counts the rest."""
    reading = read_workbook(path)
    if reading.problems:
        more = len(reading.problems) - 1
        rest = f" {more} more problems follow." if more else ""
        raise BadInput(f"{path.name}, {reading.problems[0]}{rest}")
    yield from reading.cases


def _rows_of(
    book: python_calamine.CalamineWorkbook, sheet: Sheet, path: Path, problems: _Problems
) -> list[_Row]:
    names = {name.strip().casefold(): name for name in book.sheet_names}
    name = names.get(sheet.name.en.casefold()) or names.get(sheet.name.ko)
    if name is None:
        if sheet.is_required:
            found = ", ".join(book.sheet_names)
            problems.of_sheet(
                sheet.name.en, f"the workbook has no such sheet; it has: {found}. Start from the template."
            )
        return []
    table = book.get_sheet_by_name(name)
    if ranges := table.merged_cell_ranges:
        (row, column), _end = ranges[0]
        problems.of_sheet(
            name,
            "cells are merged here; unmerge them, so that every row stands for itself.",
            _address(row, column),
        )
        return []
    lines = table.to_python(skip_empty_area=False)
    columns = _columns(lines[0] if lines else [], sheet, name, problems)
    letters = {each: _letters(index) for index, each in columns.items()}
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        data = {columns[index]: _typed(value) for index, value in enumerate(line) if index in columns}
        if any(str(value).strip() for value in data.values()) and not _is_ours(number, data, sheet):
            rows.append(_Row(path, number, data, sheet=name, columns=letters))
    return rows


def _columns(headings: list[Any], sheet: Sheet, name: str, problems: _Problems) -> dict[int, str]:
    """Return the field of each column by its place."""
    known = {
        heading.casefold(): column.field
        for column in sheet.columns
        for heading in (column.heading.en, column.heading.ko, column.field)
    }
    found: dict[int, str] = {}
    for index, heading in enumerate(headings):
        text = str(heading).strip().rstrip("*").strip()
        field_name = known.get(text.casefold())
        if field_name is None and text:
            problems.of_sheet(
                name, f"there is no column {text!r:.60}; compare the template.", _address(0, index)
            )
        elif field_name in found.values():
            problems.of_sheet(name, f"the column {text!r:.60} stands twice.", _address(0, index))
        elif field_name is not None:
            found[index] = field_name
    for column in sheet.columns:
        if column.is_required and column.field not in found.values():
            problems.of_sheet(name, f"the column {column.heading.en} is missing; start from the template.")
    return found


def _is_ours(number: int, data: dict[str, Any], sheet: Sheet) -> bool:
    """Whether a row is the template's own: its example, or the hints under the headings."""
    hints = {hint for column in sheet.columns for hint in (column.hint.en, column.hint.ko)}
    is_hint = number == _HINT_ROW and all(
        str(value) in hints for value in data.values() if str(value).strip()
    )
    return is_hint or str(data.get("case", "")).strip() == EXAMPLE_ID


def _cases(rows: dict[str, list[_Row]], problems: _Problems) -> list[ImportedCase]:
    first: dict[str, _Row] = {}
    for row in rows[CASES.name.en]:
        _check_case(row, first, problems)
    rubrics = _grouped(rows[CRITERIA.name.en], first, problems)
    passages = _grouped(rows[EVIDENCE.name.en], first, problems)
    cases = []
    for prompt_id, row in first.items():
        before = len(problems)
        evidence = [_evidence(each, problems) for each in passages.get(prompt_id, [])]
        criteria = [
            _criterion(each, {one.evidence_id for one in evidence}, problems)
            for each in rubrics.get(prompt_id, [])
        ]
        content = _content(row, criteria, evidence, problems)
        if not any(each.points > 0 for each in criteria) and len(problems) == before:
            problems.at(
                row, "case", "no criterion with positive points stands on the sheet Criteria for this case."
            )
        if len(problems) == before:
            cases.append(ImportedCase(row, prompt_id, content))
    return cases


def _check_case(row: _Row, first: dict[str, _Row], problems: _Problems) -> None:
    prompt_id = row.text("case")
    if not PROMPT_ID.fullmatch(prompt_id) or prompt_id.isdigit():
        problems.at(
            row,
            "case",
            "a name of letters, digits and . _ : - with at least one letter was expected, such as ed-001.",
        )
    elif prompt_id in first:
        problems.at(row, "case", f"the case {prompt_id} already stands in row {first[prompt_id].number}.")
    else:
        first[prompt_id] = row


def _grouped(rows: list[_Row], first: dict[str, _Row], problems: _Problems) -> dict[str, list[_Row]]:
    grouped: dict[str, list[_Row]] = {}
    for row in rows:
        prompt_id = row.text("case")
        if prompt_id not in first:
            problems.at(row, "case", f"no case {prompt_id!r:.60} stands on the sheet Cases.")
        else:
            grouped.setdefault(prompt_id, []).append(row)
    return grouped


def _content(
    row: _Row, criteria: list[Criterion], evidence: list[Evidence], problems: _Problems
) -> CaseContent:
    turns = _turns(row, problems)
    kind = row.text("kind")
    theme = row.text("theme")
    return CaseContent(
        prompt=turns,
        rubrics=criteria,
        example_tags=[*([f"{THEME_PREFIX}{theme}"] if theme else []), *dict.fromkeys(row.items("tags"))],
        ideal_completions_data=_ideal(row.text("reference")),
        title=row.text("title"),
        kind=stored_word(KINDS, kind) or kind,
        language=row.text("language").lower(),
        evidence=evidence,
    )


def _turns(row: _Row, problems: _Problems) -> list[Turn]:
    text = row.text("conversation")
    if not text:
        problems.at(row, "conversation", "write what the model is asked.")
        return []
    try:
        turns = read_conversation(text).conversation()
    except BadInput as error:
        problems.at(row, "conversation", error.message)
        return []
    if turns[-1].role != "user":
        problems.at(row, "conversation", "the last turn must be the user's: it is what the model answers.")
    return turns


def _ideal(reference: str) -> Any:
    if not reference:
        return UNSET
    return {
        "ideal_completion": reference,
        "ideal_completions_group": None,
        "ideal_completions_ref_completions": None,
    }


def _criterion(row: _Row, passages: set[str], problems: _Problems) -> Criterion:
    text, axis, red_line = row.text("criterion"), row.text("axis"), row.text("red_line")
    if not text:
        problems.at(row, "criterion", "write the criterion.")
    gates = stored_word(YES_NO, red_line or "no")
    if gates is None:
        problems.at(row, "red_line", f"yes or no was expected, not {red_line!r:.40}.")
    points = _points(row, problems)
    if gates == "yes" and points > 0:
        problems.at(row, "points", "a red line needs negative points.")
    cited = row.items("evidence")
    for missing in [each for each in cited if each not in passages]:
        problems.at(row, "evidence", f"no passage {missing!r:.40} of this case stands on the sheet Evidence.")
    tags = [AXIS_PREFIX + (stored_word(AXES, axis) or axis)] if axis else []
    return Criterion(
        criterion=text, points=points, tags=tags, red_line=gates == "yes", guideline=row.text("guideline"),
        jurisdiction=row.text("jurisdiction"), evidence=cited,
    )  # fmt: skip


def _points(row: _Row, problems: _Problems) -> int | float:
    typed = row.text("points").replace("−", "-").replace(",", ".").lstrip("+")
    try:
        points = float(typed)
    except ValueError:
        points = math.nan
    if not math.isfinite(points) or points == 0 or not MIN_POINTS <= points <= MAX_POINTS:
        problems.at(
            row,
            "points",
            f"a number from {MIN_POINTS} to {MAX_POINTS}, not 0, was expected, not {row.text('points')!r:.40}.",
        )
        return 0
    return int(points) if points.is_integer() else points


def _evidence(row: _Row, problems: _Problems) -> Evidence:
    for name in ("evidence_id", "quote", "source"):
        if not row.text(name):
            problems.at(row, name, "this is needed.")
    for name in ("date", "review_by"):
        if row.text(name) and not _is_date(row.text(name)):
            problems.at(row, name, f"a date such as 2027-03-31 was expected, not {row.text(name)!r:.40}.")
    names = [column.field for column in EVIDENCE.columns if column.field != "case"]
    return Evidence(**{name: row.text(name) for name in names})


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _typed(value: Any) -> Any:
    """Return a cell's value as a person reads it: whole numbers without a fraction, dates in ISO form."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else value


def _address(row: int, column: int) -> str:
    return f"{_letters(column)}{row + 1}"


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
