"""Taking a job and giving it up: every step is one conditional UPDATE, so that of many workers one succeeds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from builder.jobs.kinds import find_kind, kind_names
from builder.models import Job, JobState
from builder.models.jobs import JobQuerySet

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=5)
CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is."""

    done: int = 0
    total: int | None = None
    label: str = ""

    def columns(self) -> dict[str, Any]:
        """Return the columns that show it."""
        label = storable(self.label)[:100]
        return {"progress_done": self.done, "progress_total": self.total, "progress_label": label}


@dataclass(frozen=True, slots=True)
class Hold:
    """One worker's one attempt at a job. Each method returns whether the job was still this attempt's."""

    pk: int
    worker: str
    attempt: int

    def renew(self, progress: Progress) -> bool:
        """Keep the job for another lease and show how far it is."""
        return self._set(lease_until=timezone.now() + lease(), **progress.columns())

    def end(
        self, state: JobState, *, result: dict[str, Any] | None = None, error: str = "", **columns: Any
    ) -> bool:
        """End the job."""
        return self._set(
            state=state,
            result=result or {},
            error=error,
            ended_at=timezone.now(),
            lease_until=None,
            **columns,
        )

    def retry(self, *, error: str) -> bool:
        """Put the job back for another attempt, later each time."""
        run_after = timezone.now() + delay_after(self.attempt)
        return self._set(state=JobState.READY, run_after=run_after, error=error, lease_until=None)

    def release(self) -> bool:
        """Put the job back at once, as if this attempt had not been."""
        return self._set(
            state=JobState.READY, run_after=timezone.now(), attempts=F("attempts") - 1, lease_until=None
        )

    def is_cancelled(self) -> bool:
        """Whether somebody asked to end the job."""
        return Job.objects.held(self.pk, self.worker, self.attempt).filter(cancel_requested=True).exists()

    def _set(self, **columns: Any) -> bool:
        return Job.objects.held(self.pk, self.worker, self.attempt).update(**columns) == 1


def take_next(worker: str) -> Job | None:
    """Return a due job that is this worker's from now on, the longest due first; None when there is none."""
    for pk in _due(timezone.now()).order_by("run_after", "pk").values_list("pk", flat=True)[:CANDIDATES]:
        if job := _take(worker, pk):
            return job
    return None


def take(worker: str, pk: int) -> Job | None:
    """Return this job if it is due and could be taken."""
    return _take(worker, pk)


def lease() -> timedelta:
    """Return how long a job is a worker's without a sign of life."""
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def delay_after(attempt: int) -> timedelta:
    """Return how long to wait after this failed attempt: 5 s, 10 s, 20 s … at most 5 minutes."""
    return min(FIRST_DELAY * 2 ** min(attempt - 1, 16), LONGEST_DELAY)


def storable(text: str) -> str:
    """Return the text without what PostgreSQL can't store: NUL characters and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def storable_json(value: Any) -> Any:
    """Return a value of JSON with every text in it storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [storable_json(each) for each in value]
    if isinstance(value, dict):
        return {storable(name): storable_json(each) for name, each in value.items()}
    return value


def _due(now: datetime) -> JobQuerySet:
    return Job.objects.due(now, kind_names())


def _take(worker: str, pk: int) -> Job | None:
    now = timezone.now()
    taken = _due(now).filter(pk=pk).update(
        state=JobState.RUNNING, worker=worker, lease_until=now + lease(), attempts=F("attempts") + 1
    )  # fmt: skip
    if not taken:
        return None
    job = Job.objects.select_related("created_by", "department").get(pk=pk)
    return None if _is_over(job) else job


def _is_over(job: Job) -> bool:
    """End a job that was cancelled while its worker died, or whose workers die each time."""
    kind = find_kind(job.kind)
    hold = Hold(job.pk, job.worker, job.attempts)
    if job.cancel_requested:
        return hold.end(JobState.CANCELLED)
    if kind is not None and job.attempts > kind.max_attempts:
        with override(job.created_by.language):
            return hold.end(JobState.FAILED, error=gave_up(job))
    return False


def gave_up(job: Job) -> str:
    """Return the sentence for a job whose attempts are used up; what went wrong is in the log of the worker."""
    return _(
        "Something went wrong on our side, and trying again did not help. Nothing more happens by itself. "
        "Try once more, or tell an administrator the number of this job: %(job)s."
    ) % {"job": job.uuid}
