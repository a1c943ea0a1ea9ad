"""The files that come with jobs: kept in a private directory until the job has ended.

Each lies in a directory named by the job's uuid, under the name a person gave it, since complaints mention it.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from builder.common.uploads import safe_name
from builder.models import Job, JobState

KEPT_AFTER_FAILURE = timedelta(days=1)
# The transaction that will commit the job's row may still be under way.
YOUNG = timedelta(hours=1)
CHUNK = 1024 * 1024
File = UploadedFile | Path


def files_directory() -> Path | None:
    """Return the directory of job files: the setting, else beside the SQLite database; None when there is neither."""
    if settings.JOB_FILES_DIR:
        return Path(settings.JOB_FILES_DIR)
    database: dict[str, Any] = settings.DATABASES["default"]
    name = str(database["NAME"])
    if not database["ENGINE"].endswith("sqlite3") or ":memory:" in name or "mode=memory" in name:
        return None
    return Path(f"{name}-jobs")


def store(file: File, job_id: UUID) -> str:
    """Write the file to disk, so that it outlives a power cut, and return the name it has there."""
    folder = _folder(job_id)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    name = safe_name(file.name)
    # What a hospital uploads may be confidential: nobody else on the machine reads it.
    handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        for chunk in _chunks(file):
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    for directory in (folder, folder.parent):
        _sync_directory(directory)
    return name


def path_of(job: Job) -> Path | None:
    """Return where the job's file lies; None when it came without one."""
    return _folder(job.uuid) / job.file_name if job.file_name else None


def find(file_id: UUID) -> Path | None:
    """Return the file stored under this id, or None: it was removed, or swept because nobody asked for a job."""
    if files_directory() is None or not _folder(file_id).is_dir():
        return None
    return next(iter(_folder(file_id).iterdir()), None)


def remove(job_id: UUID) -> None:
    """Remove the job's file, if there is one."""
    if files_directory() is not None:
        shutil.rmtree(_folder(job_id), ignore_errors=True)


def sweep(now: datetime | None = None) -> int:
    """Remove files whose job ended a while ago or never came to be; return how many. What isn't ours is left alone.

    Cost: one query for every thousand files.
    """
    now = now or timezone.now()
    removed = 0
    for batch in _batches(_stored_ids(), 1000):
        known = {
            uuid: _is_needed(state, ended_at, now)
            for uuid, state, ended_at in Job.objects.filter(uuid__in=batch).values_list(
                "uuid", "state", "ended_at"
            )
        }
        for job_id in batch:
            if not known.get(job_id, _is_young(job_id, now)):
                remove(job_id)
                removed += 1
    return removed


def _folder(job_id: UUID) -> Path:
    directory = files_directory()
    if directory is None:
        raise LookupError("There is no directory of job files; see JOB_FILES_DIR.")
    return directory / str(job_id)


def _chunks(file: File) -> Iterator[bytes]:
    if isinstance(file, UploadedFile):
        yield from file.chunks()
        return
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _sync_directory(directory: Path) -> None:
    """Make the names in the directory outlive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_needed(state: str, ended_at: datetime | None, now: datetime) -> bool:
    if state in (JobState.READY, JobState.RUNNING):
        return True
    return state == JobState.FAILED and ended_at is not None and now - ended_at < KEPT_AFTER_FAILURE


def _is_young(job_id: UUID, now: datetime) -> bool:
    try:
        written = _folder(job_id).stat().st_mtime
    except OSError:
        return True
    return now.timestamp() - written < YOUNG.total_seconds()


def _stored_ids() -> list[UUID]:
    directory = files_directory()
    if directory is None or not directory.is_dir():
        return []
    found = []
    for each in directory.iterdir():
        try:
            found.append(UUID(each.name))
        except ValueError:
            continue
    return found


def _batches(rows: list[UUID], size: int) -> Iterable[list[UUID]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
