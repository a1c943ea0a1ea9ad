"""Pages about grading sessions: list, set-up, progress, ending and closing."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from annotations import access
from annotations.forms.sessions import CloseForm, EndGradingForm, SessionForm
from annotations.models import GradingSession, SessionState
from annotations.selectors.sessions import (
    count_undecided,
    graders_of,
    list_sessions,
    rater_progress,
    releases_to_grade,
    run_lines,
    runs_to_grade,
)
from builder.access import Act, departments_for, may
from builder.common.pagination import page_of
from builder.common.requests import SignedInRequest


@login_required
@require_safe
def session_list(request: SignedInRequest) -> HttpResponse:
    """List the sessions the person may read."""
    context = {
        "page_obj": page_of(list_sessions(request.user), request),
        "may_open": bool(departments_for(request.user, Act.MANAGE_SESSIONS)),
    }
    return render(request, "annotations/session_list.html", context)


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
    runs, graders = runs_to_grade(release, request.user), graders_of(release)
    form = SessionForm(
        request.POST if request.method == "POST" else None, release=release, runs=runs, graders=graders
    )
    context: dict[str, Any] = {"form": form, "release": release, "runs": runs, "graders": graders}
    if form.is_bound and form.is_valid():
        context["plan"] = plan = form.plan()
        wants = request.POST.get("act") == "open"
        context["changed"] = wants and form.cleaned_data["planned"] != plan.digest
        if wants and not context["changed"] and (session := form.open(by=request.user)):
            messages.success(request, _("Session %(number)s is open.") % {"number": session.pk})
            return redirect("annotations:session-detail", session.pk)
    return render(request, "annotations/session_set_up.html", context, status=form.status)


@login_required
@require_safe
def session_detail(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Show how far a session is."""
    session = access.get_session_to_read(request.user, session_id)
    may_manage = may(request.user, Act.MANAGE_SESSIONS, session.release.department)
    raters = rater_progress(session, request.user, with_names=may_manage)
    context = {
        "session": session,
        "runs": run_lines(session, request.user),
        "raters": raters,
        "done": sum(rater.done for rater in raters),
        "total": sum(rater.total for rater in raters),
        "may_manage": may_manage,
        "is_blinded": access.is_blinded(request.user, session),
        "grades_here": session.state == SessionState.OPEN
        and any(r.is_reader and not r.removed for r in raters),
    }
    return render(request, "annotations/session_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_end(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Stop the grading of an open session."""
    session = access.get_session_to_manage(request.user, session_id)
    form = EndGradingForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.end(session, by=request.user):
        messages.success(request, _("Grading has ended. Agreement can be read now."))
        return redirect("annotations:session-detail", session.pk)
    return _decision(request, "annotations/session_end.html", session, form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_close(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Close a session for good, with a reason and knowing what stays undecided."""
    session = access.get_session_to_manage(request.user, session_id)
    form = CloseForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and (closing := form.close(session, by=request.user)):
        said = ngettext(
            "The session is closed. %(count)s verdict is undecided.",
            "The session is closed. %(count)s verdicts are undecided.",
            closing.total,
        )
        messages.success(
            request, said % {"count": closing.total} if closing.total else _("The session is closed.")
        )
        return redirect("annotations:session-detail", session.pk)
    return _decision(request, "annotations/session_close.html", session, form)


def _decision(
    request: SignedInRequest, template: str, session: GradingSession, form: EndGradingForm | CloseForm
) -> HttpResponse:
    """Answer with the page on which a decision is taken: what is unfinished stands beside the button."""
    if session.state == SessionState.CLOSED and not form.errors:
        return redirect("annotations:session-detail", session.pk)
    raters = rater_progress(session, request.user, with_names=False)
    context = {
        "session": session,
        "form": form,
        "unfinished": sum(rater.total - rater.done for rater in raters),
        "total": sum(rater.total for rater in raters),
        "undecided": count_undecided(session),
    }
    return render(request, template, context, status=form.status)
