"""Parts of a large JSON file, read piece by piece: one element in memory, never the file. Pure.

Some harnesses write one JSON object for a whole run. What isn't asked for is skipped value by value.
"""

import codecs
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from builder.common.errors import BadInput
from builder.common.jsonl import MAX_DEPTH, unstorable

# The largest file that is read at all, and the largest single value in it.
MAX_FILE_BYTES = 2**30
MAX_VALUE_CHARACTERS = 8 * 2**20
_CHUNK = 2**18
_SPACE = " \t\r\n"
_AFTER_NUMBER = (*_SPACE, ",", "]", "}")


def iter_array(path: Path, keys: Sequence[str], *, nan: bool = False) -> Iterator[Any]:
    """Yield the elements of the array that the keys lead to; raises BadInput when there is none.

    Raises BadInput with the file's name for bad JSON, invalid UTF-8, NaN or too deep nesting in an element, an
    element over 8 MiB, and a file over 1 GiB. With `nan` such a number is read: some harnesses write it for what they
    did not score.
    """
    with _Reader(path) as reader:
        if not reader.descend(keys) or reader.peek() != "[":
            raise BadInput(f"{path.name} holds no list {'.'.join(keys)}.")
        for index, element in enumerate(reader.elements(strict=not nan)):
            reader.check(element, f"{keys[-1]}[{index}]", nan=nan)
            yield element


def read_value(path: Path, keys: Sequence[str]) -> Any:
    """Return the value that the keys lead to, or None when there is none; stops reading there."""
    with _Reader(path) as reader:
        return reader.value(strict=False) if reader.descend(keys) else None


class _Reader:
    """A window over the file's text that grows only as far as one value needs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text, self._at, self._ended = "", 0, False
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._strict = json.JSONDecoder(parse_constant=self._refuse_constant)
        self._lenient = json.JSONDecoder()

    def __enter__(self) -> "_Reader":
        try:
            if self._path.stat().st_size > MAX_FILE_BYTES:
                raise self._error(
                    f"is larger than {MAX_FILE_BYTES // 2**20} MiB. Split the run, or import it in parts"
                )
            self._source = self._path.open("rb")
        except OSError as error:
            raise self._error(f"can't be read: {error.strerror or error}") from error
        return self

    def __exit__(self, *details: object) -> None:
        self._source.close()

    def peek(self) -> str:
        """Return the next character that isn't space; an empty text at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text) or not self._grow():
                return self._text[self._at : self._at + 1]

    def descend(self, keys: Sequence[str]) -> bool:
        """Go to the value behind the keys; False when an object on the way lacks one."""
        return all(self.peek() == "{" and self._find(key) for key in keys)

    def elements(self, *, strict: bool) -> Iterator[Any]:
        """Yield the elements of the array that begins here."""
        self._take("[")
        if self.peek() == "]":
            return
        while True:
            yield self.value(strict=strict)
            if self.peek() == "]":
                return
            self._take(",")

    def value(self, *, strict: bool) -> Any:
        """Return the value that begins here."""
        self.peek()
        decoder = self._strict if strict else self._lenient
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
                # A number cut by the window's edge ("1." of "1.5") reads as a shorter one.
                whole = not isinstance(value, int | float) or self._text[end : end + 1] in _AFTER_NUMBER
                if (end < len(self._text) and whole) or not self._grow():
                    self._at = end
                    return value
            except RecursionError as error:
                raise self._error("is nested too deeply") from error
            except ValueError as error:
                if not self._grow():
                    raise self._error(f"is cut off or not JSON ({error})") from error
            if len(self._text) - self._at > MAX_VALUE_CHARACTERS:
                raise self._error(f"holds a value of more than {MAX_VALUE_CHARACTERS // 2**20} MiB")

    def check(self, value: Any, place: str, *, nan: bool = False) -> None:
        """Refuse what neither a database nor a later reader can hold."""
        level, depth = [value], 0
        while level:
            depth += 1
            if depth > MAX_DEPTH:
                raise self._error(f"is nested too deeply at {place}")
            inner: list[Any] = []
            for each in level:
                if isinstance(each, float) and not nan and not math.isfinite(each):
                    raise self._error(f"holds a number that is too large at {place}")
                if isinstance(each, dict):
                    inner.extend(each.values())
                elif isinstance(each, list):
                    inner.extend(each)
            level = inner
        if problem := unstorable(value):
            raise self._error(f"holds {problem} at {place}; remove it")

    def _find(self, wanted: str) -> bool:
        self._take("{")
        while self.peek() == '"':
            key = self.value(strict=True)
            self._take(":")
            if key == wanted:
                return True
            self._skip()
            if self.peek() != ",":
                break
            self._take(",")
        self._take("}")
        return False

    def _skip(self, levels: int = 2) -> None:
        """Pass over a value; the outer levels element by element, since a container may be most of the file."""
        opening = self.peek()
        if opening not in "[{" or not levels:
            self.value(strict=False)
            return
        closing = "]" if opening == "[" else "}"
        self._take(opening)
        while self.peek() != closing:
            if opening == "{":
                self.value(strict=False)
                self._take(":")
            self._skip(levels - 1)
            if self.peek() == ",":
                self._take(",")
            elif self.peek() != closing:
                raise self._error(f"is cut off or not JSON (expected {closing})")
        self._take(closing)

    def _take(self, character: str) -> None:
        if self.peek() != character:
            raise self._error(f"is cut off or not JSON (expected {character})")
        self._at += 1

    def _grow(self) -> bool:
        """Read on, twice as far each time within one value; False, with the window as it was, at the end."""
        if self._ended:
            return False
        kept = self._text[self._at :]
        raw = self._source.read(max(_CHUNK, len(kept)))
        self._ended = not raw
        try:
            read = self._decode.decode(raw, final=self._ended)
        except UnicodeDecodeError as error:
            raise self._error("is not valid UTF-8") from error
        if not self._ended:
            self._text, self._at = kept + read, 0
        return not self._ended

    def _refuse_constant(self, name: str) -> Any:
        raise self._error(f"holds {name} where a finite number was expected")

    def _error(self, problem: str) -> BadInput:
        return BadInput(f"{self._path.name} {problem}.")
