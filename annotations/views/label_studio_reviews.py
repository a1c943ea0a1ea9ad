"""The page on which a lead has rubrics reviewed in Label Studio."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotations import access
from annotations.forms.label_studio_reviews import ReviewersForm
from annotations.selectors.label_studio_reviews import reviews_page
from builder.access import Act, get_department_for
from builder.common.requests import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def label_studio_reviews(request: SignedInRequest, code: str) -> HttpResponse:
    """Show each reviewer's project, and send what is under review; a job does it."""
    department = get_department_for(request.user, Act.MANAGE_SESSIONS, code)
    found = reviews_page(department)
    form = ReviewersForm(request.POST if request.method == "POST" else None, people=found.others)
    if form.is_bound and form.is_valid() and (job := form.ask(department, by=request.user)):
        return redirect("builder:job", job.uuid)
    connection = access.find_connection(department)
    context = {"department": department, "found": found, "form": form, "connection": connection}
    return render(request, "annotations/label_studio_reviews.html", context, status=form.status)
