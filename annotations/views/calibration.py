"""Pages on which a lead writes what is right about calibration answers, without knowing who wrote them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotations import access
from annotations.forms.calibration import GoldForm
from annotations.forms.sessions import DecisionForm
from annotations.models import SessionState
from annotations.selectors.calibration import gold_page, gold_progress
from builder.common.requests import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def calibration(request: SignedInRequest, session_id: int) -> HttpResponse:
    """List the calibration answers and how far they are; when all are done, the session can be opened."""
    session = access.get_session_to_manage(request.user, session_id)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.start(session, by=request.user):
        messages.success(request, _("Session %(number)s is open.") % {"number": session.pk})
        return redirect("annotations:session-detail", session.pk)
    items = gold_progress(session)
    context = {
        "session": session,
        "form": form,
        "items": items,
        "done": sum(item.is_done for item in items),
        "may_write": session.state == SessionState.DRAFT,
    }
    return render(request, "annotations/calibration.html", context, status=form.status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def calibration_item(request: SignedInRequest, session_id: int, place: int) -> HttpResponse:
    """Write what is right about one calibration answer, criterion by criterion."""
    session = access.get_session_to_manage(request.user, session_id)
    page = gold_page(session, place)
    form = GoldForm(request.POST if request.method == "POST" else None, page=page)
    if form.is_bound and form.is_valid() and form.save(by=request.user):
        messages.success(request, _("Saved."))
        if place < page.total and request.POST.get("act") != "stay":
            return redirect("annotations:calibration-item", session.pk, place + 1)
        return redirect("annotations:calibration", session.pk)
    context = {
        "session": session,
        "page": page,
        "form": form,
        "may_write": session.state == SessionState.DRAFT,
    }
    return render(request, "annotations/calibration_item.html", context, status=form.status)
