"""Texts in CSV files that spreadsheet programs open: none may become a formula. Pure."""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import IO

# A spreadsheet program takes such a cell for a formula, also behind white space and in full width.
_FORMULA = re.compile(r"^\s*[=+\-@|%＝＋－＠]|^[\t\r\n]")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for a national code page

Cell = str | int | float | bool | None


def inert(cell: Cell) -> Cell:
    """Return the cell with an apostrophe in front where its text could become a formula; numbers are numbers."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.search(cell) else cell


class CsvTable:
    """A CSV file with a header, written row by row."""

    def __init__(self, target: IO[str], columns: Sequence[str]) -> None:
        target.write(BYTE_ORDER_MARK)
        self._writer = csv.writer(target, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        self.add(columns)

    def add(self, cells: Iterable[Cell]) -> None:
        """Write one row."""
        self._writer.writerow([inert(cell) for cell in cells])
