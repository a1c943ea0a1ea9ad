"""The grading desk: everything is addressed by the grader's own order, and nothing says which system wrote what."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotations import access
from annotations.forms.desk import ACTS, ClaimAct, DeskAct, UnskipAct
from annotations.forms.grading import GradeForm
from annotations.models import Assignment, GradingSession, SessionState
from annotations.selectors.grading import (
    desk_page,
    first_position,
    next_position,
    progress_at_end,
    progress_of_person,
    skipped_answers,
    verdict_counts,
)
from annotations.selectors.practice import practice_page
from annotations.services.grades import open_assignment
from annotations.services.queue import waiting_answers
from builder.common.errors import Conflict, NotFound
from builder.common.requests import SignedInRequest

# Asks for the part of the page that changes from answer to answer; `ahead` says that nobody looks at it yet.
FRAGMENT = "X-Desk-Fragment"
AHEAD = "ahead"


@login_required
@never_cache
@require_safe
def grade(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Lead to the person's next answer, or to the thanks when all are done."""
    session = access.get_own_session(request.user, session_id)
    position = next_position(session, request.user)
    if position is not None:
        return redirect("annotations:grade-item", session.pk, position)
    if session.state != SessionState.OPEN:
        return _ended(request, session)
    return redirect("annotations:grade-done", session.pk)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def grade_item(request: SignedInRequest, session_id: int, position: int) -> HttpResponse:
    """Show one answer with its criteria, and save what is sent."""
    if request.method == "POST":
        _require_same_person(request)
        return _save_and_go(request, access.get_own_assignment(request.user, session_id, position))
    session = access.get_own_session(request.user, session_id)
    try:
        assignment = access.get_assignment_to_grade(request.user, session_id, position)
    except NotFound:
        if session.state == SessionState.OPEN:
            raise
        return _ended(request, session)
    if request.headers.get(FRAGMENT) != AHEAD:
        open_assignment(assignment=assignment, by=request.user)
    return _desk(request, assignment)


