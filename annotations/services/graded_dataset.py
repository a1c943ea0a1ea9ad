"""Verdicts leave the building: a closed session as a file for others, audited."""

import hashlib
import secrets
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from django.db import transaction
from django.utils.translation import gettext as _

from annotations.access import blinded_run_ids
from annotations.graded_dataset.formats import FORMATS, DatasetFormat
from annotations.graded_dataset.readme import manifest_of, manifest_text, readme_text
from annotations.models import GradingSession, SessionState
from annotations.selectors.graded_dataset import count_answers, iterate_answers, read_head
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict, NotFound, NotReady
from builder.models import User
from builder.services.audit import record
from exports.formats.verify import canary_of
from exports.services.bundles import SPOOL_BYTES, Archive, check_recipient

MANIFEST, README = "manifest.json", "README.md"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold: a dataset has no time of its own
Opener = Callable[[str], AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True, slots=True)
class DatasetResult:
    """What was written, and what its manifest says."""

    paths: tuple[Path, ...]
    manifest: dict[str, Any]


def export_grades(
    *, session: GradingSession, file_format: str, path: Path, by: User, recipient: str = "", reason: str = ""
) -> DatasetResult:
    """Write a closed session's verdicts to a file, and PATH.manifest.json and PATH.README.md beside it.

    Verdicts on held-out cases are in it for a recipient and a reason only. The act is in the audit trail before the
    files appear. Raises NotReady before the session is closed, Conflict where a file already stands.
    """
    dataset_format = _prepare(session, file_format, by, recipient, reason)
    targets = {name: path.with_name(path.name + suffix) for name, suffix in (
        (path.name, ""), (MANIFEST, f".{MANIFEST}"), (README, f".{README}"),
    )}  # fmt: skip
    mark = secrets.token_hex(4)
    partial = {name: target.with_name(f".{target.name}.{mark}.partial") for name, target in targets.items()}
    try:
        _refuse_existing(targets.values())
        path.parent.mkdir(parents=True, exist_ok=True)
        manifest = _write(
            session, dataset_format, lambda name: partial[name].open("xb"), path.name, recipient.strip()
        )
        _record_export(session, manifest, by, reason)
        _refuse_existing(targets.values())
        for name, target in targets.items():
            partial[name].rename(target)
    except OSError as error:
        raise BadInput(
            f"{path} can't be written: {error.strerror or error}. Choose another --out."
        ) from error
    finally:
        for each in partial.values():
            each.unlink(missing_ok=True)
    return DatasetResult(tuple(targets.values()), manifest)


def export_grades_archive(
    *, session: GradingSession, file_format: str, by: User, recipient: str = "", reason: str = ""
) -> Archive:
    """Return a closed session's verdicts as a zip with manifest and README, for a download."""
    dataset_format = _prepare(session, file_format, by, recipient, reason)
    folder = f"session-{session.pk}-{dataset_format.name}"
    # Left open: it is the download.
    target = cast(IO[bytes], tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES))  # noqa: SIM115
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        manifest = _write(
            session, dataset_format, lambda name: _member(archive, f"{folder}/{name}"), dataset_format.file_name,
            recipient.strip(),
        )  # fmt: skip
    _record_export(session, manifest, by, reason)
    target.seek(0)
    return Archive(f"{folder}.zip", target)


def _prepare(
    session: GradingSession, file_format: str, by: User, recipient: str, reason: str
) -> DatasetFormat:
    access.require(by, Act.EXPORT_RELEASES, session.release.department)
    if session.session_runs.filter(run__in=blinded_run_ids(by)).exists():
        raise NotFound(_("There is no such grading session, or it isn't yours to read now."))
    if file_format not in FORMATS:
        raise BadInput(
            _("Choose one of these formats: %(formats)s.") % {"formats": ", ".join(FORMATS)}, field="format"
        )
    require_closed(session)
    check_recipient(recipient, reason)
    if file_format == "meta-eval" and not session.session_raters.filter(rater__user__isnull=False).exists():
        raise NotReady(
            _("A meta-evaluation file holds people’s verdicts, and no person judged in this session.")
        )
    if not recipient.strip() and not count_answers(session, with_held_out=False):
        raise NotReady(
            _(
                "Every answer of this session is to a held-out case. Name a recipient and a reason (--for, --reason) "
                "to export the verdicts."
            )
        )
    return FORMATS[file_format]


def require_closed(session: GradingSession) -> None:
    """Raise NotReady while verdicts may still change and systems aren't named."""
    if session.state != SessionState.CLOSED:
        raise NotReady(
            _("Verdicts leave the building when the session is closed. Session %(session)s is: %(state)s.")
            % {"session": session.pk, "state": session.get_state_display().lower()}
        )


def _write(
    session: GradingSession, dataset_format: DatasetFormat, opened: Opener, data_name: str, recipient: str
) -> dict[str, Any]:
    """Write data, manifest and README through `opened`; holds one chunk of answers in memory."""
    canary = canary_of(session.release.sha256, f"grades-{session.pk}-{dataset_format.name}", recipient)
    head = read_head(session, canary=canary, recipient=recipient)
    counts: Counter[str] = Counter()
    digest, size = hashlib.sha256(), 0
    answers = iterate_answers(session, with_held_out=bool(recipient))
    with opened(data_name) as target:
        for row in dataset_format.write(answers, head, counts):
            digest.update(row)
            size += len(row)
            target.write(row)
    file = {"path": data_name, "bytes": size, "sha256": digest.hexdigest()}
    manifest = manifest_of(head, dataset_format, counts, file)
    for name, text in ((MANIFEST, manifest_text(manifest)), (README, readme_text(manifest, dataset_format))):
        with opened(name) as target:
            target.write(text.encode())
    return manifest


def _member(archive: zipfile.ZipFile, name: str) -> AbstractContextManager[IO[bytes]]:
    info = zipfile.ZipInfo(name, _ZIP_TIME)
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    # Nobody knows the size before the last row.
    return archive.open(info, "w", force_zip64=True)


def _refuse_existing(targets: Iterable[Path]) -> None:
    for target in targets:
        if target.exists() or target.is_symlink():
            raise Conflict(f"{target} already exists. Choose another --out.")


@transaction.atomic
def _record_export(session: GradingSession, manifest: dict[str, Any], by: User, reason: str) -> None:
    record(
        by=by, verb="grades:export", what=session, department=session.release.department, why=reason.strip(),
        format=manifest["format"], recipient=manifest["recipient"], canary=manifest["canary"],
        verdicts=manifest["counts"]["verdicts"], withheld=manifest["withheld"]["verdicts"],
        sha256=manifest["files"][0]["sha256"],
    )  # fmt: skip
