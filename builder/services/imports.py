"""Importing cases: the whole file is validated before a row is written, and written in one transaction."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.checks import Finding, blocking, check_content
from builder.common.errors import BadInput, Conflict
from builder.common.progress import Watch, unwatched
from builder.content import content_hash, content_to_json
from builder.importers import FORMATS, ImportedCase, read_cases
from builder.importers.exams import ExamQuestion, question_hash
from builder.models import (
    Case,
    CaseRevision,
    CaseState,
    Department,
    ExternalApproval,
    SourceQuestion,
    User,
)
from builder.services.audit import record
from builder.services.case_index import index_cases
from builder.services.cases import copy_headings, oversize_problem, prompt_id_problem

BATCH = 500
MAX_SOURCE_CHARACTERS = 200
# Errors that an author mends in the draft: what looks like a patient's identifier, and what nobody confirmed yet.
_IDENTIFIERS, _SUGGESTED = "identifiers.", "rubric.suggested"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: new cases, cases that were already there unchanged, and findings by check."""

    created: int
    unchanged: int
    findings: dict[str, int]


def import_cases(
    *, path: Path, file_format: str, department: Department, by: User, approved_elsewhere: str = "",
    progress: Watch = unwatched,
) -> ImportResult:  # fmt: skip
    """Bring the cases of a file into the department, all or none; the same file again changes nothing.

    With `approved_elsewhere` (where they were approved) the cases count as approved: `by` vouches for it, and the
    release shows it. Raises BadInput that names file, line and field.
    """
    access.require(by, Act.IMPORT_CASES, department)
    if approved_elsewhere:
        access.require(by, Act.VOUCH_FOR_CASES, department)
    if file_format not in FORMATS:
        raise BadInput(_("Unknown format %(format)s.") % {"format": file_format})
    known = _hashes_in(department)
    approved_elsewhere = _source(approved_elsewhere)
    new_ids, findings = _validate(
        progress(read_cases(path, file_format), _("Checking")), known, vouched=bool(approved_elsewhere)
    )
    if not known.seen:
        raise BadInput(_("The file %(file)s holds no case.") % {"file": path.name})
    unchanged = sum(1 for prompt_id in known.seen if prompt_id not in new_ids)
    if new_ids:
        with _told_of_a_twin(), transaction.atomic():
            rows = _first_of_each(read_cases(path, file_format), new_ids)
            _write(progress(rows, _("Writing")), department, by, approved_elsewhere)
            record(
                by=by, verb="case:import", what=department, department=department, why=approved_elsewhere,
                file=path.name, created=len(new_ids), unchanged=unchanged, findings=findings,
                approved_elsewhere=approved_elsewhere,
            )  # fmt: skip
    return ImportResult(len(new_ids), unchanged, findings)


