"""The request of a page behind the sign-in, and whole addresses made from a request."""

from typing import TYPE_CHECKING, Any, Protocol

from django.http import HttpRequest
from django.urls import reverse

if TYPE_CHECKING:
    from builder.models import User


class SignedInRequest(HttpRequest):
    """What `login_required` lets through: a request whose user is a person, never anonymous."""

    user: "User"
    # Set by django-htmx; true when a script asks for a part of the page.
    htmx: Any


class Addressed(Protocol):
    """A request of a page or of the API: both know the address under which people reach this installation."""

    def build_absolute_uri(self, location: str | None = None) -> str:
        """Return the whole address."""
        ...


def invitation_link(request: Addressed, token: str) -> str:
    """Return the whole address of an invitation."""
    return request.build_absolute_uri(reverse("builder:invitation-accept", args=[token]))
