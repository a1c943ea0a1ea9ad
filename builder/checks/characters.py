"""Checks of characters nobody sees, and of those no database or file can hold."""

import re
import unicodedata
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from builder.checks.findings import Check, Context, Help, Hit, Mend, Severity, check
from builder.content import CaseContent

SURROGATE = re.compile("[\ud800-\udfff]")
# Zero-width and soft characters, direction overrides, tags, fillers and controls other than tab and line ends.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# These belong into some texts: joiners into emoji, Arabic and Indian words; direction marks into right-to-left ones.
_JOINERS, _MARKS = "\u200c\u200d", "\u061c\u200e\u200f"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_JOINING = re.compile("[\u0600-\u06ff\u0750-\u077f\u0900-\u0dff\u0e80-\u0fff\u1000-\u109f\u1780-\u17ff]")


def is_blank(text: str) -> bool:
    """Whether nobody would see anything of the text."""
    return not INVISIBLE.sub("", text).strip()


@check(
    "text.surrogate", family="characters", severity=Severity.ERROR, title=gettext_lazy("Half a character"),
    help=Help(
        finds=gettext_lazy("A text holds half of a character, left over from a broken copy."),
        why=gettext_lazy("No file or database can hold it, so the case could be neither saved nor released."),
        before=gettext_lazy("Pain since yesterday � (half an emoji)"),
        after=gettext_lazy("Pain since yesterday"),
    ),
)  # fmt: skip
def no_surrogate(content: CaseContent, context: Context) -> Iterator[Hit]:
    """Every character is a whole one."""
    for field, text in texts_of(content):
        if found := SURROGATE.search(text):
            mend = Mend(field, SURROGATE.sub("", text), _("Remove it"))
            yield Hit(field, _("This text holds half a character, which can't be kept."), mend, found.span())


@check(
    "text.invisible", family="characters", severity=Severity.WARNING, title=gettext_lazy("Characters nobody sees"),
    help=Help(
        finds=gettext_lazy(
            "A text holds zero-width characters, direction overrides or control characters, often "
            "from a copied page or PDF."
        ),
        why=gettext_lazy(
            "Search misses the word, a model reads another text than you do, and an override can "
            "make a text read backwards."
        ),
        before=gettext_lazy("aspi[zero-width space]rin"),
        after=gettext_lazy("aspirin"),
    ),
)  # fmt: skip
def nothing_invisible(content: CaseContent, context: Context) -> Iterator[Hit]:
    """What is read is what is there."""
    for field, text in texts_of(content):
        hidden = list(_hidden(text))
        if not hidden:
            continue
        gone = set(hidden)
        cleaned = "".join(character for place, character in enumerate(text) if place not in gone)
        names = sorted({_name(text[place]) for place in hidden})
        yield Hit(
            field,
            ngettext(
                "There is %(count)s character here that nobody sees: %(names)s.",
                "There are %(count)s characters here that nobody sees: %(names)s.",
                len(hidden),
            )
            % {"count": len(hidden), "names": ", ".join(names[:3])},
            Mend(field, cleaned, _("Remove what nobody sees")),
            (hidden[0], hidden[0] + 1),
        )


def texts_of(content: CaseContent) -> Iterator[tuple[str, str]]:
    """Yield every text of a case that somebody writes, with its field."""
    yield "title", content.title
    for index, turn in enumerate(content.prompt):
        yield f"prompt[{index}].content", turn.content
    yield "reference", content.reference_answer
    for index, passage in enumerate(content.evidence):
        for name in ("quote", "source", "edition"):
            yield f"evidence[{index}].{name}", getattr(passage, name)
    for index, criterion in enumerate(content.rubrics):
        yield f"rubrics[{index}].criterion", criterion.criterion
        yield f"rubrics[{index}].guideline", criterion.guideline


def _hidden(text: str) -> Iterator[int]:
    is_right_to_left: bool | None = None
    for found in INVISIBLE.finditer(text):
        place = found.start()
        if found[0] in _JOINERS and _joins(text, place):
            continue
        if found[0] in _MARKS:
            if is_right_to_left is None:
                is_right_to_left = _RIGHT_TO_LEFT.search(text) is not None
            if is_right_to_left:
                continue
        yield place


def _joins(text: str, place: int) -> bool:
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    if _JOINING.match(before) and _JOINING.match(after):
        return True
    # A family or a profession among the emoji is several, joined.
    return (bool(before and after) and before in "\ufe0f") or (
        all(unicodedata.category(each) in ("So", "Sk") for each in (before, after) if each)
        and bool(before and after)
    )


def _name(character: str) -> str:
    return f"U+{ord(character):04X}"


CHARACTER_CHECKS: tuple[Check, ...] = (no_surrogate, nothing_invisible)
