"""The page about a session's graders in Label Studio."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotations import access
from annotations.forms.label_studio_session import SyncForm, new_key
from annotations.models import SessionState
from annotations.selectors.label_studio import label_studio_page, quarantined
from builder.common.pagination import page_of
from builder.common.requests import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_label_studio(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Show how far each grader there is, and ask for a synchronisation."""
    session = access.get_session_to_manage(request.user, session_id)
    found = label_studio_page(session)
    projects = {line.project.pk: line.project for line in found.graders if line.project}
    form = SyncForm(request.POST if request.method == "POST" else None, projects=projects)
    if form.is_bound and form.is_valid() and (job := form.ask(session, by=request.user)):
        messages.success(request, _("It was asked for. This page shows how far it is."))
        return redirect("builder:job", job.uuid)
    context = {
        "session": session,
        "found": found,
        "form": form,
        "key": new_key(),
        "command": f"python manage.py sync_session {session.pk} --watch 120 --by {request.user.email}",
        "page_obj": page_of(quarantined(session), request),
        "may_act": session.state in (SessionState.OPEN, SessionState.ADJUDICATING),
    }
    return render(request, "annotations/label_studio_session.html", context, status=form.status)
