"""The form that makes an API token."""

from django import forms
from django.utils.translation import gettext_lazy as _

from builder.forms.service_form import ServiceForm
from builder.models import ApiToken, User
from builder.services.people import create_api_token


class TokenForm(ServiceForm):
    """What a key is for."""

    name = forms.CharField(
        label=_("What is it for?"),
        help_text=_("Such as the program or the machine that will use it."),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Say what the token is for")},
    )

    def make(self, *, by: User) -> tuple[ApiToken, str] | None:
        """Make the key; None when the service refuses."""
        return self.attempt(lambda: create_api_token(name=self.cleaned_data["name"], by=by))
