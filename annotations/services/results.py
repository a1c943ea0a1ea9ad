"""A harness's log comes home: its answers and its grader's verdicts at once, all of them or none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from annotations.log_files import find_format, log_sha256, opened_log
from annotations.models import Assignment, Grade, GradingSession, Rater, ResultsComparison
from annotations.selectors.comparison import compare_results
from annotations.selectors.grades import hash_of_grades
from annotations.services.imported_sessions import (
    LONGEST_RATER,
    JudgedAnswer,
    close_imported,
    external_rater,
    find_imported,
    hold_imported,
    new_imported,
    stored_rater,
    write_verdicts,
)
from annotations.services.log_join import Join, JoinedRow, Tally, check_header
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict
from builder.common.jsonl import unstorable
from builder.common.progress import Watch, unwatched
from builder.models import User
from exports.formats.base import LogHeader, Reader
from exports.models import Release, Response, Run, RunState
from exports.services.run_rows import (
    Factors,
    LogFacts,
    check_run,
    drop_run,
    find_own_run,
    finish_run,
    new_run,
    refuse_other_leftover,
    refuse_other_source,
)

# Answers per transaction, each with all of its verdicts: what is there of an answer is always whole.
BATCH = 200
_MAX_PARAMETERS, _LONGEST_PARAMETER = 50, 500


@dataclass(frozen=True, slots=True)
class ResultsImport:
    """What an import did.

    `created` is False when the same log had come in before; `session` is None for a log without verdicts. `judged`
    counts the answers with verdicts, `verdicts` met, not met, cannot judge and failures; `failed` the samples that
    ended in the harness without an answer, `unanswered` the cases without one, `resumed` the answers that an
    interrupted import had left.
    """

    run: Run
    session: GradingSession | None
    created: bool
    responses: int
    judged: int
    verdicts: int
    n_items: int
    unanswered: int
    failed: int = 0
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class _Source:
    """A log that is about to come in."""

    path: Path
    reader: Reader
    digest: str
    facts: LogFacts
    factors: Factors
    rater: Rater


def import_results(
    *, path: Path, release: Release, run_name: str, by: User, file_format: str = "", rater_name: str = "",
    model: str = "", model_class: str = "", prompting: str = "", retrieval: str = "",
    parameters: dict[str, str] | None = None, restart: bool = False, progress: Watch = unwatched,
) -> ResultsImport:  # fmt: skip
    """Bring in a harness's log as a run and, where it holds verdicts, a closed session of its grader.

    The whole log is checked against the release before a row is written. Rows are written in short transactions
    while run and session are *importing*, out of sight; both appear at one moment. An interrupted import goes on
    when the same log comes again; `restart` drops what it left; the same log again changes nothing. Without
    `file_format` the format is recognised; without `rater_name` the rater is FORMAT:GRADER. What isn't given of the
    model and its parameters is what the log says. Raises BadInput with file and place, Conflict for a taken name.
    """
    access.require(by, Act.IMPORT_RUNS, release.department)
    given = Factors(model, model_class, prompting, retrieval, parameters)
    check_run(release, run_name, given)
    with opened_log(path) as log:
        source = _read_source(log, release, file_format, rater_name, given)
        check_run(release, run_name, source.factors)
        existing = find_own_run(run_name, release, by)
        if existing and existing.state == RunState.READY:
            return _same_again(existing, source)
        if existing and not restart:
            _refuse_other_log(existing, source)
            refuse_other_leftover(existing, source.digest, source.factors)
        join, tally = Join(release), Tally()
        for _row in join.rows(progress(source.reader.rows(log), _("Checking")), tally):
            pass
        if not tally.answers:
            raise BadInput(_("%(file)s holds no answer.") % {"file": log.name})
        if existing and restart:
            _drop(existing, by)
        run, session = _begin(None if restart else existing, release, run_name, source, tally, by)
        resumed = Response.objects.filter(run=run).count()
        _write(join.rows(progress(source.reader.rows(log), _("Writing")), Tally()), run, session)
        if log_sha256(log) != source.digest:
            raise Conflict(_("The log changed while it was read. Import it again with --restart."))
    created = _finish(run, session, tally, by, path.name)
    return _result(run, created=created, failed=tally.failed, resumed=resumed)


def _read_source(log: Path, release: Release, file_format: str, rater_name: str, given: Factors) -> _Source:
    found, reader = find_format(log, file_format)
    digest = log_sha256(log)
    header = reader.header(log)
    check_header(header, release, log.name)
    facts = LogFacts(
        log_format=found.name,
        harness=_short(header.harness, 60),
        harness_version=_short(header.harness_version, 60),
        grader=_short(header.grader, 200),
        reported_score=header.reported_score,
    )
    rater = external_rater(rater_name or _rater_name(facts))
    return _Source(log, reader, digest, facts, _fill(given, header), rater)


def _rater_name(facts: LogFacts) -> str:
    """Return FORMAT:GRADER, or FORMAT where the log names none; an address in it must not look like a person's."""
    name = f"{facts.log_format}:{facts.grader}" if facts.grader else facts.log_format
    return name.replace("@", "_")[:LONGEST_RATER].rstrip()


