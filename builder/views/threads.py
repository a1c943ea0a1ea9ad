"""Pages of the discussion of a case: a new point, and one point with its answers."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from builder import access
from builder.access import Act
from builder.common.requests import SignedInRequest
from builder.forms.reviews import NewThreadForm, ThreadForm
from builder.models import Case
from builder.selectors.cases import head_content
from builder.selectors.threads import find_thread


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def thread_new(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Raise a point about a case or one of its criteria."""
    case = access.get_case_to_discuss(request.user, case_id)
    criteria = [each.criterion for each in head_content(case).rubrics]
    form = NewThreadForm(request.POST if request.method == "POST" else None, criteria=criteria)
    if form.is_bound and form.is_valid() and (thread := form.open(case, by=request.user)):
        messages.success(request, _("Your point is raised. It stays open until somebody resolves it."))
        return redirect(f"{reverse('builder:case-preview', args=[case.pk])}#thread-{thread.pk}")
    return render(request, "builder/thread_new.html", {"form": form, "case": case}, status=form.status)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: SignedInRequest, case_id: int, thread_id: int) -> HttpResponse:
    """Show one point and its answers; answer it, resolve it, open it again, or adopt a wording from it."""
    case = access.get_case_to_read(request.user, case_id)
    found = find_thread(case, request.user, thread_id)
    form = ThreadForm(request.POST if request.method == "POST" else None)
    if form.is_bound:
        access.require_discussant(request.user, case)
        if form.is_valid() and form.act(found.thread, by=request.user) is not None:
            messages.success(request, _said(form.cleaned_data["action"]))
            return redirect(_back(request, case, thread_id))
    may_take_part = access.may_discuss(request.user, case)
    may_adopt = access.may(request.user, Act.WRITE_CASES, case.department)
    context = {
        "form": form, "case": case, "each": found, "may_take_part": may_take_part, "may_adopt": may_adopt,
    }  # fmt: skip
    return render(request, "builder/thread.html", context, status=form.status)


def _said(action: str) -> str:
    return {
        "reply": _("Your answer is there."),
        "resolve": _("The point is resolved."),
        "reopen": _("The point is open again."),
        "adopt": _(
            "The wording is in your draft, and the point is resolved. Save a revision when you are done."
        ),
    }[action]


def _back(request: SignedInRequest, case: Case, thread_id: int) -> str:
    """Return the page the form stood on, at the point that changed."""
    name = "builder:case-review" if request.POST.get("back") == "review" else "builder:case-preview"
    return f"{reverse(name, args=[case.pk])}#thread-{thread_id}"
