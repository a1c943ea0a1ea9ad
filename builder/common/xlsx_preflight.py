"""Is this workbook safe to parse? Found out by reading it as bytes, before any spreadsheet library sees it.

A workbook is a zip, so 147 KB can hold 49 MB of XML; its directory can lie about that; and one cell at the far corner
makes a reader allocate the whole rectangle. All three are refused here, in time and memory bounded by the limits.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from builder.common.errors import BadInput
from builder.common.zip_directory import directory_bytes

MAX_FILE_BYTES = 64 * 2**20
MAX_UNPACKED_BYTES = 128 * 2**20
MAX_MEMBERS = 500
MAX_DIRECTORY_BYTES = 2**20  # of the list of members, before it is read
# Real sheets pack about 10:1; sheets of one repeated word reach some 100:1, bombs 300:1 and more.
MAX_RATIO = 100
RATIO_MATTERS_FROM = 2**20
# What a reader allocates for a sheet: the rectangle up to its last row and column.
MAX_CELLS = 5_000_000
MAX_COLUMNS = 16_384
_CHUNK = 2**16
_OVERLAP = 64
_LOCAL_HEADER = 30
_WORKBOOK = "xl/workbook.xml"
_REFERENCE = re.compile(rb"[\s\x00]r\s*=\s*[\"']([^\"']{0,24})")
_CELL = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")
_ROW = re.compile(rb"[0-9]{1,7}")


def preflight(path: Path) -> None:
    """Raise BadInput, with a sentence that names the file, unless the workbook may be parsed.

    Cost: one decompression in pieces of 64 KiB.
    """
    try:
        with path.open("rb") as source:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise _refused(path, f"it is larger than {MAX_FILE_BYTES // 2**20} MiB")
            if directory_bytes(source) > MAX_DIRECTORY_BYTES:
                raise _refused(path, f"it holds more than {MAX_MEMBERS} parts")
            with zipfile.ZipFile(source) as archive:
                members = archive.infolist()
            _check_directory(path, members)
            for member in members:
                _check_member(path, source, member)
    except (zipfile.BadZipFile, zlib.error, struct.error, ValueError, NotImplementedError) as error:
        raise BadInput(f"{path.name} is not a whole XLSX workbook. Save it again as .xlsx.") from error
    except OSError as error:
        raise BadInput(f"{path.name} can't be read: {error.strerror or error}.") from error


def _refused(path: Path, why: str) -> BadInput:
    return BadInput(f"{path.name} was not opened: {why}.")


def _check_directory(path: Path, members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if _WORKBOOK not in names:
        raise BadInput(f"{path.name} is not an XLSX workbook. Save it as .xlsx.")
    if len(names) > MAX_MEMBERS:
        raise _refused(path, f"it holds more than {MAX_MEMBERS} parts")
    if len(set(names)) < len(names):
        raise _refused(path, "it holds a part twice")
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise _refused(path, f"unpacked it is larger than {MAX_UNPACKED_BYTES // 2**20} MiB")
    for member in members:
        if member.flag_bits & 1:
            raise _refused(path, "it is protected by a password")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused(path, f"{member.filename!r:.80} is packed in a way spreadsheets don't use")
        if member.file_size > max(RATIO_MATTERS_FROM, MAX_RATIO * member.compress_size):
            raise _refused(path, f"{member.filename!r:.80} unpacks to more than {MAX_RATIO} times its size")


def _check_member(path: Path, source: IO[bytes], member: zipfile.ZipInfo) -> None:
    size, rows, columns, tail = 0, 0, 0, b""
    is_xml = member.filename.lower().endswith((".xml", ".rels", ".vml"))
    in_sheets = is_xml and member.filename not in (_WORKBOOK, "xl/sharedStrings.xml", "xl/styles.xml")
    for piece in _unpacked(source, member):
        size += len(piece)
        if size > member.file_size:
            raise _refused(path, f"{member.filename!r:.80} unpacks to more than the file says")
        if not is_xml:
            continue
        text = tail + piece
        if b"\x00" in text:
            raise _refused(path, f"{member.filename!r:.80} is not written in UTF-8")
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise _refused(
                path, f"{member.filename!r:.80} defines XML entities, which spreadsheets don't need"
            )
        if in_sheets:
            rows, columns = _extent(path, member, text, rows, columns)
        tail = text[-_OVERLAP:]
    if size != member.file_size:
        raise zipfile.BadZipFile("a part is shorter than the file says")


def _extent(path: Path, member: zipfile.ZipInfo, text: bytes, rows: int, columns: int) -> tuple[int, int]:
    """Return the rectangle that holds every cell seen so far."""
    for found in _REFERENCE.finditer(text):
        reference = found[1]
        if cell := _CELL.fullmatch(reference):
            columns, rows = max(columns, _column(cell[1])), max(rows, int(cell[2]))
        elif _ROW.fullmatch(reference):
            rows = max(rows, int(reference))
        elif found.end() < len(text):
            raise _refused(path, f"{member.filename!r:.80} names a cell in a way spreadsheets don't")
    if columns > MAX_COLUMNS or rows * max(columns, 1) > MAX_CELLS:
        raise _refused(
            path, f"a sheet spans more than {MAX_CELLS:,} cells; delete what stands far outside the table"
        )
    return rows, columns


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _unpacked(source: IO[bytes], member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what the member holds, whatever the directory says of its size."""
    source.seek(member.header_offset)
    header = source.read(_LOCAL_HEADER)
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    source.seek(name_length + extra_length, 1)
    left = member.compress_size
    stored = member.compress_type == zipfile.ZIP_STORED
    unpacker = zlib.decompressobj(-15)
    while left > 0 and (packed := source.read(min(_CHUNK, left))):
        left -= len(packed)
        if stored:
            yield packed
            continue
        while packed:
            yield unpacker.decompress(packed, _CHUNK)
            packed = unpacker.unconsumed_tail
    if not stored:
        yield unpacker.flush()
