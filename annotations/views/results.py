"""Pages about a harness's results: bringing its log home, and its numbers beside ours."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from annotations.forms.results import ResultsForm
from annotations.presenters import results as words
from annotations.selectors.comparison import list_differences
from annotations.selectors.results import finding_label, get_results
from builder.access import Act
from builder.common.pagination import ROWS_PER_PAGE
from builder.common.requests import SignedInRequest
from exports.access import get_release_for, get_run
from exports.formats.registry import FORMATS


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def results_new(request: SignedInRequest, name: str, version: str) -> HttpResponse:
    """Bring a harness's log home; a job does it."""
    release = get_release_for(request.user, Act.IMPORT_RUNS, name, version)
    bound = request.method == "POST"
    form = ResultsForm(request.POST if bound else None, request.FILES if bound else None)
    if form.is_bound and form.is_valid():
        job = form.ask(release, by=request.user)
        if job is not None:
            return redirect("builder:job", job.uuid)
    formats = [each for each in FORMATS.values() if each.reader]
    context = {"form": form, "release": release, "formats": formats}
    return render(request, "annotations/results_new.html", context, status=form.status)


@login_required
@require_safe
def results(request: SignedInRequest, run_name: str) -> HttpResponse:
    """Show what a harness reported of a run beside our numbers, and every answer on which they differ."""
    run = get_run(request.user, run_name)
    found = get_results(run)
    page = Paginator(list_differences(run), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "run": run, "found": found, "page_obj": page, "rows": words.answer_rows(page.object_list),
        "facts": words.facts(found), "sentence": words.finding_sentence(found), "label": finding_label(found),
        "colour": words.colour(found),
    }  # fmt: skip
    return render(request, "annotations/results.html", context)
