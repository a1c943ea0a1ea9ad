"""Words as searching sees them, in any script. Pure.

Latin and other words that spaces part stand as they are, folded. Runs of Hangul, Han and Kana stand as pairs of
characters: Korean words carry endings (환자, 환자는, 환자에게) and Chinese and Japanese have no spaces, so whole words
would not be found in each other.
"""

import re
import unicodedata
from collections.abc import Iterable

# What search keeps of one case: a longer text is found by its beginning.
MOST_CHARACTERS = 200_000
# More words than anybody types; each costs one condition in the database.
MOST_QUERY_TOKENS = 24
_DENSE = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
_RUN = re.compile(rf"[{_DENSE}]+|[^\W_{_DENSE}]+")
_IS_DENSE = re.compile(rf"[{_DENSE}]")


def index_text(texts: Iterable[str]) -> str:
    """Return the tokens of these texts, each once, with a space before and after each."""
    joined = "\n".join(texts)[:MOST_CHARACTERS]
    tokens: dict[str, None] = {}
    for run in _runs(joined):
        # The last character is kept too, so that a search for one character finds it at the end of a run.
        tokens.update(dict.fromkeys([*_pairs(run), run[-1]] if _IS_DENSE.match(run) else [run]))
    return f" {' '.join(tokens)} " if tokens else ""


def query_tokens(text: str) -> list[str]:
    """Return what a searched text must be found by: every token has to begin a token of the index.

    A token of a dense script is a pair, or the single character somebody typed; the others are beginnings of words.
    """
    tokens: dict[str, None] = {}
    for run in _runs(text):
        tokens.update(dict.fromkeys(_pairs(run) or [run] if _IS_DENSE.match(run) else [run]))
    return list(tokens)[:MOST_QUERY_TOKENS]


def matches(index: str, tokens: Iterable[str]) -> bool:
    """Whether an index text holds a beginning for every token."""
    return all(f" {token}" in index for token in tokens)


def _runs(text: str) -> list[str]:
    cleaned = text.encode("utf-8", "ignore").decode("utf-8")  # halves of surrogate pairs can't be stored
    return _RUN.findall(unicodedata.normalize("NFKC", cleaned).casefold())


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]
