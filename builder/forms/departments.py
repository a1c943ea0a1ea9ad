"""Forms about departments."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from builder.forms.service_form import ServiceForm
from builder.models import ConflictRule, ContestedRule, Department, User
from builder.models.departments import CODE_PATTERN
from builder.services.departments import MOST_APPROVALS, MOST_REVIEW_DAYS, change_department
from builder.services.people import create_department


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


def _whole_number(label: Any, help_text: Any, least: int, most: int) -> forms.IntegerField:
    """Return a field for a small number, whose errors name it."""
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=least,
        max_value=most,
        widget=forms.NumberInput(attrs={"class": "nhsuk-input--width-3", "inputmode": "numeric"}),
        error_messages={
            "required": _("Write a whole number"),
            "invalid": _("Write a whole number"),
            "min_value": _("Write a number of at least %(limit_value)s"),
            "max_value": _("Write a number of at most %(limit_value)s"),
        },
    )


class DepartmentSettingsForm(ServiceForm):
    """How a department approves its cases. The consensus threshold is asked for in per cent."""

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
    outside_approvals = _whole_number(
        _("How many of them must come from other departments"),
        _(
            "A reviewer counts as from another department when they do nothing but review here and have a role in "
            "another department as well. Write 0 to ask for none."
        ),
        0,
        MOST_APPROVALS,
    )
    consensus_percent = _whole_number(
        _("More than how many per cent must agree with a criterion"),
        _(
            "Of those who agree or disagree; who can’t judge isn’t counted. 50 means more than half, 99 means all. "
            "At least two must agree, or one where a case needs a single approval."
        ),
        50,
        99,
    )
    contested_rule = forms.ChoiceField(
        label=_("When reviewers disagree about a criterion"),
        help_text=_("What happens to it when a release is frozen."),
        choices=ContestedRule.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what happens to a contested criterion")},
    )
    conflict_rule = forms.ChoiceField(
        label=_("When a reviewer declares a conflict of interest"),
        help_text=_("Such as having treated the patient, or having written the guideline."),
        choices=ConflictRule.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what a conflict of interest does")},
    )
    review_days = _whole_number(
        _("Days until a review is overdue"),
        _("Overdue reviews are marked on My work, and reviewers are reminded of them by email."),
        1,
        MOST_REVIEW_DAYS,
    )

    @staticmethod
    def initial_from(department: Department) -> dict[str, object]:
        """Return the settings as the form shows them."""
        names = ("required_approvals", "outside_approvals", "contested_rule", "conflict_rule", "review_days")
        shown: dict[str, object] = {name: getattr(department, name) for name in names}
        return {**shown, "consensus_percent": round(department.consensus_threshold * 100)}

    def change(self, department: Department, *, by: User) -> bool:
        """Store the settings; False when the service refuses."""
        settings = dict(self.cleaned_data)
        settings["consensus_threshold"] = settings.pop("consensus_percent") / 100
        self.attempt(lambda: change_department(department=department, by=by, **settings))
        return not self.errors
