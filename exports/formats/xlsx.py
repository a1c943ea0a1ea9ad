"""A workbook for people: cases and criteria to read, answers and verdicts to fill in by hand; and the same as CSV."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from builder.common.errors import BadInput
from builder.content import Evidence
from exports.formats.base import BundleContext, BundleFormat
from exports.formats.csv_cells import Cell, CsvTable
from exports.formats.formulas import HEALTHBENCH
from exports.formats.rows import canary_for
from exports.formats.sheets import (
    ABOUT,
    ANSWERS,
    CANNOT_JUDGE,
    CASES,
    COLUMNS,
    CRITERIA,
    GRADER,
    MET,
    MODEL,
    NOT_MET,
    RELEASE,
    RELEASE_SHA256,
    TURNS,
    VERDICTS,
    WITHOUT_RUBRIC,
)
from exports.formats.xlsx_log import READER
from exports.records import CaseRecord

FILE_NAME = "cases.xlsx"
MAX_CELL = 32_767  # characters; what a program for spreadsheets holds in one cell
MAX_ROWS = 1_048_576
_PART = 16_000
_IN_CSV = (CASES, CRITERIA)
_WIDTHS = {
    "content": 90, "criterion": 70, "answer": 90, "reference_answer": 60, "evidence": 60, "explanation": 50,
    "prompt_id": 24, "title": 40, "tags": 30, "verdict": 14,
}  # fmt: skip
_HOW_TO_ANSWER = "Answers: one row per case and sample; copy a row and raise the epoch for another sample."
_HOW_TO_JUDGE = "Verdicts: choose met, not met or cannot judge; leave a row empty where nothing was judged."
_LEAVE = "Don't change the other columns: they are compared with the release."


def write(records: Iterable[CaseRecord], directory: Path, context: BundleContext) -> None:
    """Write the workbook and its CSV files row by row; raises BadInput for a text that no cell can hold."""
    with ExitStack() as stack:
        book = _Book(directory, context, stack)
        for record in records:
            try:
                for sheet, cells in _rows(record, context):
                    book.add(sheet, cells)
            except _Unfit as unfit:
                raise BadInput(
                    f"{record.prompt_id}: {unfit} Choose another format for this release.",
                    prompt_id=record.prompt_id,
                ) from unfit


class _Unfit(Exception):
    """What a sheet can't hold, as a sentence."""


class _Book:
    """The workbook and its CSV files, open for writing."""

    def __init__(self, directory: Path, context: BundleContext, stack: ExitStack) -> None:
        # In constant memory a row is on disk before the next begins, and texts stand in their cells.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._workbook = xlsxwriter.Workbook(str(directory / FILE_NAME), options)
        stack.callback(self._workbook.close)
        # The file would else say when it was made, and a rebuilt bundle would differ.
        self._workbook.set_properties(
            {"created": datetime(1980, 1, 1, tzinfo=UTC), "title": context.release.label}
        )
        self._wrap = self._workbook.add_format({"text_wrap": True, "valign": "top"})
        self._bold = self._workbook.add_format({"bold": True, "valign": "top"})
        self._about(context)
        columns = WITHOUT_RUBRIC if context.prompts_only else COLUMNS
        self._sheets = {name: self._sheet(name, columns[name]) for name in columns}
        self._used = dict.fromkeys(columns, 1)
        self._tables = {}
        for name in columns:
            if name in _IN_CSV:
                path = directory / f"{name.lower()}.csv"
                target = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
                self._tables[name] = CsvTable(target, columns[name])
        stack.callback(self._choices)

    def add(self, sheet: str, cells: Sequence[Cell]) -> None:
        """Write one row."""
        number = self._used[sheet]
        if number >= MAX_ROWS:
            raise _Unfit(f"a sheet holds {MAX_ROWS:,} rows, and {sheet} needs more.")
        for column, cell in enumerate(cells):
            self._put(self._sheets[sheet], number, column, cell, self._wrap)
        self._used[sheet] += 1
        if sheet in self._tables:
            self._tables[sheet].add(cells)

    def _put(self, sheet: Any, row: int, column: int, cell: Cell, style: Any) -> None:
        if isinstance(cell, str):
            if _units(cell) > MAX_CELL:
                raise _Unfit(f"a text of {_units(cell):,} characters doesn't fit into a cell ({MAX_CELL:,}).")
            # Never `write`, which guesses formulas, numbers and links.
            sheet.write_string(row, column, cell, style)
        elif cell is not None:
            sheet.write_number(row, column, cell, style)

    def _about(self, context: BundleContext) -> None:
        sheet = self._workbook.add_worksheet(ABOUT)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 90)
        how = [_HOW_TO_ANSWER, *([] if context.prompts_only else [_HOW_TO_JUDGE]), _LEAVE]
        facts = [
            (RELEASE, context.release.label), (RELEASE_SHA256, context.release.sha256), (MODEL, ""), (GRADER, ""),
            ("Canary", context.canary), ("How", " ".join(how)),
        ]  # fmt: skip
        for row, (name, value) in enumerate(facts):
            self._put(sheet, row, 0, name, self._bold)
            self._put(sheet, row, 1, value, self._wrap)

    def _sheet(self, name: str, columns: Sequence[str]) -> Any:
        sheet = self._workbook.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        for index, column in enumerate(columns):
            sheet.set_column(index, index, _WIDTHS.get(column, 12))
            self._put(sheet, 0, index, column, self._bold)
        return sheet

    def _choices(self) -> None:
        """Let a verdict be chosen from a list, in every row."""
        if VERDICTS in self._sheets and self._used[VERDICTS] > 1:
            column = COLUMNS[VERDICTS].index("verdict")
            self._sheets[VERDICTS].data_validation(
                1, column, self._used[VERDICTS] - 1, column,
                {
                    "validate": "list", "source": [MET, NOT_MET, CANNOT_JUDGE], "ignore_blank": True,
                    "error_title": "Verdict", "error_message": f"Choose {MET}, {NOT_MET} or {CANNOT_JUDGE}.",
                },
            )  # fmt: skip


