"""What a grader does with an answer: give verdicts, put it down with a reason, take it up again, flag it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.models import (
    Assignment,
    Desk,
    GradingSession,
    ReleaseCause,
    SessionRater,
    SessionRun,
    SessionState,
)
from annotations.services.grade_rows import ROUND, GivenVerdict, Verdicts, check_verdicts, write_rows
from annotations.services.places import release_assignments, retake_place
from builder.common.errors import BadInput, Conflict, NotAllowed, NotReady
from builder.common.prepared import Given, Prepared
from builder.common.row_locks import hold_shared, in_turn
from builder.models import User
from builder.services.audit import record

__all__ = [
    "ROUND", "GivenVerdict", "Verdicts", "flag_assignment", "lease_end", "open_assignment", "save_grades",
    "skip_assignment", "undo_skip", "unflag_assignment",
]  # fmt: skip

LONGEST_REASON = 1_000
# Cost: an answer's text and a session's forty columns would be read for nothing with every verdict.
_NEEDED = (
    "session__state", "session__kind", "session__opened_at", "response__run", "response__item__content_text", "rater",
    "position", "is_calibration", "asked", "opened_at", "done_at", "active_seconds", "flagged_at", "flag_note",
    "lease_until", "released_at", "released_cause", "skip_reason",
)  # fmt: skip
# Asked with every verdict, while other writers wait.
_MEMBER = Prepared(
    lambda: (
        SessionRater.objects.grading(Given("user"))
        .filter(session=Given("session"), rater=Given("rater"), rater__user=Given("user"))
        .order_by()
        .values_list("pk")
    )
)
_WITHDRAWN = Prepared(
    lambda: (
        SessionRun.objects.filter(session=Given("session"), run=Given("run"), withdrawn_at__isnull=False)
        .order_by()
        .values_list("pk")
    )
)
# Longer than anybody works on one answer without saving: a larger claim is a mistake of the page or of its clock.
LONGEST_STRETCH = 4 * 60 * 60


def save_grades(*, assignment: Assignment, verdicts: Verdicts, by: User, seconds: int = 0) -> Assignment:
    """Save verdicts by the criterion's place from 0; criteria that aren't named keep theirs.

    Saving the same again changes nothing. The assignment is done when every criterion that is asked for has a verdict.
    `seconds` is how long the grader worked since the last save, as their page counted it: never more than the server's
    clock allows. Raises NotReady when grading has ended, the grader was removed, the answer was put down or its run
    withdrawn; Conflict when its place went to somebody else; BadInput for an unknown criterion or verdict and for an
    explanation without a verdict: it has no row to live in.
    """
    with in_turn(), transaction.atomic():
        return _save(assignment, verdicts, by, seconds)


def _save(assignment: Assignment, verdicts: Verdicts, by: User, seconds: int) -> Assignment:
    locked = _hold(assignment, by=by)
    check_verdicts(locked, verdicts)
    _require_place(locked)
    now = timezone.now()
    if write_rows([(locked, verdicts)], desk=Desk.IN_APP, at=now).n_events or not verdicts:
        _count_time(locked, seconds, now)
    if locked.lease_until is not None:
        locked.lease_until = lease_end(now)
    locked.save(update_fields=["done_at", "opened_at", "active_seconds", "lease_until"])
    return locked


@transaction.atomic
def open_assignment(*, assignment: Assignment, by: User) -> None:
    """Note when the grader first saw the answer; later times change nothing. Cost: one query."""
    unseen = Assignment.objects.filter(pk=assignment.pk, rater__user=by, opened_at=None)
    unseen.update(opened_at=timezone.now())


@transaction.atomic
def skip_assignment(*, assignment: Assignment, reason: str, by: User) -> Assignment:
    """Put an answer down: others may take it, and the grader's own verdicts of it count no more.

    Raises BadInput without a reason and for a calibration answer, NotReady as `save_grades`.
    """
    locked = _hold(assignment, by=by)
    reason = _checked_reason(reason, _("Say why you skip this answer."))
    if locked.is_calibration:
        raise BadInput(_("Everybody grades the practice answers: this one can’t be skipped."))
    if locked.released_cause == ReleaseCause.SKIPPED:
        return locked
    _require_place(locked)
    rows = Assignment.objects.filter(pk=locked.pk)
    release_assignments(rows, cause=ReleaseCause.SKIPPED, reason=reason)
    _record(locked, "grade:skip", by=by, why=reason)
    locked.refresh_from_db()
    return locked


@transaction.atomic
def undo_skip(*, assignment: Assignment, by: User) -> Assignment:
    """Take a skipped answer up again, with the verdicts it had; Conflict when somebody else took its place."""
    locked = _hold(assignment, by=by)
    if locked.released_cause != ReleaseCause.SKIPPED:
        return locked
    if not retake_place(locked, lease_until=lease_end(timezone.now())):
        raise Conflict(_("Somebody else took this answer after you skipped it, so it stays skipped."))
    _record(locked, "grade:undo-skip", by=by)
    return locked


@transaction.atomic
def flag_assignment(*, assignment: Assignment, note: str, by: User) -> Assignment:
    """Draw the lead's attention to an answer, with a note; a new note replaces the one before."""
    locked = _hold(assignment, by=by)
    note = _checked_reason(note, _("Say what the lead should look at."), field="note")
    if locked.flagged_at is not None and locked.flag_note == note:
        return locked
    locked.flagged_at, locked.flag_note = locked.flagged_at or timezone.now(), note
    locked.save(update_fields=["flagged_at", "flag_note"])
    _record(locked, "grade:flag", by=by, why=note)
    return locked


