"""A strict, streaming reader of JSON Lines: every complaint names the file and the line."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import msgspec

from builder.common.errors import BadInput

# A longer line is refused before it is parsed, so a hostile file costs at most this much memory.
MAX_LINE_BYTES = 8 * 1024 * 1024
_SURROGATE = re.compile("[\ud800-\udfff]")
# Far deeper than any case, and far from where a later reader of the stored text would run out of stack.
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One object of a JSON Lines file, with its place."""

    path: Path
    number: int
    data: dict[str, Any]

    def error(self, field: str, expected: str) -> BadInput:
        """Return the error that names this line, the field and what was expected there."""
        return line_error(self.path, self.number, f"{field}: {expected}")


def line_error(path: Path, number: int, problem: str) -> BadInput:
    """Return the error for line `number` of the file."""
    return BadInput(f"{path.name}, line {number}: {problem}", line=number)


def read_jsonl(path: Path) -> Iterator[Line]:
    """Yield every non-empty line as an object; holds one line in memory.

    Raises BadInput for a missing file, a line over 8 MiB, invalid UTF-8, bad or too deeply nested JSON, NaN, a field
    that is given twice, a NUL character, or a line that isn't an object. A pipe is refused, since an import reads its
    file twice.
    """
    with _open(path) as source:
        number = 0
        while raw := source.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                raise line_error(path, number, f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB.")
            if raw.strip():
                yield Line(path, number, _parse(path, number, raw))


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file that is about to be imported; raises BadInput when it can't be read."""
    with _open(path) as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _open(path: Path) -> BufferedReader:
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for its writer
            raise BadInput(f"{path} is a directory or a pipe. Give the path of a file.")
        return path.open("rb")
    except OSError as error:
        raise BadInput(f"{path} can't be read: {error.strerror or error}. Check the path.") from error


def _parse(path: Path, number: int, raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        value = msgspec.json.decode(text)
    except UnicodeDecodeError as error:
        raise line_error(path, number, f"not valid UTF-8 at byte {error.start + 1}.") from error
    except RecursionError as error:
        raise line_error(path, number, "the JSON is nested too deeply.") from error
    except msgspec.DecodeError as error:
        raise line_error(path, number, _why_malformed(text, error)) from error
    if not isinstance(value, dict):
        raise line_error(path, number, "a JSON object was expected.")
    if _is_deeper_than(MAX_DEPTH, value):
        raise line_error(path, number, "the JSON is nested too deeply.")
    _refuse_unstorable(path, number, raw, value)
    _refuse_repeated_fields(path, number, text)
    return value


def _why_malformed(text: str, error: msgspec.DecodeError) -> str:
    """Say more than the fast parser does: NaN, infinity and numbers too large are named with their field."""

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for key, value in pairs:
            if isinstance(value, _NotANumber):
                raise BadInput(f"{key}: a finite number was expected, not {value.name}.")
            if isinstance(value, float) and math.isinf(value):
                raise BadInput(f"{key}: the number is too large.")
        return dict(pairs)

    try:
        value = json.loads(text, parse_constant=_NotANumber, object_pairs_hook=check)
    except BadInput as found:
        return found.message
    except (ValueError, RecursionError):
        return _bad_json(error)
    # The fast parser says "truncated" of half a surrogate pair, which Python's reads.
    problem = "" if _is_deeper_than(MAX_DEPTH, value) else unstorable(value)
    return f"a text holds {problem}; remove it." if problem else _bad_json(error)


def _bad_json(error: msgspec.DecodeError) -> str:
    return f"bad JSON ({error}). Each line must be one whole JSON object."


@dataclass(frozen=True, slots=True)
class _NotANumber:
    name: str


def _refuse_unstorable(path: Path, number: int, raw: bytes, value: dict[str, Any]) -> None:
    """Refuse what neither database nor UTF-8 can hold; only lines with an escape pay for the walk."""
    if b"\\u" not in raw and b"\x00" not in raw:
        return
    if problem := unstorable(value):
        raise line_error(path, number, f"a text holds {problem}; remove it.")


def _refuse_repeated_fields(path: Path, number: int, text: str) -> None:
    """Refuse an object that names a field twice: readers differ on which one counts. Cost: a second parse."""

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            twice = next(key for key, count in Counter(key for key, _value in pairs).items() if count > 1)
            raise line_error(path, number, f"{twice:.80}: the field is given twice in one object; keep one.")
        return fields

    json.loads(text, object_pairs_hook=check)


def unstorable(value: Any) -> str:
    """Return what a database or UTF-8 can't hold in the texts of a parsed JSON value, or an empty text."""
    for text in _texts(value):
        if "\x00" in text:
            return "the NUL character (\\u0000)"
        if not text.isascii() and _SURROGATE.search(text):
            return "half of a surrogate pair"
    return ""


def _is_deeper_than(limit: int, value: Any) -> bool:
    """Whether lists and objects are nested deeper, found level by level so that no depth can exhaust the stack."""
    level = [value]
    for _depth in range(limit):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
