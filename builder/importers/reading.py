"""One door to every kind of file that cases come from."""

from collections.abc import Iterator
from pathlib import Path

from builder.importers.exams import READERS, recognise_exam
from builder.importers.open_ended import open_ended_case
from builder.importers.records import ImportedCase, read_records
from builder.importers.workbook import read_workbook_cases

FORMATS = ("auto", "canonical", "healthbench", *READERS, "xlsx")
# A workbook is a zip, and a zip begins so.
_ZIP = b"PK\x03\x04"


def read_cases(path: Path, file_format: str = "auto") -> Iterator[ImportedCase]:
    """Yield the cases of a file in order; raises BadInput that names the place of the first fault.

    `auto` recognises workbooks and exam benchmarks; any other file is taken for JSON Lines in the canonical or the
    HealthBench shape.
    """
    if file_format == "auto":
        file_format = recognise(path)
    if file_format == "xlsx":
        yield from read_workbook_cases(path)
    elif file_format in READERS:
        for question in READERS[file_format](path):
            prompt_id, content = open_ended_case(question)
            yield ImportedCase(question.line, prompt_id, content, question)
    else:
        yield from read_records(path, file_format)


def recognise(path: Path) -> str:
    """Return the format of a file by how it begins; `auto` where JSON Lines has to be told row by row."""
    try:
        with path.open("rb") as source:
            if source.read(len(_ZIP)) == _ZIP:
                return "xlsx"
    except OSError:
        return "auto"  # the reader says what is wrong
    return recognise_exam(path) or "auto"
