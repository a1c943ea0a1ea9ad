"""Reading a criterion: its text in one line, its language, and what it claims."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from builder.checks.words import Lexicon, lexicon, lexicon_of, words_of
from builder.content import CaseContent, Criterion
from builder.similarity import shingles

# Of a longer criterion only the beginning is read: nobody grades a page, and the time stays bounded. Two long ones
# may share a page of preamble, so they are compared further.
MOST_READ, MOST_COMPARED = 2_000, 20_000
# Two claims share this much of their n-grams, and more when one says something the other doesn't.
LEAST_ALIKE, LEAST_WITH_MORE = 0.5, 0.75
# A short Latin word more or less is a name (CT, IV, IgG), not an ornament.
SHORT = 4
_SPACES = re.compile(r"\s+")
# A rationale after the claim is no part of it.
_RATIONALE = re.compile(
    r"\(?\b(?:justification|rationale|reason|note|근거|이유)\b ?[::].{0,2000}", re.IGNORECASE | re.DOTALL
)
_QUOTED = re.compile(r"[\"“”‘「『][^\"“”’」』]{0,300}[\"“”’」』]")
_BRACKETED = re.compile(r"\([^()]{0,300}\)|\[[^\[\]]{0,300}\]")
# Signs that are words: an arrow up isn't an arrow down.
_SIGNS = re.compile("[↑↓→←⇑⇓<>≤≥]")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """A criterion's text as the checks read it; `bare` is without brackets and quotations."""

    text: str
    bare: str
    lexicon: Lexicon | None
    _found: dict[str, re.Match[str] | None] = field(default_factory=dict)

    def find(self, name: str) -> re.Match[str] | None:
        """Return where a pattern matches first. Readings are kept, so an unchanged criterion isn't searched again."""
        if self.lexicon is None:
            return None
        if name not in self._found:
            self._found[name] = self.lexicon.find(name, self.text)
        return self._found[name]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a criterion claims: its telling words, its numbers, and where it is denied.

    `turns` has one entry for every run of negations and opposites: after how many telling words it stands, and
    whether it turns the meaning round.
    """

    words: tuple[str, ...]
    numbers: tuple[str, ...]
    turns: tuple[tuple[int, bool], ...]
    grams: frozenset[int]
    joined: str
    language: str

    @property
    def names_opposites(self) -> bool:
        """Whether it speaks of a direction, such as starting or lowering, and not only of doing or leaving out."""
        return any(number.startswith("±") for number in self.numbers)

    @property
    def is_denied(self) -> bool:
        """Whether the claim as a whole is the opposite of its words."""
        return sum(turned for _place, turned in self.turns) % 2 == 1


@lru_cache(maxsize=2_048)
def read(text: str) -> Reading:
    """Return a text in one line, read in its own language."""
    line = _SPACES.sub(" ", text[: 2 * MOST_READ]).replace("’", "'").strip()
    line = (_RATIONALE.sub("", line).strip() or line)[:MOST_READ]
    bare = _SPACES.sub(" ", _BRACKETED.sub("", _QUOTED.sub("…", line))).replace(" .", ".").strip()
    return Reading(line, bare, lexicon_of(line))


def readings(content: CaseContent) -> list[tuple[int, Criterion, Reading, Lexicon]]:
    """Return the criteria whose language has word lists, with their places."""
    found = []
    for index, criterion in enumerate(content.rubrics):
        reading = read(criterion.criterion)
        if reading.lexicon is not None and reading.text:
            found.append((index, criterion, reading, reading.lexicon))
    return found


@lru_cache(maxsize=2_048)
def claim_of(text: str) -> Claim:
    """Return what a text claims, without the words that only say that something is said."""
    reading = read(text)
    line = reading.text if len(text) <= MOST_READ else text[:MOST_COMPARED]
    words = words_of(line)
    if reading.lexicon is None:
        return Claim(tuple(words), tuple(_DIGITS.findall(line)), (), _grams(line), line, "")
    kept, numbers, turns = _sorted_words(line, words, reading.lexicon)
    joined = " ".join(kept)
    return Claim(tuple(kept), numbers, turns, _grams(joined), joined, reading.lexicon.language)


def same_claim(one: Claim, other: Claim) -> bool:
    """Whether two claims are about the same thing; whether one denies it doesn't matter here."""
    if one.numbers != other.numbers or not one.words or not other.words:
        return False
    common = len(one.grams & other.grams)
    shared = common / max(len(one.grams) + len(other.grams) - common, 1)
    # The cheap look comes first: of fifteen criteria hardly any two go on to have their words compared.
    if shared < LEAST_ALIKE or not _turn_alike(one, other):
        return False
    ours, theirs = _only_in(one, other), _only_in(other, one)
    if (ours and theirs) or any(len(word) <= SHORT and word.isascii() for word in (*ours, *theirs)):
        return False
    return shared >= LEAST_WITH_MORE if ours or theirs else _in_order(one, other)


def _turn_alike(one: Claim, other: Claim) -> bool:
    """Whether the two differ in one denial at most: with several, which of them turned would have to be understood."""
    if max(len(one.turns), len(other.turns)) > 1:
        return one.turns == other.turns
    places = [place for place, _turned in (*one.turns, *other.turns)]
    return len(set(places)) <= 1


def _in_order(one: Claim, other: Claim) -> bool:
    """Whether the words both use come in the same order: "up, down" isn't "down, up"."""
    ours, theirs = set(one.words), set(other.words)
    return [word for word in one.words if word in theirs] == [word for word in other.words if word in ours]


def _grams(text: str) -> frozenset[int]:
    return frozenset(shingles(text).tolist())


def _sorted_words(
    line: str, words: list[str], known: Lexicon
) -> tuple[list[str], tuple[str, ...], tuple[tuple[int, bool], ...]]:
    kept: list[str] = []
    turns: dict[int, bool] = {}
    numbers = _SIGNS.findall(line)
    for word in words:
        group, is_second = _opposite(word, known)
        if group or known.is_one_of("negation", word):
            turns[len(kept)] = turns.get(len(kept), False) ^ (is_second if group else True)
            numbers += [group] if group else []
        elif _DIGITS.match(word) or known.is_one_of("number", word):
            numbers.append(word.rstrip("."))
        elif not known.is_one_of("empty", word) and not known.is_one_of("saying", word):
            kept.append(known.stem(word))
    return kept, tuple(numbers), tuple(turns.items())


def _opposite(word: str, known: Lexicon) -> tuple[str, bool]:
    """Return the row of opposites a word is in, and whether it is the second of them; Korean words by their stem."""
    for size in range(1 if known.language == "ko" else len(word), len(word) + 1):
        if word[:size] in known.opposites:
            return known.opposites[word[:size]]
    return "", False


def _only_in(one: Claim, other: Claim) -> list[str]:
    """Return the words of one claim that have no kin in the other: the same stem counts as kin."""
    theirs = set(other.words)
    return [
        word
        for word in dict.fromkeys(one.words)
        if word not in theirs and not any(_kin(word, each, one.language) for each in theirs)
    ]


def _kin(one: str, other: str, language: str) -> bool:
    shared = next(
        (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
    if language == "ko":
        return shared >= 2 or shared == min(len(one), len(other))
    endings = lexicon(language).words["endings"] if language else frozenset()
    return shared >= 4 and all(not rest or rest in endings for rest in (one[shared:], other[shared:]))
