"""Pages about runs."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from builder import access as builder_access
from builder.access import Act
from builder.common.pagination import page_of
from builder.common.providers import RUN_PANELS, registry
from builder.common.requests import SignedInRequest
from builder.common.uploads import stored
from exports import access, selectors
from exports.forms.runs import RunForm


@login_required
@require_safe
def run_list(request: SignedInRequest) -> HttpResponse:
    """List the runs I may see."""
    page = page_of(selectors.list_runs(request.user), request)
    context = {"page_obj": page, "can_import": builder_access.departments_for(request.user, Act.IMPORT_RUNS)}
    return render(request, "exports/run_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def run_new(request: SignedInRequest) -> HttpResponse:
    """Bring in a system's answers to a release."""
    releases = selectors.answerable_releases(request.user)
    bound = request.method == "POST"
    form = RunForm(
        request.POST if bound else None,
        request.FILES if bound else None,
        releases=releases,
        initial={"release": request.GET.get("release", "")},
    )
    if form.is_bound and form.is_valid():
        with stored(form.cleaned_data["file"]) as path:
            result = form.bring_in(path, by=request.user)
        if result is not None:
            messages.success(request, _told(result.responses, result.unanswered, created=result.created))
            return redirect("exports:run-detail", result.run.name)
    context = {"form": form, "has_releases": bool(releases)}
    return render(request, "exports/run_new.html", context, status=form.status)


@login_required
@require_safe
def run_detail(request: SignedInRequest, name: str) -> HttpResponse:
    """Show a run's factors, its answers and where it was graded."""
    run = access.get_run(request.user, name)
    context = {
        "run": run,
        "page_obj": page_of(selectors.list_responses(run), request),
        "panels": registry.call(RUN_PANELS, run, request.user),
        "can_import": builder_access.may(request.user, Act.IMPORT_RUNS, run.release.department),
    }
    return render(request, "exports/run_detail.html", context)


@login_required
@require_safe
def run_response(request: SignedInRequest, name: str, position: int, epoch: int) -> HttpResponse:
    """Show one answer beside its case."""
    run = access.get_run(request.user, name)
    response = selectors.get_response(run, position, epoch)
    return render(
        request, "exports/run_response.html", {"run": run, "response": response, "item": response.item}
    )


def _told(responses: int, unanswered: int, *, created: bool) -> str:
    if not created:
        return _("Nothing changed: these answers are already here.")
    if unanswered:
        return _("%(answers)s answers came in; %(cases)s cases have none.") % {
            "answers": responses, "cases": unanswered,
        }  # fmt: skip
    return _("%(answers)s answers came in.") % {"answers": responses}
