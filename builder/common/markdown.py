"""Markdown of a model's answer as safe HTML: lists, emphasis and tables are laid out, nothing leads elsewhere."""

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    "p", "br", "hr", "strong", "em", "code", "pre", "blockquote", "ul", "ol", "li",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
# A link or an image stays the text it is: a grader must see where it points, and a page asks no other host.
_OFF = ["link", "image", "autolink", "reference", "html_block", "html_inline", "entity"]


class CleanHtml(str):
    """HTML that went through the cleaner; a template prints it as it is, and only `render_markdown` makes it."""

    __slots__ = ()

    def __html__(self) -> str:
        """Tell Django's templates that this needs no escaping."""
        return str(self)


def render_markdown(text: str) -> CleanHtml:
    """Return the text laid out; headings become bold lines, so that they don't disturb the page's own."""
    return CleanHtml(nh3.clean(_PARSER.render(text), tags=_TAGS, attributes={"ol": {"start"}}))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable(_OFF)
    parser.add_render_rule("heading_open", lambda *_args: "<p><strong>")
    parser.add_render_rule("heading_close", lambda *_args: "</strong></p>\n")
    return parser


_PARSER = _parser()
