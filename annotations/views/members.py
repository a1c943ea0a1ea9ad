"""Who grades in a session and which runs it holds: the page, and the pages that ask before something is taken out."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotations import access
from annotations.forms.members import AddGraderForm, RemoveGraderForm, WithdrawRunForm
from annotations.selectors.label_studio import uses_label_studio
from annotations.selectors.members import (
    people_page,
    people_to_add,
    run_title,
    session_rater_at,
    session_run_at,
    unfinished_of,
)
from builder.common.requests import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_people(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Show who grades and what is left, and add a grader."""
    session = access.get_session_to_manage(request.user, session_id)
    form = AddGraderForm(request.POST if request.method == "POST" else None, people=people_to_add(session))
    if form.is_bound and form.is_valid() and (member := form.add(session, by=request.user)):
        messages.success(request, _("%(person)s grades now, too.") % {"person": member.rater.user})
        return redirect("annotations:session-people", session.pk)
    context = {"session": session, "people": people_page(session, request.user), "form": form}
    return render(request, "annotations/session_people.html", context, status=form.status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_grader_remove(request: SignedInRequest, session_id: int, position: int) -> HttpResponse:
    """Ask why, then remove a grader."""
    session = access.get_session_to_manage(request.user, session_id)
    member = session_rater_at(session, position)
    form = RemoveGraderForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.remove(session, member, by=request.user):
        messages.success(request, _("%(person)s no longer grades here.") % {"person": member.rater.user})
        return redirect("annotations:session-people", session.pk)
    done, unfinished = unfinished_of(member)
    context = {"session": session, "member": member, "form": form, "done": done, "unfinished": unfinished}
    context["uses_label_studio"] = uses_label_studio(session)
    return render(request, "annotations/session_grader_remove.html", context, status=form.status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_run_withdraw(request: SignedInRequest, session_id: int, position: int) -> HttpResponse:
    """Ask why, then take a run out of the session."""
    session = access.get_session_to_manage(request.user, session_id)
    entry = session_run_at(session, position)
    title = run_title(entry, request.user)
    form = WithdrawRunForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.withdraw(session, entry, by=request.user):
        messages.success(request, _("%(run)s is no longer part of the session.") % {"run": title})
        return redirect("annotations:session-people", session.pk)
    context = {"session": session, "title": title, "form": form}
    return render(request, "annotations/session_run_withdraw.html", context, status=form.status)
