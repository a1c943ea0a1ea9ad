"""The page on which a closed session's verdicts are downloaded."""

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from annotations import access
from annotations.forms.graded_dataset import GradesDownloadForm
from annotations.services.graded_dataset import require_closed
from builder.common.requests import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_grades(request: SignedInRequest, session_id: int) -> HttpResponse | FileResponse:
    """Ask for the format and, for held-out cases, the recipient; then send the verdicts as a zip."""
    session = access.get_session_to_export(request.user, session_id)
    require_closed(session)
    form = GradesDownloadForm(
        request.POST if request.method == "POST" else None, session=session, initial={"format": "jsonl"}
    )
    if form.is_bound and form.is_valid() and (archive := form.pack(session, by=request.user)):
        return FileResponse(
            archive.content, as_attachment=True, filename=archive.name, content_type="application/zip"
        )
    context = {"form": form, "session": session}
    return render(request, "annotations/graded_dataset.html", context, status=form.status)
