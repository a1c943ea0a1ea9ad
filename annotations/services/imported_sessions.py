"""The closed session that holds one rater's imported verdicts: what every way of bringing them shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.models import (
    Assignment,
    Desk,
    Grade,
    GradingSession,
    Rater,
    RaterKind,
    SessionKind,
    SessionRater,
    SessionRun,
    SessionState,
)
from builder.common.errors import BadInput, Conflict
from builder.models import User
from builder.services.audit import record
from exports.models import Run
from exports.records import VerdictItem

LONGEST_RATER = 150


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """One answer's verdicts, and its place in the file."""

    response_id: int
    position: int
    items: tuple[VerdictItem, ...]


def external_rater(name: str) -> Rater:
    """Return the rater of this name, or a new one that isn't stored yet; raises BadInput for an unusable name."""
    name = name.strip()
    if not name or len(name) > LONGEST_RATER or not name.isprintable():
        raise BadInput(
            _("Give the grader a name of up to 150 characters, without line breaks or invisible characters."),
            field="rater",
        )
    if "@" in name:
        raise BadInput(
            _("A grader of imported verdicts is named without @; people grade in a session."), field="rater"
        )
    rater = Rater.objects.filter(name=name).first()
    return rater or Rater(kind=RaterKind.EXTERNAL, name=name)


def stored_rater(rater: Rater) -> Rater:
    """Return the rater's row, made if new."""
    return rater if rater.pk else Rater.objects.get_or_create(name=rater.name, kind=rater.kind)[0]


def find_imported(run: Run, rater: Rater | None = None, *, hold: bool = False) -> GradingSession | None:
    """Return the session that holds imported verdicts on the run, of one rater if given, finished or interrupted.

    `hold` waits for the batch that another import is writing to it, and keeps the next one out.
    """
    if rater is not None and rater.pk is None:  # a new name has none
        return None
    found = GradingSession.objects.filter(kind=SessionKind.IMPORTED, session_runs__run=run)
    if rater is not None:
        found = found.filter(session_raters__rater=rater)
    return (found.select_for_update(of=("self",)) if hold else found).order_by("pk").first()


def new_imported(run: Run, rater: Rater, digest: str, person: User) -> GradingSession:
    """Make the session that one rater's verdicts go to, out of sight until it is closed."""
    session = GradingSession.objects.create(
        release=run.release, kind=SessionKind.IMPORTED, state=SessionState.IMPORTING, overlap=1,
        source_sha256=digest, created_by=person,
    )  # fmt: skip
    SessionRun.objects.create(session=session, run=run, position=1)
    SessionRater.objects.create(session=session, rater=rater, desk=Desk.IMPORTED, position=1)
    return session


def hold_imported(session: GradingSession) -> None:
    """Raise Conflict unless the session still waits for these verdicts; hold its row until the transaction ends."""
    sessions = GradingSession.objects.select_for_update(no_key=True)
    waiting = sessions.filter(pk=session.pk, state=SessionState.IMPORTING)
    if waiting.first() is None:
        raise Conflict(
            _("Another import of the same verdicts took the place of this one. Look at the run again.")
        )


def write_verdicts(session: GradingSession, rater: Rater, judged: Sequence[JudgedAnswer]) -> int:
    """Write the verdicts on some answers; return how many. A missing one has no row."""
    now = timezone.now()
    assignments = Assignment.objects.bulk_create(
        Assignment(
            session=session, rater=rater, response_id=each.response_id, position=each.position, done_at=now
        )
        for each in judged
    )
    # Keys and plain texts: rows and enum members would cost a third more, once for each verdict.
    grades = [
        Grade(
            assignment_id=assignment.pk, criterion_index=index, verdict=item.verdict,
            explanation=item.explanation, updated_at=now,
        )
        for assignment, each in zip(assignments, judged, strict=True)
        for index, item in enumerate(each.items)
        if item.verdict is not None
    ]  # fmt: skip
    Grade.objects.bulk_create(grades, batch_size=2_000)
    return len(grades)


@transaction.atomic
def close_imported(session: GradingSession, person: User, grades_hash: str, **details: Any) -> None:
    """Close the session, so that people see it; `grades_hash` is the hash of all of its grades."""
    hold_imported(session)
    session.state, session.closed_at, session.closed_by = SessionState.CLOSED, timezone.now(), person
    session.close_reason = _("Imported")
    session.save(update_fields=["state", "closed_at", "closed_by", "close_reason"])
    record(
        by=person, verb="verdicts:import", what=session, department=session.release.department, after=grades_hash,
        **details,
    )  # fmt: skip
