"""Saving verdicts as they are given, without leaving the desk."""

from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from annotations import access
from annotations.forms.grading import GradeForm, save_sent
from annotations.models import Assignment
from annotations.selectors.grading import count_judged, progress_of
from builder.common.errors import BadInput, Conflict, DomainError
from builder.common.requests import SignedInRequest


class OtherAccount(Conflict):
    """Somebody else signed in on this computer since the page was opened."""

    code = "other_account"


@login_required
@never_cache
@require_POST
def grade_save(request: SignedInRequest, session_id: int, position: int) -> JsonResponse:
    """Save verdicts and say how far the grader is; the same again changes nothing.

    A refusal is a sentence and a word for programs: 404 for another's answer, 409 when grading has ended or the answer
    isn't the grader's any more, 422 for what is no verdict.
    """
    try:
        _require_same_person(request)
        saved = _save(request, access.get_own_place(request.user, session_id, position))
    except DomainError as error:
        return JsonResponse({"message": error.message, "code": error.code}, status=error.status)
    judged, criteria = count_judged(saved)
    progress = progress_of(saved.session, saved.rater_id)
    found = {"judged": judged, "criteria": criteria, "done": progress.done, "total": progress.total}
    return JsonResponse(found)


def _require_same_person(request: SignedInRequest) -> None:
    """Raise OtherAccount before anything is read: verdicts that wait in a browser are its page's owner's alone."""
    if request.headers.get("X-Desk-Account", str(request.user.pk)) != str(request.user.pk):
        raise OtherAccount(
            _("Somebody else signed in on this computer. Sign in again to save your verdicts.")
        )


def _save(request: SignedInRequest, assignment: Assignment) -> Assignment:
    if request.content_type == "application/json":
        return save_sent(request.body, assignment, by=request.user)
    form = GradeForm(request.POST, n_criteria=len(assignment.response.item.content.rubrics))
    saved = form.save(assignment, by=request.user) if form.is_valid() else None
    if saved is None:
        raise _refusal(form)
    return saved


def _refusal(form: GradeForm) -> DomainError:
    said = [*form.non_field_errors(), *form.errors_by_criterion().values()]
    sentence = str(said[0]) if said else _("The page sent something that isn’t a verdict. Reload it.")
    return Conflict(sentence) if form.status == Conflict.status else BadInput(sentence)
