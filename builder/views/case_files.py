"""Pages that bring in a file of cases: choose it, look at what it holds, import it."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from builder import access
from builder.access import Act
from builder.common.errors import NotFound
from builder.common.requests import SignedInRequest
from builder.forms.case_files import CaseFileForm
from builder.importers.workbook_template import template_workbook
from builder.selectors.case_files import preview_cases
from builder.services.case_files import CaseFile, forget_case_file, kept_case_file, request_import

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Where the session remembers the file that waits for a person's word.
_KEPT = "case_file"


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case_import(request: SignedInRequest) -> HttpResponse:
    """Choose a file of cases."""
    departments = access.departments_for(request.user, Act.IMPORT_CASES)
    bound = request.method == "POST"
    form = CaseFileForm(
        request.POST if bound else None, request.FILES if bound else None, departments=departments
    )
    if bound and form.is_valid() and (kept := form.keep()):
        request.session[_KEPT] = kept
        return redirect("builder:case-import-preview")
    context = {"form": form, "has_departments": bool(departments)}
    return render(request, "builder/case_import.html", context, status=form.status)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case_import_preview(request: SignedInRequest) -> HttpResponse:
    """Show what the chosen file holds; sent off, a job brings it in."""
    kept = request.session.get(_KEPT)
    if not kept:
        raise NotFound(_("Choose a file of cases first."))
    department = access.get_department_for(request.user, Act.IMPORT_CASES, kept["department"])
    path = kept_case_file(kept["token"])
    if request.method == "POST":
        file = CaseFile(path, kept["file_format"])
        job = request_import(file=file, department=department, by=request.user, key=kept["token"])
        forget_case_file(kept["token"])
        del request.session[_KEPT]
        return redirect("builder:job", job.uuid)
    preview = preview_cases(path, kept["file_format"])
    context = {"preview": preview, "department": department}
    return render(
        request, "builder/case_import_preview.html", context, status=422 if preview.problems else 200
    )


@login_required
@require_safe
def case_template(request: SignedInRequest) -> HttpResponse:
    """Send the empty workbook in the reader's language."""
    response = HttpResponse(template_workbook(get_language() or "en"), content_type=_XLSX)
    response["Content-Disposition"] = 'attachment; filename="clinwright-cases.xlsx"'
    return response
