"""Adjudication: the list of disagreements, one decision, a third grader, and taking a ruling back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotations import access
from annotations.forms.disagreements import RulingForm, ThirdForm, WithdrawRulingForm
from annotations.models import GradingSession, SessionState
from annotations.presenters.disagreements import kind_text
from annotations.selectors.adjudication import DecisionPage, decision_page, who_may_be_third
from annotations.selectors.disagreements import (
    ENDED,
    Disagreement,
    list_disagreements,
    list_rulings,
    next_to_decide,
    rows_around,
)
from annotations.selectors.label_studio import uses_label_studio
from builder.common.pagination import ROWS_PER_PAGE
from builder.common.requests import SignedInRequest

SHOWN_BESIDE, RULINGS_SHOWN = 6, 20


@login_required
@require_safe
def session_disagreements(request: SignedInRequest, session_id: int) -> HttpResponse:
    """List what is to decide and what was ruled; while graders work it says only that grading must end first."""
    session = access.get_session_to_adjudicate(request.user, session_id)
    context: dict[str, Any] = {"session": session, "may_decide": session.state == SessionState.ADJUDICATING}
    if session.state in ENDED:
        rulings = list_rulings(session)
        found = list_disagreements(session)
        context |= {
            "found": found,
            "page_obj": Paginator(found.to_decide, ROWS_PER_PAGE).get_page(request.GET.get("page")),
            "rulings": rulings if request.GET.get("rulings") == "all" else rulings[:RULINGS_SHOWN],
            "n_rulings": len(rulings),
            "n_ruled": sum(ruled.stands for ruled in rulings),
        }
    return render(request, "annotations/disagreements.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def disagreement(request: SignedInRequest, session_id: int, answer: int, number: int) -> HttpResponse:
    """Show one unit in dispute and decide it, then go on to the next."""
    session = access.get_session_to_adjudicate(request.user, session_id)
    page = decision_page(session, request.user, answer=answer, criterion_index=number - 1)
    form = RulingForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        following = next_to_decide(list_disagreements(session), page.unit)
        if form.rule(session, page, by=request.user):
            messages.success(request, _("Decided: %(criterion)s") % {"criterion": page.criterion.criterion})
            return redirect(_address(session, following))
        page = decision_page(session, request.user, answer=answer, criterion_index=number - 1)
    return _decision(request, session, page, form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def disagreement_third(request: SignedInRequest, session_id: int, answer: int, number: int) -> HttpResponse:
    """Choose a third grader and what they are asked about."""
    session = access.get_session_to_adjudicate(request.user, session_id)
    page = decision_page(session, request.user, answer=answer, criterion_index=number - 1)
    people = who_may_be_third(session, page.response, request.user)
    form = ThirdForm(request.POST if request.method == "POST" else None, page=page, people=people)
    if form.is_bound and form.is_valid() and form.ask(session, page, by=request.user):
        messages.success(request, _("A third grader is asked about answer %(number)s.") % {"number": answer})
        return redirect(_address(session, next_to_decide(list_disagreements(session), page.unit)))
    context = {"session": session, "page": page, "people": people, "form": form}
    context["uses_label_studio"] = uses_label_studio(session)
    return render(request, "annotations/disagreement_third.html", context, status=form.status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ruling_withdraw(request: SignedInRequest, session_id: int, ruling_id: int) -> HttpResponse:
    """Ask why, then take a ruling back."""
    session = access.get_session_to_manage(request.user, session_id)
    ruling = access.get_ruling(session, ruling_id)
    form = WithdrawRulingForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.withdraw(ruling, by=request.user):
        messages.success(request, _("The ruling is taken back. The graders’ verdicts count again."))
        return redirect("annotations:session-disagreements", session.pk)
    context = {"session": session, "ruling": ruling, "form": form}
    return render(request, "annotations/ruling_withdraw.html", context, status=form.status)


def _decision(
    request: SignedInRequest, session: GradingSession, page: DecisionPage, form: RulingForm
) -> HttpResponse:
    found = list_disagreements(session)
    context = {
        "session": session, "page": page, "form": form, "found": found,
        "beside": rows_around(found, page.unit, SHOWN_BESIDE),
        "n_more": max(0, len(found.to_decide) - SHOWN_BESIDE),
        "may_decide": session.state == SessionState.ADJUDICATING,
        "kind_text": kind_text(page.kind),
        "later_url": _address(session, next_to_decide(found, page.unit)),
    }  # fmt: skip
    return render(request, "annotations/disagreement.html", context, status=form.status)


def _address(session: GradingSession, following: Disagreement | None) -> str:
    """Return where to go on: the next decision, else the list."""
    if following is None:
        return reverse("annotations:session-disagreements", args=[session.pk])
    unit = [session.pk, following.answer, following.number]
    return reverse("annotations:session-disagreement", args=unit) + "#decision"
