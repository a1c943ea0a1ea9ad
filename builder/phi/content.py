"""The identifiers in every text of a case."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from builder.content import CaseContent
from builder.phi.scan import find_identifiers
from builder.phi.spans import Engine

# Smaller numbers of an imported row identify nobody without the name of their field.
_LONG_NUMBER = 10**5
# Read as texts of their own; the canary is a number of ours.
_OWN_PLACES = frozenset(("prompt", "rubrics", "evidence", "canary", "ideal_completions_data"))


@dataclass(frozen=True, slots=True)
class Identifier:
    """One passage that identifies a person: the field it stands in, its kind, and its place in that text."""

    field: str
    kind: str
    passage: str
    start: int
    end: int
    is_sure: bool


def find_in_content(content: CaseContent, engines: Sequence[Engine] = ()) -> Iterator[Identifier]:
    """Yield every identifier in any text of a case, field by field. Cost: linear in its texts."""
    for field, text in texts_of(content):
        for span in find_identifiers(text, engines):
            passage = text[span.start : span.end]
            yield Identifier(field, span.kind, passage, span.start, span.end, span.is_sure)


def texts_of(content: CaseContent) -> Iterator[tuple[str, str]]:
    """Yield every text of a case with the field that holds it, as findings name fields.

    A text inside a mapping is read together with its key, since the key may be what makes a number an identifier.
    """
    for index, turn in enumerate(content.prompt):
        yield f"prompt[{index}].content", turn.content
    for section, rows in (("rubrics", content.rubrics), ("evidence", content.evidence)):
        for index, row in enumerate(rows):
            yield from _texts_in(msgspec.to_builtins(row), f"{section}[{index}]", is_row=True)
    data = content.ideal_completions_data
    if isinstance(data, dict):
        yield "reference", content.reference_answer
        others = {key: value for key, value in data.items() if key != "ideal_completion"}
        yield from _texts_in(others, "reference")
    for name in content.__struct_fields__:
        if name not in _OWN_PLACES:
            yield from _texts_in(getattr(content, name), name)


def _texts_in(value: Any, field: str, key: str = "", *, is_row: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the texts of a parsed JSON value; of a row, each field under its own name."""
    stack: list[tuple[Any, str, str, bool]] = [(value, field, key, is_row)]
    while stack:
        value, field, key, is_row = stack.pop()
        if isinstance(value, dict):
            if is_row:
                stack += [(inner, f"{field}.{name}", "", False) for name, inner in reversed(value.items())]
            else:
                stack += [(inner, field, str(name), False) for name, inner in reversed(value.items())]
        elif isinstance(value, list):
            stack += [(inner, field, key, False) for inner in reversed(value)]
        elif isinstance(value, str) and (value or key):
            yield field, f"{key}: {value}" if key else value
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= _LONG_NUMBER:
            yield field, f"{key}: {value}" if key else str(value)
