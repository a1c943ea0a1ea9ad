"""Uploading a harness's log: it is checked as far as a request may take, and a job brings it in."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from annotations.log_files import GIBIBYTE, MAX_LOG_BYTES, reading_formats
from annotations.results_jobs import KIND
from annotations.services.imported_sessions import external_rater
from annotations.services.results import ResultsImport, import_results
from builder import access
from builder.access import Act
from builder.common.errors import BadInput
from builder.jobs import JobContext
from builder.models import Job, User
from builder.services.jobs import enqueue_job
from exports.models import Release
from exports.services.run_rows import Factors, check_run, find_own_run


def upload_results(
    *, upload: "UploadedFile[bytes]", release: Release, run_name: str, by: User, file_format: str = "",
    rater_name: str = "", restart: bool = False, key: str = "", model: str = "", model_class: str = "",
    prompting: str = "", retrieval: str = "", parameters: dict[str, str] | None = None,
) -> Job:  # fmt: skip
    """Ask for the import of an uploaded log and return the job; the same person's same `key` returns the first one.

    Raises what can be told at once: NotAllowed, BadInput for names and sizes, Conflict for a run name that is taken.
    """
    access.require(by, Act.IMPORT_RUNS, release.department)
    check_run(release, run_name, Factors(model, model_class, prompting, retrieval, parameters))
    find_own_run(run_name, release, by)
    if file_format and file_format not in reading_formats():
        raise BadInput(
            _("No log of the format %(format)s comes home.") % {"format": file_format}, field="format"
        )
    if rater_name:
        external_rater(rater_name)
    if (upload.size or 0) > MAX_LOG_BYTES:
        raise BadInput(
            _("The file is larger than %(limit)s GiB. Split the run, and import it in parts.")
            % {"limit": MAX_LOG_BYTES // GIBIBYTE},
            field="file",
        )
    arguments: dict[str, Any] = {
        "release": release.pk, "name": release.name, "version": release.version, "run_name": run_name,
        "file_format": file_format, "rater_name": rater_name, "restart": restart, "model": model,
        "model_class": model_class, "prompting": prompting, "retrieval": retrieval, "parameters": parameters or {},
    }  # fmt: skip
    return enqueue_job(
        kind=KIND, arguments=arguments, by=by, department=release.department, file=upload,
        key=f"{by.pk}:{key}" if key else None,
    )  # fmt: skip


def run_upload(context: JobContext) -> dict[str, Any]:
    """Bring in the log of a job; run again, it goes on where it was interrupted or finds everything there."""
    given = {
        name: value for name, value in context.arguments.items() if name not in ("release", "name", "version")
    }
    release = Release.objects.select_related("department").get(pk=context.arguments["release"])
    result: ResultsImport = import_results(
        path=context.file, release=release, by=context.by, progress=context.progress,
        **given,
    )  # fmt: skip
    return {
        "run": result.run.name,
        "session": result.session.pk if result.session else None,
        "created": result.created,
        "answers": result.responses,
        "verdicts": result.verdicts,
        "failed": result.failed,
        "unanswered": result.unanswered,
    }
