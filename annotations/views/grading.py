"""The grading desk: everything is addressed by the grader's own order, and nothing says which system wrote what."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access
from annotations.forms.grading import GradeForm
from annotations.models import Assignment, GradingSession, SessionState
from annotations.selectors.grading import (
    count_judged,
    desk_page,
    next_position,
    progress_of,
    progress_of_person,
    verdict_counts,
)
from builder.common.requests import SignedInRequest


@login_required
@never_cache
@require_safe
def grade(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Lead to the person's next answer, or to the thanks when all are done."""
    session = access.get_own_session(request.user, session_id)
    if session.state != SessionState.OPEN:
        return _ended(request, session)
    position = next_position(session, request.user)
    if position is None:
        return redirect("annotations:grade-done", session.pk)
    return redirect("annotations:grade-item", session.pk, position)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def grade_item(request: SignedInRequest, session_id: int, position: int) -> HttpResponse:
    """Show one answer with its criteria, and save what is sent."""
    if request.method == "POST":
        return _save_and_go(request, access.get_own_assignment(request.user, session_id, position))
    session = access.get_own_session(request.user, session_id)
    if session.state != SessionState.OPEN:
        return _ended(request, session)
    return _desk(request, access.get_assignment_to_grade(request.user, session_id, position))


@login_required
@never_cache
@require_POST
def grade_save(request: SignedInRequest, session_id: int, position: int) -> JsonResponse:
    """Save one or several verdicts and say how far the grader is; the same again changes nothing."""
    assignment = access.get_own_assignment(request.user, session_id, position)
    form = _form(assignment, request)
    if not (form.is_valid() and form.save(assignment, by=request.user)):
        return JsonResponse({"message": _sentence(form)}, status=form.status)
    judged, criteria = count_judged(assignment)
    progress = progress_of(assignment.session, assignment.rater_id)
    return JsonResponse(
        {"judged": judged, "criteria": criteria, "done": progress.done, "total": progress.total}
    )


@login_required
@never_cache
@require_safe
def grade_done(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Thank the grader, or say what is still open."""
    session = access.get_own_session(request.user, session_id)
    if session.state != SessionState.OPEN:
        return _ended(request, session)
    context = {
        "session": session,
        "progress": progress_of_person(session, request.user),
        "counts": verdict_counts(session, request.user),
        "next_position": next_position(session, request.user),
    }
    return render(request, "annotations/grade_done.html", context)


def _save_and_go(request: SignedInRequest, assignment: Assignment) -> HttpResponse:
    """Save, then go where the button says; what can't be saved is shown again as it was typed."""
    form = _form(assignment, request)
    if not (form.is_valid() and form.save(assignment, by=request.user)):
        return _desk(request, assignment, form)
    going = request.POST.get("then", "")
    if going == "pause":
        messages.success(request, _("Your verdicts are saved. You can go on whenever you like."))
        return redirect("builder:my-work")
    if going.isdecimal():
        return redirect("annotations:grade-item", assignment.session_id, int(going[:9]))
    position = next_position(assignment.session, request.user, after=assignment.position)
    if position in (None, assignment.position):
        return redirect("annotations:grade-done", assignment.session_id)
    return redirect("annotations:grade-item", assignment.session_id, position)


def _desk(request: SignedInRequest, assignment: Assignment, form: GradeForm | None = None) -> HttpResponse:
    typed, errors = (form.typed(), form.errors_by_criterion()) if form else ({}, {})
    page = desk_page(assignment, typed=typed, errors=errors)
    context = {
        "desk": page,
        "session": page.session,
        "progress_done": page.progress.done,
        "progress_total": page.progress.total,
        "errors": _summary(form) if form else [],
    }
    return render(request, "annotations/grade_item.html", context, status=form.status if form else 200)


def _ended(request: SignedInRequest, session: GradingSession) -> HttpResponse:
    context = {"session": session, "progress": progress_of_person(session, request.user)}
    return render(request, "annotations/grade_ended.html", context, status=409)


def _form(assignment: Assignment, request: SignedInRequest) -> GradeForm:
    return GradeForm(request.POST, n_criteria=len(assignment.response.item.content.rubrics))


def _summary(form: GradeForm) -> list[dict[str, str]]:
    found = [{"message": str(said), "target": ""} for said in form.non_field_errors()]
    by_criterion = form.errors_by_criterion()
    found += [{"message": said, "target": f"criterion-{index + 1}"} for index, said in by_criterion.items()]
    return found or [{"message": _("The page sent something that isn’t a verdict. Reload it."), "target": ""}]


def _sentence(form: GradeForm) -> str:
    return _summary(form)[0]["message"]
