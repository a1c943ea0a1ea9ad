"""What changed between two texts, word by word, for people who read them. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "removed", "added"]

# Scripts that put no space between words, so that each of their signs stands alone: Thai, Lao, Myanmar and Khmer, and
# the Chinese and Japanese ones. Korean has spaces and is compared by the word like English.
_ALONE = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_JOINER = "\u200d"


def _marks() -> str:
    """Return every combining mark, and what else never stands alone, for a character class.

    An accent, a vowel sign of Arabic or Hindi, or the skin colour of an emoji is torn off its sign otherwise.
    """
    marks = [
        code for code in (*range(0x300, 0x1F400), *range(0xE0100, 0xE01F0))
        if unicodedata.category(chr(code))[0] == "M"
    ]  # fmt: skip
    alone = [*marks, 0x200C, 0x200D, *range(0x1F3FB, 0x1F400)]
    return "".join(f"\\U{code:08x}" for code in alone)


def _token_pattern() -> re.Pattern[str]:
    """Return what matches one word, one sign that stands alone, or white space, each with the marks upon it."""
    mark = f"[{_marks()}]"
    sign = f"[{_ALONE}]{mark}*"
    word = f"(?:(?![{_ALONE}])\\w)(?:(?![{_ALONE}])\\w|{mark})*"
    other = f".{mark}*(?:(?<={_JOINER}).{mark}*)*"
    return re.compile(f"{sign}|{word}|\\s+|{other}", re.DOTALL)


_TOKEN = _token_pattern()

# Two texts that share less than this are two texts, not one that was edited.
ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that stands in both versions, in the old one alone, or in the new one alone."""

    kind: Kind
    text: str


def word_diff(old: str, new: str) -> list[Piece]:
    """Return the pieces that lead from the old text to the new one.

    The same and removed pieces joined are the old text, the same and added ones the new text. Changed words with only
    white space between them are one piece. Cost: quadratic in the changed words at worst; difflib's heuristic for
    long texts keeps a case of 10,000 words under a second.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    pieces: list[Piece] = []
    removed = added = ""
    for tag, low, high, new_low, new_high in SequenceMatcher(None, before, after).get_opcodes():
        left, right = "".join(before[low:high]), "".join(after[new_low:new_high])
        if tag == "equal" and (left.strip() or not (removed or added)):
            pieces += [*_change(removed, added), Piece("same", left)]
            removed = added = ""
        else:
            removed, added = removed + left, added + right
    return _joined([*pieces, *_change(removed, added)])


def has_changed(pieces: Iterable[Piece]) -> bool:
    """Whether any piece was removed or added."""
    return any(piece.kind != "same" for piece in pieces)


def pair_up(old: list[str], new: list[str]) -> list[tuple[int | None, int | None]]:
    """Match the items of two lists by their text; return (old index, new index), in the new list's order.

    Equal texts find each other wherever they moved; of the rest, each new item takes the most similar old one. What
    has no match stands alone, and the old ones that are gone come last.
    """
    free = list(range(len(old)))
    match: dict[int, int] = {}
    for position, text in enumerate(new):
        if (same := next((index for index in free if old[index] == text), None)) is not None:
            match[position] = same
            free.remove(same)
    for position, text in enumerate(new):
        if position not in match and free:
            score, index = max((_alike(old[index], text), -index) for index in free)
            if score >= ALIKE:
                match[position] = -index
                free.remove(-index)
    pairs: list[tuple[int | None, int | None]] = [
        (match.get(position), position) for position in range(len(new))
    ]
    return pairs + [(index, None) for index in free]


def _alike(old: str, new: str) -> float:
    # White space between the words would make any two texts alike.
    matcher = SequenceMatcher(None, _words(old), _words(new))
    # Three bounds, each dearer than the one before.
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return matcher.ratio()


def _words(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text) if not token.isspace()]


def _change(removed: str, added: str) -> list[Piece]:
    """Return a removed and an added piece; the white space both end with belongs to neither."""
    end = 0
    while (
        end < min(len(removed), len(added))
        and removed[-1 - end] == added[-1 - end]
        and removed[-1 - end].isspace()
    ):
        end += 1
    tail = removed[len(removed) - end :]
    removed, added = removed[: len(removed) - end], added[: len(added) - end]
    pieces = (Piece("removed", removed), Piece("added", added), Piece("same", tail))
    return [piece for piece in pieces if piece.text]


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces with neighbours of one kind made one."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].kind == piece.kind:
            joined[-1] = Piece(piece.kind, joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined
