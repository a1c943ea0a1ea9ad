"""The case editor: a plain form that also saves itself while somebody types."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from builder import access
from builder.checks import blocking, check_content
from builder.common.clock import moment_text
from builder.common.errors import BadInput, Conflict, DomainError
from builder.common.requests import SignedInRequest
from builder.forms.case_editor import CaseEditor
from builder.forms.case_rows import change_rows, rows_from_content, rows_from_post
from builder.models import Case, CaseDraft
from builder.selectors.case_checks import checks_panel
from builder.selectors.case_page import case_view
from builder.selectors.cases import editor_base, kind_label, themes_in
from builder.selectors.conflicts import CaseConflict, conflict_of_draft, conflict_of_save
from builder.services.cases import discard_draft, save_draft, save_revision, submit_case
from builder.views.cases import sent_message
from builder.vocabulary import AXES, language_label


@dataclass
class Editing:
    """One request's case, person and form, and the version they began from."""

    request: SignedInRequest
    case: Case
    editor: CaseEditor
    base_version: int
    sequence: int
    saved: str = ""
    is_draft: bool = False
    conflict: CaseConflict | None = None

    def keep(self) -> CaseDraft:
        """Store what was typed as the person's draft; raises Conflict."""
        draft = save_draft(
            case=self.case, data=msgspec.to_builtins(self.editor.content), base_version=self.base_version,
            sequence=self.sequence, by=self.request.user,
        )  # fmt: skip
        self.base_version, self.sequence, self.is_draft = draft.base_version, draft.sequence, True
        self.saved = _("Draft saved %(time)s") % {"time": moment_text(draft.updated_at, "TIME_FORMAT")}
        return draft

    def show(self, status: int = 200) -> HttpResponse:
        """Return the page, or for htmx the fields alone."""
        template = "builder/_case_fields.html" if self.request.htmx else "builder/case_edit.html"
        return render(self.request, template, self.context(), status=status)

    def context(self) -> dict[str, Any]:
        """Return what the templates need."""
        content = self.editor.content
        return {
            "case": self.case, "editing": self, "editor": self.editor, "conflict": self.conflict,
            "kind": kind_label(content.kind), "language": language_label(content.language),
            "checks": checks_panel(content), "view": case_view(content), "axes": AXES,
            "themes": themes_in(self.case.department), "error_forms": self.editor.error_forms(),
        }  # fmt: skip


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case_edit(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Write a case. Without script every button posts the whole form, and nothing typed is lost."""
    case = access.get_case_to_edit(request.user, case_id)
    if request.method != "POST":
        return _opened(request, case).show()
    editing = _posted(request, case)
    action = request.POST.get("action", "")
    try:
        return _VERBS.get(action, _change_rows)(editing)
    except Conflict as error:
        editing.conflict = conflict_of_save(error, case, request.user, editing.editor.content)
        return editing.show(409)
    except DomainError as error:
        if error.status not in (409, 422):
            raise
        editing.editor.refuse(error)
        return editing.show(error.status)


@login_required
@require_POST
def case_autosave(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Keep what was typed so far, and answer in JSON; 409 comes with both texts."""
    case = access.get_case_to_edit(request.user, case_id)
    editing = _posted(request, case)
    try:
        draft = editing.keep()
    except Conflict as error:
        conflict = conflict_of_save(error, case, request.user, editing.editor.content)
        html = render_to_string("builder/_case_conflict.html", {"conflict": conflict, "case": case}, request)
        answer = {
            "message": error.message,
            "yours": error.data.get("yours"),
            "theirs": error.data.get("theirs"),
        }
        return JsonResponse({**answer, "version": error.data.get("version"), "html": html}, status=409)
    return JsonResponse(
        {"base_version": draft.base_version, "sequence": draft.sequence, "saved": editing.saved}
    )


@login_required
@never_cache
@require_safe
def case_live(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Return the checks panel and both previews of what is saved so far."""
    case = access.get_case_to_edit(request.user, case_id)
    content = editor_base(case, request.user).content
    context = {"checks": checks_panel(content), "view": case_view(content), "case": case}
    return render(request, "builder/_case_live.html", context)


def _opened(request: SignedInRequest, case: Case) -> Editing:
    base = editor_base(case, request.user)
    editing = Editing(
        request, case, CaseEditor(rows_from_content(base.content)), base.base_version, base.sequence,
        is_draft=base.is_draft,
    )  # fmt: skip
    if base.saved_at is not None:
        editing.saved = _("Draft saved %(time)s") % {"time": moment_text(base.saved_at)}
        editing.conflict = conflict_of_draft(case, base)
    elif case.head is not None:
        editing.saved = _("Saved as revision %(number)s") % {"number": case.version}
    return editing


def _posted(request: SignedInRequest, case: Case) -> Editing:
    post = request.POST
    rows = rows_from_post(post)
    return Editing(request, case, CaseEditor(rows), _number(post, "base_version"), _number(post, "sequence"))


def _number(post: QueryDict, name: str) -> int:
    try:
        return int(post.get(name, ""))
    except ValueError as error:
        raise BadInput(_("The form lost its version number. Open the case again.")) from error


def _change_rows(editing: Editing) -> HttpResponse:
    """Add, remove or move a row; without script the draft is kept in the same step."""
    rows = editing.editor.rows
    change_rows(rows, editing.request.POST.get("action", ""))
    editing.editor = CaseEditor(rows)
    if not editing.request.htmx:
        editing.keep()
    return editing.show()


def _keep(editing: Editing) -> HttpResponse:
    editing.keep()
    messages.success(editing.request, _("Your draft is kept. Only you see it until you save a revision."))
    return redirect("builder:case-edit", editing.case.pk)


def _save(editing: Editing) -> HttpResponse:
    if not _checked(editing):
        return editing.show(422)
    number = _revise(editing)
    unchanged = number == editing.case.version
    text = (
        _("Nothing had changed: revision %(number)s stays.")
        if unchanged
        else _("Saved as revision %(number)s.")
    )
    messages.success(editing.request, text % {"number": number})
    return redirect("builder:case-edit", editing.case.pk)


def _submit(editing: Editing) -> HttpResponse:
    """Save and send to review; a case with errors keeps its draft, and gets no revision."""
    is_valid = _checked(editing)
    errors = blocking(check_content(editing.editor.content))
    if errors or not is_valid:
        editing.editor.show_findings(errors)
        return editing.show(422)
    _revise(editing)
    case = submit_case(case=editing.case, by=editing.request.user)
    messages.success(editing.request, sent_message(case))
    return redirect("builder:case-preview", case.pk)


def _checked(editing: Editing) -> bool:
    """Keep the draft, and tell whether every field has the right shape."""
    # The draft goes first: its sequence tells whether another window of this person holds a newer text.
    editing.keep()
    editing.editor = CaseEditor(editing.editor.rows, bound=True)
    return editing.editor.is_valid()


def _revise(editing: Editing) -> int:
    content, base = editing.editor.content, editing.base_version
    return save_revision(
        case=editing.case, content=content, base_version=base, by=editing.request.user
    ).number


def _keep_mine(editing: Editing) -> HttpResponse:
    """Go on with one's own text on top of the other one."""
    post = editing.request.POST
    editing.base_version, editing.sequence = _number(post, "their_version"), _number(post, "their_sequence")
    editing.keep()
    messages.success(editing.request, _("You go on with your text. Saving it makes a revision after theirs."))
    return redirect("builder:case-edit", editing.case.pk)


def _take_theirs(editing: Editing) -> HttpResponse:
    discard_draft(case=editing.case, by=editing.request.user)
    messages.success(editing.request, _("Your text is discarded; this is theirs."))
    return redirect("builder:case-edit", editing.case.pk)


_VERBS: dict[str, Callable[[Editing], HttpResponse]] = {
    "draft": _keep,
    "save": _save,
    "submit": _submit,
    "keep-mine": _keep_mine,
    "take-theirs": _take_theirs,
}
