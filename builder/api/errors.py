"""One JSON shape for every error of the API: `{"code", "message", "fields"}`."""

from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from builder.common.errors import DomainError


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Translate the errors of services and of the framework; leave the rest to become a 500."""
    if isinstance(error, DomainError):
        extra = {key: error.data[key] for key in ("yours", "theirs", "version") if key in error.data}
        fields = _fields(error)
        return Response(
            {"code": error.code, "message": error.message, "fields": fields, **extra}, status=error.status
        )
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = {
            "code": "bad_input",
            "message": "Some fields are not as expected.",
            "fields": response.data,
        }
        response.status_code = 422
    elif isinstance(error, APIException):
        response.data = {"code": error.default_code, "message": str(error.detail), "fields": {}}
    else:
        response.data = {"code": "not_found", "message": "There is nothing at this address.", "fields": {}}
    return response


def _fields(error: DomainError) -> dict[str, list[str]]:
    """Return the complaints by field: one, or, for a case that isn't ready, one for each finding."""
    found: dict[str, list[str]] = {}
    for finding in error.data.get("findings", ()):
        found.setdefault(finding.field, []).append(finding.message)
    if "field" in error.data:
        found.setdefault(error.data["field"], []).append(error.message)
    return found
