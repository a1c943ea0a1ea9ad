"""A run while its answers come in: what every way of bringing them shares."""

import re
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from builder.common.errors import BadInput, Conflict, NotReady
from builder.models import User
from builder.services.audit import record
from exports.access import hidden_runs, stage_of
from exports.models import ModelClass, Release, Response, Run, RunState, Stage
from exports.models.releases import NAME_PATTERN


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
class LogFacts:
    """What a harness's log says of the run as a whole; all empty for a plain file of answers."""

    log_format: str = ""
    harness: str = ""
    harness_version: str = ""
    grader: str = ""
    reported_score: float | None = None

    def fields(self) -> dict[str, Any]:
        """Return them under the names of the run's columns."""
        return {name: getattr(self, name) for name in self.__slots__}


def check_run(release: Release, run_name: str, factors: Factors) -> None:
    """Raise BadInput for a name or a factor that can't be stored, NotReady for a withdrawn release."""
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


def find_own_run(run_name: str, release: Release, person: User) -> Run | None:
    """Return the run of this name if it is this release's; any other holder of the name stays unnamed."""
    run = Run.objects.filter(name=run_name).first()
    if run is not None and (run.release_id != release.pk or run.pk in hidden_runs(person)):
        raise _taken(run_name)
    if run is not None and run.state == RunState.WITHDRAWN:
        raise Conflict(_("Run %(run)s was withdrawn. Choose another name.") % {"run": run_name})
    return run


def refuse_other_source(run: Run, digest: str, factors: Factors) -> None:
    """Raise Conflict unless a ready run came from the same file with the same factors."""
    if run.source_sha256 != digest:
        raise Conflict(
            _("Run %(run)s already has its answers, from another file. Choose another run name.")
            % {"run": run.name}
        )
    _refuse_other_factors(run, factors)


def refuse_other_leftover(run: Run, digest: str, factors: Factors) -> None:
    """Raise Conflict unless the import of a run was interrupted with the same file and the same factors."""
    if run.source_sha256 != digest:
        raise Conflict(
            _("The import of run %(run)s from another file was interrupted. Import that file again to go on, or use "
              "--restart to drop it.") % {"run": run.name}
        )  # fmt: skip
    _refuse_other_factors(run, factors)


def new_run(
    release: Release,
    run_name: str,
    digest: str,
    factors: Factors,
    person: User,
    facts: LogFacts | None = None,
) -> Run:
    """Make the row of a run whose answers are about to come in; raises Conflict for a name that is taken."""
    try:
        with transaction.atomic():
            return Run.objects.create(
                release=release, name=run_name, source_sha256=digest, imported_by=person, **factors.fields(),
                **(facts or LogFacts()).fields(),
            )  # fmt: skip
    except IntegrityError as error:
        raise _taken(run_name) from error


@transaction.atomic
def drop_run(run: Run, person: User) -> None:
    """Remove what an interrupted import left of a run, so that it can begin anew."""
    # Held for good: another import of the same file may be about to write to it.
    for held in Run.objects.select_for_update().filter(pk=run.pk, state=RunState.IMPORTING):
        held.delete()
    record(
        by=person, verb="run:drop", what=run, department=run.release.department, run=run.name,
        why="the import was started again",
    )  # fmt: skip


@transaction.atomic
def finish_run(run: Run, expected: int, person: User, file: str) -> None:
    """Let people see the run, with all of its answers; raises Conflict when they aren't those expected."""
    if Response.objects.filter(run=run).count() != expected:
        raise Conflict(
            _("Another import changed run %(run)s meanwhile. Import it again.") % {"run": run.name}
        )
    if Run.objects.filter(pk=run.pk, state=RunState.IMPORTING).update(state=RunState.READY):
        record(
            by=person, verb="run:import", what=run, department=run.release.department, after=run.source_sha256,
            run=run.name, release=run.release.label, file=file, responses=expected,
        )  # fmt: skip
    run.refresh_from_db()


def _taken(run_name: str) -> Conflict:
    return Conflict(_("The run name %(run)s is taken. Choose another name.") % {"run": run_name})


def _refuse_other_factors(run: Run, factors: Factors) -> None:
    differing = [name for name, value in factors.fields().items() if getattr(run, name) != value]
    if differing:
        raise Conflict(
            _("Run %(run)s was imported with another %(factors)s. Give the same, or choose another run name.")
            % {"run": run.name, "factors": ", ".join(differing)}
        )
