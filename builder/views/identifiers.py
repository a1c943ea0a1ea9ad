"""The page about what identifies a person in a case."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from builder import access
from builder.common.requests import SignedInRequest
from builder.forms.identifiers import AttestForm, attest_rows
from builder.selectors.identifiers import identifiers_page


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case_identifiers(request: SignedInRequest, case_id: int) -> HttpResponse:
    """List the passages that identify a person; keep the reason why one of them may stay."""
    is_post = request.method == "POST"
    find = access.get_case_to_edit if is_post else access.get_case_to_read
    case = find(request.user, case_id)
    sent = AttestForm(request.POST) if is_post else None
    if sent is not None and sent.is_valid() and sent.attest(case, by=request.user):
        messages.success(
            request, _("Your reason is kept. This passage no longer keeps the case from review.")
        )
        return redirect("builder:case-identifiers", case.pk)
    page = identifiers_page(case, request.user)
    context = {"page": page, "case": case, "rows": attest_rows(page, sent), "sent": sent}
    return render(request, "builder/case_identifiers.html", context, status=sent.status if sent else 200)
