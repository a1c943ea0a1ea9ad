"""Writing cases: drafts, revisions, submission, retirement."""

import secrets
from collections.abc import Collection
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.approval import expiry_of
from builder.checks import blocking
from builder.common.errors import BadInput, Conflict, NotReady
from builder.content import PROMPT_ID, CaseContent, content_from_data, content_hash, content_to_json
from builder.models import Case, CaseDraft, CaseRevision, CaseState, Department, User
from builder.selectors.case_checks import findings_of
from builder.selectors.cases import copy_source
from builder.services.audit import record
from builder.services.case_index import index_cases

# Wider than any real case, narrow enough that a slip of the clipboard is refused before it is stored.
MAX_CONTENT_CHARACTERS = 1_000_000


@transaction.atomic
def create_case(
    *, department: Department, content: CaseContent, by: User, prompt_id: str = "", origin: str = ""
) -> Case:
    """Start a case; its content is kept as the author's draft until the first save.

    `origin` says in the audit trail what it was begun from, such as `paste` or `template:Chest pain`.
    """
    access.require(by, Act.WRITE_CASES, department)
    _refuse_oversized(content_to_json(content))
    case = Case(department=department, prompt_id=prompt_id or new_prompt_id(department), created_by=by)
    if prompt_id and (problem := prompt_id_problem(prompt_id)):
        raise BadInput(problem, field="prompt_id")
    copy_headings(case, content)
    try:
        with transaction.atomic():
            case.save()
    except IntegrityError as error:
        raise Conflict(
            _("The department already has a case %(prompt_id)s.") % {"prompt_id": case.prompt_id}
        ) from error
    CaseDraft.objects.create(case=case, editor=by, base_version=0, content=_as_data(content))
    record(
        by=by, verb="case:create", what=case, department=department, **({"origin": origin} if origin else {})
    )
    return case


@transaction.atomic
def duplicate_case(*, case: Case, department: Department, by: User, title: str = "") -> Case:
    """Start a case from what another one says: its head revision, or the person's own draft before the first one.

    The new case says in `metadata.copied_from` where it came from. The other one doesn't change.
    """
    access.require(by, Act.READ_CASES, case.department)
    content, revision = copy_source(case, by)
    origin = {"prompt_id": case.prompt_id, "revision": revision}
    copy = msgspec.structs.replace(
        content, title=title or content.title, metadata={**content.metadata, "copied_from": origin}
    )
    return create_case(department=department, content=copy, by=by, origin=f"copy:{case.prompt_id}@{revision}")


@transaction.atomic
def save_draft(
    *, case: Case, data: dict[str, Any], base_version: int, sequence: int, by: User,
    attempt: int | None = None, unanswered: Collection[int] = (),
) -> CaseDraft:  # fmt: skip
    """Keep what an editor has typed so far. Nothing but its shape and length is checked, and no revision is made.

    Raises Conflict when the case has a newer version than the one the editor began with, or when the same person
    saved another text of this draft in another window. A window whose connection broke can't know whether its last
    saves arrived: it names each save by a number of its own (`attempt`), and later those it had no answer to.
    """
    access.require(by, Act.WRITE_CASES, case.department)
    content = parse_content(data)
    _refuse_oversized(content_to_json(content))
    locked = lock_case(case)
    _refuse_retired(locked)
    _refuse_stale(locked, base_version, content)
    draft = CaseDraft.objects.select_for_update().filter(case=case, editor=by).first()
    if draft is None:
        return CaseDraft.objects.create(
            case=case, editor=by, base_version=base_version, sequence=attempt or _first_sequence(),
            content=_as_data(content),
        )  # fmt: skip
    if draft.sequence not in (sequence, *unanswered) and draft.content != _as_data(content):
        raise Conflict(
            _("You saved this case in another window meanwhile. Both texts are below."),
            yours=_as_data(content), theirs=draft.content, version=locked.version,
        )  # fmt: skip
    draft.base_version, draft.content = base_version, _as_data(content)
    draft.sequence = attempt or draft.sequence + 1
    draft.save()
    return draft


@transaction.atomic
def save_revision(*, case: Case, content: CaseContent, base_version: int, by: User) -> CaseRevision:
    """Make an immutable revision of the content; approvals of earlier ones no longer count.

    The person's draft ends with it when it says the same; another text, of another window, stays. Returns the
    present revision when nothing changed. Raises Conflict, with both texts, for a stale version.
    """
    access.require(by, Act.WRITE_CASES, case.department)
    locked = lock_case(case)
    _refuse_retired(locked)
    _refuse_stale(locked, base_version, content)
    text = content_to_json(content)
    _refuse_oversized(text)
    _forget_saved_draft(case, by, content)
    head = locked.head
    if head is not None and head.sha256 == content_hash(text):
        return head
    revision = CaseRevision.objects.create(
        case=locked, number=locked.version + 1, content_text=text, sha256=content_hash(text), author=by
    )
    before = head.sha256 if head else ""
    locked.head, locked.version, locked.state = revision, revision.number, CaseState.DRAFT
    copy_headings(locked, content)
    locked.save()
    index_cases([(locked, content)])
    record(
        by=by, verb="case:revise", what=locked, department=locked.department, before=before, after=revision.sha256,
        revision=revision.number,
    )  # fmt: skip
    return revision


