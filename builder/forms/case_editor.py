"""The form of the case editor: one head, and a row form for every turn, evidence passage and criterion."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from builder.checks import Finding
from builder.common.errors import DomainError
from builder.content import MAX_POINTS, MIN_POINTS, CaseContent
from builder.forms.case_rows import CaseRows, Row, content_from_rows, parse_points, passages
from builder.forms.service_form import offer
from builder.models import Kind
from builder.selectors.case_checks import field_target
from builder.vocabulary import language_label

LANGUAGES = ("en", "ko")
ROLES = [
    ("system", _("Instruction to the model (system)")),
    ("user", _("Person asking (user)")),
    ("assistant", _("Model (assistant)")),
]


def _text(label: Any, *, help_text: Any = "", max_length: int = 300, **attrs: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attrs})
    return forms.CharField(
        label=label, help_text=help_text, required=False, strip=False, max_length=max_length, widget=widget
    )


def _area(label: Any, rows: int, *, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


def open_choices(offered: Iterable[tuple[str, Any]], current: str, *, empty: Any) -> list[tuple[str, Any]]:
    """Return the choices with an empty one first and a value that isn't among them last."""
    choices = [("", empty), *offered]
    return choices if current in dict(choices) else [*choices, (current, current)]


def language_choices(codes: Iterable[str] = LANGUAGES) -> list[tuple[str, str]]:
    """Return languages with their names."""
    return [(code, language_label(code)) for code in codes]


class RowForm(forms.Form):
    """A part of the editor; what it doesn't show travels in `origin`."""

    origin = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, row: Row, *, prefix: str | None, bound: bool) -> None:
        self.row = row
        values = {f"{prefix}-{name}" if prefix else name: value for name, value in row.items()}
        super().__init__(values if bound else None, initial=row, prefix=prefix, auto_id="%s")
        self.template_fields(row)

    def template_fields(self, row: Row) -> None:
        """Fill choices that depend on the row."""


class HeadForm(RowForm):
    """What stands above the conversation."""

    title = _text(_("Title"), help_text=_("For colleagues; the model never sees it."))
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    theme = _text(_("Theme"), max_length=100, list="themes")
    tags = _area(_("Other tags"), 2, help_text=_("One on each line."))
    reference = _area(
        _("Reference answer"), 5, help_text=_("What a good colleague would say. Graders compare with it.")
    )

    def template_fields(self, row: Row) -> None:
        """Offer the known kinds and languages, and the case's own."""
        for name, choices in (("kind", Kind.choices), ("language", language_choices())):
            offer(self, name, open_choices(choices, row[name], empty=gettext("Not chosen")))


class TurnForm(RowForm):
    """One turn of the conversation."""

    role = forms.ChoiceField(label=_("Who speaks"), choices=ROLES)
    content = _area(_("Text"), 3)


class EvidenceForm(RowForm):
    """One passage of a guideline or law."""

    quote = _area(_("Passage, word for word"), 2)
    source = _text(_("Source"), max_length=500)
    edition = _text(_("Edition or version"))
    date = _text(_("Date"), help_text=_("For example 2025-03."))
    url = _text(_("Web address"), max_length=2000, inputmode="url")
    jurisdiction = _text(_("Where it applies"), help_text=_("For example KR, UK or INT."))
    review_by = _text(_("Look again by"), help_text=_("For example 2027-01-31."))


class CriterionForm(RowForm):
    """One criterion of the rubric."""

    criterion = _area(
        _("What can a grader see in the answer?"), 2, help_text=_("One thing that is there or isn’t.")
    )
    points = _text(_("Points, −10 to 10"), max_length=12)
    axis = _text(_("Axis"), max_length=100, list="axes")
    red_line = forms.BooleanField(
        label=_("Red line: meeting this is a safety failure whatever the score"), required=False
    )
    guideline = _text(_("Guideline reference (optional)"))
    jurisdiction = _text(_("Where it applies (optional)"))
    evidence = forms.MultipleChoiceField(
        label=_("Cites these passages"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, row: Row, *, prefix: str, bound: bool, passages: list[tuple[str, str]]) -> None:
        self.passages = passages
        super().__init__(row, prefix=prefix, bound=bound)

    def template_fields(self, row: Row) -> None:
        """Offer the case's passages, and those the criterion cites although they are gone."""
        known = dict(self.passages)
        gone = [
            (cited, gettext("%(id)s (no longer among the evidence)") % {"id": cited})
            for cited in row["evidence"] if cited not in known
        ]  # fmt: skip
        offer(self, "evidence", [*self.passages, *gone])

    def clean_points(self) -> str:
        """Refuse what is no number from −10 to 10."""
        typed: str = self.cleaned_data["points"]
        points = parse_points(typed)
        if points is None or points == 0 or not MIN_POINTS <= points <= MAX_POINTS:
            raise forms.ValidationError(gettext("Give points from −10 to 10, and not 0."))
        return typed


class CaseEditor:
    """The whole form, shown as it stands or checked."""

    def __init__(self, rows: CaseRows, *, bound: bool = False) -> None:
        self.rows = rows
        cited = passages(rows)
        self.head = HeadForm(rows.head, prefix=None, bound=bound)
        self.turns = [TurnForm(row, prefix=f"turns-{i}", bound=bound) for i, row in enumerate(rows.turns)]
        self.evidence = [
            EvidenceForm(row, prefix=f"evidence-{i}", bound=bound) for i, row in enumerate(rows.evidence)
        ]
        self.rubrics = [
            CriterionForm(row, prefix=f"rubrics-{i}", bound=bound, passages=cited)
            for i, row in enumerate(rows.rubrics)
        ]
        self.messages: list[dict[str, str]] = []
        self._set_focus()

    def _set_focus(self) -> None:
        """Let a browser stand on the field a row action names; buttons look for themselves."""
        for form in self.forms():
            for name in form.fields:
                if form[name].auto_id == self.rows.focus:
                    form.fields[name].widget.attrs["autofocus"] = True

    @property
    def content(self) -> CaseContent:
        """What the form says as a case."""
        return content_from_rows(self.rows)

    def forms(self) -> list[RowForm]:
        """Return every form in reading order."""
        return [self.head, *self.turns, *self.evidence, *self.rubrics]

    def is_valid(self) -> bool:
        """Whether what was typed has the right shape."""
        return not self.error_forms()

    def error_forms(self) -> list[RowForm]:
        """Return the forms that have errors, for the summary."""
        return [form for form in self.forms() if form.errors]

    def show_findings(self, findings: Iterable[Finding]) -> None:
        """Put each finding beside its field, or into the summary where it has none."""
        by_field = {
            form[name].auto_id: (form, name)
            for form in self.forms()
            for name in form.fields
            if name != "origin"
        }
        for finding in findings:
            target = field_target(finding.field)
            if target in by_field:
                form, name = by_field[target]
                if name not in form.errors:
                    form.add_error(name, finding.message)
            else:
                self.messages.append({"message": finding.message, "target": target})

    def refuse(self, error: DomainError) -> None:
        """Show why a service refused: beside the fields it names, or above all."""
        if findings := error.data.get("findings"):
            self.show_findings(findings)
        else:
            self.messages.append({"message": error.message, "target": ""})
