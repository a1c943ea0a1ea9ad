"""Pages about API tokens: one's own, and for administrators everybody's."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from builder import access
from builder.common.pagination import page_of
from builder.common.requests import SignedInRequest
from builder.forms.tokens import TokenForm
from builder.selectors.people import list_tokens, tokens_of
from builder.services.people import revoke_api_token


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: SignedInRequest) -> HttpResponse:
    """List the person's keys and make a new one, which is shown this once: it is stored nowhere, nor is the page."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    made = form.make(by=request.user) if form.is_bound and form.is_valid() else None
    context = {
        "form": TokenForm() if made else form,
        "tokens": tokens_of(request.user),
        "made": made[0] if made else None,
        "key": made[1] if made else "",
        "api_url": request.build_absolute_uri("/api/v1/"),
    }
    response = render(request, "builder/tokens.html", context, status=form.status)
    if made:
        add_never_cache_headers(response)
    return response


@login_required
@require_POST
def token_revoke(request: SignedInRequest, token_id: int) -> HttpResponse:
    """End a key."""
    token = revoke_api_token(token_id=token_id, by=request.user)
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": token.name})
    return redirect("builder:tokens" if token.user_id == request.user.pk else "builder:all-tokens")


@login_required
@require_safe
def everybodys_tokens(request: SignedInRequest) -> HttpResponse:
    """List everybody's keys for an administrator, without the keys themselves."""
    access.require_admin(request.user)
    page = page_of(list_tokens(), request)
    return render(request, "builder/all_tokens.html", {"page_obj": page})
