"""Forms that change who grades in a session and which runs it holds."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import GradingSession, SessionRater, SessionRun
from annotations.services.members import add_grader, remove_grader, withdraw_session_run
from builder.forms.service_form import ServiceForm, offer
from builder.models import User

LONGEST_REASON = 1_000


class AddGraderForm(ServiceForm):
    """Who else grades."""

    grader = forms.ChoiceField(
        label=_("Person"),
        help_text=_("People with the role of grader in this department who don’t grade in this session."),
        error_messages={"required": _("Choose a person"), "invalid_choice": _("Choose a person of the list")},
    )
    reason = forms.CharField(
        label=_("Why do they join? (optional)"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(person.pk): person for person in people}
        offer(
            self,
            "grader",
            [("", _("Choose …")), *((key, str(person)) for key, person in self._people.items())],
        )

    def add(self, session: GradingSession, *, by: User) -> SessionRater | None:
        """Add the grader; None when the service refuses."""
        data = self.cleaned_data
        grader = self._people[data["grader"]]
        return self.attempt(lambda: add_grader(session=session, user=grader, reason=data["reason"], by=by))


class _ReasonForm(ServiceForm):
    """Why something is taken out."""

    reason = forms.CharField(
        label=_("Why?"),
        help_text=_("It is kept in the audit trail."),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why")},
    )


class RemoveGraderForm(_ReasonForm):
    """Why a grader is removed."""

    def remove(self, session: GradingSession, member: SessionRater, *, by: User) -> bool:
        """Remove the grader; False when the service refuses."""
        reason = self.cleaned_data["reason"]
        self.attempt(lambda: remove_grader(session=session, rater=member.rater, reason=reason, by=by))
        return not self.errors


class WithdrawRunForm(_ReasonForm):
    """Why a run is taken out of the session."""

    def withdraw(self, session: GradingSession, entry: SessionRun, *, by: User) -> bool:
        """Withdraw the run; False when the service refuses."""
        reason = self.cleaned_data["reason"]
        self.attempt(lambda: withdraw_session_run(session=session, run=entry.run, reason=reason, by=by))
        return not self.errors
