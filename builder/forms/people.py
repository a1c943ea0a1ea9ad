"""Forms about people: invitations, first passwords, roles and one's own account."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from builder.forms.service_form import ServiceForm, offer
from builder.models import Department, Role, User
from builder.selectors.people import GridRow, role_value
from builder.services.people import accept_invitation, change_profile, invite_person, set_all_roles


def _own_name() -> forms.CharField:
    return forms.CharField(
        label=_("Your name"),
        help_text=_("Colleagues see it beside your cases and reviews."),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Write your name")},
    )


class InvitationForm(ServiceForm):
    """Whom to invite."""

    email = forms.EmailField(
        label=_("Email address"),
        help_text=_("They sign in with it. Nothing is sent: you pass the link on yourself."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": _("Write the person’s email address"),
            "invalid": _("Write an email address such as name@example.org"),
        },
    )
    name = forms.CharField(
        label=_("Name (optional)"), help_text=_("As colleagues know them."), max_length=150, required=False
    )

    def invite(self, *, by: User) -> tuple[User, str] | None:
        """Make the account and its link; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(lambda: invite_person(email=data["email"], name=data["name"], by=by))


class AcceptForm(ServiceForm):
    """A first password, twice."""

    name = _own_name()
    password = forms.CharField(
        label=_("Password"),
        help_text=_(
            "At least 12 characters. Three or four words that don’t belong together make a good one."
        ),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Choose a password")},
    )
    repeated = forms.CharField(
        label=_("The same password again"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Write the password a second time")},
    )

    def clean_repeated(self) -> str:
        """Refuse a slip of the finger."""
        repeated: str = self.cleaned_data["repeated"]
        if "password" in self.cleaned_data and repeated != self.cleaned_data["password"]:
            raise forms.ValidationError(_("The two passwords differ. Write the same one twice"))
        return repeated

    def accept(self, token: str, *, language: str) -> User | None:
        """Set the password; None when the service refuses it."""
        data = self.cleaned_data
        return self.attempt(
            lambda: accept_invitation(
                token=token, password=data["password"], name=data["name"], language=language
            )
        )


class RolesForm(ServiceForm):
    """Which roles a person holds in which department: the ticked cells of the grid."""

    roles = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, grid: list[GridRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.departments = [row.department for row in grid]
        offer(self, "roles", [(cell.value, cell.label) for row in grid for cell in row.cells])
        self.fields["roles"].error_messages["invalid_choice"] = _(
            "The departments have changed since this page was opened. Reload it and tick the roles again"
        )

    def give(self, person: User, *, by: User) -> bool:
        """Give the person what is ticked, and nothing else; False when the service refuses."""
        ticked = set(self.cleaned_data["roles"])
        wanted: dict[Department, set[str]] = {
            department: {role for role in Role.values if role_value(department, role) in ticked}
            for department in self.departments
        }
        self.attempt(lambda: set_all_roles(user=person, roles=wanted, by=by))
        return not self.errors


class ProfileForm(ServiceForm):
    """How the person is called, and the language they read."""

    name = _own_name()
    language = forms.ChoiceField(
        label=_("Language of the pages"),
        choices=[(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a language"),
            "invalid_choice": _("Choose one of the languages offered"),
        },
    )

    def keep(self, *, by: User) -> bool:
        """Store both; False when the service refuses."""
        data = self.cleaned_data
        self.attempt(lambda: change_profile(name=data["name"], language=data["language"], by=by))
        return not self.errors
