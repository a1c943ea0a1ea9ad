"""The kind of job that brings a harness's log home, and what its page says."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from builder.jobs import JobContext, register_job
from builder.models import Job

KIND = "results:import"


def register() -> None:
    """Tell how such a job is done."""
    register_job(
        KIND,
        gettext_lazy("Results of a harness"),
        _run,
        done_url=lambda job: reverse("exports:run-detail", args=[job.result["run"]]),
        done_label=gettext_lazy("Open the run"),
        start_url=lambda job: reverse(
            "annotations:results-new", args=[job.arguments["name"], job.arguments["version"]]
        ),
        summary=_summary,
        names_runs=True,
    )


def _run(context: JobContext) -> dict[str, Any]:
    # Imported when one runs: it takes the statistics along, which nobody who starts the product should wait for.
    from annotations.services.result_uploads import run_upload

    return run_upload(context)


def _summary(job: Job) -> str:
    found = job.result
    if not found["created"]:
        return _("Nothing changed: this log is already here.")
    if not found["session"]:
        return _("%(answers)s answers came in. The log holds no verdict; they can be graded here.") % found
    return _("%(answers)s answers and %(verdicts)s verdicts came in.") % found
