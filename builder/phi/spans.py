"""What a rule finds: a kind, and where it stands in the text."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

# Where two spans overlap, the kind that stands first here wins: a number with a name beats a number by its shape.
KINDS = (
    "resident_number", "social_security", "nhs_number", "passport", "driving_licence", "insurance_number",
    "email", "url", "birth_date", "record_number", "phone", "address", "name",
)  # fmt: skip


class Span(NamedTuple):
    """One passage, from `start` up to `end`; `is_sure` when a label, a checksum or an unmistakable shape says so."""

    start: int
    end: int
    kind: str
    is_sure: bool = True


# A rule, or an engine of somebody else's, reads one plain text.
Engine = Callable[[str], Iterable[Span]]


def follows(text: str, start: int, label: re.Pattern[str], reach: int = 40) -> bool:
    """Whether the label stands in the same line, at most `reach` characters before `start`."""
    before = text[max(0, start - reach) : start]
    return label.search(before[before.rfind("\n") + 1 :]) is not None


def digits_of(text: str) -> str:
    """Return the ASCII digits of a text."""
    return "".join(char for char in text if "0" <= char <= "9")


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in reading order, of overlapping ones the first by kind, then the longest. Cost: n log n."""
    kept: list[Span] = []
    for span in sorted(spans):
        if kept and span.start < kept[-1].end:
            kept[-1] = min(kept[-1], span, key=_precedence)
        else:
            kept.append(span)
    return kept


def _precedence(span: Span) -> tuple[int, int, int]:
    return KINDS.index(span.kind), span.start - span.end, span.start
