"""The form that connects a department to its Label Studio."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import LabelStudioConnection
from annotations.services.label_studio.connections import (
    ConnectionReport,
    check_connection,
    disconnect,
    save_connection,
)
from builder.forms.service_form import ServiceForm
from builder.models import Department, User

_WIDE = {"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}


class ConnectionForm(ServiceForm):
    """Where the department's Label Studio is, in whose name we act there, and where it reaches us."""

    url = forms.CharField(
        label=_("Address of Label Studio"),
        help_text=_("As a browser shows it on the first page, such as https://label-studio.example.org"),
        max_length=300,
        widget=forms.TextInput(attrs=_WIDE),
        error_messages={"required": _("Write the address of your Label Studio")},
    )
    token = forms.CharField(
        label=_("Access token"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        max_length=4_000,
    )
    webhook_base_url = forms.CharField(
        label=_("Address under which Label Studio reaches Clinwright"),
        help_text=_("Leave it empty if it can’t. Verdicts then come when a sync asks for them, not at once."),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs=_WIDE),
    )

    def __init__(self, *args: Any, stored: LabelStudioConnection | None = None, **kwargs: Any) -> None:
        if stored:
            kwargs["initial"] = {"url": stored.url, "webhook_base_url": stored.webhook_base_url}
        super().__init__(*args, **kwargs)
        self.stored = stored
        self.fields["token"].help_text = (
            _("Leave it empty to keep the stored one. It is kept encrypted and never shown.")
            if stored and stored.token
            else _("In Label Studio: Account & Settings, Personal Access Token. It is kept encrypted.")
        )

    def save(self, department: Department, *, by: User) -> ConnectionReport | None:
        """Try the connection and keep it; None when it doesn't work."""
        data = self.cleaned_data
        return self.attempt(lambda: save_connection(department=department, by=by, **data))

    def check(self, *, by: User) -> ConnectionReport | None:
        """Ask whether the stored connection works; None when it doesn't."""
        stored = self._wanted()
        return self.attempt(lambda: check_connection(connection=stored, by=by))

    def forget(self, *, by: User) -> bool:
        """Forget the stored token; False while it is needed."""
        stored = self._wanted()
        self.attempt(lambda: disconnect(connection=stored, by=by))
        return not self.errors

    def _wanted(self) -> LabelStudioConnection:
        if self.stored is None:
            raise LookupError("nothing is stored")
        self._errors = forms.utils.ErrorDict()  # the buttons beside the form don't send its fields
        self.cleaned_data = {}
        return self.stored
