"""Importing another tool's verdicts: they belong to a rater and land in a closed session of kind imported."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from annotations.models import Grade, GradingSession, Rater, SessionState
from annotations.selectors.grades import hash_of_grades
from annotations.services.imported_sessions import (
    JudgedAnswer,
    close_imported,
    external_rater,
    find_imported,
    hold_imported,
    new_imported,
    stored_rater,
    write_verdicts,
)
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict
from builder.common.jsonl import Line, file_sha256
from builder.common.progress import Watch, unwatched
from builder.content import Criterion
from builder.models import User
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
    rater = external_rater(rater_name)
    existing = find_imported(run, rater)
    if existing and existing.state == SessionState.CLOSED:
        return _already_there(existing, digest, run, rater)
    known = _known_responses(run)
    if not _validate(progress(read_verdicts(path), _("Checking")), known):
        raise BadInput(_("The file %(file)s holds no verdict.") % {"file": path.name})
    session = _new_session(run, rater, digest, by)
    responses, verdicts = _write(progress(read_verdicts(path), _("Writing")), session, known)
    if file_sha256(path) != digest:
        raise Conflict(_("The file changed while it was read. Import it again."))
    # Outside the last transaction, which would hold SQLite's writer for as long as the hash takes.
    hashed = hash_of_grades(session)
    close_imported(
        session, by, hashed, file=path.name, rater=rater.name, responses=responses, verdicts=verdicts
    )
    return VerdictImport(session, True, responses, verdicts)


def _already_there(session: GradingSession, digest: str, run: Run, rater: Rater) -> VerdictImport:
    if session.source_sha256 != digest:
        raise Conflict(
            _(
                "%(rater)s's verdicts on %(run)s are already here, from another file. Use another name for the grader."
            )
            % {"rater": rater.name, "run": run.name}
        )
    verdicts = Grade.objects.filter(assignment__session=session).count()
    return VerdictImport(session, False, session.assignments.count(), verdicts)


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
    rater = stored_rater(rater)
    existing = find_imported(run, rater, hold=True)
    if existing and existing.state == SessionState.CLOSED:
        raise Conflict(
            _("Somebody imported verdicts of this grader at the same moment. Look at the run again.")
        )
    if existing:  # nobody has seen a verdict of an unfinished import
        existing.delete()
    return new_imported(run, rater, digest, by)


def _write(
    rows: Iterable[tuple[Line, VerdictRecord]], session: GradingSession, known: dict[tuple[str, int], _Known]
) -> tuple[int, int]:
    """Write in short transactions, so that nobody waits long for SQLite's writer; return the two counts."""
    rater = session.raters.get()
    iterator, responses, verdicts = iter(rows), 0, 0
    while batch := [row for _line, row in islice(iterator, BATCH)]:
        with transaction.atomic():
            hold_imported(session)
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
    judged = [
        JudgedAnswer(known[(row.prompt_id, row.epoch)].response_id, place, row.items)
        for place, row in enumerate(batch, start=first)
    ]
    return write_verdicts(session, rater, judged)
