"""What a grader's page sends: a verdict, a note and a quote per criterion, as a form or as JSON."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.models import HUMAN_VERDICTS, Assignment
from annotations.selectors.grading import Said
from annotations.services.grades import GivenVerdict, save_grades
from builder.common.errors import BadInput
from builder.common.jsonl import unstorable
from builder.forms.service_form import ServiceForm
from builder.models import User

LONGEST_NOTE, LONGEST_QUOTE, LONGEST_KEY, MOST_AT_ONCE = 10_000, 2_000, 36, 1_000
_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)]
_Quote = Annotated[str, msgspec.Meta(max_length=LONGEST_QUOTE)]
_Key = Annotated[str, msgspec.Meta(max_length=LONGEST_KEY)]
_Place = Annotated[int, msgspec.Meta(ge=0, le=2**15 - 1)]


class SentVerdict(msgspec.Struct, frozen=True):
    """One act of a grader, as their page tells it."""

    criterion_index: _Place
    verdict: Literal["", "met", "not_met", "cannot_judge"]
    explanation: _Text = ""
    quote: _Quote = ""
    key: _Key = ""


class Sent(msgspec.Struct, frozen=True):
    """Acts in the order they happened, and how long the grader worked on the answer since the last ones."""

    verdicts: Annotated[Sequence[SentVerdict], msgspec.Meta(max_length=MOST_AT_ONCE)]
    seconds: float = 0


def save_sent(raw: bytes, assignment: Assignment, *, by: User) -> Assignment:
    """Save what a page sent as JSON; raises BadInput when it isn't of this shape, else what the service raises."""
    try:
        value = msgspec.json.decode(raw)
        sent = msgspec.convert(value, Sent)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(
            _("The page sent something that isn’t a verdict. Reload it."), field="verdicts"
        ) from error
    if unstorable(value):
        raise BadInput(_("The text holds characters that can’t be kept."), field="verdicts")
    acts: dict[str, SentVerdict] = {}
    if any(acts.setdefault(each.key, each) != each for each in sent.verdicts if each.key):
        # The second would be taken for the first sent again, and lost without a word.
        raise BadInput(_("The page sent something that isn’t a verdict. Reload it."), field="verdicts")
    given = [
        (each.criterion_index, GivenVerdict(each.verdict, each.explanation, each.quote, each.key))
        for each in sent.verdicts
    ]
    return save_grades(assignment=assignment, verdicts=given, by=by, seconds=whole_seconds(sent.seconds))


def whole_seconds(seconds: float) -> int:
    """Return a page's count of seconds as a number a column can hold; what can't be counted is none."""
    return int(seconds) if 0 <= seconds < 10**6 else 0


class GradeForm(ServiceForm):
    """Verdicts by criterion: `verdict-0`, `note-0`, `quote-0` … and, in `cleared`, the verdicts that are taken back.

    A criterion that isn't sent keeps what is stored, so that one verdict can be saved alone.
    """

    seconds = forms.FloatField(required=False)

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
            self.fields[f"quote-{index}"] = forms.CharField(
                required=False, max_length=LONGEST_QUOTE,
                error_messages={"max_length": gettext_lazy("A quote holds up to %(limit_value)d characters")},
            )  # fmt: skip
        self.fields["cleared"] = forms.TypedMultipleChoiceField(
            choices=[(str(index), str(index)) for index in range(n_criteria)], coerce=int, required=False
        )

    def clean(self) -> dict[str, Any]:
        """Refuse a note without a verdict: it has nowhere to be kept, and must not be lost in silence."""
        data = super().clean() or self.cleaned_data
        for index in range(self.n_criteria):
            if (data.get(f"note-{index}") or data.get(f"quote-{index}")) and not data.get(f"verdict-{index}"):
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
                given[index] = GivenVerdict(
                    data[f"verdict-{index}"], data[f"note-{index}"], data[f"quote-{index}"]
                )
        seconds = whole_seconds(data["seconds"] or 0)
        return self.attempt(
            lambda: save_grades(assignment=assignment, verdicts=given, by=by, seconds=seconds)
        )

    def typed(self) -> dict[int, Said]:
        """Return what was sent, as it was sent, for showing it again."""
        cleared = set(self.data.getlist("cleared")) if hasattr(self.data, "getlist") else set()
        sent = {}
        for index in range(self.n_criteria):
            verdict, note, quote = (
                self.data.get(f"{name}-{index}", "") for name in ("verdict", "note", "quote")
            )
            if verdict or note or quote or str(index) in cleared:
                sent[index] = Said(verdict if verdict in HUMAN_VERDICTS else "", note, quote)
        return sent

    def errors_by_criterion(self) -> dict[int, str]:
        """Return the first complaint about each criterion."""
        found = {}
        for index in range(self.n_criteria):
            said = [
                message
                for name in ("verdict", "note", "quote")
                for message in self.errors.get(f"{name}-{index}", [])
            ]
            if said:
                found[index] = str(said[0])
        return found