@transaction.atomic
def unflag_assignment(*, assignment: Assignment, by: User) -> Assignment:
    """Take the flag away again."""
    locked = _hold(assignment, by=by)
    if locked.flagged_at is None:
        return locked
    locked.flagged_at, locked.flag_note = None, ""
    locked.save(update_fields=["flagged_at", "flag_note"])
    _record(locked, "grade:unflag", by=by)
    return locked


def lease_end(now: datetime) -> datetime:
    """Return until when an answer that is taken now is kept for who took it."""
    return now + timedelta(minutes=settings.GRADING_LEASE_MINUTES)


def _hold(assignment: Assignment, *, by: User) -> Assignment:
    """Hold the session against closing and the assignment against everybody; check that the person may still grade it.

    Graders of one session don't wait for each other. Cost: three queries, on PostgreSQL four.
    """
    hold_shared(GradingSession.objects.filter(pk=assignment.session_id))
    rows = Assignment.objects.select_related("session", "response__item").only(*_NEEDED)
    locked = rows.select_for_update(of=("self",), no_key=True).get(pk=assignment.pk)
    is_member = bool(_MEMBER.rows(session=locked.session_id, rater=locked.rater_id, user=by.pk))
    if not is_member and locked.rater.user_id != by.pk:
        raise NotAllowed(_("This answer is assigned to somebody else."))
    session = locked.session
    if session.state != SessionState.OPEN and not (
        locked.asked and session.state == SessionState.ADJUDICATING
    ):
        raise NotReady(_("Grading has ended: this session is no longer open."))
    if not is_member:
        raise NotReady(_("You no longer grade in this session. Ask the person who leads it."))
    if _WITHDRAWN.rows(session=session.pk, run=locked.response.run_id):
        raise NotReady(_("This answer was taken out of the session, so it needs no verdicts."))
    return locked


def _require_place(assignment: Assignment) -> None:
    """Raise unless the answer is the grader's; one whose time ran out is theirs again while its place is free."""
    if assignment.released_at is None:
        return
    if assignment.released_cause == ReleaseCause.SKIPPED:
        raise NotReady(_("You skipped this answer. Undo that first, then give your verdicts."))
    if assignment.released_cause == ReleaseCause.REMOVED:
        raise NotReady(_("This answer went back to the others when you were removed from the session."))
    if not retake_place(assignment, lease_until=lease_end(timezone.now())):
        raise Conflict(_("Your time for this answer ran out and somebody else took it. Go on with the next."))


def _count_time(assignment: Assignment, seconds: int, now: datetime) -> None:
    """Add working time, so that all of it fits between the moment the answer was first seen and now."""
    seconds = max(0, min(seconds, LONGEST_STRETCH))
    if assignment.opened_at is None:
        # A page that went on while the server was away: it can't have shown this one before the grader's last act.
        before = Assignment.objects.filter(session=assignment.session_id, rater=assignment.rater_id)
        seen = before.aggregate(opened=Max("opened_at"), done=Max("done_at"))
        floor = [moment for moment in (*seen.values(), assignment.session.opened_at) if moment is not None]
        assignment.opened_at = min(now, max([now - timedelta(seconds=seconds), *floor]))
    passed = int((now - assignment.opened_at).total_seconds())
    assignment.active_seconds = max(
        assignment.active_seconds, min(assignment.active_seconds + seconds, passed)
    )


def _checked_reason(text: str, missing: str, *, field: str = "reason") -> str:
    text = text.strip()
    if not text:
        raise BadInput(missing, field=field)
    if len(text) > LONGEST_REASON:
        raise BadInput(_("At most %(most)s characters can be kept.") % {"most": LONGEST_REASON}, field=field)
    return text


def _record(assignment: Assignment, verb: str, *, by: User, why: str = "") -> None:
    department = GradingSession.objects.select_related("release__department").defer("release__manifest_text")
    session = department.get(pk=assignment.session_id)
    record(by=by, verb=verb, what=assignment, department=session.release.department, why=why)
