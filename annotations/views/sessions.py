"""Pages about grading sessions: list, progress, and the decisions that end, re-open, close or discard one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from annotations import access
from annotations.forms.sessions import CloseForm, DecisionForm, ReopenForm
from annotations.models import GradingSession, SessionState
from annotations.selectors.disagreements import unclear_wordings
from annotations.selectors.for_the_lead import for_the_lead
from annotations.selectors.label_studio import uses_label_studio
from annotations.selectors.sessions import (
    count_undecided,
    is_late,
    list_sessions,
    naming_answers,
    rater_progress,
    run_lines,
    session_habits,
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
def session_detail(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Show how far a session is."""
    session = access.get_session_to_read(request.user, session_id)
    may_manage = may(request.user, Act.MANAGE_SESSIONS, session.release.department)
    raters = rater_progress(session, request.user, with_names=may_manage)
    runs = run_lines(session, request.user)
    # Who grades one of these runs blind elsewhere gets neither scores nor verdicts: no link may lead there.
    may_score = session.state == SessionState.CLOSED and all(run.name for run in runs)
    context = {
        "session": session, "runs": runs, "may_score": may_score,
        "raters": raters,
        "done": sum(rater.done for rater in raters),
        "total": sum(rater.total for rater in raters),
        "may_manage": may_manage,
        "may_export": may_score and may(request.user, Act.EXPORT_RELEASES, session.release.department),
        "is_blinded": access.is_blinded(request.user, session),
        "naming": naming_answers(session, request.user),
        "is_late": is_late(session),
        "uses_label_studio": uses_label_studio(session),
        "unclear": unclear_wordings(session),
        "wants": for_the_lead(session, request.user) if may_manage else None,
        **session_habits(raters),
        "grades_here": session.state == SessionState.OPEN and any(rater.grades_here for rater in raters),
    }  # fmt: skip
    return render(request, "annotations/session_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_end(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Stop the grading of an open session."""
    session = access.get_session_to_manage(request.user, session_id)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.end(session, by=request.user):
        messages.success(request, _("Grading has ended. Agreement can be read now."))
        return redirect("annotations:session-detail", session.pk)
    return _decision(request, "annotations/session_end.html", session, form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_reopen(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Let people grade again, with a reason."""
    session = access.get_session_to_manage(request.user, session_id)
    form = ReopenForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.reopen(session, by=request.user):
        messages.success(request, _("People can grade again."))
        return redirect("annotations:session-detail", session.pk)
    return _decision(request, "annotations/session_reopen.html", session, form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_discard(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Throw a planned session away."""
    session = access.get_session_to_manage(request.user, session_id)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.discard(session, by=request.user):
        messages.success(request, _("The planned session is gone."))
        return redirect("annotations:session-list")
    return render(
        request, "annotations/session_discard.html", {"session": session, "form": form}, status=form.status
    )


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
    request: SignedInRequest,
    template: str,
    session: GradingSession,
    form: DecisionForm | CloseForm | ReopenForm,
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
        **session_habits(raters),
    }
    return render(request, template, context, status=form.status)
