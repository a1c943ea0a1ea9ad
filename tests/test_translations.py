"""Every text a person sees can be translated, and the Korean catalogue translates all of them."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest

from tests.message_ids import KEYWORDS, Message, all_uses, used_messages
from tests.product_files import ROOT, listed, name_of, python_files, template_files

CATALOGUE = ROOT / "builder" / "locale" / "ko" / "LC_MESSAGES" / "django.po"
HOW_TO_MEND = "Run `make messages`, translate, run `make translations`, and commit both files."

# Names and codes, the same in every language.
SAME_EVERYWHERE = re.compile(
    r"\b(?:Clinwright|HealthBench|Label Studio|Inspect AI|JSONL?|CSV|API|SHA-256|sha256)\b"
    r"|\((?:system|user|assistant)\)"
    r"|\b(?:Enter|Esc|Ctrl|Shift|Tab|Alt|OK|AC1|[vnkακ]|[A-Z])\b"
)
SPOKEN_ATTRIBUTES = {"aria-label", "aria-description", "alt", "title", "placeholder", "data-label"}
# What a page hands to a component as text; other parameters are names, classes and addresses.
SPOKEN_PARAMETERS = (
    r"(?:label|text|title|heading|hint|legend|lead|note|detail|empty|aside|person|summary"
    r"|\w+_(?:label|text|title))"
)
# With a capital letter or a space it is a text; without, a name or a class.
QUOTED_TEXT = r"(?P<quote>[\"'])(?=[^\"']*(?:[A-Z]|[^\"']\s))[^\"']*(?P=quote)"
TRANSLATED_BLOCK = re.compile(r"{%\s*(blocktrans(?:late)?)\b.*?%}.*?{%\s*end\1\s*%}", re.DOTALL)
COMMENT = re.compile(r"{#.*?#}|{%\s*comment\b.*?%}.*?{%\s*endcomment\s*%}|<!--.*?-->", re.DOTALL)
# A block may hold attributes alone, for a tag that another template opens.
SILENT_ATTRIBUTE = re.compile(rf"(?<![\w-])(?!(?:{'|'.join(sorted(SPOKEN_ATTRIBUTES))})=)[\w-]+=\"[^\"]*\"")
CODE = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
UNTRANSLATED_IN_CODE = {
    "a text handed to a component": rf"\b{SPOKEN_PARAMETERS}={QUOTED_TEXT}",
    "a text in a filter": rf"\|(?:default|default_if_none|yesno|add):{QUOTED_TEXT}",
    "pluralize (knows only English; use blocktranslate count)": r"\|pluralize\b",
}


class TextReader(HTMLParser):
    """Collects what a browser would show or a screen reader would say."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes that are spoken."""
        self.silent += tag in {"script", "style"}
        self.found += [
            (self.getpos()[0], value) for name, value in attrs if value and name in SPOKEN_ATTRIBUTES
        ]

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or a style sheet."""
        self.silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        """Keep a text, with the line it begins on."""
        if not self.silent:
            line = self.getpos()[0]
            self.found += [(line + offset, text) for offset, text in enumerate(data.split("\n"))]


def blank(found: re.Match[str]) -> str:
    """Return spaces for a match, keeping its lines, so that what follows keeps its place."""
    return re.sub(r"[^\n]", " ", found.group())


def bare_texts(source: str, is_html: bool = True) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of everything shown as it stands, untranslated."""
    text = CODE.sub(blank, TRANSLATED_BLOCK.sub(blank, COMMENT.sub(blank, source)))
    if is_html:
        reader = TextReader()
        reader.feed(text)
        reader.close()
        found = reader.found
    else:
        found = list(enumerate(text.split("\n"), start=1))
    for line, each in found:
        shown = SILENT_ATTRIBUTE.sub("", each).strip()
        if re.search(r"[^\W\d_]", SAME_EVERYWHERE.sub("", shown)):
            yield line, shown


def bare_literals(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the piece of template code that shows a text which no catalogue can hold."""
    text = COMMENT.sub(blank, source)
    for code in CODE.finditer(text):
        for why, pattern in UNTRANSLATED_IN_CODE.items():
            for match in re.finditer(pattern, code.group()):
                yield text.count("\n", 0, code.start() + match.start()) + 1, f"{why}: {match.group()}"


@pytest.fixture(scope="module")
def catalogue() -> dict[Message, polib.POEntry]:
    """Return the Korean catalogue by message; empty when it doesn't exist."""
    if not CATALOGUE.exists():
        return {}
    entries = [entry for entry in polib.pofile(str(CATALOGUE)) if not entry.obsolete]
    return {Message(entry.msgctxt, entry.msgid): entry for entry in entries}


def translations(entry: polib.POEntry) -> list[str]:
    """Return the entry's translations: one, or one per plural form."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def placeholders(text: str) -> set[str]:
    """Return the names a text leaves to be filled in, in either of Python's ways."""
    return set(re.findall(r"%\(\w+\)[sdif]|%[sd]", text)) | set(re.findall(r"{\w*(?::[^{}]*)?}", text))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>\nShown</p>", [(2, "Shown")]),
        ('<p aria-label="Spoken">{% translate "Fine" %}</p>', [(1, "Spoken")]),
        ("<p>{% blocktranslate %}Fine {{ name }}{% endblocktranslate %}: Clinwright 3</p>{# a note #}", []),
        ('{% block a %}autocomplete="off" aria-label="Spoken"{% endblock %}', [(1, 'aria-label="Spoken"')]),
        ('<a class="link" href="{% url "a:b" %}">{{ name }}</a><script src="x.js"></script>', []),
    ],
)
def test_the_reader_of_templates_tells_shown_from_translated(
    source: str, expected: list[tuple[int, str]]
) -> None:
    """The check itself: it must see what a person would see, and nothing else."""
    assert list(bare_texts(source)) == expected


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('{% include "a.html" with label="Save now" only %}', 1),
        ('{% include "a.html" with label=name status="held_out" %}{{ kind|default:"grey" }}', 0),
        ('{{ text|default:"None yet" }}{{ count }} case{{ count|pluralize }}', 2),
    ],
)
def test_the_reader_of_template_code_tells_texts_from_names(source: str, count: int) -> None:
    """The check itself, for texts inside template code."""
    assert len(list(bare_literals(source))) == count


