"""Forms that end, re-open, close and throw away grading sessions."""

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import GradingSession
from annotations.selectors.sessions import Undecided
from annotations.services.sessions import (
    close_session,
    discard_session,
    end_grading,
    reopen_session,
    start_session,
)
from builder.forms.service_form import ServiceForm
from builder.models import User


class DecisionForm(ServiceForm):
    """Nothing to fill in: the button is the decision."""

    def end(self, session: GradingSession, *, by: User) -> bool:
        """End the grading; False when the service refuses."""
        self.attempt(lambda: end_grading(session=session, by=by))
        return not self.errors

    def start(self, session: GradingSession, *, by: User) -> bool:
        """Open a planned session; False when the service refuses."""
        self.attempt(lambda: start_session(session=session, by=by))
        return not self.errors

    def discard(self, session: GradingSession, *, by: User) -> bool:
        """Throw a planned session away; False when the service refuses."""
        self.attempt(lambda: discard_session(session=session, by=by))
        return not self.errors


class ReopenForm(ServiceForm):
    """Why grading begins again."""

    reason = forms.CharField(
        label=_("Why does grading begin again?"),
        help_text=_("Such as: two graders have answers left. It is kept in the audit trail."),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why grading begins again")},
    )

    def reopen(self, session: GradingSession, *, by: User) -> bool:
        """Let people grade again; False when the service refuses."""
        reason = self.cleaned_data["reason"]
        self.attempt(lambda: reopen_session(session=session, reason=reason, by=by))
        return not self.errors


class CloseForm(ServiceForm):
    """Why a session is closed."""

    reason = forms.CharField(
        label=_("Why is the session closed?"),
        help_text=_(
            "Such as: every answer has two graders. It is kept in the audit trail and shown on the session."
        ),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why the session is closed")},
    )
    without_last_pull = forms.BooleanField(
        label=_("Close without the last pull from Label Studio: what is only there then doesn’t count"),
        required=False,
    )

    def close(self, session: GradingSession, *, by: User) -> Undecided | None:
        """Close the session; None when the service refuses."""
        data = self.cleaned_data
        return self.attempt(
            lambda: close_session(
                session=session, reason=data["reason"], without_last_pull=data["without_last_pull"], by=by
            )
        )
