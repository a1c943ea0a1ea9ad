"""The words people choose from, and how they read. Every list is open: imported cases bring words of their own."""

from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

# The five axes of HealthBench; the names are what is stored and exported.
AXES = {
    "accuracy": _("Accuracy"),
    "completeness": _("Completeness"),
    "communication_quality": _("Communication"),
    "context_awareness": _("Context awareness"),
    "instruction_following": _("Following instructions"),
}


def axis_label(axis: str) -> str:
    """Return how an axis reads, or its own name when it isn't one of the five."""
    return str(AXES.get(axis, axis))


def language_label(code: str) -> str:
    """Return the name of a language in the reader's own, or the code when nobody named it."""
    if not code:
        return ""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
