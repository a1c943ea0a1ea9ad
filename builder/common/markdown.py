"""Markdown of a model's answer as safe HTML: lists, emphasis, tables and enclosed images; nothing leads elsewhere."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

import nh3
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "p", "br", "hr", "strong", "em", "code", "pre", "blockquote", "ul", "ol", "li",
    "table", "thead", "tbody", "tr", "th", "td", "img", "span",
}  # fmt: skip
_ATTRIBUTES = {"ol": {"start"}, "img": {"src", "alt"}, "span": {"class"}}
# A link stays the text it is: a grader must see where it points, and a page asks no other host.
_OFF = ["link", "autolink", "reference", "html_block", "html_inline", "entity"]
# An image that the text brings along, of a kind that can't hold a script.
_ENCLOSED = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}\Z")
_LONGEST_ADDRESS = 200


class CleanHtml(str):
    """HTML that went through the cleaner; a template prints it as it is, and only `render_markdown` makes it."""

    __slots__ = ()

    def __html__(self) -> str:
        """Tell Django's templates that this needs no escaping."""
        return str(self)


def render_markdown(text: str) -> CleanHtml:
    """Return the text laid out; headings become bold lines, so that they don't disturb the page's own.

    An image is shown if the text itself holds it as a data: address of a PNG, JPEG, GIF or WebP file. Every other one
    is named, with its alternative text and its address, and never asked for: a request would tell its host who grades
    what, or act as the grader on this site.
    """
    return CleanHtml(
        nh3.clean(_PARSER.render(text), tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"data"})
    )


def _image(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, _env: Any) -> str:
    token = tokens[place]
    address, name = str(token.attrs.get("src", "")), token.content.strip()
    if _ENCLOSED.match(address):
        return f'<img src="{address}" alt="{escape(name)}">'
    said = _("Image not shown: %(name)s") % {"name": name or _("no description")}
    shown = "" if address.startswith("data:") else address[:_LONGEST_ADDRESS]
    return f'<span class="cw-noimage">{escape(said)}{escape(f" ({shown})") if shown else ""}</span>'


class _Parser(MarkdownIt):
    """The parser; only an image has an address here, and `_image` decides about it: a refused one is still named."""

    def validateLink(self, url: str) -> bool:
        """Let every address through to `_image`."""
        return True

    def normalizeLink(self, url: str) -> str:
        """Keep what the text says, not how a browser would ask for it."""
        return url


def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False, "breaks": True}).enable("table").disable(_OFF)
    parser.add_render_rule("heading_open", lambda *_args: "<p><strong>")
    parser.add_render_rule("heading_close", lambda *_args: "</strong></p>\n")
    parser.add_render_rule("image", _image)
    return parser


_PARSER = _parser()
