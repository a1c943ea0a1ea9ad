"""The page that brings in another tool's verdicts."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotations.forms.verdicts import VerdictForm
from builder.access import Act
from builder.common.requests import SignedInRequest
from builder.common.uploads import stored
from exports.access import get_run_for


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def verdicts_new(request: SignedInRequest, run_name: str) -> HttpResponse:
    """Bring in one rater's verdicts on a run."""
    run = get_run_for(request.user, Act.IMPORT_RUNS, run_name)
    bound = request.method == "POST"
    form = VerdictForm(request.POST if bound else None, request.FILES if bound else None)
    if form.is_bound and form.is_valid():
        with stored(form.cleaned_data["file"]) as path:
            result = form.bring_in(path, run, by=request.user)
        if result is not None:
            words = (
                _("%(count)s verdicts came in.")
                if result.created
                else _("Nothing changed: these verdicts are already here.")
            )
            messages.success(request, words % {"count": result.verdicts} if result.created else words)
            return redirect("annotations:session-scores", result.session.pk)
    context = {"form": form, "run": run}
    return render(request, "annotations/verdicts_new.html", context, status=form.status)
