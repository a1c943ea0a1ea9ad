"""Turns the errors of services into a page in plain words."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from builder.common.errors import DomainError


class DomainErrorMiddleware:
    """Answers a DomainError that a page didn't handle itself with its own status and sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render the error page of a DomainError; leave every other exception to Django."""
        if not isinstance(exception, DomainError):
            return None
        template = f"{exception.status}.html" if exception.status in (403, 404, 409, 422) else "400.html"
        context = {"message": exception.message, "code": exception.code}
        return render(request, template, context, status=exception.status)
