"""Asking for jobs, and ending them."""

import uuid
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from builder import access
from builder.common.errors import NotReady
from builder.jobs import drivers, files
from builder.jobs.kinds import find_kind
from builder.models import Department, Job, JobState, User
from builder.services.audit import record

LONGEST_KEY = 200


def enqueue_job(
    *, kind: str, arguments: Mapping[str, Any], by: User, department: Department | None = None,
    key: str | None = None, file: files.File | None = None,
) -> Job:  # fmt: skip
    """Ask for a job inside the caller's transaction: both are committed, or neither is.

    The same `key` of the same kind returns the first job, whatever became of it; so a key names one request (a
    form's own random value, say), not one purpose. The file is on disk before the row is committed. What the person
    may do is for the caller to ask before, and for the services that the job calls to ask again. Raises NotReady
    when there is a file and the installation has no place for it.
    """
    if find_kind(kind) is None:
        raise LookupError(f"No kind of job is called {kind}.")
    stored_key = _stored_key(kind, key)
    with transaction.atomic():
        if first := _first(stored_key):
            return first
        job = Job(
            uuid=uuid.uuid4(), kind=kind, arguments=dict(arguments), idempotency_key=stored_key, department=department,
            created_by=by, run_after=timezone.now(),
        )  # fmt: skip
        if file is not None:
            job.file_name = _store(file, job.uuid)
        try:
            with transaction.atomic():
                job.save(force_insert=True)
                record(
                    by=by, verb="job:enqueue", what=job, department=department, kind=kind, file=job.file_name
                )
        except BaseException as error:
            files.remove(job.uuid)
            # Another request with this key was committed while this one waited for it.
            if isinstance(error, IntegrityError) and (first := _first(stored_key)):
                return first
            raise
        transaction.on_commit(lambda: drivers.driver.announce(job))
    return job


def cancel_job(*, job: Job, by: User) -> Job:
    """End a waiting job at once, a running one at its next step; raises NotReady when it has ended."""
    access.require_job(by, job)
    with transaction.atomic():
        job = Job.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk)
        if job.is_ended:
            raise NotReady(_("This job has ended already; there is nothing left to cancel."))
        if job.cancel_requested:
            return job
        job.cancel_requested = True
        if job.state == JobState.READY:
            job.state, job.ended_at = JobState.CANCELLED, timezone.now()
            transaction.on_commit(lambda: files.remove(job.uuid))
        job.save(update_fields=["cancel_requested", "state", "ended_at"])
        record(by=by, verb="job:cancel", what=job, department=job.department, kind=job.kind)
    return job


def _first(stored_key: str | None) -> Job | None:
    return Job.objects.filter(idempotency_key=stored_key).first() if stored_key else None


def _stored_key(kind: str, key: str | None) -> str | None:
    """Return the key as the row holds it: kinds share no keys, and a long one is stored as its hash."""
    if not key:
        return None
    whole = f"{kind}:{key}"
    return whole if len(whole) <= LONGEST_KEY else sha256(whole.encode()).hexdigest()


def _store(file: files.File, job_id: uuid.UUID) -> str:
    if files.files_directory() is None:
        raise NotReady(
            _("This installation has no place for uploaded files yet. An administrator sets JOB_FILES_DIR.")
        )
    try:
        return files.store(file, job_id)
    except BaseException:
        files.remove(job_id)
        raise