@contextmanager
def _told_of_a_twin() -> Iterator[None]:
    """Say so when a case of the file came into the department after the file was checked."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(
            _(
                "Somebody brought in a case of this file at the same moment. Nothing was written; import it again."
            )
        ) from error


def _source(approved_elsewhere: str) -> str:
    source = approved_elsewhere.strip()
    if len(source) > MAX_SOURCE_CHARACTERS or not source.isprintable():
        raise BadInput(
            _("Say where the cases were approved in one line of up to %(limit)s characters.")
            % {"limit": MAX_SOURCE_CHARACTERS},
            field="approved_elsewhere",
        )
    return source


class _KnownCases:
    """The hashes the department's cases go by, by prompt_id, and which of them the file named.

    A case made from an exam's question goes by the question's hash too: the same file again is nothing new, however
    far the author has come with the draft.
    """

    def __init__(self, hashes: dict[str, set[str]]) -> None:
        self.hashes = hashes
        self.seen: dict[str, int] = {}


def _hashes_in(department: Department) -> _KnownCases:
    rows = Case.objects.filter(department=department)
    pairs = rows.values_list("prompt_id", "head__sha256", "source_question__sha256")
    return _KnownCases({prompt_id: {content or "", source or ""} for prompt_id, content, source in pairs})


def _validate(
    rows: Iterable[ImportedCase], known: _KnownCases, *, vouched: bool
) -> tuple[set[str], dict[str, int]]:
    """Check every row; return the prompt_ids to write and the number of findings by check."""
    new_ids: set[str] = set()
    findings: dict[str, int] = {}
    for row in rows:
        if problem := prompt_id_problem(row.prompt_id):
            raise row.line.error(*problem.split(": ", 1))
        if row.question is not None and vouched:
            raise row.line.error(
                "question", _("an exam's question becomes a draft, so nobody can have approved it.")
            )
        _tell_apart(row, known, new_ids)
        if (
            row.question is not None
        ):  # a draft by design: its author sees the checks, thousands at once help nobody
            continue
        if problem := oversize_problem(content_to_json(row.content)):
            raise row.line.error("prompt", problem)
        found = check_content(row.content)
        if errors := _refusing(found, vouched=vouched):
            raise row.line.error(errors[0].field, errors[0].message)
        for finding in found:
            findings[finding.check_id] = findings.get(finding.check_id, 0) + 1
    return new_ids, findings


def _tell_apart(row: ImportedCase, known: _KnownCases, new_ids: set[str]) -> None:
    """Note whether the row is new; raises BadInput where its id names another text."""
    sha256 = question_hash(row.question) if row.question else content_hash(content_to_json(row.content))
    before = known.hashes.get(row.prompt_id)
    if before is not None and sha256 not in before:
        first = known.seen.get(row.prompt_id)
        where = f"line {first}" if first else "the department's case of this id"
        raise row.line.error("prompt_id", f"{row.prompt_id} has another text than {where}.")
    if before is None:
        new_ids.add(row.prompt_id)
    known.hashes.setdefault(row.prompt_id, {sha256})
    known.seen.setdefault(row.prompt_id, row.line.number)


def _refusing(findings: Iterable[Finding], *, vouched: bool) -> list[Finding]:
    """Return the errors that keep a row out: those of its shape. The others keep a draft from review, not from here.

    What nobody confirmed yet can't have been approved either.
    """
    mendable = (_IDENTIFIERS,) if vouched else (_IDENTIFIERS, _SUGGESTED)
    return [finding for finding in blocking(findings) if not finding.check_id.startswith(mendable)]


def _write(rows: Iterable[ImportedCase], department: Department, by: User, approved_elsewhere: str) -> None:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        _write_batch(batch, department, by, approved_elsewhere)


def _first_of_each(rows: Iterable[ImportedCase], prompt_ids: set[str]) -> Iterator[ImportedCase]:
    """Yield the first row of each of these cases: an identical second row was allowed and is not written."""
    waiting = set(prompt_ids)
    for row in rows:
        if row.prompt_id in waiting:
            waiting.remove(row.prompt_id)
            yield row
    if waiting:
        raise BadInput(_("The file changed while it was imported. Nothing was written; try again."))


def _write_batch(
    batch: list[ImportedCase], department: Department, by: User, approved_elsewhere: str
) -> None:
    cases = Case.objects.bulk_create(_new_case(row, department, by) for row in batch)
    texts = [content_to_json(row.content) for row in batch]
    revisions = CaseRevision.objects.bulk_create(
        CaseRevision(case=case, number=1, content_text=text, sha256=content_hash(text), author=by)
        for case, text in zip(cases, texts, strict=True)
    )
    # One statement for the batch: bulk_update writes a branch for every row, a third of an import's time.
    first = CaseRevision.objects.filter(case=OuterRef("pk"), number=1).values("pk")
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(
        head=Subquery(first), version=1, state=CaseState.APPROVED if approved_elsewhere else CaseState.DRAFT
    )
    index_cases((case, row.content) for case, row in zip(cases, batch, strict=True))
    SourceQuestion.objects.bulk_create(
        _source_question(row.question, case)
        for case, row in zip(cases, batch, strict=True)
        if row.question is not None
    )
    if approved_elsewhere:
        ExternalApproval.objects.bulk_create(
            ExternalApproval(revision=revision, source=approved_elsewhere, vouched_by=by)
            for revision in revisions
        )


def _new_case(row: ImportedCase, department: Department, by: User) -> Case:
    case = Case(department=department, prompt_id=row.prompt_id, created_by=by)
    copy_headings(case, row.content)
    return case


def _source_question(question: ExamQuestion, case: Case) -> SourceQuestion:
    """Return the record of the question as its benchmark publishes it, for a paired report with its case."""
    return SourceQuestion(
        department=case.department, case=case, dataset=question.dataset, source_id=question.source_id,
        question=question.question, options=question.options, answer=question.answer,
        details={**question.details, "contexts": list(question.contexts), "explanation": question.explanation},
        sha256=question_hash(question),
    )  # fmt: skip
