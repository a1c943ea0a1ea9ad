"""Forms that open, end and close grading sessions."""

import secrets
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import GradingSession
from annotations.selectors.sessions import SessionPlan, Undecided, plan_session
from annotations.services.sessions import close_session, end_grading, open_session
from builder.forms.service_form import ServiceForm, offer
from builder.models import User
from exports.models import Release, Run

LARGEST_SEED = 2**31 - 1
USUAL_OVERLAP = 2


class SessionForm(ServiceForm):
    """Who grades which runs of a release, and what they see."""

    runs = forms.MultipleChoiceField(
        label=_("Runs"),
        help_text=_("Graders see their answers mixed, and never which run wrote one."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one run")},
    )
    graders = forms.MultipleChoiceField(
        label=_("Graders"),
        help_text=_("People with the role of grader in this department."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one grader")},
    )
    overlap = forms.IntegerField(
        label=_("Graders for each answer"),
        help_text=_("At least 2 are needed to say how far graders agree."),
        min_value=1,
        widget=forms.NumberInput(attrs={"class": "nhsuk-input--width-2", "inputmode": "numeric"}),
        error_messages={
            "required": _("Write how many graders each answer gets"),
            "invalid": _("The number of graders must be a whole number"),
            "min_value": _("Each answer needs at least %(limit_value)s grader"),
        },
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        help_text=_("Draws who grades what and in which order. The same seed gives the same draw."),
        min_value=0,
        max_value=LARGEST_SEED,
        widget=forms.NumberInput(attrs={"class": "nhsuk-input--width-10", "inputmode": "numeric"}),
        error_messages={
            "required": _("Write a whole number"),
            "invalid": _("The seed must be a whole number"),
        },
    )
    show_reference = forms.BooleanField(
        label=_("Graders see the reference answer and the evidence"), required=False, initial=True
    )
    show_points = forms.BooleanField(
        label=_("Graders see points and red lines"), required=False, initial=True
    )
    planned = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, release: Release, runs: Sequence[Run], graders: Sequence[User], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.release = release
        self._runs = {str(run.pk): run for run in runs}
        self._graders = {str(grader.pk): grader for grader in graders}
        offer(self, "runs", [(key, _run_label(run)) for key, run in self._runs.items()])
        offer(self, "graders", [(key, str(grader)) for key, grader in self._graders.items()])
        self.fields["overlap"].initial = max(1, min(USUAL_OVERLAP, len(graders)))
        self.fields["seed"].initial = secrets.randbelow(1_000_000)

    def clean(self) -> dict[str, Any]:
        """Refuse an overlap that the chosen graders can't give."""
        data = super().clean() or self.cleaned_data
        graders, overlap = data.get("graders"), data.get("overlap")
        if graders and overlap and overlap > len(graders):
            self.add_error(
                "overlap",
                _("Each answer can have up to %(most)s graders, as many as you chose")
                % {"most": len(graders)},
            )
        return data

    def plan(self) -> SessionPlan:
        """Return what the session would be. The form must be valid."""
        data = self.cleaned_data
        return plan_session(
            self.release, self._chosen(self._runs, "runs"), self._chosen(self._graders, "graders"),
            overlap=data["overlap"], seed=data["seed"],
        )  # fmt: skip

    def open(self, *, by: User) -> GradingSession | None:
        """Open the session; None when the service refuses."""
        data = self.cleaned_data
        choices = {name: data[name] for name in ("overlap", "seed", "show_reference", "show_points")}
        runs, graders = self._chosen(self._runs, "runs"), self._chosen(self._graders, "graders")
        return self.attempt(
            lambda: open_session(release=self.release, runs=runs, graders=graders, by=by, **choices)
        )

    def _chosen(self, offered: dict[str, Any], field: str) -> list[Any]:
        """Return what was ticked, in the order it was offered."""
        ticked = set(self.cleaned_data[field])
        return [row for key, row in offered.items() if key in ticked]


class EndGradingForm(ServiceForm):
    """Nothing to fill in: the button is the decision."""

    def end(self, session: GradingSession, *, by: User) -> bool:
        """End the grading; False when the service refuses."""
        self.attempt(lambda: end_grading(session=session, by=by))
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

    def close(self, session: GradingSession, *, by: User) -> Undecided | None:
        """Close the session; None when the service refuses."""
        return self.attempt(lambda: close_session(session=session, reason=self.cleaned_data["reason"], by=by))


def _run_label(run: Run) -> str:
    """Return the run's name, the model behind it and how many answers it has."""
    model = f" ({run.model})" if run.model and run.model != run.name else ""
    return _("%(run)s%(model)s – %(number)s answers") % {
        "run": run.name, "model": model, "number": getattr(run, "n_answers", 0),
    }  # fmt: skip
