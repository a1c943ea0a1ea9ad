"""The word lists beside this file: words of one list stand apart by spaces or lines."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent / "word_lists"


@cache
def words(name: str) -> frozenset[str]:
    """Return the words of a list such as `surnames_ko`. Cost: reads the file once."""
    return frozenset((_FOLDER / f"{name}.txt").read_text(encoding="utf-8").split())
