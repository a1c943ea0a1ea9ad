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
from builder.checks import apply_mend, blocking, find_mend
from builder.common.clock import moment_text
from builder.common.errors import BadInput, Conflict, DomainError
from builder.common.markdown import render_markdown
from builder.common.requests import SignedInRequest
from builder.forms.case_editor import CaseEditor
from builder.forms.case_rows import (
    append_criterion,
    change_rows,
    mended_rows,
    refuse_excess,
    rows_from_content,
    rows_from_post,
)  # fmt: skip
from builder.models import Case, CaseDraft
from builder.selectors.case_checks import case_checks_panel, field_target, findings_of
from builder.selectors.case_page import case_view
from builder.selectors.cases import editor_base, kind_label, themes_in
from builder.selectors.conflicts import CaseConflict, conflict_of_draft, conflict_of_save
from builder.selectors.library import FoundCriterion, criterion_to_insert, find_criteria, vocabulary
from builder.selectors.threads import count_open_points
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
    mended: str = ""
    is_draft: bool = False
    find: str = ""
    found: list[FoundCriterion] | None = None
    conflict: CaseConflict | None = None

    def keep(self) -> CaseDraft:
        """Store what was typed as the person's draft; raises Conflict, and BadInput for too many rows."""
        refuse_excess(self.editor.rows)
        draft = save_draft(
            case=self.case, data=msgspec.to_builtins(self.editor.content), base_version=self.base_version,
            sequence=self.sequence, by=self.request.user, **_attempts(self.request.POST),
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
            "checks": case_checks_panel(self.case, content), "view": case_view(content), "axes": AXES,
            "themes": themes_in(self.case.department),
            "vocabulary": vocabulary(self.case.department), "error_forms": self.editor.error_forms(),
            "open_points": 0 if self.request.htmx else count_open_points(self.case, self.request.user),
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
        return _verb_of(action)(editing)
    except Conflict as error:
        editing.conflict = conflict_of_save(
            error, case, request.user, editing.editor.content, editing.sequence
        )
        return editing.show(409)
    except DomainError as error:
        if error.status not in (409, 422):
            raise
        editing.editor.refuse(error)
        return editing.show(error.status)


@login_required
@require_POST
def case_autosave(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Keep what was typed so far, and answer in JSON; 409 comes with both texts, 422 with a sentence."""
    case = access.get_case_to_edit(request.user, case_id)
    try:
        editing = _posted(request, case)
        draft = editing.keep()
    except BadInput as error:
        return JsonResponse({"message": error.message}, status=error.status)
    except Conflict as error:
        conflict = conflict_of_save(error, case, request.user, editing.editor.content, editing.sequence)
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
    context = {"checks": case_checks_panel(case, content), "view": case_view(content), "case": case}
    return render(request, "builder/_case_live.html", context)


# A longer number of a save is nobody's, and Python refuses to read one of 5,000 digits.
_LONGEST_NUMBER = 10

# Longer than any search somebody types.
MAX_FIND = 200


@login_required
@never_cache
@require_safe
def case_criteria(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Return the criteria that hold the searched words, each with a button that inserts it."""
    case = access.get_case_to_edit(request.user, case_id)
    found = find_criteria(request.user, case.department, request.GET.get("find", "")[:MAX_FIND])
    return render(request, "builder/_criteria_found.html", {"found": found, "case": case})


# A turn this long is laid out in a tenth of a second; a longer one isn't read in a preview.
MAX_PREVIEW = 100_000


@login_required
@never_cache
@require_POST
def markdown_preview(request: SignedInRequest) -> HttpResponse:
    """Return one text laid out as Markdown, safely; nothing is kept."""
    text = request.POST.get(request.POST.get("field", ""), "")
    html = render_markdown(text[:MAX_PREVIEW])
    context = {"html": html, "is_cut": len(text) > MAX_PREVIEW}
    return render(request, "builder/_markdown_preview.html", context)


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


def _attempts(post: QueryDict) -> dict[str, Any]:
    """Return the number this save has, and those of earlier ones whose answer never came."""
    numbers = [_save_number(text) for text in post.get("unanswered", "").split()[-100:]]
    attempt = _save_number(post.get("attempt", ""))
    return {"attempt": attempt, "unanswered": [number for number in numbers if number is not None]}


def _save_number(text: str) -> int | None:
    """Return the number a save went by, or None: one that no window gives out names no save."""
    number = int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0
    return number if 0 < number < 2**31 else None


def _change_rows(editing: Editing) -> HttpResponse:
    """Add, remove or move a row; without script the draft is kept in the same step."""
    rows = editing.editor.rows
    change_rows(rows, editing.request.POST.get("action", ""))
    editing.editor = CaseEditor(rows)
    if not editing.request.htmx:
        editing.keep()
    return editing.show()


def _find(editing: Editing) -> HttpResponse:
    """Show what the search for criteria finds; script does the same while somebody types."""
    editing.find = editing.request.POST.get("find", "")[:MAX_FIND]
    editing.found = find_criteria(editing.request.user, editing.case.department, editing.find)
    return editing.show()


def _insert(editing: Editing) -> HttpResponse:
    """Add a copy of a found criterion; without script the draft is kept in the same step."""
    source = editing.request.POST.get("action", "").removeprefix("insert:")
    criterion = criterion_to_insert(editing.request.user, editing.case.department, source)
    rows = editing.editor.rows
    append_criterion(rows, criterion)
    editing.editor = CaseEditor(rows)
    if not editing.request.htmx:
        editing.keep()
    return editing.show()


def _check(editing: Editing) -> HttpResponse:
    """Show the form with its checks run again; nothing is kept."""
    return editing.show()


def _mend(editing: Editing) -> HttpResponse:
    """Change the one field that a finding's button would mend, and show the form; nothing is kept by it."""
    content = editing.editor.content
    key = editing.request.POST.get("action", "").removeprefix("mend:")
    mend = find_mend(findings_of(editing.case, content), key)
    if mend is None:
        raise BadInput(_("The text changed meanwhile, so this can’t be mended with one click any more."))
    rows = mended_rows(editing.editor.rows, apply_mend(content, mend), mend)
    rows.focus = field_target(mend.field)
    editing.editor = CaseEditor(rows)
    editing.mended = mend.label
    return editing.show()


def _verb_of(action: str) -> Callable[[Editing], HttpResponse]:
    if action.startswith("insert:"):
        return _insert
    return _mend if action.startswith("mend:") else _VERBS.get(action, _change_rows)


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
    errors = blocking(findings_of(editing.case, editing.editor.content))
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
    seen = _number(editing.request.POST, "their_sequence")
    discard_draft(case=editing.case, by=editing.request.user, sequence=seen)
    messages.success(editing.request, _("Your text is discarded; this is theirs."))
    return redirect("builder:case-edit", editing.case.pk)


_VERBS: dict[str, Callable[[Editing], HttpResponse]] = {
    "check": _check,
    "find": _find,
    "draft": _keep,
    "save": _save,
    "submit": _submit,
    "keep-mine": _keep_mine,
    "take-theirs": _take_theirs,
}
