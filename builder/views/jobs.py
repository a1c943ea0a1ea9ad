"""Pages about jobs: one's own, one of them with its progress, and ending it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from builder import access
from builder.common.errors import NotReady
from builder.common.pagination import page_of
from builder.common.requests import SignedInRequest
from builder.selectors.jobs import job_page, job_pages, list_jobs
from builder.services.jobs import cancel_job


@login_required
@never_cache
@require_safe
def jobs(request: SignedInRequest) -> HttpResponse:
    """List the person's jobs, for an administrator everybody's."""
    page = page_of(list_jobs(request.user), request)
    context = {"page_obj": page, "rows": job_pages(page, request.user)}
    return render(request, "builder/jobs.html", context)


@login_required
@never_cache
@require_safe
def job(request: SignedInRequest, job_id: UUID) -> HttpResponse:
    """Show how far a job is; a script asks for the moving part alone until the job has ended."""
    shown = job_page(access.get_job(request.user, job_id), request.user)
    context = {"page": shown, "job": shown.job, "news": request.GET.get("seen") != shown.job.state}
    return render(request, "builder/_job.html" if request.htmx else "builder/job.html", context)


@login_required
@require_POST
def job_cancel(request: SignedInRequest, job_id: UUID) -> HttpResponse:
    """End a job; whoever is too late is told so on its page."""
    job = access.get_job(request.user, job_id)
    try:
        cancel_job(job=job, by=request.user)
    except NotReady as error:
        messages.info(request, error.message)
    else:
        messages.success(request, _("The job is cancelled, or ends at its next step."))
    return redirect("builder:job", job_id)
