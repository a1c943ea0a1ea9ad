"""What pages and the API tell about jobs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from builder.common.clock import moment_text
from builder.common.providers import BLINDED_RUNS, registry
from builder.jobs.kinds import find_kind
from builder.models import Job, JobState, User

# Longer than a worker takes to look, if one is there and not busy.
LONG_WAIT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class JobPage:
    """A job as one person sees it: whoever grades blind doesn't learn what it tells about runs."""

    job: Job
    hides_details: bool

    @property
    def label(self) -> str:
        """What kind of work it is."""
        kind = find_kind(self.job.kind)
        return str(kind.label) if kind else self.job.kind

    @property
    def file_name(self) -> str:
        """The file that came with it."""
        return "" if self.hides_details else self.job.file_name

    @property
    def summary(self) -> str:
        """What came out, in a sentence."""
        kind = find_kind(self.job.kind)
        if not self._shows_result or kind is None or kind.summary is None:
            return ""
        return kind.summary(self.job)

    @property
    def done_url(self) -> str:
        """Where the result is."""
        kind = find_kind(self.job.kind)
        return kind.done_url(self.job) if self._shows_result and kind and kind.done_url else ""

    @property
    def done_label(self) -> str:
        """What the link to the result says."""
        kind = find_kind(self.job.kind)
        return str(kind.done_label) if kind and kind.done_label else _("See the result")

    @property
    def start_url(self) -> str:
        """Where to ask for such a job again."""
        kind = find_kind(self.job.kind)
        return kind.start_url(self.job) if not self.hides_details and kind and kind.start_url else ""

    @property
    def result(self) -> dict[str, object]:
        """What came out, for programs."""
        return self.job.result if self._shows_result else {}

    @property
    def error(self) -> str:
        """Why it failed, or why the last attempt did."""
        return "" if self.hides_details else self.job.error

    @property
    def progress_label(self) -> str:
        """What is being counted."""
        return "" if self.hides_details else self.job.progress_label

    @property
    def counted(self) -> str:
        """How far it is, in words."""
        job = self.job
        if job.progress_total is None:
            words = _("%(done)s so far") % {"done": f"{job.progress_done:,}"} if job.progress_done else ""
        else:
            words = _("%(done)s of %(total)s") % {
                "done": f"{job.progress_done:,}", "total": f"{job.progress_total:,}",
            }  # fmt: skip
        return ": ".join(each for each in (self.progress_label, words) if each)

    @property
    def standing(self) -> str:
        """Where it stands, in a sentence for whoever waits."""
        job = self.job
        if job.state == JobState.RUNNING:
            return _("It ends at its next step.") if job.cancel_requested else _("It is being done now.")
        if job.waits_for_another_attempt and job.run_after > timezone.now():
            return _("An attempt did not succeed. The next one begins at %(when)s.") % {
                "when": moment_text(job.run_after, "TIME_FORMAT")
            }
        if job.state == JobState.READY:
            return self._waiting()
        return {
            JobState.SUCCESSFUL: _("It is done."),
            JobState.FAILED: _("It failed."),
            JobState.CANCELLED: _("It was cancelled."),
        }[JobState(job.state)]

    @property
    def _shows_result(self) -> bool:
        return self.job.state == JobState.SUCCESSFUL and not self.hides_details

    def _waiting(self) -> str:
        if timezone.now() - self.job.run_after < LONG_WAIT:
            return _("It begins in a moment.")
        return _(
            "It waits for its turn. If nothing moves for long, ask an administrator whether the worker is running."
        )


def list_jobs(user: User) -> "QuerySet[Job]":
    """Return the person's jobs, or, for an administrator, everybody's; newest first."""
    return Job.objects.visible_to(user).select_related("department", "created_by")


def job_page(job: Job, user: User) -> JobPage:
    """Return the job as this person sees it. Cost: one query or none."""
    return job_pages([job], user)[0]


def job_pages(jobs: Iterable[Job], user: User) -> list[JobPage]:
    """Return the jobs as this person sees them. Cost: one query or none, however many they are."""
    rows = list(jobs)
    telling = {job.pk for job in rows if (kind := find_kind(job.kind)) is None or kind.names_runs}
    is_blinded = bool(telling) and bool(registry.call(BLINDED_RUNS, user))
    return [JobPage(job, is_blinded and job.pk in telling) for job in rows]
