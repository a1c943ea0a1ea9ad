"""A strict, streaming reader of JSON Lines: every complaint names the file and the line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from builder.common.errors import BadInput

# A longer line is refused before it is parsed, so a hostile file costs at most this much memory.
MAX_LINE_BYTES = 8 * 1024 * 1024


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

    Raises BadInput for a missing file, a line over 8 MiB, invalid UTF-8, bad or too deeply nested JSON, NaN, a NUL
    character, or a line that isn't an object.
    """
    try:
        source = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path} can't be read: {error.strerror or error}. Check the path.") from error
    with source:
        number = 0
        while raw := source.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                raise line_error(path, number, f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB.")
            if raw.strip():
                yield Line(path, number, _parse(path, number, raw))


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
    _refuse_unstorable(path, number, raw, value)
    return value


def _why_malformed(text: str, error: msgspec.DecodeError) -> str:
    """Say more than the fast parser does: NaN and infinity are named with their field."""

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for key, value in pairs:
            if isinstance(value, _NotANumber):
                raise BadInput(f"{key}: a finite number was expected, not {value.name}.")
        return dict(pairs)

    try:
        json.loads(text, parse_constant=_NotANumber, object_pairs_hook=check)
    except BadInput as found:
        return found.message
    except (ValueError, RecursionError):
        pass
    return f"bad JSON ({error})."


@dataclass(frozen=True, slots=True)
class _NotANumber:
    name: str


def _refuse_unstorable(path: Path, number: int, raw: bytes, value: dict[str, Any]) -> None:
    """Refuse what neither database nor UTF-8 can hold; only lines with an escape pay for the walk."""
    if b"\\u" not in raw and b"\x00" not in raw:
        return
    for text in _texts(value):
        if "\x00" in text:
            raise line_error(path, number, "a text holds the NUL character (\\u0000); remove it.")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise line_error(path, number, "a text holds half of a surrogate pair; remove it.")


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
