"""Texts in places where promptfoo expands templates.

promptfoo renders assertion values with Nunjucks: `{{`, `{%` and `{#` in a criterion would be run, a stray `#}` is an
error, and a raw block ends at the first `{% endraw %}` of the text itself. So each brace that could begin or end one of
these is written as an expression that gives a brace.
"""

import re

_SPECIAL = re.compile(r"\{(?=[{%#])|(?<=#)\}")
_WRITTEN = re.compile(r"\{\{'([{}])'\}\}")


def escape(text: str) -> str:
    """Return the template whose result is this text."""
    return _SPECIAL.sub(lambda brace: f"{{{{'{brace[0]}'}}}}", text)


def unescape(template: str) -> str:
    """Return the text that `escape` was given: what it writes holds no other `{{`."""
    return _WRITTEN.sub(lambda written: written[1], template)