def _fill(given: Factors, header: LogHeader) -> Factors:
    """Take from the log what the person didn't say."""
    told = {
        _short(key, 100): _short(value, _LONGEST_PARAMETER)
        for key, value in islice(header.parameters.items(), _MAX_PARAMETERS)
    }
    return Factors(
        given.model or _short(header.model, 200), given.model_class, given.prompting, given.retrieval,
        {**told, **(given.parameters or {})},
    )  # fmt: skip


def _short(text: str, limit: int) -> str:
    """Return what a column holds of a text that a log says of itself."""
    shown = " ".join(text.split())
    if problem := unstorable(shown):
        raise BadInput(_("The log says of itself a text that holds %(problem)s.") % {"problem": problem})
    return "".join(character for character in shown if character.isprintable())[:limit].strip()


def _same_again(run: Run, source: _Source) -> ResultsImport:
    _refuse_other_log(run, source)
    refuse_other_source(run, source.digest, source.factors)
    session = find_imported(run)
    if session is not None and not session.raters.filter(name=source.rater.name).exists():
        raise Conflict(
            _(
                "Run %(run)s already has these verdicts, of another grader. Give the same, or choose another run name."
            )
            % {"run": run.name}
        )
    return _result(run, created=False)


def _refuse_other_log(run: Run, source: _Source) -> None:
    """Raise Conflict when the run's answers came in some other way, so that its verdicts can't be these."""
    if not run.log_format:
        raise Conflict(
            _("Run %(run)s has its answers from a file of answers. Bring its verdicts with import_verdicts, or choose "
              "another run name.") % {"run": run.name}
        )  # fmt: skip
    if run.log_format != source.facts.log_format:
        raise Conflict(
            _("Run %(run)s came in as a log of the format %(format)s. Choose another run name.")
            % {"run": run.name, "format": run.log_format}
        )


