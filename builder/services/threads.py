"""The discussion of a case: points are raised, answered, adopted, resolved and opened again."""

from collections.abc import Mapping

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict, NotFound, NotReady
from builder.models import (
    Case,
    CaseDraft,
    CaseRevision,
    CaseState,
    CriterionVote,
    Decision,
    Review,
    ReviewThread,
    ThreadMessage,
    User,
    Vote,
)  # fmt: skip
from builder.selectors.cases import editor_base
from builder.selectors.threads import criterion_places, places_in
from builder.services.audit import record
from builder.services.cases import lock_case, save_draft

MAX_MESSAGE_CHARACTERS = 10_000


@transaction.atomic
def open_thread(
    *, case: Case, text: str, by: User, criterion_index: int | None = None, proposed_wording: str = ""
) -> ReviewThread:
    """Raise a point about the head revision, as a whole or one of its criteria (by place, from 0)."""
    access.require_discussant(by, case)
    locked = _lock_for_talk(case)
    if locked.head is None:
        raise NotReady(_("No revision is saved yet, so there is nothing to discuss."))
    if criterion_index is not None and not 0 <= criterion_index < len(locked.head.content.rubrics):
        raise BadInput(
            _("There is no criterion %(number)s.") % {"number": criterion_index + 1}, field="about"
        )
    thread = _new_thread(locked, locked.head, criterion_index, by)
    _say(thread, text, proposed_wording, by)
    record(
        by=by, verb="thread:open", what=thread, department=locked.department, case=locked.pk,
        revision=locked.head.number, criterion_index=criterion_index,
    )  # fmt: skip
    return thread


@transaction.atomic
def reply_to_thread(
    *, thread: ReviewThread, text: str, by: User, proposed_wording: str = ""
) -> ThreadMessage:
    """Answer a point, or propose a wording; raises NotReady for one that is resolved."""
    access.require_discussant(by, thread.case)
    locked = _lock_thread(thread)
    if locked.resolved_at is not None:
        raise NotReady(_("This point is resolved. Open it again to answer."))
    message = _say(locked, text, proposed_wording, by)
    record(by=by, verb="thread:reply", what=locked, department=locked.case.department, case=locked.case_id)
    return message


@transaction.atomic
def resolve_thread(*, thread: ReviewThread, by: User, text: str = "") -> ReviewThread:
    """Close a point, with a last word if there is one; a resolved one stays as it is."""
    access.require_discussant(by, thread.case)
    locked = _lock_thread(thread)
    if locked.resolved_at is not None:
        return locked
    if text.strip():
        _say(locked, text, "", by)
    _resolve(locked, by)
    record(by=by, verb="thread:resolve", what=locked, department=locked.case.department, case=locked.case_id)
    return locked


@transaction.atomic
def reopen_thread(*, thread: ReviewThread, by: User) -> ReviewThread:
    """Open a resolved point again; an open one stays as it is."""
    access.require_discussant(by, thread.case)
    locked = _lock_thread(thread)
    if locked.resolved_at is None:
        return locked
    locked.resolved_at = locked.resolved_by = None
    locked.save(update_fields=["resolved_at", "resolved_by"])
    record(by=by, verb="thread:reopen", what=locked, department=locked.case.department, case=locked.case_id)
    return locked


@transaction.atomic
def adopt_proposal(*, thread: ReviewThread, message_id: int, by: User) -> CaseDraft:
    """Put a proposed wording into the person's own draft, say so in the thread, and resolve it.

    Nothing else of the draft changes. Raises Conflict when a colleague saved a newer revision than the one the draft
    was begun on, or when the criterion is no longer in the draft.
    """
    access.require(by, Act.WRITE_CASES, thread.case.department)
    locked = _lock_thread(thread)
    if locked.resolved_at is not None:
        raise NotReady(_("This point is resolved. Open it again to adopt a wording."))
    message = locked.messages.filter(pk=message_id).exclude(proposed_wording="").first()
    if message is None:
        raise NotFound(_("There is no such proposal."))
    draft = _put_into_draft(locked, message.proposed_wording, by)
    ThreadMessage.objects.create(thread=locked, author=by, adopts=message)
    _resolve(locked, by)
    record(
        by=by, verb="thread:adopt", what=locked, department=locked.case.department, case=locked.case_id,
        message=message.pk,
    )  # fmt: skip
    return draft