@login_required
@never_cache
@require_safe
def grade_feedback(request: SignedInRequest, session_id: int, position: int) -> HttpResponse:
    """Show a finished practice answer: the grader's verdicts beside the right ones, and why."""
    assignment = access.get_assignment_to_grade(request.user, session_id, position)
    if not (assignment.is_calibration and assignment.done_at):
        messages.info(request, _("The right verdicts are shown once you have judged every criterion."))
        return redirect("annotations:grade-item", session_id, position)
    context = {"page": practice_page(assignment), "session": assignment.session}
    return render(request, "annotations/grade_feedback.html", context)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def grade_done(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Thank the grader, or say what is still open; let them take another answer, or a skipped one up again."""
    session = access.get_own_session(request.user, session_id)
    if request.method == "POST":
        return _take(request, session, request.POST.get("then", ""))
    position = next_position(session, request.user)
    if session.state != SessionState.OPEN and position is None:
        return _ended(request, session)
    context = {
        "session": session,
        "progress": progress_of_person(session, request.user),
        "counts": verdict_counts(session, request.user),
        "next_position": position,
        "first_position": first_position(session, request.user),
        "skipped": skipped_answers(session, request.user),
        "n_waiting": 0 if position else waiting_answers(session, by=request.user),
    }
    return render(request, "annotations/grade_done.html", context)


def _take(request: SignedInRequest, session: GradingSession, wish: str) -> HttpResponse:
    """Take an answer: a skipped one again, or one that nobody has yet."""
    if wish.startswith("unskip-"):
        return _unskip(request, session, wish)
    form = ClaimAct({})
    taken = form.claim(session, by=request.user) if form.is_valid() else None
    if taken is None:
        for said in form.non_field_errors() or [_("No other answer waits any more.")]:
            messages.info(request, str(said))
        return redirect("annotations:grade-done", session.pk)
    return redirect("annotations:grade-item", session.pk, taken.position)


def _unskip(request: SignedInRequest, session: GradingSession, wish: str) -> HttpResponse:
    place = wish.partition("-")[2][:9]
    if not place.isdecimal():
        raise NotFound(_("There is no such answer in your queue."))
    assignment = access.get_own_assignment(request.user, session.pk, int(place))
    form = UnskipAct({})
    if form.is_valid() and form.carry_out(assignment, by=request.user):
        return redirect("annotations:grade-item", session.pk, assignment.position)
    for said in form.non_field_errors():
        messages.error(request, str(said))
    return redirect("annotations:grade", session.pk)


def _save_and_go(request: SignedInRequest, assignment: Assignment) -> HttpResponse:
    """Save, then go where the button says; what can't be saved is shown again as it was typed."""
    wish = request.POST.get("then", "")
    if wish.startswith("unskip-"):
        return _unskip(request, assignment.session, wish)
    form = _form(assignment, request)
    if not (form.is_valid() and form.save(assignment, by=request.user)):
        return _desk(request, assignment, form)
    if wish in ACTS:
        act = ACTS[wish](request.POST)
        if not (act.is_valid() and act.carry_out(assignment, by=request.user)):
            return _desk(request, assignment, act=act)
    return redirect(_after(request, assignment, wish))


def _after(request: SignedInRequest, assignment: Assignment, wish: str) -> str:
    """Return the address that a button leads to once everything is saved."""
    session_id, here = assignment.session_id, assignment.position
    if wish == "pause":
        messages.success(request, _("Your verdicts are saved. You can go on whenever you like."))
        return reverse("builder:my-work")
    if wish.isdecimal() or wish in ("flag", "unflag"):
        return _address(session_id, int(wish[:9]) if wish.isdecimal() else here)
    if assignment.is_calibration:
        return reverse("annotations:grade-feedback", args=[session_id, here])
    position = next_position(assignment.session, request.user, after=here)
    skipped = f"?skipped={here}" if wish == "skip" else ""
    if position in (None, here):
        return reverse("annotations:grade-done", args=[session_id])
    return _address(session_id, position) + skipped


def _address(session_id: int, position: int | None) -> str:
    return reverse("annotations:grade-item", args=[session_id, position])


def _desk(
    request: SignedInRequest, assignment: Assignment, form: GradeForm | None = None, act: DeskAct | None = None
) -> HttpResponse:  # fmt: skip
    typed, errors = (form.typed(), form.errors_by_criterion()) if form else ({}, {})
    page = desk_page(assignment, typed=typed, errors=errors)
    refused = form or act
    is_part = FRAGMENT in request.headers
    context = {
        "desk": page,
        "session": page.session,
        "progress_done": page.progress.done,
        "progress_total": page.progress.total,
        "errors": (_summary(form) if form else []) + (act.summary() if act else []),
        "act": act,
        "skipped": "" if is_part else _skipped(request, assignment),
        # Whoever fetches a part ahead must not take the messages that the page on screen should show.
        "is_part": is_part,
    }
    template = "annotations/_desk.html" if is_part else "annotations/grade_item.html"
    return render(request, template, context, status=refused.status if refused else 200)


def _skipped(request: SignedInRequest, assignment: Assignment) -> str:
    """Return the position of the answer that was put down a moment ago, to offer it again."""
    place = request.GET.get("skipped", "")[:9]
    return place if place.isdecimal() and int(place) != assignment.position else ""


def _ended(request: SignedInRequest, session: GradingSession) -> HttpResponse:
    context = {"session": session, "progress": progress_at_end(session, request.user)}
    return render(request, "annotations/grade_ended.html", context, status=409)


def _require_same_person(request: SignedInRequest) -> None:
    """Refuse what somebody gave before another person signed in at the same computer: it isn't this person's."""
    if request.POST.get("account", str(request.user.pk)) != str(request.user.pk):
        raise Conflict(_("Somebody else has signed in since this page was opened. Sign in again to save it."))


def _form(assignment: Assignment, request: SignedInRequest) -> GradeForm:
    return GradeForm(request.POST, n_criteria=len(assignment.response.item.content.rubrics))


def _summary(form: GradeForm) -> list[dict[str, str]]:
    found = [{"message": str(said), "target": ""} for said in form.non_field_errors()]
    by_criterion = form.errors_by_criterion()
    found += [{"message": said, "target": f"criterion-{index + 1}"} for index, said in by_criterion.items()]
    return found or [{"message": _("The page sent something that isn’t a verdict. Reload it."), "target": ""}]
