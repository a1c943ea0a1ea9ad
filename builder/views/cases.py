"""Pages about cases: the list, a new one, one case, its history, sending it to review, retiring it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from builder import access
from builder.access import Act
from builder.common.errors import BadInput
from builder.common.pagination import page_of
from builder.common.requests import SignedInRequest
from builder.forms.cases import CaseFilterForm, RetireForm
from builder.models import Case
from builder.selectors.case_checks import field_target
from builder.selectors.case_page import case_page, case_view
from builder.selectors.cases import (
    case_rows,
    count_by_state,
    filter_choices,
    get_revision,
    list_cases,
    list_revisions,
    own_draft,
    revision_before,
)  # fmt: skip
from builder.selectors.changes import compare
from builder.services.cases import discard_draft, submit_case

# The checks read every case of a page, so there are fewer than in other lists.
CASES_PER_PAGE = 25


@login_required
@require_safe
def case_list(request: SignedInRequest) -> HttpResponse:
    """List the cases of one's departments."""
    form = CaseFilterForm(request.GET, choices=filter_choices(request.user))
    filters = form.filters()
    page = page_of(list_cases(request.user, filters), request, CASES_PER_PAGE)
    context = {
        "filter_form": form,
        "page_obj": page,
        "rows": case_rows(page),
        "counts": count_by_state(request.user, filters.department),
        "chips": form.chips(),
        "may_write": bool(access.departments_for(request.user, Act.WRITE_CASES)),
    }
    return render(request, "builder/case_list.html", context)


@login_required
@never_cache
@require_safe
def case_preview(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Show a case to anybody who reads its department."""
    return _show(request, access.get_case_to_read(request.user, case_id))


@login_required
@require_POST
def case_submit(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Send the saved revision to review; errors are shown with links into the editor."""
    case = access.get_case_to_edit(request.user, case_id)
    try:
        case = submit_case(case=case, by=request.user)
    except BadInput as error:
        return _show(request, case, error)
    messages.success(request, sent_message(case))
    return redirect("builder:case-preview", case.pk)


@login_required
@require_safe
def case_history(request: SignedInRequest, case_id: int) -> HttpResponse:
    """List the revisions of a case."""
    case = access.get_case_to_read(request.user, case_id)
    return render(request, "builder/case_history.html", {"case": case, "revisions": list_revisions(case)})


@login_required
@require_safe
def case_revision(request: SignedInRequest, case_id: int, number: int) -> HttpResponse:
    """Show one revision, and what it changed."""
    case = access.get_case_to_read(request.user, case_id)
    revision = get_revision(case, number)
    before = revision_before(revision)
    context = {
        "case": case,
        "revision": revision,
        "before": before,
        "changes": compare(before.content, revision.content) if before else None,
        "view": case_view(revision.content),
    }
    return render(request, "builder/case_revision.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case_retire(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Take a case out of use, with a reason."""
    case = access.get_case_for(request.user, Act.RETIRE_CASES, case_id)
    form = RetireForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.retire(case, by=request.user):
        messages.success(request, _("The case is retired. Releases that hold it keep it."))
        return redirect("builder:case-preview", case.pk)
    return render(
        request,
        "builder/case_retire.html",
        {"form": form, "case": case},
        status=form.status,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case_discard(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Throw one's own draft away, after asking."""
    case = access.get_case_to_edit(request.user, case_id)
    if request.method == "POST":
        seen = request.POST.get("sequence", "")
        discard_draft(case=case, by=request.user, sequence=int(seen) if seen.isdecimal() else None)
        messages.success(request, _("Your draft is discarded."))
        return redirect("builder:case-edit", case.pk)
    return render(
        request, "builder/case_discard.html", {"case": case, "draft": own_draft(case, request.user)}
    )


def sent_message(case: Case) -> str:
    """Say what happens after a case was sent to review."""
    return _("Revision %(number)s is sent to review. Colleagues who wrote none of it decide on it.") % {
        "number": case.version
    }


def _show(request: SignedInRequest, case: Case, error: BadInput | None = None) -> HttpResponse:
    context: dict[str, object] = {"page": case_page(case, request.user), "case": case}
    if error is not None:
        context["blocking"] = [
            {"message": finding.message, "target": field_target(finding.field), "code": finding.check_id}
            for finding in error.data["findings"]
        ]
    return render(request, "builder/case_page.html", context, status=error.status if error else 200)
