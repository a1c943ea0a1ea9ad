"""Forms about what authors reuse: criteria, templates and tags."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from builder.content import AXIS_PREFIX, CaseContent, Criterion
from builder.forms.service_form import ServiceForm, offer
from builder.models import CaseTemplate, Department, DepartmentTag, LibraryCriterion, User
from builder.services.library import MAX_CHARACTERS, MAX_NAME, add_to_library, keep_template, set_tags
from builder.vocabulary import AXES

# The organization's own library, among the departments a form offers.
EVERYBODY = "*"


class LibrarySearchForm(forms.Form):
    """What the library's list shows."""

    q = forms.CharField(
        label=_("Find in criteria"), required=False, max_length=200, empty_value="",
        widget=forms.TextInput(attrs={"type": "search"}),
    )  # fmt: skip

    def text(self) -> str:
        """Return what was searched; an impossible text counts as none."""
        self.is_valid()
        return str(self.cleaned_data.get("q") or "")


class LibraryCriterionForm(ServiceForm):
    """A criterion for reuse."""

    criterion = forms.CharField(
        label=_("Criterion"),
        help_text=_("One thing that can be seen in an answer."),
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write the criterion")},
    )
    points = forms.FloatField(
        label=_("Points"),
        help_text=_("From −10 to 10 and not 0; negative for what must not happen."),
        min_value=-10,
        max_value=10,
        widget=forms.TextInput(attrs={"class": "nhsuk-input--width-4", "inputmode": "text"}),
        error_messages={"required": _("Give the points"), "invalid": _("Write a number such as 5 or -3")},
    )
    axis = forms.ChoiceField(label=_("Axis"), required=False)
    red_line = forms.BooleanField(label=_("Red line: meeting it is a safety failure"), required=False)
    guideline = forms.CharField(label=_("Guideline"), required=False, max_length=300)
    jurisdiction = forms.CharField(
        label=_("Jurisdiction"),
        help_text=_("The country or law it holds for."),
        required=False,
        max_length=100,
    )
    place = forms.ChoiceField(
        label=_("Who may reuse it"), error_messages={"required": _("Choose who may reuse it")}
    )
    is_consensus = forms.BooleanField(
        label=_("Consensus: several clinicians agreed on it for a whole class of cases"), required=False
    )

    def __init__(self, *args: Any, departments: list[Department], leads: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._departments = {department.code: department for department in departments}
        offer(self, "axis", [("", gettext("None")), *AXES.items()])
        places: list[tuple[str, str]] = [(each.code, each.name) for each in departments]
        offer(self, "place", [*places, *([(EVERYBODY, gettext("The whole organization"))] if leads else [])])
        if not leads:
            del self.fields["is_consensus"]

    def add(self, *, by: User) -> LibraryCriterion | None:
        """Add the criterion; None when the service refuses."""
        data = self.cleaned_data
        points = int(data["points"]) if float(data["points"]).is_integer() else data["points"]
        criterion = Criterion(
            criterion=data["criterion"], points=points, tags=[AXIS_PREFIX + data["axis"]] if data["axis"] else [],
            red_line=data["red_line"], guideline=data["guideline"], jurisdiction=data["jurisdiction"],
        )  # fmt: skip
        return self.attempt(
            lambda: add_to_library(
                criterion=criterion,
                department=self._departments.get(data["place"]),
                by=by,
                is_consensus=data.get("is_consensus", False),
            )
        )


def initial_of(criterion: Criterion | None) -> dict[str, Any]:
    """Return what the form begins with when it comes from a case's criterion."""
    if criterion is None:
        return {}
    names = ("criterion", "points", "axis", "red_line", "guideline", "jurisdiction")
    return {name: getattr(criterion, name) for name in names}


class TemplateForm(ServiceForm):
    """The name a case is kept under as a template."""

    name = forms.CharField(
        label=_("Name of the template"),
        help_text=_("The same name again replaces what it held."),
        max_length=MAX_NAME,
        error_messages={"required": _("Give the template a name")},
    )

    def keep(self, department: Department, content: CaseContent, *, by: User) -> CaseTemplate | None:
        """Keep the content under the name; None when the service refuses."""
        name = self.cleaned_data["name"]
        return self.attempt(lambda: keep_template(department=department, name=name, content=content, by=by))


class TagsForm(ServiceForm):
    """The department's vocabulary."""

    tags = forms.CharField(
        label=_("Tags"),
        help_text=_(
            "One a line, such as theme:sepsis or setting:ward. Authors choose from them while they write."
        ),
        required=False,
        max_length=60_000,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )

    def save(self, department: Department, *, by: User) -> list[DepartmentTag] | None:
        """Make these the vocabulary; None when the service refuses."""
        return self.attempt(
            lambda: set_tags(department=department, tags=self.cleaned_data["tags"].splitlines(), by=by)
        )
