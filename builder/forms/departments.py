"""Forms about departments."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from builder.forms.service_form import ServiceForm
from builder.models import ContestedRule, Department, User
from builder.models.departments import CODE_PATTERN
from builder.services.people import MOST_APPROVALS, change_department, create_department


class DepartmentForm(ServiceForm):
    """A new department and who leads it."""

    code = forms.CharField(
        label=_("Short code"),
        help_text=_("Such as ED. It stands in addresses and commands and can’t be changed later."),
        max_length=20,
        validators=[RegexValidator(CODE_PATTERN, _("Use letters, digits, - and _ only"))],
        widget=forms.TextInput(
            attrs={"class": "nhsuk-input--width-10", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={"required": _("Choose a short code")},
    )
    name = forms.CharField(
        label=_("Name"),
        help_text=_("As people call it, such as Emergency."),
        max_length=120,
        error_messages={"required": _("Write the department’s name")},
    )
    email = forms.EmailField(
        label=_("Email address of the lead"),
        help_text=_("An account is made if there is none, and you get its invitation link."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": _("Write the lead’s email address"),
            "invalid": _("Write an email address such as name@example.org"),
        },
    )

    def make(self, *, by: User) -> tuple[Department, str | None] | None:
        """Make the department; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: create_department(code=data["code"], name=data["name"], lead_email=data["email"], by=by)
        )


class DepartmentSettingsForm(ServiceForm):
    """How a department approves its cases."""

    required_approvals = forms.IntegerField(
        label=_("Approvals a case needs"),
        help_text=_(
            "Nobody who wrote part of a case counts. A change applies from the next review of a case on."
        ),
        min_value=1,
        max_value=MOST_APPROVALS,
        widget=forms.NumberInput(attrs={"class": "nhsuk-input--width-2", "inputmode": "numeric"}),
        error_messages={
            "required": _("Write how many approvals a case needs"),
            "invalid": _("The number of approvals must be a whole number"),
            "min_value": _("A case needs at least %(limit_value)s approval"),
            "max_value": _("A case needs at most %(limit_value)s approvals"),
        },
    )
    contested_rule = forms.ChoiceField(
        label=_("When reviewers disagree about a criterion"),
        help_text=_("What happens to it when a release is frozen."),
        choices=ContestedRule.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what happens to a contested criterion")},
    )

    def change(self, department: Department, *, by: User) -> bool:
        """Store the settings; False when the service refuses."""
        self.attempt(lambda: change_department(department=department, by=by, **self.cleaned_data))
        return not self.errors
