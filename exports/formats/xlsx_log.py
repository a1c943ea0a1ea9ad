"""The workbook comes home: answers and verdicts that people filled in. Pure."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import python_calamine

from builder.common.errors import BadInput
from builder.common.xlsx_preflight import preflight
from exports.formats.base import LogHeader, LogRow, Reader
from exports.formats.log_json import MAX_EPOCH, text_of
from exports.formats.sheets import (
    ABOUT,
    ANSWERS,
    CANNOT_JUDGE,
    COLUMNS,
    GRADER,
    MET,
    MODEL,
    NOT_MET,
    RELEASE_SHA256,
    VERDICTS,
)
from exports.records import Verdict, VerdictItem

_VERDICTS: dict[str, Verdict | None] = {
    "": None, MET: "met", NOT_MET: "not_met", CANNOT_JUDGE: "cannot_judge",
}  # fmt: skip
_Key = tuple[str, int]


def recognises(path: Path) -> bool:
    """Whether this is an XLSX file; the sheets are looked at when it is read."""
    return path.is_file() and path.suffix.lower() == ".xlsx"


def header(path: Path) -> LogHeader:
    """Return what the first sheet says: the release, and the names that people filled in."""
    facts = {}
    for number, row in enumerate(_sheet(path, ABOUT), start=1):
        cells = [*row[:2], "", ""]
        facts[_text(cells[0], f"{path.name}, {ABOUT}, row {number}")] = _text(
            cells[1], f"{path.name}, {ABOUT}, row {number}"
        )
    return LogHeader(
        harness="spreadsheet",
        model=facts.get(MODEL, "").strip(),
        grader=facts.get(GRADER, "").strip(),
        release_sha256=facts.get(RELEASE_SHA256, "").strip(),
    )


def rows(path: Path) -> Iterator[LogRow]:
    """Yield every answer with its verdicts; what a sheet may hold is bounded before it is opened."""
    verdicts = _verdicts(path)
    for number, row in _table(path, ANSWERS):
        place = f"{path.name}, {ANSWERS}, row {number}"
        key = _key(row, place)
        completion = _text(row["answer"], f"{place}, answer")
        items = verdicts.pop(key, None)
        judged = items is not None and any(item.verdict or item.explanation for item in items)
        if not completion.strip():
            if judged:
                raise BadInput(f"{place}: {key[0]} has verdicts but no answer.")
            continue
        yield LogRow(
            place=place, prompt_id=key[0], epoch=key[1], completion=completion,
            items=items if judged else None, item_sha256=_text(row["sha256"], f"{place}, sha256"),
        )  # fmt: skip
    for (prompt_id, epoch), items in verdicts.items():
        if any(item.verdict for item in items):
            raise BadInput(f"{path.name}, {VERDICTS}: {prompt_id}, epoch {epoch} has verdicts but no answer.")


def _verdicts(path: Path) -> dict[_Key, tuple[VerdictItem, ...]]:
    found: dict[_Key, list[VerdictItem]] = {}
    for number, row in _table(path, VERDICTS, optional=True):
        place = f"{path.name}, {VERDICTS}, row {number}"
        items = found.setdefault(_key(row, place), [])
        if _whole(row["number"], f"{place}, number") != len(items) + 1:
            raise BadInput(
                f"{place}: criterion {len(items) + 1} of {row['prompt_id']} was expected here. "
                "Put the rows back in order."
            )
        word = " ".join(_text(row["verdict"], f"{place}, verdict").split()).lower()
        if word not in _VERDICTS:
            raise BadInput(f"{place}: {MET}, {NOT_MET} or {CANNOT_JUDGE} was expected, not {word!r:.40}.")
        items.append(
            VerdictItem(
                _text(row["criterion"], f"{place}, criterion"), _points(row["points"], f"{place}, points"),
                _VERDICTS[word], _text(row["explanation"], f"{place}, explanation"),
            )
        )  # fmt: skip
    return {key: tuple(items) for key, items in found.items()}


def _table(path: Path, name: str, *, optional: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row below the header, which says where the columns stand; empty rows are left out."""
    columns: dict[str, int] = {}
    for number, row in enumerate(_sheet(path, name, optional=optional), start=1):
        if not columns and row:
            columns = {str(cell).strip(): index for index, cell in enumerate(row)}
            if missing := [column for column in COLUMNS[name] if column not in columns]:
                raise BadInput(f"{path.name}, {name}: the column {missing[0]} is missing.")
        elif any(cell != "" for cell in row):
            yield number, {column: row[index] for column, index in columns.items()}


def _sheet(path: Path, name: str, *, optional: bool = False) -> Iterator[list[Any]]:
    preflight(path)
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        if name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            # Rows are numbered as people see them, also below empty ones.
            above, left = sheet.start or (0, 0)
            yield from ([] for _row in range(above))
            yield from ([""] * left + row for row in sheet.iter_rows())
            return
    except (python_calamine.CalamineError, ValueError) as error:
        raise BadInput(f"{path.name} is not a whole XLSX workbook. Save it again as .xlsx.") from error
    if not optional:
        raise BadInput(f"{path.name} has no sheet {name}: it is not a workbook that was exported here.")


def _key(row: dict[str, Any], place: str) -> _Key:
    return _text(row["prompt_id"], f"{place}, prompt_id").strip(), _whole(row["epoch"], f"{place}, epoch")


def _whole(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise BadInput(f"{place}: a whole number was expected, not {value!r:.40}.")
    if not 1 <= value <= MAX_EPOCH:
        raise BadInput(f"{place}: a whole number from 1 to {MAX_EPOCH} was expected, not {value!r:.40}.")
    return int(value)


def _points(value: Any, place: str) -> float | None:
    if value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{place}: a number was expected, not {value!r:.40}.")
    return value


def _text(value: Any, place: str) -> str:
    """Return a cell as text; a number that somebody typed where a text belongs is taken as it was typed."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return text_of(value if isinstance(value, str) else str(value), place)


READER = Reader(
    recognises=recognises,
    header=header,
    rows=rows,
    files="cases.xlsx, filled in and saved as XLSX",
)
