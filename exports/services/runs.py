"""Answers come back: a run's responses are imported whole, or not seen at all."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict, NotReady
from builder.common.jsonl import Line, file_sha256
from builder.common.progress import Watch, unwatched
from builder.models import User
from builder.services.audit import record
from exports.access import hidden_runs, stage_of
from exports.formats.results import read_responses
from exports.models import ModelClass, Release, ReleaseItem, Response, Run, RunState, Stage
from exports.models.releases import NAME_PATTERN
from exports.records import ResponseRecord

# Rows per transaction: SQLite's only writer is held for milliseconds, not for the whole file.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Factors:
    """What distinguishes one system under test from another; all may be empty."""

    model: str = ""
    model_class: str = ""
    prompting: str = ""
    retrieval: str = ""
    parameters: dict[str, str] | None = None

    def fields(self) -> dict[str, Any]:
        """Return them under the names of the run's columns."""
        return {
            "model": self.model.strip(),
            "model_class": self.model_class,
            "prompting": self.prompting.strip(),
            "retrieval": self.retrieval.strip(),
            "parameters": self.parameters or {},
        }


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
    _check_run(release, run_name, factors)
    digest = file_sha256(path)
    existing = _existing(run_name, release, by)
    if existing and existing.state == RunState.READY:
        return _same_again(existing, digest, factors)
    if existing and not restart:
        _refuse_other_file(existing, digest, factors)
    items = dict(ReleaseItem.objects.filter(release=release).values_list("prompt_id", "pk"))
    expected = sum(1 for _each in _checked(progress(read_responses(path), _("Checking")), items))
    if not expected:
        raise BadInput(_("The file %(file)s holds no answer.") % {"file": path.name})
    run = _begin(existing, release, run_name, digest, factors, by, restart=restart)
    there = set(Response.objects.filter(run=run).values_list("item__prompt_id", "epoch"))
    _write(progress(read_responses(path), _("Writing")), run, items, there)
    if file_sha256(path) != digest:
        raise Conflict(_("The file changed while it was read. Import it again with --restart."))
    _finish(run, expected, by=by, file=path.name)
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


def _check_run(release: Release, run_name: str, factors: Factors) -> None:
    if not re.match(NAME_PATTERN, run_name) or len(run_name) > 150:
        raise BadInput(
            _("A run's name has up to 150 letters, digits and . _ -, beginning with a letter or digit."),
            field="run",
        )
    if factors.model_class and factors.model_class not in ModelClass.values:
        raise BadInput(
            _("The model class is %(classes)s, not %(given)s.")
            % {"classes": " / ".join(ModelClass.values), "given": factors.model_class},
            field="model_class",
        )
    for field, limit in (("model", 200), ("prompting", 60), ("retrieval", 60)):
        if len(getattr(factors, field)) > limit:
            raise BadInput(
                _("%(field)s: up to %(limit)s characters.") % {"field": field, "limit": limit}, field=field
            )
    if stage_of(release) == Stage.WITHDRAWN:
        raise NotReady(_("%(release)s is withdrawn and takes no more answers.") % {"release": release.label})


def _existing(run_name: str, release: Release, by: User) -> Run | None:
    """Return the run of this name if it is this release's; any other holder of the name stays unnamed."""
    run = Run.objects.filter(name=run_name).first()
    if run is not None and (run.release_id != release.pk or run.pk in hidden_runs(by)):
        raise _taken(run_name)
    if run is not None and run.state == RunState.WITHDRAWN:
        raise Conflict(_("Run %(run)s was withdrawn. Choose another name.") % {"run": run_name})
    return run


def _taken(run_name: str) -> Conflict:
    return Conflict(_("The run name %(run)s is taken. Choose another name.") % {"run": run_name})


def _same_again(run: Run, digest: str, factors: Factors) -> RunImport:
    if run.source_sha256 != digest:
        raise Conflict(
            _("Run %(run)s already has its answers, from another file. Choose another run name.")
            % {"run": run.name}
        )
    _refuse_other_factors(run, factors)
    return _result(run, created=False)


def _result(run: Run, *, created: bool, resumed: int = 0) -> RunImport:
    answers = Response.objects.filter(run=run)
    answered = answers.values("item").distinct().count()
    n_items = run.release.n_items
    return RunImport(run, created, answers.count(), n_items, n_items - answered, resumed)


def _refuse_other_file(run: Run, digest: str, factors: Factors) -> None:
    if run.source_sha256 != digest:
        raise Conflict(
            _("The import of run %(run)s from another file was interrupted. Import that file again to go on, or use "
              "--restart to drop it.") % {"run": run.name}
        )  # fmt: skip
    _refuse_other_factors(run, factors)


def _refuse_other_factors(run: Run, factors: Factors) -> None:
    differing = [name for name, value in factors.fields().items() if getattr(run, name) != value]
    if differing:
        raise Conflict(
            _("Run %(run)s was imported with another %(factors)s. Give the same, or choose another run name.")
            % {"run": run.name, "factors": ", ".join(differing)}
        )


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
    with transaction.atomic():
        if existing and not restart:
            return existing
        if existing:
            Run.objects.filter(pk=existing.pk, state=RunState.IMPORTING).delete()
            record(
                by=by, verb="run:drop", what=existing, department=release.department, run=run_name,
                why="the import was started again",
            )  # fmt: skip
        try:
            with transaction.atomic():
                return Run.objects.create(
                    release=release, name=run_name, source_sha256=digest, imported_by=by, **factors.fields()
                )
        except IntegrityError as error:
            raise _taken(run_name) from error


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


@transaction.atomic
def _finish(run: Run, expected: int, *, by: User, file: str) -> None:
    if Response.objects.filter(run=run).count() != expected:
        raise Conflict(
            _("Another import changed run %(run)s meanwhile. Import it again.") % {"run": run.name}
        )
    if Run.objects.filter(pk=run.pk, state=RunState.IMPORTING).update(state=RunState.READY):
        record(
            by=by, verb="run:import", what=run, department=run.release.department, after=run.source_sha256,
            run=run.name, release=run.release.label, file=file, responses=expected,
        )  # fmt: skip
    run.refresh_from_db()
