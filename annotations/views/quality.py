"""How careful a session's graders look: all of them for the lead, oneself for each grader."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations import access
from annotations.presenters.quality import present_quality
from annotations.selectors.quality import report_own_quality, report_quality
from builder.common.requests import SignedInRequest


@login_required
@require_safe
def session_quality(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Show all graders of a session to its lead; no verdict and no system is named."""
    session = access.get_session_to_manage(request.user, session_id)
    report = report_quality(session, request.user, with_names=True)
    context = {"session": session, "page": present_quality(report), "own": False}
    return render(request, "annotations/quality.html", context)


@login_required
@require_safe
def session_quality_mine(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Show a grader their own pace, calibration and straight-lining; agreement only when grading has ended."""
    session = access.get_session_graded_in(request.user, session_id)
    page = present_quality(report_own_quality(session, request.user), own=True)
    return render(request, "annotations/quality.html", {"session": session, "page": page, "own": True})
