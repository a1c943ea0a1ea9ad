"""The form that brings in a file of cases."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from builder.forms.cases import offer_departments
from builder.forms.service_form import ServiceForm
from builder.importers import FORMATS
from builder.models import Department
from builder.services.case_files import keep_case_file

_READS = {
    "auto": _("Find out from the file"),
    "xlsx": _("Workbook (the template, filled in)"),
    "canonical": _("Cases exported by Clinwright"),
    "healthbench": _("HealthBench"),
    "medqa": _("MedQA: exam questions become drafts"),
    "medmcqa": _("MedMCQA: exam questions become drafts"),
    "pubmedqa": _("PubMedQA: research questions become drafts"),
}


class CaseFileForm(ServiceForm):
    """A file, what it is, and where its cases go. Nothing is brought in before its preview was seen."""

    department = forms.ChoiceField(
        label=_("Department"), error_messages={"required": _("Choose a department")}
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_("A filled-in workbook (.xlsx), or JSON Lines."),
        error_messages={
            "required": _("Choose the file"),
            "empty": _("The file is empty. Choose another one"),
        },
    )
    file_format = forms.ChoiceField(
        label=_("What the file is"), choices=[(name, _READS[name]) for name in FORMATS], initial="auto"
    )

    def __init__(self, *args: Any, departments: list[Department], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._departments = {department.code: department for department in departments}
        offer_departments(self, departments)

    def keep(self) -> dict[str, str] | None:
        """Keep the file and return what the preview needs to find it; None when there is no place for it."""
        token = self.attempt(lambda: keep_case_file(self.cleaned_data["file"]))
        if token is None:
            return None
        return {
            "token": token,
            "department": self.cleaned_data["department"],
            "file_format": self.cleaned_data["file_format"],
        }
