"""Answers come back: a run's responses are imported whole, or not seen at all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict, NotReady
from builder.common.jsonl import Line, file_sha256
from builder.common.progress import Watch, unwatched
from builder.models import User
from builder.services.audit import record
from exports.formats.results import read_responses
from exports.models import Release, ReleaseItem, Response, Run, RunState
from exports.records import ResponseRecord
from exports.services.run_rows import (
    Factors,
    check_run,
    drop_run,
    find_own_run,
    finish_run,
    new_run,
    refuse_other_leftover,
    refuse_other_source,
)

# Rows per transaction: SQLite's only writer is held for milliseconds, not for the whole file.
BATCH = 500


@dataclass(frozen=True, slots=True)
class RunImport:
    """What an import did: `created` is False when the same file had come in before, `resumed` counts answers that an
    interrupted import had left, `unanswered` the cases of the release without an answer.
    """

    run: Run
    created: bool
    responses: int
    n_items: int
    unanswered: int
    resumed: int = 0


def import_responses(
    *, path: Path, release: Release, run_name: str, by: User, model: str = "", model_class: str = "",
    prompting: str = "", retrieval: str = "", parameters: dict[str, str] | None = None, restart: bool = False,
    progress: Watch = unwatched,
) -> RunImport:  # fmt: skip
    """Bring in one run's answers to a release, all or none; the same file again changes nothing.

    The whole file is checked before a row is written. Rows are written in short transactions while the run's state
    is *importing*, which keeps it out of sight. An interrupted import goes on when the same file comes again;
    `restart` drops what it left. Raises BadInput that names file, line and field, Conflict for a name that is taken.
    """
    access.require(by, Act.IMPORT_RUNS, release.department)
    factors = Factors(model, model_class, prompting, retrieval, parameters)
    check_run(release, run_name, factors)
    digest = file_sha256(path)
    existing = find_own_run(run_name, release, by)
    if existing and existing.state == RunState.READY:
        refuse_other_source(existing, digest, factors)
        return _result(existing, created=False)
    if existing:
        _refuse_leftover(existing, digest, factors, restart=restart)
    items = dict(ReleaseItem.objects.filter(release=release).values_list("prompt_id", "pk"))
    expected = sum(1 for _each in _checked(progress(read_responses(path), _("Checking")), items))
    if not expected:
        raise BadInput(_("The file %(file)s holds no answer.") % {"file": path.name})
    run = _begin(existing, release, run_name, digest, factors, by, restart=restart)
    there = set(Response.objects.filter(run=run).values_list("item__prompt_id", "epoch"))
    _write(progress(read_responses(path), _("Writing")), run, items, there)
    if file_sha256(path) != digest:
        raise Conflict(_("The file changed while it was read. Import it again with --restart."))
    finish_run(run, expected, by, path.name)
    return _result(run, created=True, resumed=len(there))


@transaction.atomic
def withdraw_run(*, run: Run, reason: str, by: User) -> Run:
    """Take a run out of use; its answers and what was said of them stay."""
    access.require(by, Act.IMPORT_RUNS, run.release.department)
    if not reason.strip():
        raise BadInput(_("Say why the run is withdrawn."), field="reason")
    locked = Run.objects.select_for_update(no_key=True).get(pk=run.pk)
    if locked.state != RunState.READY:
        raise NotReady(_("Only a run that is ready can be withdrawn."))
    locked.state = RunState.WITHDRAWN
    locked.save(update_fields=["state"])
    record(
        by=by,
        verb="run:withdraw",
        what=locked,
        department=run.release.department,
        why=reason.strip(),
        run=run.name,
    )
    return locked


def _refuse_leftover(run: Run, digest: str, factors: Factors, *, restart: bool) -> None:
    """Raise Conflict unless this import may go on with, or drop, what an interrupted one left."""
    if run.log_format:  # its verdicts belong to it
        raise Conflict(
            _(
                "The import of run %(run)s from a harness’s log was interrupted. Bring that log again to go on."
            )
            % {"run": run.name}
        )
    if not restart:
        refuse_other_leftover(run, digest, factors)


def _result(run: Run, *, created: bool, resumed: int = 0) -> RunImport:
    answers = Response.objects.filter(run=run)
    answered = answers.values("item").distinct().count()
    n_items = run.release.n_items
    return RunImport(run, created, answers.count(), n_items, n_items - answered, resumed)


def _checked(rows: Iterable[tuple[Line, ResponseRecord]], items: dict[str, int]) -> Iterator[ResponseRecord]:
    """Yield the answers; raises BadInput for an unknown case and for a second answer of one sample."""
    seen: dict[tuple[str, int], int] = {}
    for line, answer in rows:
        if answer.prompt_id not in items:
            raise line.error("prompt_id", f"{answer.prompt_id[:200]} is not a case of this release.")
        first = seen.setdefault((answer.prompt_id, answer.epoch), line.number)
        if first != line.number:
            raise line.error(
                "prompt_id",
                f"{answer.prompt_id} with epoch {answer.epoch} was already answered on line {first}.",
            )
        yield answer


@transaction.atomic
def _begin(
    existing: Run | None,
    release: Release,
    run_name: str,
    digest: str,
    factors: Factors,
    by: User,
    *,
    restart: bool,
) -> Run:
    """Make the run, or go on with the one an interruption left; `restart` drops that one's rows first."""
    if existing and not restart:
        return existing
    if existing:
        drop_run(existing, by)
    return new_run(release, run_name, digest, factors, by)


def _write(
    rows: Iterable[tuple[Line, ResponseRecord]], run: Run, items: dict[str, int], there: set[tuple[str, int]]
) -> None:
    """Write the answers that aren't there yet. Two imports of the same file at once add up to one."""
    missing = (row for row in _checked(rows, items) if (row.prompt_id, row.epoch) not in there)
    while batch := list(islice(missing, BATCH)):
        with transaction.atomic():
            Response.objects.bulk_create(
                (
                    Response(
                        run=run, item_id=items[row.prompt_id], epoch=row.epoch, completion=row.completion,
                        reported_score=row.reported_score,
                    )
                    for row in batch
                ),
                ignore_conflicts=True,
            )  # fmt: skip
