"""How django-allauth behaves here: accounts come by invitation only, and a sign-in brings the person's language."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse

from builder.common.language import remember_language


class InvitationOnlyAdapter(DefaultAccountAdapter):
    """Closes the sign-up page; an administrator invites people by link."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up unasked."""
        return False

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Go on to the next page, in the language of the person's account: ward computers are shared."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_language(response, getattr(user, "language", "en"))
        return response
