"""One's own account: name, language, roles."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from builder.common.language import remember_language
from builder.common.requests import SignedInRequest
from builder.forms.people import ProfileForm
from builder.selectors.people import department_roles, departments_with_settings


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: SignedInRequest) -> HttpResponse:
    """Change one's own name and language; the pages follow at once."""
    user = request.user
    form = ProfileForm(
        request.POST if request.method == "POST" else None,
        initial={"name": user.name, "language": user.language},
    )
    if form.is_bound and form.is_valid() and form.keep(by=user):
        with translation.override(user.language):
            messages.success(request, _("Your account is saved."))
        response = redirect("builder:account")
        remember_language(response, user.language)
        return response
    context = {"form": form, "roles": department_roles(user), "settings_of": departments_with_settings(user)}
    return render(request, "builder/account.html", context, status=form.status)