def _drop(run: Run, by: User) -> None:
    """Remove what an interrupted import left, in short transactions.

    Each takes answers with all of their verdicts, so that what a kill in between leaves can still be resumed.
    """
    answers = Response.objects.filter(run=run)
    while ids := list(answers.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            _require_open(run)
            Assignment.objects.filter(response__in=ids).delete()
            answers.filter(pk__in=ids).delete()
    with transaction.atomic():
        _require_open(run)
        if session := find_imported(run):
            session.delete()
        drop_run(run, by)


def _require_open(run: Run) -> None:
    if not _is_open(run):
        raise _superseded(run)


def _superseded(run: Run) -> Conflict:
    return Conflict(
        _("Another import of run %(run)s took the place of this one. Look at the run again.")
        % {"run": run.name}
    )


@transaction.atomic
def _begin(
    existing: Run | None, release: Release, run_name: str, source: _Source, tally: Tally, by: User
) -> tuple[Run, GradingSession | None]:
    """Make the run and its session at one moment, or go on with those that an interruption left."""
    if existing is not None:
        return existing, find_imported(existing)
    run = new_run(release, run_name, source.digest, source.factors, by, source.facts)
    if not tally.judged:
        return run, None
    return run, new_imported(run, stored_rater(source.rater), source.digest, by)


def _write(rows: Iterable[JoinedRow], run: Run, session: GradingSession | None) -> None:
    """Write what isn't there yet, in short transactions. Two imports of the same log at once add up to one."""
    rater = session.raters.first() if session else None
    if session and rater is None:  # dropped meanwhile by an import that began anew
        raise _superseded(run)
    iterator: Iterator[JoinedRow] = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        with transaction.atomic():
            if not _is_open(run):
                return
            if session:
                hold_imported(session)
            _write_batch(batch, run, session, rater)


def _is_open(run: Run) -> bool:
    """Hold the run's row; False when another import of the same log has brought everything in meanwhile."""
    held = Run.objects.select_for_update(no_key=True).filter(pk=run.pk).first()
    if held is None or held.state == RunState.WITHDRAWN:
        raise _superseded(run)
    return held.state == RunState.IMPORTING


def _write_batch(
    batch: list[JoinedRow], run: Run, session: GradingSession | None, rater: Rater | None
) -> None:
    items = {each.item_id for each in batch}
    there = set(Response.objects.filter(run=run, item__in=items).values_list("item_id", "epoch"))
    missing = [each for each in batch if (each.item_id, each.row.epoch) not in there]
    responses = Response.objects.bulk_create(
        Response(
            run=run, item_id=each.item_id, epoch=each.row.epoch, completion=each.row.completion,
            reported_score=each.row.reported_score,
        )
        for each in missing
    )  # fmt: skip
    if session is None or rater is None:
        return
    judged = [
        JudgedAnswer(response.pk, each.number, each.items)
        for response, each in zip(responses, missing, strict=True)
        if each.items is not None
    ]
    write_verdicts(session, rater, judged)


def _finish(run: Run, session: GradingSession | None, tally: Tally, by: User, file: str) -> bool:
    """Let people see run and verdicts at one moment; False when another import of the same log did so before.

    What takes long is computed before that moment: all rows are there, and nobody writes them any more.
    """
    hashed = hash_of_grades(session) if session else ""
    comparison = _comparison(run, session) if session else None
    with transaction.atomic():
        if not _is_open(run):
            run.refresh_from_db()
            return False
        if session and comparison:
            if session.assignments.count() != tally.judged:
                raise Conflict(
                    _("Another import changed run %(run)s meanwhile. Import it again.") % {"run": run.name}
                )
            comparison.save()
            close_imported(
                session, by, hashed, file=file, rater=session.raters.get().name, responses=tally.judged
            )
        finish_run(run, tally.answers, by, file)
    return True


def _comparison(run: Run, session: GradingSession) -> ResultsComparison:
    compared = compare_results(run, session)
    return ResultsComparison(
        session=session,
        finding=compared.finding,
        formula_place=compared.formula_place,
        our_score=compared.ours.mean,
        ci_low=compared.ours.ci_low,
        ci_high=compared.ours.ci_high,
        expected_score=compared.expected,
        n_reported=sum(each.reported is not None for each in compared.answers),
        n_unexplained=len(compared.unexplained),
        n_other=sum(each.is_other for each in compared.answers),
    )


def _result(run: Run, *, created: bool, failed: int = 0, resumed: int = 0) -> ResultsImport:
    answers = Response.objects.filter(run=run)
    session = find_imported(run)
    n_items = run.release.n_items
    return ResultsImport(
        run=run,
        session=session,
        created=created,
        responses=answers.count(),
        judged=session.assignments.count() if session else 0,
        verdicts=Grade.objects.filter(assignment__session=session).count() if session else 0,
        n_items=n_items,
        unanswered=n_items - answers.values("item").distinct().count(),
        failed=failed,
        resumed=resumed,
    )
