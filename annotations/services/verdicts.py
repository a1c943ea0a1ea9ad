"""Importing another tool's verdicts: they belong to a rater and land in a closed session of kind imported."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
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
    Verdict,
)
from annotations.selectors.grades import hash_of_grades
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict
from builder.common.jsonl import Line, file_sha256
from builder.common.progress import Watch, unwatched
from builder.content import Criterion
from builder.models import User
from builder.services.audit import record
from exports.access import require_ready
from exports.formats.results import read_verdicts
from exports.models import Response, Run
from exports.records import VerdictRecord

BATCH = 200


@dataclass(frozen=True, slots=True)
class VerdictImport:
    """What an import did; `verdicts` counts met, not met, cannot judge and failures, not missing ones."""

    session: GradingSession
    created: bool
    responses: int
    verdicts: int


def import_verdicts(
    *, path: Path, run: Run, rater_name: str, by: User, progress: Watch = unwatched
) -> VerdictImport:
    """Bring in one rater's verdicts on a run, all or none; the same file again changes nothing.

    The whole file is validated before a row is written. Raises BadInput that names file, line and field, Conflict
    when the rater's verdicts on this run came from another file.
    """
    department = run.release.department
    access.require(by, Act.IMPORT_RUNS, department)
    require_ready(run)
    digest = file_sha256(path)
    rater = _external_rater(rater_name)
    existing = _session_of(rater, run)
    if existing and existing.state == SessionState.CLOSED:
        return _already_there(existing, digest, run, rater)
    known = _known_responses(run)
    if not _validate(progress(read_verdicts(path), _("Checking")), known):
        raise BadInput(_("The file %(file)s holds no verdict.") % {"file": path.name})
    session = _new_session(run, rater, digest, by)
    responses, verdicts = _write(progress(read_verdicts(path), _("Writing")), session, known)
    if file_sha256(path) != digest:
        raise Conflict(_("The file changed while it was read. Import it again."))
    _finish(session, by=by, file=path.name, rater=rater.name, responses=responses, verdicts=verdicts)
    return VerdictImport(session, True, responses, verdicts)


def _session_of(rater: Rater, run: Run, *, hold: bool = False) -> GradingSession | None:
    """Return the session that holds the rater's verdicts on the run, finished or interrupted.

    `hold` waits for the batch that another import is writing to it, and keeps the next one out.
    """
    if rater.pk is None:  # a new name has none
        return None
    mine = GradingSession.objects.filter(kind=SessionKind.IMPORTED, session_raters__rater=rater)
    mine = mine.filter(session_runs__run=run)
    return (mine.select_for_update(of=("self",)) if hold else mine).first()


def _already_there(session: GradingSession, digest: str, run: Run, rater: Rater) -> VerdictImport:
    if session.source_sha256 != digest:
        raise Conflict(
            _("%(rater)s's verdicts on %(run)s are already here, from another file. Use another rater name.")
            % {"rater": rater.name, "run": run.name}
        )
    verdicts = Grade.objects.filter(assignment__session=session).count()
    return VerdictImport(session, False, session.assignments.count(), verdicts)


def _external_rater(name: str) -> Rater:
    name = name.strip()
    if not name or len(name) > 150 or not name.isprintable():
        raise BadInput(
            _("Give the rater a name of up to 150 characters, without line breaks or invisible characters."),
            field="rater",
        )
    if "@" in name:
        raise BadInput(
            _("A rater of imported verdicts is named without @; people grade in a session."), field="rater"
        )
    rater = Rater.objects.filter(name=name).first()
    return rater or Rater(kind=RaterKind.EXTERNAL, name=name)


@dataclass(frozen=True, slots=True)
class _Known:
    response_id: int
    rubrics: list[Criterion]


def _known_responses(run: Run) -> dict[tuple[str, int], _Known]:
    rows = Response.objects.filter(run=run).select_related("item").defer("completion")
    return {(row.item.prompt_id, row.epoch): _Known(row.pk, row.item.content.rubrics) for row in rows}


def _validate(rows: Iterable[tuple[Line, VerdictRecord]], known: dict[tuple[str, int], _Known]) -> int:
    """Check every row; return how many there are."""
    seen: dict[tuple[str, int], int] = {}
    for line, row in rows:
        key = (row.prompt_id, row.epoch)
        if key not in known:
            raise line.error(
                "prompt_id", f"{row.prompt_id} with epoch {row.epoch} is not an answer of this run."
            )
        if key in seen:
            raise line.error(
                "prompt_id", f"{row.prompt_id} with epoch {row.epoch} was already judged on line {seen[key]}."
            )
        seen[key] = line.number
        _check_rubric(line, row, known[key].rubrics)
    return len(seen)


def _check_rubric(line: Line, row: VerdictRecord, rubrics: list[Criterion]) -> None:
    if len(row.items) != len(rubrics):
        raise line.error(
            "rubric_items",
            f"a list of length {len(rubrics)} was expected, one verdict per criterion in rubric order, "
            f"not {len(row.items)}.",
        )
    for index, (item, criterion) in enumerate(zip(row.items, rubrics, strict=True)):
        if item.criterion != criterion.criterion:
            raise line.error(
                f"rubric_items[{index}].criterion", "the text differs from the release's criterion."
            )
        if item.points is not None and item.points != criterion.points:
            raise line.error(
                f"rubric_items[{index}].points",
                f"{criterion.points} was expected, as in the release, not {item.points}.",
            )


@transaction.atomic
def _new_session(run: Run, rater: Rater, digest: str, by: User) -> GradingSession:
    """Make the session the verdicts go to, in the place of one that an interrupted import left.

    The run's row is held, so that of two imports at the same moment the second sees the first.
    """
    Run.objects.select_for_update(no_key=True).get(pk=run.pk)
    if rater.pk is None:
        rater, _created = Rater.objects.get_or_create(name=rater.name, kind=rater.kind)
    existing = _session_of(rater, run, hold=True)
    if existing and existing.state == SessionState.CLOSED:
        raise Conflict(
            _("Somebody imported verdicts of this rater at the same moment. Look at the run again.")
        )
    if existing:  # nobody has seen a verdict of an unfinished import
        existing.delete()
    session = GradingSession.objects.create(
        release=run.release, kind=SessionKind.IMPORTED, state=SessionState.IMPORTING, overlap=1,
        source_sha256=digest, created_by=by,
    )  # fmt: skip
    SessionRun.objects.create(session=session, run=run, position=1)
    SessionRater.objects.create(session=session, rater=rater, desk=Desk.IMPORTED, position=1)
    return session


def _write(
    rows: Iterable[tuple[Line, VerdictRecord]], session: GradingSession, known: dict[tuple[str, int], _Known]
) -> tuple[int, int]:
    """Write in short transactions, so that nobody waits long for SQLite's writer; return the two counts."""
    rater = session.raters.get()
    iterator, responses, verdicts = iter(rows), 0, 0
    while batch := [row for _line, row in islice(iterator, BATCH)]:
        with transaction.atomic():
            _hold(session)
            verdicts += _write_batch(batch, session, rater, known, first=responses + 1)
        responses += len(batch)
    return responses, verdicts


