"""Reading bodies: within limits, and nothing that a database or UTF-8 can't hold."""

from collections.abc import Mapping
from typing import Any

import msgspec
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from builder.common.jsonl import unstorable

MEBIBYTE = 1024 * 1024
MAX_JSON_BYTES = 10 * MEBIBYTE
MAX_UPLOAD_BYTES = 100 * MEBIBYTE


class TooLarge(APIException):
    """The body is over the limit, so it isn't read."""

    status_code = 413
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """JSON without NaN, NUL or halves of surrogate pairs; deep nesting is refused, not fatal."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body; raises ParseError in one sentence."""
        raw = stream.read()
        try:
            value = msgspec.json.decode(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ParseError(f"The body isn't valid UTF-8 at byte {error.start + 1}.") from error
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except msgspec.DecodeError as error:
            raise ParseError(f"The body isn't valid JSON: {error}.") from error
        if problem := unstorable(value):
            raise ParseError(f"The JSON holds {problem}; remove it.")
        return value


def refuse_oversized(request: Request) -> None:
    """Raise TooLarge by the length the body announces: 10 MiB of JSON, 100 MiB of a form with a file.

    It comes before everything else, since checking a browser's CSRF token already reads a form to its end. A server
    hands on no more than the announced length.
    """
    is_form = (request.content_type or "").startswith("multipart/")
    limit = MAX_UPLOAD_BYTES if is_form else MAX_JSON_BYTES
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise ParseError("Content-Length: a whole number was expected.") from error
    if length > limit:
        raise TooLarge(
            f"The body is over {limit // MEBIBYTE} MiB. Send less at once, or use the command on the server."
        )
