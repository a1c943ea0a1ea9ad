"""The form that sets a grading session up: one page, from the runs to the seed."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from annotations.models import DecisionRule, Desk, GradingSession
from annotations.selectors.calibration import MOST
from annotations.selectors.session_plan import SessionPlan, plan_session
from annotations.services.sessions import open_session_of
from annotations.session_choices import CalibrationPlan, GraderPlan, SessionChoices
from builder.forms.service_form import ServiceForm, offer
from builder.models import User
from exports.models import Release, Run

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LARGEST_SEED = 2**31 - 1
LARGEST_NUMBER = 100_000
USUAL_OVERLAP, USUAL_CALIBRATION = 2, 5
NO_CALIBRATION, OWN_CALIBRATION = "", "own"


@dataclass(frozen=True, slots=True)
class SetupOffer:
    """What a lead may choose from."""

    release: Release
    runs: Sequence[Run]
    graders: Sequence[User]
    epochs: Sequence[int]
    sources: Sequence[GradingSession]
    has_label_studio: bool


@dataclass(frozen=True, slots=True)
class GraderRow:
    """One person on the form: whether they grade, how many answers, at which desk."""

    person: User
    is_chosen: bool
    quota: BoundField
    desk: BoundField | None


def _number(
    label: "str | _StrPromise", help_text: "str | _StrPromise" = "", *, least: int = 0, required: bool = False
) -> forms.IntegerField:
    """Return a field for a whole number, said in plain words."""
    return forms.IntegerField(
        label=label, help_text=help_text, required=required, min_value=least, max_value=LARGEST_NUMBER,
        widget=forms.NumberInput(attrs={"class": "nhsuk-input--width-4", "inputmode": "numeric"}),
        error_messages={
            "required": _("Write a whole number"), "invalid": _("Write a whole number"),
            "min_value": _("Write %(limit_value)s or more"), "max_value": _("Write %(limit_value)s or less"),
        },
    )  # fmt: skip


class SessionForm(ServiceForm):
    """Who grades which runs of a release, how often, and what they see."""

    runs = forms.MultipleChoiceField(
        label=_("Runs"),
        help_text=_("Graders see their answers mixed, and never which run wrote one."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one run")},
    )
    epochs = forms.MultipleChoiceField(
        label=_("Samples"),
        help_text=_("The runs hold several answers to the same case. Choose those to be graded."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one sample")},
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
    safety_overlap = _number(
        _("Graders for each answer to a safety case"),
        _("Cases of the kind “safety”, and those with a red line. Leave it empty for the same number."),
        least=1,
    )
    min_shared = _number(
        _("Answers that each pair of graders shares at least"),
        _("Agreement between two people needs shared answers; 30 or more tell something. Empty: no minimum."),
    )
    calibration = forms.ChoiceField(
        label=_("Practice answers"),
        help_text=_(
            "Some answers that everybody grades first, with feedback on what is right. They count for no score."
        ),
        required=False,
        widget=forms.RadioSelect,
    )
    calibration_n = _number(_("How many practice answers"), least=1)
    show_reference = forms.BooleanField(
        label=_("Graders see the reference answer"), required=False, initial=True
    )
    show_evidence = forms.BooleanField(
        label=_("Graders see the evidence passages"), required=False, initial=True
    )
    show_points = forms.BooleanField(
        label=_("Graders see points and red lines"), required=False, initial=True
    )
    rule = forms.ChoiceField(
        label=_("Where graders disagree"),
        required=False,
        choices=DecisionRule.choices,
        initial=DecisionRule.MAJORITY,
        widget=forms.RadioSelect,
    )
    deadline = forms.DateField(
        label=_("Deadline"),
        help_text=_("Shown to graders. Grading goes on after it until you end it."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "nhsuk-input--width-10"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Write a day like 2027-01-31")},
    )
    allow_own_cases = forms.BooleanField(
        label=_("People may grade answers to cases they wrote"),
        help_text=_("Usually nobody does: who wrote a rubric knows what it meant to say."),
        required=False,
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
    planned = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, offered: SetupOffer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = offered
        self._runs = {str(run.pk): run for run in offered.runs}
        self._graders = {str(grader.pk): grader for grader in offered.graders}
        self._sources = {str(session.pk): session for session in offered.sources}
        offer(self, "runs", [(key, _run_label(run)) for key, run in self._runs.items()])
        offer(self, "graders", [(key, str(grader)) for key, grader in self._graders.items()])
        offer(self, "calibration", self._calibrations())
        self._offer_epochs()
        for grader in offered.graders:
            self._offer_grader(grader)
        self.fields["overlap"].initial = max(1, min(USUAL_OVERLAP, len(offered.graders)))
        self.fields["calibration"].initial = NO_CALIBRATION
        self.fields["calibration_n"].initial = USUAL_CALIBRATION
        self.fields["seed"].initial = secrets.randbelow(1_000_000)

    def clean(self) -> dict[str, Any]:
        """Refuse an overlap that the chosen graders can't give, and a calibration without a number."""
        data = super().clean() or self.cleaned_data
        graders, overlap = data.get("graders"), data.get("overlap")
        if graders and overlap and overlap > len(graders):
            self.add_error(
                "overlap",
                _("Each answer can have up to %(most)s graders, as many as you chose")
                % {"most": len(graders)},
            )
        if data.get("calibration") and not data.get("calibration_n") and "calibration_n" not in self.errors:
            self.add_error("calibration_n", _("Write how many, from 1 to %(most)s") % {"most": MOST})
        return data

    def choices(self) -> SessionChoices:
        """Return what was chosen. The form must be valid."""
        data = self.cleaned_data
        kept = (
            "overlap",
            "safety_overlap",
            "seed",
            "show_reference",
            "show_evidence",
            "show_points",
            "deadline",
        )
        return SessionChoices(
            release=self.offered.release, runs=self._chosen(self._runs, "runs"),
            graders=[self._grader(person) for person in self._chosen(self._graders, "graders")],
            epochs=sorted(int(epoch) for epoch in data.get("epochs", ())), min_shared=data["min_shared"] or 0,
            rule=data["rule"] or DecisionRule.MAJORITY, allow_own_cases=data["allow_own_cases"],
            calibration=self._calibration(), **{name: data[name] for name in kept},
        )  # fmt: skip

    def plan(self, *, by: User) -> SessionPlan | None:
        """Return what the session would be; None when it can't be, with the reason beside its field."""
        return self.attempt(lambda: plan_session(self.choices(), by))

    def open(self, *, by: User) -> GradingSession | None:
        """Open the session, or plan it where gold verdicts are still to be written; None when the service refuses."""
        return self.attempt(lambda: open_session_of(choices=self.choices(), by=by))

    def grader_rows(self) -> Iterator[GraderRow]:
        """Yield each person with the fields that belong to them."""
        chosen = {str(key) for key in self["graders"].value() or ()}
        for key, person in self._graders.items():
            desk = self[f"desk_{key}"] if f"desk_{key}" in self.fields else None
            yield GraderRow(person, key in chosen, self[f"quota_{key}"], desk)

    def _offer_grader(self, grader: User) -> None:
        self.fields[f"quota_{grader.pk}"] = quota = _number(
            _("How many answers for %(person)s") % {"person": grader}, least=1
        )
        quota.widget.attrs["aria-describedby"] = "id_quota_helptext"
        if self.offered.has_label_studio:
            self.fields[f"desk_{grader.pk}"] = forms.ChoiceField(
                label=_("Where %(person)s grades") % {"person": grader},
                required=False,
                initial=Desk.IN_APP,
                choices=[(desk.value, desk.label) for desk in (Desk.IN_APP, Desk.LABEL_STUDIO)],
            )

    def _offer_epochs(self) -> None:
        """Ask for samples only where there is more than one; all are ticked at first."""
        if len(self.offered.epochs) < 2:
            del self.fields["epochs"]
            return
        keys = [str(epoch) for epoch in self.offered.epochs]
        offer(self, "epochs", [(key, _("Sample %(number)s") % {"number": key}) for key in keys])
        self.fields["epochs"].initial = keys

    def _calibrations(self) -> list[tuple[str, Any]]:
        return [
            (NO_CALIBRATION, _("None")),
            *((key, _("Answers that session %(number)s decided") % {"number": key}) for key in self._sources),
            (OWN_CALIBRATION, _("Answers whose right verdicts I write before the session opens")),
        ]

    def _calibration(self) -> CalibrationPlan | None:
        wanted = self.cleaned_data["calibration"]
        if not wanted:
            return None
        return CalibrationPlan(self.cleaned_data["calibration_n"], self._sources.get(wanted))

    def _grader(self, person: User) -> GraderPlan:
        data = self.cleaned_data
        return GraderPlan(person, data.get(f"desk_{person.pk}") or Desk.IN_APP, data[f"quota_{person.pk}"])

    def _chosen(self, offered: dict[str, Any], field: str) -> list[Any]:
        """Return what was ticked, in the order it was offered."""
        ticked = set(self.cleaned_data[field])
        return [row for key, row in offered.items() if key in ticked]


def _run_label(run: Run) -> str:
    """Return the run's name, the model behind it and how many answers it has."""
    model = f" ({run.model})" if run.model and run.model != run.name else ""
    return _("%(run)s%(model)s – %(number)s answers") % {
        "run": run.name, "model": model, "number": getattr(run, "n_answers", 0),
    }  # fmt: skip
