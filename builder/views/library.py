"""Pages about what authors reuse: the library of criteria, the templates of cases, the vocabulary of tags."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from builder import access
from builder.access import Act
from builder.common.pagination import page_of
from builder.common.requests import SignedInRequest
from builder.forms.library import LibraryCriterionForm, LibrarySearchForm, TagsForm, TemplateForm, initial_of
from builder.selectors.cases import head_content
from builder.selectors.library import criterion_of_case, list_library, list_templates, uses_of, vocabulary
from builder.services.library import remove_template, retire_from_library


@login_required
@require_safe
def library(request: SignedInRequest) -> HttpResponse:
    """List the criteria people may reuse; find among them."""
    form = LibrarySearchForm(request.GET, auto_id="%s")
    context = {
        "page_obj": page_of(list_library(request.user, form.text()), request),
        "form": form,
        "query": form.text(),
        "may_write": bool(access.departments_for(request.user, Act.WRITE_CASES)),
    }
    return render(request, "builder/library.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def library_new(request: SignedInRequest) -> HttpResponse:
    """Add a criterion to the library."""
    departments = access.departments_for(request.user, Act.WRITE_CASES)
    form = LibraryCriterionForm(
        request.POST if request.method == "POST" else None,
        initial=initial_of(criterion_of_case(request.user, _place(request))),
        departments=departments,
        leads=access.leads_somewhere(request.user),
    )
    if form.is_bound and form.is_valid() and (row := form.add(by=request.user)):
        messages.success(request, _("The criterion is in the library."))
        return redirect("builder:library-criterion", row.pk)
    return render(request, "builder/library_new.html", {"form": form}, status=form.status)


def _place(request: SignedInRequest) -> str:
    """Return the criterion of a case that an address names, as `CASE-INDEX`; people count from 1."""
    case, number = request.GET.get("case", ""), request.GET.get("criterion", "")
    return f"{case}-{int(number) - 1}" if number.isdecimal() and len(number) < 5 else ""


@login_required
@require_safe
def library_criterion(request: SignedInRequest, criterion_id: int) -> HttpResponse:
    """Show a criterion of the library and where it is used."""
    row = access.get_library_criterion(request.user, criterion_id)
    context = {
        "row": row,
        "cases": uses_of(row, request.user),
        "may_retire": access.may_retire(request.user, row),
    }
    return render(request, "builder/library_criterion.html", context)


@login_required
@require_POST
def library_retire(request: SignedInRequest, criterion_id: int) -> HttpResponse:
    """Take a criterion out of the library."""
    retire_from_library(row=access.get_library_criterion(request.user, criterion_id), by=request.user)
    messages.success(request, _("The criterion is out of the library. Cases that use it keep it."))
    return redirect("builder:library")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case_keep_template(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Keep what a case says as a template."""
    case = access.get_case_for(request.user, Act.WRITE_CASES, case_id)
    form = TemplateForm(
        request.POST if request.method == "POST" else None, initial={"name": case.title[:120]}
    )
    if form.is_bound and form.is_valid() and form.keep(case.department, head_content(case), by=request.user):
        messages.success(request, _("The template is kept. New cases can begin from it."))
        return redirect("builder:template-list")
    return render(
        request, "builder/case_keep_template.html", {"form": form, "case": case}, status=form.status
    )


@login_required
@require_safe
def templates(request: SignedInRequest) -> HttpResponse:
    """List the templates of the departments a person writes in."""
    rows = list_templates(access.departments_for(request.user, Act.WRITE_CASES))
    return render(request, "builder/templates.html", {"page_obj": page_of(rows, request)})


@login_required
@require_POST
def template_remove(request: SignedInRequest, template_id: int) -> HttpResponse:
    """Remove a template."""
    remove_template(template=access.get_case_template(request.user, template_id), by=request.user)
    messages.success(request, _("The template is removed. Cases that began from it keep their text."))
    return redirect("builder:template-list")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def department_tags(request: SignedInRequest, code: str) -> HttpResponse:
    """Change the words authors of a department tag cases with."""
    department = access.get_department_for(request.user, Act.CHANGE_SETTINGS, code)
    initial = {"tags": "\n".join(vocabulary(department))}
    form = TagsForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid() and form.save(department, by=request.user) is not None:
        messages.success(request, _("The vocabulary is saved."))
        return redirect("builder:department-settings", department.code)
    context = {"form": form, "department": department}
    return render(request, "builder/department_tags.html", context, status=form.status)
