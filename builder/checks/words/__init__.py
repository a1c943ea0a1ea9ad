"""The word lists of the checks: one TOML file a language. A language without a file is silently left out."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "ko")
_FOLDER = Path(__file__).parent
_WORD = re.compile(r"[\w][\w'’.-]*\b|\w")
_LIST_NAME = re.compile(r"\{([a-z_]+)\}")
_HANGUL = re.compile("[가-힣]")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile("[a-zA-Z]")
# Enough of a text to tell its language.
_SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words and patterns of one language."""

    language: str
    patterns: Mapping[str, re.Pattern[str]]
    words: Mapping[str, frozenset[str]]
    opposites: Mapping[str, tuple[str, bool]]
    laws: Mapping[str, str]

    def find(self, name: str, text: str) -> re.Match[str] | None:
        """Return where a pattern of this name matches first."""
        pattern = self.patterns.get(name)
        return pattern.search(text) if pattern else None

    def is_one_of(self, name: str, word: str) -> bool:
        """Whether a word is on a list; Korean words carry endings, so there the list holds their beginnings."""
        listed = self.words[name]
        if self.language != "ko":
            return word in listed
        return f"{word}$" in listed or any(word[:size] in listed for size in range(1, min(len(word), 5) + 1))

    def stem(self, word: str) -> str:
        """Return a word without its ending, where the language lists endings; two characters stay at least."""
        endings = self.words.get("endings", frozenset())
        for size in range(min(len(word) - 1, 4), 0, -1):
            if word[-size:] in endings and (len(word) - size >= 2 or size >= 2):
                return word[:-size]
        return word


@cache
def lexicon(language: str) -> Lexicon:
    """Return the lexicon of one of `LANGUAGES`."""
    data = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    patterns = {
        name: _compiled(pieces, data["lists"]) for name, pieces in data["patterns"].items() if any(pieces)
    }
    words = {name: frozenset(listed) for name, listed in data["words"].items()}
    opposites = {
        word: (f"±{row}", is_second)
        for row, halves in enumerate(data["opposites"]["rows"])
        for is_second, half in zip((False, True), halves, strict=True)
        for word in half
    }
    return Lexicon(language, patterns, words, opposites, data["laws"])


@cache
def _detection() -> tuple[frozenset[str], frozenset[str]]:
    data = tomllib.loads((_FOLDER / "en.toml").read_text(encoding="utf-8"))["detect"]
    return frozenset(data["ours"]), frozenset(data["others"])


def lexicon_of(text: str) -> Lexicon | None:
    """Return the lexicon of a text's own language, or None for a language without one.

    A rubric is often written in another language than the conversation, so the text decides, not the case.
    """
    sample = text[:_SAMPLE]
    letters = len(_LETTER.findall(sample))
    if not letters:
        return None
    if len(_HANGUL.findall(sample)) * 4 >= letters:
        return lexicon("ko")
    if len(_LATIN.findall(sample)) * 10 < letters * 9:
        return None
    ours, others = _detection()
    found = words_of(sample)
    mine, theirs = sum(word in ours for word in found), sum(word in others for word in found)
    return lexicon("en") if mine > theirs or not theirs else None


def words_of(text: str) -> list[str]:
    """Return a text's words in lower case, with inner apostrophes and hyphens."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def _compiled(pieces: list[str], lists: Mapping[str, Any]) -> re.Pattern[str]:
    def listed(found: re.Match[str]) -> str:
        return f"(?:{'|'.join(lists[found[1]])})" if found[1] in lists else found[0]

    return re.compile("|".join(f"(?:{_LIST_NAME.sub(listed, piece)})" for piece in pieces), re.IGNORECASE)
