"""The form that sends a session's verdicts."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.graded_dataset.formats import FORMATS
from annotations.models import GradingSession
from annotations.services.graded_dataset import export_grades_archive
from builder.forms.service_form import ServiceForm
from builder.models import User
from exports.services.bundles import Archive

LABELS = {
    "jsonl": _("JSON Lines: one row per verdict, with everything that was said"),
    "csv": _("CSV: one column per grader, for a spreadsheet"),
    "meta-eval": _("HealthBench meta-evaluation: people’s labels, to measure an LLM judge against"),
}


class GradesDownloadForm(ServiceForm):
    """In which format, and, for held-out cases, for whom and why."""

    format = forms.ChoiceField(
        label=_("Format"),
        choices=[(name, LABELS[name]) for name in FORMATS],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a format")},
    )
    recipient = forms.CharField(
        label=_("Recipient of the verdicts on held-out cases"),
        help_text=_("Leave this empty for the verdicts on public cases only."),
        required=False,
        max_length=200,
    )
    reason = forms.CharField(
        label=_("Reason for sending the held-out cases"),
        help_text=_("It is kept in the audit trail."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, session: GradingSession, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not session.release.n_held_out:
            del self.fields["recipient"]
            del self.fields["reason"]

    def pack(self, session: GradingSession, *, by: User) -> Archive | None:
        """Make the file; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: export_grades_archive(
                session=session, file_format=data["format"], by=by, recipient=data.get("recipient", ""),
                reason=data.get("reason", ""),
            )
        )  # fmt: skip
