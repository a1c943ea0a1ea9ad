"""The review page: what changed, a vote on every criterion, the decision, and a conflict of interest."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict
from builder.common.requests import SignedInRequest
from builder.forms.reviews import ConflictForm, ReviewForm
from builder.models import Case
from builder.selectors.review_page import ReviewPage, after_review, review_page


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case_review(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Decide on the newest revision of a case that somebody else wrote."""
    case = access.get_case_to_review(request.user, case_id)
    page = review_page(case, request.user, _against(request))
    if request.method != "POST":
        initial = ReviewForm.initial_from(page.own, page.own_votes, page.revision.number)
        return _show(request, page, ReviewForm(initial=initial, criteria=_criteria(page)))
    form = ReviewForm(request.POST, criteria=_criteria(page))
    if not form.is_valid():
        return _show(request, page, form, status=422)
    try:
        review = form.decide(case, by=request.user)
    except Conflict as error:
        return _show(request, page, _for_new_revision(page, form), status=409, refused=error.message)
    except BadInput as error:
        return _show(request, page, form, status=422, refused=error.message)
    messages.success(request, after_review(_fresh(request, case), review.decision))
    return redirect("builder:case-preview", case.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case_conflict(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Declare what ties oneself to a case."""
    case = access.get_case_for(request.user, Act.REVIEW_CASES, case_id)
    form = ConflictForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.declare(case, by=request.user):
        messages.success(request, _("Your conflict of interest is declared."))
        return redirect("builder:case-preview", case.pk)
    return render(
        request, "builder/case_conflict_of_interest.html", {"form": form, "case": case}, status=form.status
    )


def _show(
    request: SignedInRequest, page: ReviewPage, form: ReviewForm, status: int = 200, refused: str = ""
) -> HttpResponse:
    rows = [
        (
            row,
            form[f"vote-{row.index}"],
            form[f"vote-{row.index}-comment"],
            form[f"vote-{row.index}-wording"],
            form.says_something(row.index),
        )
        for row in page.rows
    ]
    context = {
        "page": page,
        "case": page.case,
        "form": form,
        "rows": rows,
        "refused": [refused] if refused else [],
    }
    return render(request, "builder/case_review.html", context, status=status)


def _criteria(page: ReviewPage) -> list[str]:
    return [row.view.text for row in page.rows]


def _for_new_revision(page: ReviewPage, form: ReviewForm) -> ReviewForm:
    """Keep the comment; the votes were about criteria that may have changed."""
    initial = {"revision": page.revision.number, "comment": form.cleaned_data["comment"]}
    return ReviewForm(initial=initial, criteria=_criteria(page))


def _fresh(request: SignedInRequest, case: Case) -> Case:
    """Return the case as the decision left it."""
    return access.get_case_to_read(request.user, case.pk)


def _against(request: SignedInRequest) -> int | None:
    text = request.GET.get("against", "")
    return int(text) if text.isdecimal() and len(text) < 7 else None
