"""Texts that careless readers take for a date. Pure."""

import re
from typing import Any

# What Arrow's reader of JSON, which `datasets` uses, turns into a timestamp; its text can't be had back.
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}(?::?\d{2}(?::?\d{2}(?:\.\d{1,9})?)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?"
)


def first_date(value: Any, path: str = "") -> str:
    """Return where the first text stands that is nothing but a date, such as `evidence[0].date`; else an empty text."""
    if isinstance(value, str):
        return (path or "value") if _DATE.fullmatch(value) else ""
    if isinstance(value, dict):
        inner = ((f"{path}.{key}" if path else str(key), item) for key, item in value.items())
    elif isinstance(value, list):
        inner = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    else:
        return ""
    return next((found for place, item in inner if (found := first_date(item, place))), "")
