"""Forms about cases as a whole: the list's filter, a new case, retirement."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

import msgspec
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from builder.content import CaseContent, Turn, content_from_data
from builder.forms.case_editor import LANGUAGES, language_choices
from builder.forms.service_form import ServiceForm, offer
from builder.models import Case, CaseState, CaseTemplate, Department, Kind, User
from builder.selectors.cases import ANY_STATE, EXPIRED, CaseFilters, FilterChoices
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
        self._offer("department", gettext("All departments"), [(d.code, d.name) for d in choices.departments])
        states = [
            *CaseState.choices,
            (EXPIRED, gettext("Approval expired")),
            (ANY_STATE, gettext("Every state")),
        ]
        self._offer("state", gettext("All but retired"), states)
        self._offer("kind", gettext("All kinds"), [(kind, kinds.get(kind, kind)) for kind in choices.kinds])
        self._offer(
            "language", gettext("All languages"), [(code, language_label(code)) for code in choices.languages]
        )
        self._offer("theme", gettext("All themes"), [(theme, theme) for theme in choices.themes])

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


def offer_departments(form: forms.BaseForm, departments: Sequence[Department]) -> None:
    """Offer the departments a case can be made in; the only one is chosen already."""
    places = [(department.code, department.name) for department in departments]
    first = [] if len(places) == 1 else [("", gettext("Choose a department"))]
    offer(form, "department", [*first, *places])


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
    template = forms.ChoiceField(
        label=_("Begin with"),
        help_text=_("A template fills the case in; you change what you like."),
        required=False,
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        help_text=_("What the case measures. It decides how the case is reported."),
        choices=[("", _("Choose a kind")), *Kind.choices],
        required=False,
    )
    language = forms.ChoiceField(label=_("Language of the conversation"), required=False)

    def __init__(
        self, *args: Any, departments: list[Department], templates: Sequence[CaseTemplate] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.departments = {department.code: department for department in departments}
        self.templates = {str(template.pk): template for template in templates}
        offer_departments(self, departments)
        offer(self, "language", language_choices())
        if self.templates:
            names = [(key, f"{each.department.name}: {each.name}") for key, each in self.templates.items()]
            offer(self, "template", [("", gettext("A blank case")), *names])
            offer(self, "language", [*language_choices(), ("", gettext("As the template says"))])
        else:
            del self.fields["template"]

    def clean(self) -> dict[str, Any]:
        """A blank case needs a kind; a template brings its own, and belongs to one department."""
        data = self.cleaned_data
        template = self.templates.get(data.get("template", ""))
        if template is None and not data.get("kind") and "kind" not in self.errors:
            self.add_error("kind", gettext("Choose what the case measures"))
        if template is not None and data.get("department") not in ("", None, template.department.code):
            self.add_error("template", gettext("This template belongs to another department."))
        return data

    def create(self, *, by: User) -> Case | None:
        """Start the case with one empty turn or as the template says; None when the service refuses."""
        data = self.cleaned_data
        template = self.templates.get(data.get("template", ""))
        base = CaseContent(prompt=[Turn("user", "")], rubrics=[])
        if template is not None:
            base = content_from_data(template.content)
        content = msgspec.structs.replace(
            base,
            title=data["title"],
            kind=data["kind"] or base.kind,
            language=data["language"] or base.language or LANGUAGES[0],
        )
        department = self.departments[data["department"]]
        origin = f"template:{template.name}" if template else ""
        return self.attempt(lambda: create_case(department=department, content=content, by=by, origin=origin))


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
