"""The help pages of the checks."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from builder.checks import check_by_id
from builder.common.errors import NotFound
from builder.common.requests import SignedInRequest
from builder.selectors.case_checks import help_families, severity_label


@login_required
@require_safe
def check_help_list(request: SignedInRequest) -> HttpResponse:
    """List every check by family."""
    return render(request, "builder/check_list.html", {"families": help_families()})


@login_required
@require_safe
def check_help(request: SignedInRequest, check_id: str) -> HttpResponse:
    """Say what one check finds, why it matters, and how to mend it."""
    check = check_by_id(check_id)
    if check is None:
        raise NotFound(_("There is no check of this name."))
    context = {"check": check, "severity": severity_label(check.severity)}
    return render(request, "builder/check_help.html", context)
