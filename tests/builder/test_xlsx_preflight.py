"""What a hostile workbook could do to a reader is refused before any reader sees it."""

import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from builder.common import xlsx_preflight
from builder.common.errors import BadInput
from builder.common.xlsx_preflight import preflight

SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A workbook with texts, numbers and a list to choose from."""
    path = tmp_path / "good.xlsx"
    workbook = xlsxwriter.Workbook(str(path))
    sheet = workbook.add_worksheet()
    for row in range(300):
        sheet.write_string(row, 0, f"문장 {row}")
        sheet.write_number(row, 700, row)
    sheet.data_validation(0, 1, 299, 1, {"validate": "list", "source": ["a", "b"]})
    sheet.write_comment(0, 0, "a note")
    workbook.close()
    return path


def remade(source: Path, change: Callable[[str, bytes], bytes | None], *more: tuple[str, bytes]) -> Path:
    """Return a copy of the workbook with its parts changed, left out or added."""
    path = source.with_name("made.xlsx")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if (part := change(name, old.read(name))) is not None:
                new.writestr(name, part)
        for name, part in more:
            new.writestr(name, part)
    return path


def in_sheet(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    """Return a change of the first sheet's text."""
    return lambda name, part: part.replace(old, new, 1) if name == SHEET else part


def refusal(path: Path) -> str:
    """Return the sentence, which names the file."""
    with pytest.raises(BadInput) as refused:
        preflight(path)
    assert refused.value.message.startswith(path.name)
    return refused.value.message


def test_good_workbook_passes(good: Path) -> None:
    preflight(good)
    preflight(remade(good, lambda _name, part: part))


def test_bomb_is_refused_at_once_and_without_memory(good: Path) -> None:
    """50 MB of spaces, packed to about 60 KB: what cost a reader half a minute and 495 MB."""
    path = remade(good, in_sheet(b"</sheetData>", b" " * 50_000_000 + b"</sheetData>"))
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    began = time.perf_counter()
    assert "unpacks to more than 100 times" in refusal(path)
    assert time.perf_counter() - began < 2
    assert tracemalloc.get_traced_memory()[1] < 5 * 10**6
    tracemalloc.stop()


def test_directory_that_lies_is_found_out(good: Path) -> None:
    """The sizes in a zip's directory are only said; what really comes out counts."""
    path = remade(good, in_sheet(b"</sheetData>", b" " * 50_000_000 + b"</sheetData>"))
    raw = bytearray(path.read_bytes())
    place = raw.find(b"PK\x01\x02")
    while bytes(raw[place + 46 : place + 46 + len(SHEET)]) != SHEET.encode():
        place = raw.find(b"PK\x01\x02", place + 4)
    raw[place + 24 : place + 28] = struct.pack("<I", 90_000)
    path.write_bytes(raw)
    tracemalloc.start()
    assert "unpacks to more than the file says" in refusal(path)
    assert tracemalloc.get_traced_memory()[1] < 5 * 10**6
    tracemalloc.stop()


@pytest.mark.parametrize(
    "cell",
    [b'<row r="1048576"><c r="XFD1048576"/></row>', b"<row r='1048576'><c r = 'XFD1048576'/></row>",
     b'<x:c r="XFD1048576" xmlns:x="y"/>', b'<c\nr="ZZZ1"/>', b'<c r="&#88;FD9"/>', b'<c r="A99999999"/>'],
)  # fmt: skip
def test_cell_far_outside_is_refused(good: Path, cell: bytes) -> None:
    """A reader allocates the rectangle up to the last cell: 17 thousand million of them end the process."""
    message = refusal(remade(good, in_sheet(b"</sheetData>", cell + b"</sheetData>")))
    assert "spans more than" in message or "names a cell" in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (in_sheet(b"<worksheet", b"<!DOCTYPE x><worksheet"), "XML entities"),
        (in_sheet(b"<worksheet", b'<!ENTITY a "b"><worksheet'), "XML entities"),
        (
            lambda name, part: part.decode().encode("utf-16") if name == SHEET else part,
            "not written in UTF-8",
        ),
        (lambda name, part: None if name == "xl/workbook.xml" else part, "is not an XLSX workbook"),
    ],
)
def test_each_trick_is_refused(good: Path, change: Callable[[str, bytes], bytes], words: str) -> None:
    assert words in refusal(remade(good, change))


def test_entity_across_two_pieces_is_seen(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_preflight, "_CHUNK", 5)
    assert "XML entities" in refusal(remade(good, in_sheet(b"<worksheet", b"<!DOCTYPE x><worksheet")))
    cell = b'<c r="XFD1048576"/></sheetData>'
    assert "spans more than" in refusal(remade(good, in_sheet(b"</sheetData>", cell)))
    preflight(good)


def test_too_many_or_doubled_or_large_parts(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [(f"xl/media/{number}.bin", b"x") for number in range(600)]
    assert "more than 500 parts" in refusal(remade(good, lambda _name, part: part, *many))
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = remade(good, lambda _name, part: part, (SHEET, b"<worksheet/>"))
    assert "a part twice" in refusal(twice)
    monkeypatch.setattr(xlsx_preflight, "MAX_UNPACKED_BYTES", 1000)
    assert "unpacked it is larger" in refusal(good)
    monkeypatch.setattr(xlsx_preflight, "MAX_FILE_BYTES", 100)
    assert "it is larger than" in refusal(good)


def test_broken_files_are_told(good: Path) -> None:
    whole = good.read_bytes()
    for text in (b"", b"hello", whole[: len(whole) // 2], whole[:100] + b"\xff" * 200 + whole[300:]):
        path = good.with_name("broken.xlsx")
        path.write_bytes(text)
        assert "XLSX workbook" in refusal(path) or "was not opened" in refusal(path)
    assert "can't be read" in refusal(good.with_name("nowhere.xlsx"))