def _rows(record: CaseRecord, context: BundleContext) -> Iterator[tuple[str, Sequence[Cell]]]:
    content = record.content
    name, canary = record.prompt_id, canary_for(record, context)
    for number, turn in enumerate(content.prompt, start=1):
        # A turn may be longer than a cell: it goes on in the next row of the same number.
        size = _PART if _units(turn.content) > MAX_CELL else MAX_CELL
        for start in range(0, max(len(turn.content), 1), size):
            yield TURNS, (name, number, turn.role, turn.content[start : start + size])
    yield ANSWERS, (name, 1, "", record.sha256)
    if context.prompts_only:
        yield CASES, (name, record.split, record.sha256, canary)
        return
    evidence = "\n\n".join(_passage(each) for each in content.evidence)
    yield CASES, (
        name, content.title, content.kind, content.language, record.split, ", ".join(content.example_tags),
        content.reference_answer, evidence, record.sha256, canary,
    )  # fmt: skip
    for number, criterion in enumerate(content.rubrics, start=1):
        yield CRITERIA, (
            name, number, criterion.points, criterion.criterion, "red line" if criterion.red_line else "",
            ", ".join(criterion.tags), criterion.guideline, criterion.jurisdiction,
        )  # fmt: skip
        yield VERDICTS, (name, 1, number, criterion.points, criterion.criterion, "", "")


def _units(text: str) -> int:
    """Return a text's length as spreadsheet programs count it: in UTF-16, where an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _passage(evidence: Evidence) -> str:
    source = ", ".join(
        part for part in (evidence.source, evidence.edition, evidence.date, evidence.url) if part
    )
    return f"[{evidence.evidence_id}] {evidence.quote} ({source})"


def usage(context: BundleContext) -> str:
    """Say how to fill the workbook in, and how it comes home."""
    judge = (
        "" if context.prompts_only else
        f" In *{VERDICTS}* choose {MET}, {NOT_MET} or {CANNOT_JUDGE} for each criterion; empty is a missing verdict."
    )  # fmt: skip
    return f"""\
Open `{FILE_NAME}`. In *{ABOUT}* write the model's name and who graded. In *{ANSWERS}* paste the system's answer to each
case.{judge} Save it as XLSX, and where Clinwright runs:

```
python manage.py import_results {FILE_NAME} --release {context.release.label} --run RUN --by EMAIL
```

The CSV files hold the same texts for other programs; an apostrophe in front of a cell keeps it from becoming a formula
and is no part of the text. They do not come back.
"""  # fmt: skip


FORMAT = BundleFormat(
    name="xlsx",
    label="Spreadsheet (XLSX and CSV)",
    file_name=FILE_NAME,
    write=write,
    description=(
        "For reading by people, and for answers and verdicts filled in by hand: a workbook with cases, conversations "
        "and criteria, and sheets for answers and verdicts. No cell is a formula."
    ),
    usage=usage,
    reader=READER,
    formula=HEALTHBENCH,
    may_leave_rubric_out=True,
    tested_with="openpyxl 3.1.5 and python-calamine 0.9.1",
    rank=60,
)
