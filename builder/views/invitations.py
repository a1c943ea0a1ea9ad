"""The page behind an invitation link: a first password, then straight to My work."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from builder.forms.people import AcceptForm
from builder.services.people import get_invitation


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Let an invited person choose a password; a used or old link is answered 404 in plain words."""
    invitation = get_invitation(token)
    form = AcceptForm(
        request.POST if request.method == "POST" else None, initial={"name": invitation.user.name}
    )
    if (
        form.is_bound
        and form.is_valid()
        and (user := form.accept(token, language=(get_language() or "")[:2]))
    ):
        login(request, user)
        return redirect("builder:my-work")
    context = {"form": form, "invited": invitation.user}
    return render(request, "builder/invitation_accept.html", context, status=form.status)
