"""The part of an answer that a decision is about: what graders quoted, marked in its paragraphs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

LONGEST_BEGINNING = 600
_PARAGRAPH = re.compile(r"(?:(?!\n\s*\n).)+", re.DOTALL)
_WORD = re.compile(r"\w+")
_EMPHASIS = re.compile(r"\*\*|__|^#{1,6} |`", re.MULTILINE)
_MOST_WORDS = 300
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the answer's text, marked where a grader quoted it; `ends_paragraph` after the last of one."""

    text: str
    marked: bool
    ends_paragraph: bool


def excerpt_of(text: str, quotes: Sequence[str]) -> tuple[list[Passage], bool]:
    """Return the paragraphs that graders quoted with the quotes marked, and whether they are the whole answer.

    Without a quote it is the answer's beginning. A quote is found by its words: what was selected on the page lacks
    the signs of Markdown.
    """
    spans = [span for quote in quotes if (span := _find(text, quote))]
    paragraphs = [_trimmed(match) for match in _PARAGRAPH.finditer(text) if match[0].strip()]
    if spans:
        kept = [place for place in paragraphs if any(_overlap(place, span) for span in spans)]
    else:
        kept = [place for place in paragraphs if place == paragraphs[0] or place[1] <= LONGEST_BEGINNING]
    passages = [piece for place in kept for piece in _pieces(text, place, spans)]
    return passages, len(kept) == len(paragraphs)


def _trimmed(match: re.Match[str]) -> Span:
    blank = len(match[0]) - len(match[0].lstrip())
    return match.start() + blank, match.start() + len(match[0].rstrip())


def _find(text: str, quote: str) -> Span | None:
    words = _WORD.findall(quote)[:_MOST_WORDS]
    if not words:
        return None
    found = re.search(r"\W+".join(re.escape(word) for word in words), text)
    return found.span() if found else None


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _pieces(text: str, place: Span, spans: Sequence[Span]) -> Iterator[Passage]:
    """Yield a paragraph cut where marks begin and end."""
    start, end = place
    inside = [(max(start, span[0]), min(end, span[1])) for span in spans if _overlap(place, span)]
    cuts = sorted({start, end, *(cut for span in inside for cut in span)})
    for one, other in pairwise(cuts):
        marked = any(span[0] <= one and other <= span[1] for span in inside)
        yield Passage(_EMPHASIS.sub("", text[one:other]), marked, other == end)
