"""Forms about cases as a whole: the list's filter, a new case, retirement."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from builder.content import CaseContent, Turn
from builder.forms.case_editor import language_choices
from builder.forms.service_form import ServiceForm, offer
from builder.models import Case, CaseState, Department, Kind, User
from builder.selectors.cases import ANY_STATE, CaseFilters, FilterChoices
from builder.services.cases import create_case, retire_case
from builder.vocabulary import language_label


class CaseFilterForm(forms.Form):
    """What the list shows. An unknown value counts as none, so that an old bookmark still opens."""

    q = forms.CharField(label=_("Find in title or number"), required=False, max_length=200, empty_value="")
    department = forms.ChoiceField(label=_("Department"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    theme = forms.ChoiceField(label=_("Theme"), required=False)

    def __init__(self, data: Any, *, choices: FilterChoices) -> None:
        super().__init__(data, auto_id="%s")
        kinds = dict(Kind.choices)
        self.fields["q"].widget = forms.TextInput(attrs={"type": "search"})
        self._offer("department", _now("All departments"), [(d.code, d.name) for d in choices.departments])
        self._offer("state", _now("All but retired"), [*CaseState.choices, (ANY_STATE, _now("Every state"))])
        self._offer("kind", _now("All kinds"), [(kind, kinds.get(kind, kind)) for kind in choices.kinds])
        self._offer(
            "language", _now("All languages"), [(code, language_label(code)) for code in choices.languages]
        )
        self._offer("theme", _now("All themes"), [(theme, theme) for theme in choices.themes])

    def _offer(self, name: str, empty: str, choices: Sequence[tuple[str, Any]]) -> None:
        offer(self, name, [("", empty), *choices])

    def filters(self) -> CaseFilters:
        """Return the valid part of what was asked for."""
        self.is_valid()
        return CaseFilters(**{name: self.cleaned_data.get(name) or "" for name in self.fields})

    def chips(self) -> list[dict[str, str]]:
        """Return each condition in words, with the query that leaves it out."""
        given = {name: value for name, value in asdict(self.filters()).items() if value}
        chips = []
        for name, value in given.items():
            words = str(dict(getattr(self.fields[name], "choices", ())).get(value, value))
            rest = urlencode({key: each for key, each in given.items() if key != name})
            chips.append({"text": f"{self.fields[name].label}: {words}", "query": rest})
        return chips


class NewCaseForm(ServiceForm):
    """Where a case belongs and what it is about; everything else is written in the editor."""

    department = forms.ChoiceField(
        label=_("Department"), error_messages={"required": _("Choose a department")}
    )
    title = forms.CharField(
        label=_("Title"),
        help_text=_("A few words colleagues will know the case by. The model never sees it."),
        max_length=300,
        error_messages={"required": _("Give the case a title")},
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        help_text=_("What the case measures. It decides how the case is reported."),
        choices=[("", _("Choose a kind")), *Kind.choices],
        error_messages={"required": _("Choose what the case measures")},
    )
    language = forms.ChoiceField(label=_("Language of the conversation"))

    def __init__(self, *args: Any, departments: list[Department], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.departments = {department.code: department for department in departments}
        places = [(department.code, department.name) for department in departments]
        first = [] if len(places) == 1 else [("", _now("Choose a department"))]
        offer(self, "department", [*first, *places])
        offer(self, "language", language_choices())

    def create(self, *, by: User) -> Case | None:
        """Start the case with one empty turn; None when the service refuses."""
        data = self.cleaned_data
        content = CaseContent(
            prompt=[Turn("user", "")],
            rubrics=[],
            title=data["title"],
            kind=data["kind"],
            language=data["language"],
        )
        department = self.departments[data["department"]]
        return self.attempt(lambda: create_case(department=department, content=content, by=by))


class RetireForm(ServiceForm):
    """Why a case is taken out of use."""

    reason = forms.CharField(
        label=_("Why is it retired?"),
        help_text=_("Kept in the audit trail. Releases that hold the case keep it."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why the case is retired")},
    )

    def retire(self, case: Case, *, by: User) -> Case | None:
        """Retire the case; None when the service refuses."""
        return self.attempt(lambda: retire_case(case=case, reason=self.cleaned_data["reason"], by=by))
