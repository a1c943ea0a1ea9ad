"""A text as the eye reads it: no invisible characters, plain digits and dashes, with the way back to the original."""

import re
import unicodedata
from dataclasses import dataclass

# Anything outside printable ASCII and whole Hangul syllables may hide something.
_ODD = re.compile(r"[^\t\n\r\x20-\x7e가-힣]")
_COMPOSABLE = re.compile(r"[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[A-Za-z][\u0300-\u036f]{1,8}")
_FILLERS = "\u115f\u1160\u3164\uffa0\u034f\u2800"
_DASHES = "\u2212\u02d7\u2043\u3161"  # the last is a Hangul vowel that Korean keyboards offer for a dash
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"'}
_LONGEST_FOLD = 4
_folds: dict[str, str] = {}
_MOST_FOLDS = 20_000


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text without disguises; `starts[i]` and `ends[i]` say where its i-th character stood."""

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None
    hid_characters: bool = False

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return where this piece stands in the original text."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def plain_text(text: str, *, hidden: str = "") -> PlainText:
    """Return the text without disguises; an invisible character becomes `hidden`. Cost: linear.

    Full-width, mathematical and other scripts' digits become ASCII, every dash a hyphen, every space a space, and
    letters typed in parts are put together. A lone surrogate becomes U+FFFD.
    """
    if not _ODD.search(text):
        return PlainText(text)
    chars: list[str] = []
    starts: list[int] = []
    hid = False
    for place, char in enumerate(text):
        folded = _fold(char)
        if not folded:
            hid, folded = True, hidden
        for piece in folded:
            chars.append(piece)
            starts.append(place)
    return _composed("".join(chars), starts, hid)


def same_passage(passage: str) -> str:
    """Return the form in which two spellings of one passage are equal: no disguises, no case, single spaces."""
    return " ".join(plain_text(passage).text.casefold().split())


def _composed(text: str, starts: list[int], hid: bool) -> PlainText:
    ends = [start + 1 for start in starts]
    if not _COMPOSABLE.search(text):
        return PlainText(text, starts, ends, hid)
    pieces: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    last = 0
    for match in _COMPOSABLE.finditer(text):
        begin, end = match.span()
        whole = unicodedata.normalize("NFC", match.group())
        pieces += (text[last:begin], whole)
        new_starts += starts[last:begin] + [starts[begin]] * len(whole)
        new_ends += ends[last:begin] + [ends[end - 1]] * len(whole)
        last = end
    pieces.append(text[last:])
    return PlainText("".join(pieces), new_starts + starts[last:], new_ends + ends[last:], hid)


def _fold(char: str) -> str:
    if char < "\x7f" and (char >= " " or char in "\t\n\r"):
        return char
    if (known := _folds.get(char)) is not None:
        return known
    folded = _folded(char)
    if len(_folds) < _MOST_FOLDS:
        _folds[char] = folded
    return folded


def _folded(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cs":
        return "\ufffd"
    if category in ("Cf", "Cc") or char in _FILLERS or "VARIATION SELECTOR" in unicodedata.name(char, ""):
        return ""
    if category == "Pd" or char in _DASHES:
        return "-"
    if category in ("Zs", "Zl", "Zp"):
        return " " if category == "Zs" else "\n"
    if char in _QUOTES:
        return _QUOTES[char]
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if "\u1100" <= char <= "\u11ff" or "\u3131" <= char <= "\u318e":
        return char
    compatible = unicodedata.normalize("NFKC", char)
    return compatible if len(compatible) <= _LONGEST_FOLD else char
