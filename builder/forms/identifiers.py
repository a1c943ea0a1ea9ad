"""The form that says why a passage may stay in a case."""

from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext_lazy as _

from builder.forms.service_form import ServiceForm
from builder.models import Case, IdentifierAttestation, User
from builder.selectors.identifiers import FoundIdentifier, IdentifiersPage
from builder.services.identifiers import MAX_REASON, attest_identifier


@dataclass(frozen=True, slots=True)
class AttestRow:
    """One passage that waits for a decision, and its form."""

    found: FoundIdentifier
    form: "AttestForm"


class AttestForm(ServiceForm):
    """One passage, named by its reference, and the reason."""

    reference = forms.RegexField(regex=r"^[0-9a-f]{64}\Z", widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Why may it stay?"),
        help_text=_(
            "For instance: invented for this case. Don’t repeat the passage: the reason is kept for good."
        ),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why the passage may stay")},
    )

    def attest(self, case: Case, *, by: User) -> IdentifierAttestation | None:
        """Attest the passage; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: attest_identifier(case=case, reference=data["reference"], reason=data["reason"], by=by)
        )


def attest_rows(page: IdentifiersPage, sent: AttestForm | None) -> list[AttestRow]:
    """Return a form for each passage; the one that was just sent keeps what was typed and its errors."""
    rows = []
    for number, found in enumerate(page.open, start=1):
        form = AttestForm(initial={"reference": found.reference})
        if sent is not None and sent.data.get("reference") == found.reference:
            form = sent
        form.auto_id = f"passage-{number}-%s"
        rows.append(AttestRow(found, form))
    return rows
