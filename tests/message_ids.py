"""The texts that the product asks gettext for, read from its source without gettext's own programs."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.extract import extract
from django.utils.translation.template import templatize

from tests.product_files import name_of, python_files, template_files

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


class Message(NamedTuple):
    """What identifies a text in a catalogue; its plural doesn't, as gettext has it."""

    context: str | None
    text: str


class Use(NamedTuple):
    """One place where a text is asked for."""

    place: str
    message: Message
    plural: str | None


def uses_in(path: Path) -> Iterator[Use]:
    """Yield every text a Python file or a template asks for."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # In brackets, Python's reader overlooks the indentation that HTML has.
        source = f"({templatize(source, origin=str(path))})"
    for line, text, _comments, context in extract("python", BytesIO(source.encode()), keywords=KEYWORDS):
        singular, plural = text if isinstance(text, tuple) else (text, None)
        yield Use(f"{name_of(path)}:{line}", Message(context, singular), plural)


def all_uses() -> list[Use]:
    """Return every place where the product asks for a text."""
    return [use for path in [*python_files(), *template_files()] for use in uses_in(path)]


def used_messages() -> dict[Message, str]:
    """Return every text the product asks for, with the first place it stands at."""
    found: dict[Message, str] = {}
    for use in all_uses():
        found.setdefault(use.message, use.place)
    return found
