"""Showing that something was found without showing what."""

BULLET = "•"
# How many letters and digits stay readable at the front and at the back.
_KEPT = {"phone": (2, 4), "email": (1, 3), "url": (0, 0), "address": (2, 0)}
_DEFAULT = (2, 2)
_SHORT = 6
_LONGEST = 60


def mask(passage: str, kind: str) -> str:
    """Return the passage with bullets for most of its letters and digits, such as `01•-••••-5678`."""
    if len(passage) > _LONGEST:
        return mask(passage[:_LONGEST], kind) + "…"
    if kind == "name":
        return " ".join(word[:1] + BULLET * (len(word) - 1) for word in passage.split())
    front, back = _KEPT.get(kind, _DEFAULT)
    countable = [place for place, char in enumerate(passage) if char.isalnum()]
    if len(countable) <= _SHORT:
        front, back = min(front, 1), min(back, 1)
    hidden = set(countable[front : len(countable) - back])
    return "".join(BULLET if place in hidden else char for place, char in enumerate(passage))