def raise_points(case: Case, review: Review, votes: list[CriterionVote]) -> None:
    """Turn what a review says into points of the discussion; part of `review_case`, which holds the case.

    A request for changes raises one about the case; a proposed wording, and a comment on a vote that doesn't agree,
    one about the criterion. Where the reviewer already has an open one it goes on there.
    """
    wanted: dict[int | None, tuple[str, str]] = {}
    if review.decision == Decision.REQUEST_CHANGES:
        wanted[None] = (review.comment, "")
    for vote in votes:
        if vote.proposed_wording or (vote.comment and vote.vote != Vote.AGREE):
            wanted[vote.criterion_index] = (vote.comment, vote.proposed_wording)
    if not wanted:
        return
    own = list(case.threads.filter(opened_by=review.reviewer, resolved_at=None).order_by("pk"))
    places: Mapping[int, int] = places_in(review.revision.content, own)
    by_place = {places.get(each.pk) if each.criterion_index is not None else None: each
                for each in own if each.criterion_index is None or each.pk in places}  # fmt: skip
    for place, (text, wording) in wanted.items():
        thread = by_place.get(place) or _new_thread(case, review.revision, place, review.reviewer, review)
        last = thread.messages.filter(author=review.reviewer).order_by("-pk").first()
        if last is None or (last.text, last.proposed_wording) != (text, wording):
            _say(thread, text, wording, review.reviewer)


def _put_into_draft(thread: ReviewThread, wording: str, by: User) -> CaseDraft:
    case = thread.case
    base = editor_base(case, by)
    place = None
    if thread.criterion_index is not None:
        place = criterion_places(thread.revision.content, base.content).get(thread.criterion_index)
    if place is None:
        raise Conflict(_("This criterion is no longer in your text. Adopt the wording by hand."))
    rubrics = list(base.content.rubrics)
    rubrics[place] = msgspec.structs.replace(rubrics[place], criterion=wording)
    content = msgspec.structs.replace(base.content, rubrics=rubrics)
    return save_draft(
        case=case, data=msgspec.to_builtins(content), base_version=base.base_version, sequence=base.sequence, by=by
    )  # fmt: skip


def _new_thread(
    case: Case, revision: CaseRevision, place: int | None, by: User, review: Review | None = None
) -> ReviewThread:
    text = "" if place is None else revision.content.rubrics[place].criterion
    return ReviewThread.objects.create(
        case=case, revision=revision, criterion_index=place, criterion_text=text, opened_by=by, review=review
    )


def _say(thread: ReviewThread, text: str, proposed_wording: str, by: User) -> ThreadMessage:
    text, proposed_wording = text.strip(), proposed_wording.replace("\r\n", "\n").strip()
    if not text and not proposed_wording:
        raise BadInput(_("Write something, or propose a wording."), field="text")
    if max(len(text), len(proposed_wording)) > MAX_MESSAGE_CHARACTERS:
        raise BadInput(
            _("A message has at most %(most)s characters.") % {"most": MAX_MESSAGE_CHARACTERS}, field="text"
        )
    if proposed_wording and thread.criterion_index is None:
        raise BadInput(
            _("Propose a wording for one criterion, not for the whole case."), field="proposed_wording"
        )
    return ThreadMessage.objects.create(
        thread=thread, author=by, text=text, proposed_wording=proposed_wording
    )


def _resolve(thread: ReviewThread, by: User) -> None:
    thread.resolved_by, thread.resolved_at = by, timezone.now()
    thread.save(update_fields=["resolved_by", "resolved_at"])


def _lock_for_talk(case: Case) -> Case:
    locked = lock_case(case)
    if locked.state == CaseState.RETIRED:
        raise NotReady(_("This case is retired and can't be changed."))
    return locked


def _lock_thread(thread: ReviewThread) -> ReviewThread:
    """Hold the case of the thread, which puts everything said about it in one line, and return the thread as it is."""
    case = _lock_for_talk(thread.case)
    found = ReviewThread.objects.select_related("revision").get(pk=thread.pk)
    found.case = case
    return found
