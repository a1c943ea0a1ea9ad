"""Jobs: the kinds a room registers, what a running job is given, and the worker that runs them.

Every job runs at least once: a worker may be killed after the work and before it could write so, and another one
then runs the job again. So **every kind must be idempotent**: run twice, it leaves what it leaves when run once.
"""

from builder.jobs.context import JobContext, JobInterrupted, TryLater
from builder.jobs.kinds import register_job

__all__ = ["JobContext", "JobInterrupted", "TryLater", "register_job"]