@pytest.mark.parametrize("read", [bare_texts, bare_literals], ids=["shown", "in template code"])
def test_templates_hold_no_untranslated_text(read: Callable[[str], Iterator[tuple[int, str]]]) -> None:
    """A text outside translate and blocktranslate stays English for everybody."""
    found: list[str] = []
    for path in template_files():
        source = path.read_text(encoding="utf-8")
        rows = bare_texts(source, path.suffix == ".html") if read is bare_texts else read(source)
        found += [f"{name_of(path)}:{line}: {text}" for line, text in rows]
    assert not found, listed(found)


def test_korean_catalogue_is_complete(catalogue: dict[Message, polib.POEntry]) -> None:
    """Every text the product uses is translated, and no translation is a guess."""
    missing = [
        f"{place}: {message.text!r}" for message, place in used_messages().items() if message not in catalogue
    ]
    unfinished = [
        f"{message.text!r}{' (fuzzy)' if entry.fuzzy else ''}"
        for message, entry in catalogue.items()
        if entry.fuzzy or not all(translations(entry))
    ]
    assert not missing, f"{len(missing)} texts are not in the catalogue. {HOW_TO_MEND}{listed(missing)}"
    assert not unfinished, f"{len(unfinished)} texts are not translated. {HOW_TO_MEND}{listed(unfinished)}"


def test_korean_catalogue_holds_nothing_unused(catalogue: dict[Message, polib.POEntry]) -> None:
    """A translation that no page shows is one that nobody would notice to be wrong."""
    unused = [repr(message.text) for message in catalogue.keys() - used_messages().keys()]
    assert not unused, f"{len(unused)} texts are not used. {HOW_TO_MEND}{listed(sorted(unused))}"


def test_gettext_is_called_by_a_name_that_collectors_know() -> None:
    """Under another name a text is neither collected nor missed, and stays English for everybody."""
    renamed = re.compile(r"\b(?:n|p|np)?gettext(?:_lazy|_noop)? as (\w+)")
    found = [
        f"{name_of(path)}: {match.group()}"
        for path in python_files()
        for match in renamed.finditer(path.read_text(encoding="utf-8"))
        if match.group(1) not in KEYWORDS
    ]
    assert not found, listed(found)


def test_no_text_is_used_with_a_plural_and_without() -> None:
    """A catalogue keeps one entry for both, and Korean would show the plural's placeholder as it stands."""
    counted = {use.message for use in all_uses() if use.plural}
    found = [
        f"{use.place}: {use.message.text!r}"
        for use in all_uses()
        if use.message in counted and not use.plural
    ]
    assert not found, listed(found)


def test_placeholders_agree(catalogue: dict[Message, polib.POEntry]) -> None:
    """A placeholder lost in translation loses a number or a name; an invented one breaks the page."""
    wrong = [
        f"{message.text!r} → {text!r}"
        for message, entry in catalogue.items()
        for text in translations(entry)
        # Korean has one plural form, so it is held against the form that may name the number.
        if text and placeholders(text) != placeholders(entry.msgid_plural or entry.msgid)
    ]
    assert not wrong, listed(wrong)


def test_compiled_catalogue_is_up_to_date(catalogue: dict[Message, polib.POEntry]) -> None:
    """A fresh machine may lack gettext, so the compiled file is committed, and says what the source says."""
    path: Path = CATALOGUE.with_suffix(".mo")
    assert path.exists(), f"{name_of(path)} doesn't exist. {HOW_TO_MEND}"
    compiled = {Message(e.msgctxt, e.msgid): translations(e) for e in polib.mofile(str(path))}
    source = {message: translations(entry) for message, entry in catalogue.items() if entry.translated()}
    differing = [
        repr(message.text)
        for message in source.keys() | compiled.keys()
        if source.get(message) != compiled.get(message)
    ]
    assert not differing, f"{len(differing)} texts differ. {HOW_TO_MEND}{listed(differing)}"
