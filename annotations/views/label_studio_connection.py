"""The page on which a department is connected to its Label Studio."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotations import access
from annotations.forms.label_studio import ConnectionForm
from annotations.presenters.label_studio_connection import connection_lines
from builder.access import Act, get_department_for
from builder.common.requests import SignedInRequest


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def label_studio_connection(request: SignedInRequest, code: str) -> HttpResponse:
    """Save, try or forget the connection; after a trial the page says in plain words what works."""
    department = get_department_for(request.user, Act.CHANGE_SETTINGS, code)
    stored = access.find_connection(department)
    bound, act = request.method == "POST", request.POST.get("act", "save")
    form = ConnectionForm(request.POST if bound and (act == "save" or stored) else None, stored=stored)
    report = None
    if form.is_bound and act == "forget" and form.forget(by=request.user):
        messages.success(request, _("The access token is forgotten. What came back from Label Studio stays."))
        return redirect("annotations:label-studio-connection", department.code)
    if form.is_bound and act == "check":
        report = form.check(by=request.user)
    elif form.is_bound and act == "save" and form.is_valid():
        report = form.save(department, by=request.user)
    lines = connection_lines(report) if report else []
    context = {
        "form": form,
        "department": department,
        "stored": access.find_connection(department),
        "lines": lines,
    }
    return render(request, "annotations/label_studio_connection.html", context, status=form.status)
