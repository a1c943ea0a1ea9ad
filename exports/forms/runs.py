"""The form that brings in a run's answers, and what it shares with other ways of bringing one."""

from pathlib import Path
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from builder.forms.service_form import ServiceForm, offer
from builder.models import User
from exports.models import ModelClass, Release
from exports.services.runs import RunImport, import_responses

_SHORT = {"class": "nhsuk-input--width-20", "autocomplete": "off", "spellcheck": "false"}


class SystemForm(ServiceForm):
    """The run's name and what distinguishes the system that answers."""

    run = forms.CharField(
        label=_("Name of the run"),
        help_text=_("Letters, digits, points and hyphens. Graders never see it while they grade."),
        max_length=150,
        widget=forms.TextInput(attrs=_SHORT),
        error_messages={"required": _("Name the run")},
    )
    model = forms.CharField(
        label=_("Model"), required=False, max_length=200, widget=forms.TextInput(attrs=_SHORT)
    )
    model_class = forms.ChoiceField(
        label=_("Class of model"), required=False, choices=[("", _("Not given")), *ModelClass.choices]
    )
    prompting = forms.CharField(
        label=_("Prompting"), help_text=_("Such as plain."), required=False, max_length=60,
        widget=forms.TextInput(attrs=_SHORT),
    )  # fmt: skip
    retrieval = forms.CharField(
        label=_("Retrieval"), help_text=_("Such as none or rag."), required=False, max_length=60,
        widget=forms.TextInput(attrs=_SHORT),
    )  # fmt: skip
    parameters = forms.CharField(
        label=_("Parameters"),
        help_text=_("One a line, such as temperature=0."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_parameters(self) -> dict[str, str]:
        """Return K=V lines as a dictionary."""
        pairs = [
            line.strip().partition("=")
            for line in self.cleaned_data["parameters"].splitlines()
            if line.strip()
        ]
        if any(not key.strip() or not equals for key, equals, _value in pairs):
            raise forms.ValidationError(_("Write each parameter as name=value, one a line"))
        return {key.strip(): value.strip() for key, _equals, value in pairs}

    def factors(self) -> dict[str, Any]:
        """Return what the services want to know of the system."""
        names = ("model", "model_class", "prompting", "retrieval", "parameters")
        return {name: self.cleaned_data[name] for name in names}


class RunForm(SystemForm):
    """A file of answers and what distinguishes the system that gave them."""

    release = forms.ChoiceField(label=_("Release"), error_messages={"required": _("Choose the release")})
    file = forms.FileField(
        label=_("File of answers"),
        help_text=_("JSON Lines with prompt_id, epoch and completion."),
        error_messages={"required": _("Choose the file of answers")},
    )
    field_order = ("release", "run", "file")

    def __init__(self, *args: Any, releases: list[Release], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._releases = {release.label: release for release in releases}
        offer(self, "release", [(label, label) for label in self._releases])

    def bring_in(self, path: Path, *, by: User) -> RunImport | None:
        """Import the answers of the uploaded file, which lies at `path`; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: import_responses(
                path=path,
                release=self._releases[data["release"]],
                run_name=data["run"],
                by=by,
                **self.factors(),
            )
        )
