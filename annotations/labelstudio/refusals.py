"""Which of our errors an HTTP status of a Label Studio is, with its own words where they help."""

import re
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from annotations.labelstudio.errors import (
    BadAnswer,
    Conflict,
    LabelStudioError,
    Missing,
    Refused,
    Unauthorised,
    Unreachable,
)

LONGEST_QUOTE = 200
LONGEST_WAIT = 60.0


def error_of(
    status: int, body: bytes, *, write: bool, retry_after: str = "", secret: str = ""
) -> LabelStudioError:
    """Return the error of an answer that isn't a success. `secret` is blotted out of whatever is quoted."""
    if status == 401:
        return Unauthorised(expired=b"has expired" in body[:2000])
    if status == 404:
        return Missing()
    if status == 409:
        return Conflict()
    if status == 429:
        return Unreachable(
            _("Label Studio asks for a pause. Nothing was lost here; it is tried again."),
            retry_after=_seconds(retry_after),
        )
    if status >= 500:
        return Unreachable(
            _("Label Studio answers with an error of its own (%(status)s). Nothing was lost here.")
            % {"status": status},
            may_have_happened=write,
            retry_after=_seconds(retry_after),
        )
    if 300 <= status < 400:
        return BadAnswer(
            _(
                "The address sends on to another one, and the access token isn't taken along. Enter the address that "
                "the browser shows in the end."
            ),
            permanent=True,
        )
    if status < 300:
        return BadAnswer(may_have_happened=write)
    return _refusal(status, quoted(body, secret))


def _refusal(status: int, words: str) -> Refused:
    if not words:
        return Refused(status=status)
    return Refused(_("Label Studio refuses this. It says: “%(words)s”") % {"words": words}, status=status)


def quoted(body: bytes, secret: str = "") -> str:
    """Return the words of a JSON refusal, short, on one line and without the secret; "" for anything else."""
    try:
        found = msgspec.json.decode(body[:100_000])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    words = " ".join(_texts(found))
    if secret:
        words = words.replace(secret, "…")
    words = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\s]+", " ", words).strip()
    return words if len(words) <= LONGEST_QUOTE else words[: LONGEST_QUOTE - 1].rstrip() + "…"


def _texts(found: Any) -> list[str]:
    """Return what Label Studio means to be read: its `validation_errors`, else its `detail`."""
    if not isinstance(found, dict):
        return []
    chosen = found.get("validation_errors") or found.get("detail") or found.get("error")
    return list(_strings(chosen, 5))


def _strings(value: Any, depth: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    if depth and isinstance(value, dict):
        value = list(value.values())
    if depth and isinstance(value, list):
        return [text for each in value[:10] for text in _strings(each, depth - 1)]
    return []


def _seconds(retry_after: str) -> float | None:
    return min(float(retry_after), LONGEST_WAIT) if re.fullmatch(r"\d{1,6}", retry_after) else None
