"""The form that brings in another tool's verdicts."""

from pathlib import Path

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.services.verdicts import VerdictImport, import_verdicts
from builder.forms.service_form import ServiceForm
from builder.models import User
from exports.models import Run


class VerdictForm(ServiceForm):
    """Whose verdicts they are, and the file."""

    rater = forms.CharField(
        label=_("Whose verdicts these are"),
        help_text=_("A name for the tool or the judge, such as judge-a. Reports print it."),
        max_length=150,
        widget=forms.TextInput(
            attrs={"class": "nhsuk-input--width-20", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={"required": _("Say whose verdicts these are")},
    )
    file = forms.FileField(
        label=_("File of verdicts"),
        help_text=_("JSON Lines with prompt_id, epoch and rubric_items."),
        error_messages={"required": _("Choose the file of verdicts")},
    )

    def bring_in(self, path: Path, run: Run, *, by: User) -> VerdictImport | None:
        """Import the verdicts of the uploaded file, which lies at `path`; None when the service refuses."""
        return self.attempt(
            lambda: import_verdicts(path=path, run=run, rater_name=self.cleaned_data["rater"], by=by)
        )