@transaction.atomic
def submit_case(*, case: Case, by: User) -> Case:
    """Send the head revision to review; errors among the findings keep it back."""
    access.require(by, Act.WRITE_CASES, case.department)
    locked = lock_case(case)
    if locked.state == CaseState.IN_REVIEW:
        return locked
    if locked.state not in (CaseState.DRAFT, CaseState.CHANGES_REQUESTED) or locked.head is None:
        raise NotReady(_("Only a saved draft can be sent to review."))
    if locked.state == CaseState.CHANGES_REQUESTED:
        raise NotReady(_("A reviewer asked for changes. Save a new revision first."))
    if errors := blocking(findings_of(locked, locked.head.content)):
        raise BadInput(
            _("The case isn't ready for review: %(message)s") % {"message": errors[0].message},
            findings=errors,
        )
    locked.state, locked.submitted_at = CaseState.IN_REVIEW, timezone.now()
    locked.save(update_fields=["state", "submitted_at", "updated_at"])
    record(by=by, verb="case:submit", what=locked, department=locked.department, after=locked.head.sha256)
    return locked


@transaction.atomic
def retire_case(*, case: Case, reason: str, by: User) -> Case:
    """Take a case out of use; releases that hold it keep it."""
    access.require(by, Act.RETIRE_CASES, case.department)
    if not reason.strip():
        raise BadInput(_("Say why the case is retired."), field="reason")
    locked = lock_case(case)
    _refuse_retired(locked)
    locked.state = CaseState.RETIRED
    locked.save(update_fields=["state", "updated_at"])
    record(by=by, verb="case:retire", what=locked, department=locked.department, why=reason.strip())
    return locked


@transaction.atomic
def discard_draft(*, case: Case, by: User, sequence: int | None = None) -> None:
    """Forget what this editor typed since the last revision.

    With the `sequence` that the person saw, raises Conflict when the draft was written on meanwhile in another window.
    """
    draft = CaseDraft.objects.select_for_update().filter(case=case, editor=by).first()
    if draft is None:
        return
    if sequence is not None and draft.sequence != sequence:
        raise Conflict(
            _("You wrote on in another window meanwhile, so nothing was discarded. Look at the newer text first."),
            theirs=draft.content, version=draft.base_version,
        )  # fmt: skip
    draft.delete()


def parse_content(data: dict[str, Any]) -> CaseContent:
    """Return the content of a form or API body; raises BadInput that names the field."""
    try:
        return content_from_data(data)
    except msgspec.ValidationError as error:
        raise BadInput(_("The case has an unexpected shape: %(problem)s.") % {"problem": error}) from error


def new_prompt_id(department: Department) -> str:
    """Return an unused id such as `ed-7f3a91c2`: never all digits, which Inspect would take for a number."""
    return f"{department.code.lower()}-c{secrets.token_hex(4)}"


def prompt_id_problem(prompt_id: str) -> str | None:
    """Return what is wrong with an id, or None: harnesses use it in file names and read all-digit ids as numbers."""
    if not PROMPT_ID.fullmatch(prompt_id):
        return _(
            "prompt_id: up to 200 letters, digits and . _ : - were expected, beginning with a letter or digit."
        )
    if prompt_id.isdigit():
        return _(
            "prompt_id: an id with at least one letter was expected, since harnesses read digits as a number."
        )
    return None


def oversize_problem(text: str) -> str | None:
    """Return why a case's canonical JSON is too long to keep, or None."""
    if len(text) <= MAX_CONTENT_CHARACTERS:
        return None
    told = _(
        "The case has %(length)s characters; a million is the most. Nothing was saved: shorten it, or keep a "
        "copy elsewhere."
    )
    return told % {"length": f"{len(text):,}"}


def lock_case(case: Case) -> Case:
    """Hold the case's row until the transaction ends, and return it as it is now.

    Not its department's, and not against rows that only point to it: an act that holds the audit trail waits for
    those, and the two would wait for each other.
    """
    cases = Case.objects.select_for_update(of=("self",), no_key=True)
    return cases.select_related("department").get(pk=case.pk)


def _refuse_retired(case: Case) -> None:
    if case.state == CaseState.RETIRED:
        raise NotReady(_("This case is retired and can't be changed."))


def _refuse_stale(case: Case, base_version: int, content: CaseContent) -> None:
    if case.version == base_version:
        return
    head = case.head
    raise Conflict(
        _("%(person)s saved revision %(number)s meanwhile. Nothing was overwritten; both texts are below.")
        % {"person": head.author if head else "", "number": case.version},
        yours=msgspec.to_builtins(content),
        theirs=msgspec.to_builtins(head.content) if head else {},
        version=case.version,
    )


def _refuse_oversized(text: str) -> None:
    if problem := oversize_problem(text):
        raise BadInput(problem)


def _forget_saved_draft(case: Case, editor: User, content: CaseContent) -> None:
    draft = CaseDraft.objects.filter(case=case, editor=editor).first()
    if draft is not None and content_from_data(draft.content) == content:
        draft.delete()


def _first_sequence() -> int:
    """Return a number that no earlier draft of this case counted to, in case a window still holds one of those."""
    return secrets.randbelow(2**30) + 1


def _as_data(content: CaseContent) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(content)
    return data


def copy_headings(case: Case, content: CaseContent) -> None:
    """Put what lists show of a content onto the case's row; the caller saves it."""
    case.title = (content.title or content.last_user_turn)[:300]
    case.kind, case.language, case.theme = content.kind[:40], content.language[:20], content.theme[:100]
    case.expires_on = expiry_of(content)
