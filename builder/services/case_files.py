"""Files of cases that come by page or API: looked at first, then imported by a job."""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from builder import access
from builder.access import Act
from builder.common.errors import NotFound, NotReady
from builder.jobs import JobContext, files
from builder.models import Department, Job, User
from builder.services.imports import import_cases
from builder.services.jobs import enqueue_job

KIND = "cases:import"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """An uploaded file that waits for somebody's word: where it lies and what shall become of it."""

    path: Path
    file_format: str
    approved_elsewhere: str = ""


def keep_case_file(upload: "UploadedFile[bytes]") -> str:
    """Keep the upload for the look at it, and return the token it is found by. Unused, it is swept after an hour."""
    if files.files_directory() is None:
        raise NotReady(
            _(
                "This installation has no place for uploaded files. Ask your administrator to set JOB_FILES_DIR."
            )
        )
    token = uuid.uuid4()
    files.store(upload, token)
    return str(token)


def kept_case_file(token: str) -> Path:
    """Return the kept file; raises NotFound when it was used or swept."""
    path = files.find(uuid.UUID(token))
    if path is None:
        raise NotFound(
            _("The file is no longer here: it was imported, or it waited too long. Choose it again.")
        )
    return path


def forget_case_file(token: str) -> None:
    """Remove the kept file."""
    files.remove(uuid.UUID(token))


def request_import(*, file: CaseFile, department: Department, by: User, key: str | None = None) -> Job:
    """Ask for the import of a file; the same key asks once. The job checks the whole file and writes all or none."""
    access.require(by, Act.IMPORT_CASES, department)
    if file.approved_elsewhere:
        access.require(by, Act.VOUCH_FOR_CASES, department)
    return enqueue_job(
        kind=KIND,
        arguments={"format": file.file_format, "approved_elsewhere": file.approved_elsewhere},
        by=by,
        department=department,
        key=key,
        file=file.path,
    )


def run_import(context: JobContext) -> dict[str, Any]:
    """Do the job: the same file again changes nothing, so it may run twice."""
    if context.department is None:
        raise LookupError("An import of cases needs its department.")
    result = import_cases(
        path=context.file,
        file_format=context.arguments["format"],
        department=context.department,
        by=context.by,
        approved_elsewhere=context.arguments["approved_elsewhere"],
        progress=context.progress,
    )
    return {"created": result.created, "unchanged": result.unchanged, "findings": result.findings}


def summary_of(job: Job) -> str:
    """Say in a sentence what an import brought in."""
    created, unchanged = job.result["created"], job.result["unchanged"]
    told = ngettext("%(number)s case was brought in.", "%(number)s cases were brought in.", created)
    if not unchanged:
        return told % {"number": created}
    rest = ngettext("%(number)s was already there.", "%(number)s were already there.", unchanged)
    return f"{told % {'number': created}} {rest % {'number': unchanged}}"
