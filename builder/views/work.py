"""My work: the first page after signing in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from builder.common.requests import SignedInRequest
from builder.selectors.work import work_of


@login_required
@require_safe
def my_work(request: SignedInRequest) -> HttpResponse:
    """Show what waits for the person, the one thing to continue first."""
    return render(
        request, "builder/my_work.html", {"work": work_of(request.user), "today": timezone.localdate()}
    )
