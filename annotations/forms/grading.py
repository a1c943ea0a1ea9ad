"""The grader's form: a verdict and a note per criterion."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.models import HUMAN_VERDICTS, Assignment
from annotations.services.grades import GivenVerdict, save_grades
from builder.forms.service_form import ServiceForm
from builder.models import User

LONGEST_NOTE = 10_000


class GradeForm(ServiceForm):
    """Verdicts by criterion: `verdict-0`, `note-0` … and, in `cleared`, the criteria whose verdict is taken back.

    A criterion that isn't sent keeps what is stored, so that one verdict can be saved alone.
    """

    def __init__(self, *args: Any, n_criteria: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.n_criteria = n_criteria
        for index in range(n_criteria):
            self.fields[f"verdict-{index}"] = forms.ChoiceField(
                choices=[(verdict, verdict.label) for verdict in HUMAN_VERDICTS], required=False,
                error_messages={"invalid_choice": gettext_lazy("Choose met, not met or can’t judge")},
            )  # fmt: skip
            self.fields[f"note-{index}"] = forms.CharField(
                required=False, max_length=LONGEST_NOTE,
                error_messages={"max_length": gettext_lazy("A note holds up to %(limit_value)d characters")},
            )  # fmt: skip
        self.fields["cleared"] = forms.TypedMultipleChoiceField(
            choices=[(str(index), str(index)) for index in range(n_criteria)], coerce=int, required=False
        )

    def clean(self) -> dict[str, Any]:
        """Refuse a note without a verdict: it has nowhere to be kept, and must not be lost in silence."""
        data = super().clean() or self.cleaned_data
        for index in range(self.n_criteria):
            if data.get(f"note-{index}") and not data.get(f"verdict-{index}"):
                self.add_error(
                    f"note-{index}",
                    _(
                        "Criterion %(number)s has a note but no verdict. Choose a verdict, so that the note is kept."
                    )
                    % {"number": index + 1},
                )
        return data

    def save(self, assignment: Assignment, *, by: User) -> Assignment | None:
        """Save the verdicts; None when the service refuses, with its sentence among the form's errors."""
        data = self.cleaned_data
        given = {index: GivenVerdict("") for index in data["cleared"]}
        for index in range(self.n_criteria):
            if data[f"verdict-{index}"]:
                given[index] = GivenVerdict(data[f"verdict-{index}"], data[f"note-{index}"])
        return self.attempt(lambda: save_grades(assignment=assignment, verdicts=given, by=by))

    def typed(self) -> dict[int, tuple[str, str]]:
        """Return what was sent, as it was sent, for showing it again."""
        cleared = set(self.data.getlist("cleared")) if hasattr(self.data, "getlist") else set()
        sent = {}
        for index in range(self.n_criteria):
            verdict, note = self.data.get(f"verdict-{index}", ""), self.data.get(f"note-{index}", "")
            if verdict or note or str(index) in cleared:
                sent[index] = (verdict if verdict in HUMAN_VERDICTS else "", note)
        return sent

    def errors_by_criterion(self) -> dict[int, str]:
        """Return the first complaint about each criterion."""
        found = {}
        for index in range(self.n_criteria):
            said = [*self.errors.get(f"verdict-{index}", []), *self.errors.get(f"note-{index}", [])]
            if said:
                found[index] = str(said[0])
        return found
