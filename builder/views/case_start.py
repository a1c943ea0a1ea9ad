"""Pages that begin a case: blank or from a template, from a pasted conversation, or as a copy of another one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from builder import access
from builder.access import Act
from builder.common.errors import NotAllowed
from builder.common.requests import SignedInRequest
from builder.forms.case_start import DuplicateForm, PastedCaseForm, PasteTextForm
from builder.forms.cases import NewCaseForm
from builder.models import Case, Department
from builder.selectors.cases import templates_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case_new(request: SignedInRequest) -> HttpResponse:
    """Start a blank case, or one from a template, and open its editor."""
    departments = _departments(request)
    data = request.POST if request.method == "POST" else None
    form = NewCaseForm(
        data,
        initial={"template": request.GET.get("template")},
        departments=departments,
        templates=templates_of(departments),
    )
    if form.is_bound and form.is_valid() and (case := form.create(by=request.user)):
        return redirect("builder:case-edit", case.pk)
    return render(request, "builder/case_new.html", {"form": form}, status=form.status)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case_paste(request: SignedInRequest) -> HttpResponse:
    """Start a case from a pasted conversation; the recognised turns are shown before anything is kept."""
    departments = _departments(request)
    if request.method != "POST":
        return render(request, "builder/case_paste.html", {"text_form": PasteTextForm()})
    text_form = PasteTextForm(request.POST)
    pasted = text_form.read()
    if pasted is None:
        return render(request, "builder/case_paste.html", {"text_form": text_form}, status=422)
    text = text_form.cleaned_data["text"]
    form = PastedCaseForm(request.POST, text=text, pasted=pasted, departments=departments)
    if form.is_bound and form.is_valid() and (case := form.create(by=request.user)):
        messages.success(request, _("The conversation is kept as your draft. Now write the rubric."))
        return redirect("builder:case-edit", case.pk)
    context = {"text_form": text_form, "form": form, "pasted": pasted}
    return render(request, "builder/case_paste.html", context, status=form.status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case_duplicate(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Start a case as a copy of another one, and open its editor."""
    case = access.get_case_to_read(request.user, case_id)
    departments = _departments(request)
    form = DuplicateForm(
        request.POST if request.method == "POST" else None, case=case, departments=departments
    )
    if form.is_bound and form.is_valid() and (copy := form.create(by=request.user)):
        messages.success(request, _told(case, copy))
        return redirect("builder:case-edit", copy.pk)
    return render(request, "builder/case_duplicate.html", {"form": form, "case": case}, status=form.status)


def _departments(request: SignedInRequest) -> list[Department]:
    departments = access.departments_for(request.user, Act.WRITE_CASES)
    if not departments:
        raise NotAllowed(
            _("You have no department to write cases in. Ask an administrator for the author’s role.")
        )
    return departments


def _told(case: Case, copy: Case) -> str:
    names = {"new": copy.prompt_id, "old": case.prompt_id}
    return (
        _("This is a copy of %(old)s with a number of its own, %(new)s. The other case doesn’t change.")
        % names
    )
