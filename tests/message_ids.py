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
    """What identifies a text in a catalogue."""

    context: str | None
    text: str
    plural: str


def messages_of(path: Path) -> Iterator[tuple[int, Message]]:
    """Yield the line and the identity of every text in a Python file or a template."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # In brackets, Python's reader overlooks the indentation that HTML has.
        source = f"({templatize(source, origin=str(path))})"
    for line, text, _comments, context in extract("python", BytesIO(source.encode()), keywords=KEYWORDS):
        singular, plural = (text[0], text[1]) if isinstance(text, tuple) else (text, "")
        yield line, Message(context, singular, plural)


def used_messages() -> dict[Message, str]:
    """Return every text the product uses, with the first place it stands at."""
    found: dict[Message, str] = {}
    for path in [*python_files(), *template_files()]:
        for line, message in messages_of(path):
            found.setdefault(message, f"{name_of(path)}:{line}")
    return found
