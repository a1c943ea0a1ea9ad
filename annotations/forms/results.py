"""The form that brings a harness's log home."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.log_files import reading_formats
from annotations.services.result_uploads import upload_results
from builder.forms.service_form import offer
from builder.models import Job, User
from exports.forms.runs import SystemForm
from exports.models import Release

_SHORT = {"class": "nhsuk-input--width-20", "autocomplete": "off", "spellcheck": "false"}


class ResultsForm(SystemForm):
    """A log, the run it becomes, and what the log may not say."""

    key = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)
    file = forms.FileField(
        label=_("Log of the harness"),
        help_text=_("The file as the harness wrote it; a folder of logs as a .zip."),
        error_messages={"required": _("Choose the log")},
    )
    format = forms.ChoiceField(label=_("Format"), required=False)
    rater = forms.CharField(
        label=_("Whose verdicts these are"),
        help_text=_("Leave it empty to name the grader as the log does."),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs=_SHORT),
    )
    restart = forms.BooleanField(
        label=_("Drop what an interrupted import of this run left, and begin anew"), required=False
    )
    field_order = ("key", "file", "run", "format", "rater")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "format", [("", _("Recognise it")), *reading_formats().items()])
        # A second click on the button is the same request.
        self.fields["key"].initial = uuid4().hex
        self.fields["model"].help_text = _("Leave it empty to take what the log says.")

    def ask(self, release: Release, *, by: User) -> Job | None:
        """Ask for the import of the uploaded log; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: upload_results(
                upload=data["file"],
                release=release,
                run_name=data["run"],
                by=by,
                file_format=data["format"],
                rater_name=data["rater"].strip(),
                restart=data["restart"],
                key=data["key"],
                **self.factors(),
            )
        )
