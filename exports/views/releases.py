"""Pages about releases."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from builder import access as builder_access
from builder.access import Act
from builder.common.pagination import page_of
from builder.common.providers import RELEASE_PANELS, registry
from builder.common.requests import SignedInRequest
from exports import access, selectors
from exports.forms.releases import DownloadForm, FreezeForm, StageForm
from exports.presenters import coverage_rows, finding_rows, release_facts, theme_labels


@login_required
@require_safe
def release_list(request: SignedInRequest) -> HttpResponse:
    """List the releases of my departments."""
    context = {
        "page_obj": page_of(selectors.list_releases(request.user), request),
        "can_freeze": builder_access.departments_for(request.user, Act.FREEZE_RELEASES),
    }
    return render(request, "exports/release_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def release_new(request: SignedInRequest) -> HttpResponse:
    """Freeze approved cases of a department."""
    departments = builder_access.departments_for(request.user, Act.FREEZE_RELEASES)
    code = request.GET.get("department") or (departments[0].code if len(departments) == 1 else "")
    if not code:
        return render(request, "exports/release_department.html", {"departments": departments})
    department = builder_access.get_department_for(request.user, Act.FREEZE_RELEASES, code)
    choices = selectors.freezable_cases(department)
    form = FreezeForm(
        request.POST if request.method == "POST" else None, cases=choices.cases, tags=choices.tags
    )
    release = form.freeze(department, by=request.user) if form.is_bound and form.is_valid() else None
    if release is not None:
        messages.success(
            request, _("%(release)s is frozen: nobody can change it now.") % {"release": release.label}
        )
        return redirect("exports:release-detail", release.name, release.version)
    context = {"form": form, "department": department, "n_cases": len(choices.cases)}
    return render(request, "exports/release_new.html", context, status=form.status)


@login_required
@require_safe
def release_detail(request: SignedInRequest, name: str, version: str) -> HttpResponse:
    """Show what a release holds, how to take it, and whether it is what was frozen."""
    release = access.get_release(request.user, name, version)
    overview = selectors.release_overview(release)
    context = {
        "release": release,
        "overview": overview,
        "facts": release_facts(overview),
        "findings": finding_rows(overview),
        "themes": theme_labels(overview.coverage),
        "coverage": coverage_rows(overview.coverage),
        "page_obj": page_of(selectors.list_items(release), request),
        "uses": selectors.format_uses(release, request.user),
        "panels": registry.call(RELEASE_PANELS, release, request.user),
        "can_export": builder_access.may(request.user, Act.EXPORT_RELEASES, release.department),
        "can_change": builder_access.may(request.user, Act.FREEZE_RELEASES, release.department),
    }
    return render(request, "exports/release_detail.html", context)


@login_required
@require_safe
def release_item(request: SignedInRequest, name: str, version: str, position: int) -> HttpResponse:
    """Show one frozen case."""
    release = access.get_release(request.user, name, version)
    item = selectors.get_item(release, position)
    return render(request, "exports/release_item.html", {"release": release, "item": item})


@login_required
@require_safe
def release_manifest(request: SignedInRequest, name: str, version: str) -> HttpResponse:
    """Send the manifest whose hash is the release's."""
    release = access.get_release(request.user, name, version)
    response = HttpResponse(release.manifest_text, content_type="application/json")
    response["ETag"] = f'"{release.sha256}"'
    return response


@login_required
@require_POST
def release_verify(request: SignedInRequest, name: str, version: str) -> HttpResponse:
    """Hash every stored item again and say whether it is what was frozen."""
    release = access.get_release(request.user, name, version)
    check = selectors.check_frozen(release)
    if check.is_whole:
        words = _("%(count)s of %(count)s cases and the manifest match what was frozen.") % {
            "count": check.n_items
        }
        messages.success(request, words)
    else:
        messages.error(request, " ".join(check.problems[:3]))
    return redirect("exports:release-detail", name, version)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def release_state(request: SignedInRequest, name: str, version: str) -> HttpResponse:
    """Promote a candidate to final, or withdraw a release."""
    release = access.get_release_for(request.user, Act.FREEZE_RELEASES, name, version)
    present = access.stage_of(release)
    form = StageForm(request.POST if request.method == "POST" else None, present=present)
    if form.is_bound and form.is_valid() and form.change(release, by=request.user):
        messages.success(request, _("The stage of %(release)s is changed.") % {"release": release.label})
        return redirect("exports:release-detail", name, version)
    context = {"form": form, "release": release, "present": present}
    return render(request, "exports/release_state.html", context, status=form.status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def release_download(request: SignedInRequest, name: str, version: str) -> HttpResponse | FileResponse:
    """Ask for format and recipient, then send the bundle as a zip."""
    release = access.get_release_for(request.user, Act.EXPORT_RELEASES, name, version)
    initial = {"format": request.GET.get("format", "canonical")}
    form = DownloadForm(request.POST if request.method == "POST" else None, release=release, initial=initial)
    if form.is_bound and form.is_valid() and (archive := form.pack(release, by=request.user)):
        return FileResponse(
            archive.content, as_attachment=True, filename=archive.name, content_type="application/zip"
        )
    context = {"form": form, "release": release, "uses": selectors.format_uses(release, request.user)}
    return render(request, "exports/release_download.html", context, status=form.status)
