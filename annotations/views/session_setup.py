"""Pages that set a grading session up: choose the release, then everything else on one page."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotations import access
from annotations.forms.session_setup import SessionForm, SetupOffer
from annotations.models import GradingSession, SessionState
from annotations.selectors.calibration import calibration_sources
from annotations.selectors.session_plan import epochs_of, graders_of, releases_to_grade, runs_to_grade
from builder.common.requests import SignedInRequest
from builder.models import User
from exports.models import Release


@login_required
@require_safe
def session_new(request: SignedInRequest) -> HttpResponse:
    """Choose the release whose answers are to be graded."""
    return render(request, "annotations/session_new.html", {"releases": releases_to_grade(request.user)})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_set_up(request: SignedInRequest, release_id: int) -> HttpResponse:
    """Choose runs and graders, see what that asks of each grader, then open the session."""
    release = access.get_release_to_grade(request.user, release_id)
    offered = _offer(release, request.user)
    form = SessionForm(request.POST if request.method == "POST" else None, offered=offered)
    context: dict[str, Any] = {"form": form, "release": release, "offered": offered}
    if form.is_bound and form.is_valid() and (plan := form.plan(by=request.user)):
        context["plan"] = plan
        wants = request.POST.get("act") == "open"
        context["changed"] = wants and form.cleaned_data["planned"] != plan.digest
        if wants and not context["changed"] and (session := form.open(by=request.user)):
            return _opened(request, session)
    return render(request, "annotations/session_set_up.html", context, status=form.status)


def _opened(request: SignedInRequest, session: GradingSession) -> HttpResponse:
    if session.state == SessionState.DRAFT:
        messages.success(
            request,
            _("Session %(number)s is planned. Write what is right about its practice answers, then open it.")
            % {"number": session.pk},
        )
        return redirect("annotations:calibration", session.pk)
    messages.success(request, _("Session %(number)s is open.") % {"number": session.pk})
    return redirect("annotations:session-detail", session.pk)


def _offer(release: Release, user: User) -> SetupOffer:
    runs = runs_to_grade(release, user)
    return SetupOffer(
        release=release,
        runs=runs,
        graders=graders_of(release),
        epochs=epochs_of(runs),
        sources=list(calibration_sources(release.pk, user)[:20]),
        has_label_studio=access.find_connection(release.department) is not None,
    )