def _write_batch(
    batch: list[VerdictRecord],
    session: GradingSession,
    rater: Rater,
    known: dict[tuple[str, int], _Known],
    first: int,
) -> int:
    now = timezone.now()
    assignments = Assignment.objects.bulk_create(
        Assignment(
            session=session, rater=rater, response_id=known[(row.prompt_id, row.epoch)].response_id,
            position=place, done_at=now,
        )
        for place, row in enumerate(batch, start=first)
    )  # fmt: skip
    grades = [
        Grade(
            assignment=assignment, criterion_index=index, verdict=Verdict(item.verdict),
            explanation=item.explanation, updated_at=now,
        )
        for assignment, row in zip(assignments, batch, strict=True)
        for index, item in enumerate(row.items)
        if item.verdict is not None
    ]  # fmt: skip
    Grade.objects.bulk_create(grades, batch_size=2_000)
    return len(grades)


def _hold(session: GradingSession) -> None:
    """Raise Conflict unless the session still waits for these verdicts; hold its row until the transaction ends."""
    sessions = GradingSession.objects.select_for_update(no_key=True)
    waiting = sessions.filter(pk=session.pk, state=SessionState.IMPORTING)
    if waiting.first() is None:
        raise Conflict(
            _("Another import of the same verdicts took the place of this one. Look at the run again.")
        )


@transaction.atomic
def _finish(session: GradingSession, *, by: User, **details: Any) -> None:
    _hold(session)
    session.state, session.closed_at, session.closed_by = SessionState.CLOSED, timezone.now(), by
    session.close_reason = _("Imported")
    session.save(update_fields=["state", "closed_at", "closed_by", "close_reason"])
    record(
        by=by, verb="verdicts:import", what=session, department=session.release.department,
        after=hash_of_grades(session), **details,
    )  # fmt: skip
