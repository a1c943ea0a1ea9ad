"""The conversation of a case, laid out for who reads it."""

from collections.abc import Sequence
from dataclasses import dataclass

from builder.common.markdown import CleanHtml, render_markdown
from builder.content import Turn


@dataclass(frozen=True, slots=True)
class LaidOutTurn:
    """One message of the conversation; `components/turn.html` takes its fields."""

    role: str
    content: str
    html: CleanHtml


def lay_out(turns: Sequence[Turn]) -> list[LaidOutTurn]:
    """Return messages with their Markdown laid out. Cost: a tenth of a second for 100,000 characters."""
    return [LaidOutTurn(turn.role, turn.content, render_markdown(turn.content)) for turn in turns]
