"""The reports of a session: how far its graders agree, and what its runs score."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations import access
from annotations.models import SessionState
from annotations.presenters import present_agreement, present_scores
from annotations.selectors.agreement import report_agreement
from annotations.selectors.score_cases import case_rows, red_line_failures
from annotations.selectors.scores import compare, report_session, session_scores_to_dict
from builder.common.requests import SignedInRequest
from exports.access import stage_of

JSON_OPTIONS = {"ensure_ascii": False, "indent": 2, "allow_nan": False}


@login_required
@require_safe
def session_agreement(request: SignedInRequest, session_id: int, as_json: bool = False) -> HttpResponse:
    """Show how far the session's graders agree; no system is named here."""
    session = access.get_session_to_read(request.user, session_id)
    report = report_agreement(session)
    if _wants_json(request, as_json):
        return JsonResponse(report.to_dict(), json_dumps_params=JSON_OPTIONS)
    page = present_agreement(report, all_criteria=request.GET.get("criteria") == "all")
    may_score = session.state == SessionState.CLOSED and access.may_score(request.user, session)
    return render(
        request, "annotations/agreement.html", {"session": session, "page": page, "may_score": may_score}
    )


@login_required
@require_safe
def session_scores(request: SignedInRequest, session_id: int, as_json: bool = False) -> HttpResponse:
    """Show what the runs of a closed session score, and side by side."""
    session = access.get_session_to_score(request.user, session_id)
    reports = report_session(session)
    if _wants_json(request, as_json):
        return JsonResponse(session_scores_to_dict(session, reports), json_dumps_params=JSON_OPTIONS)
    page = present_scores(
        reports, compare(reports), case_rows(reports), red_line_failures(reports), stage=stage_of(session.release),
        all_cases=request.GET.get("cases") == "all",
    )  # fmt: skip
    return render(request, "annotations/scores.html", {"session": session, "page": page})


def _wants_json(request: SignedInRequest, as_json: bool) -> bool:
    return as_json or request.GET.get("format") == "json"
