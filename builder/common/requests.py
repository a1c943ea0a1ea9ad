"""The request of a page behind the sign-in."""

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from builder.models import User


class SignedInRequest(HttpRequest):
    """What `login_required` lets through: a request whose user is a person, never anonymous."""

    user: "User"
