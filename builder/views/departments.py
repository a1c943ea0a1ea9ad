"""Pages about departments: the list and a new one for administrators, settings for leads too."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from builder import access
from builder.access import Act
from builder.common.providers import DEPARTMENT_LINKS, registry
from builder.common.requests import SignedInRequest, invitation_link
from builder.forms.departments import DepartmentForm, DepartmentSettingsForm
from builder.selectors.people import department_leads
from builder.services.people import INVITATION_LIFETIME


@login_required
@require_safe
def departments(request: SignedInRequest) -> HttpResponse:
    """List every department with its leads."""
    access.require_admin(request.user)
    return render(request, "builder/departments.html", {"departments": department_leads()})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def department_create(request: SignedInRequest) -> HttpResponse:
    """Make a department; when its lead is new, show the invitation link, this once."""
    access.require_admin(request.user)
    form = DepartmentForm(request.POST if request.method == "POST" else None)
    made = form.make(by=request.user) if form.is_bound and form.is_valid() else None
    if made is None:
        return render(request, "builder/department_new.html", {"form": form}, status=form.status)
    department, token = made
    if token is None:
        messages.success(request, _("Department %(code)s is ready.") % {"code": department.code})
        return redirect("builder:department-list")
    link = invitation_link(request, token)
    email, days = form.cleaned_data["email"], INVITATION_LIFETIME.days
    context = {"department": department, "email": email, "link": link, "link_days": days}
    response = render(request, "builder/department_ready.html", context)
    add_never_cache_headers(response)
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def department_settings(request: SignedInRequest, code: str) -> HttpResponse:
    """Change how a department approves its cases."""
    department = access.get_department_for(request.user, Act.CHANGE_SETTINGS, code)
    initial = DepartmentSettingsForm.initial_from(department)
    form = DepartmentSettingsForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid() and form.change(department, by=request.user):
        messages.success(request, _("The settings of %(department)s are saved.") % {"department": department})
        return redirect("builder:department-settings", department.code)
    links = registry.call(DEPARTMENT_LINKS, department)
    context = {"form": form, "department": department, "links": links}
    return render(request, "builder/department_settings.html", context, status=form.status)
