"""Bundles leave the building: exported, audited, and verified wherever they lie."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from django.db import transaction
from django.utils.translation import gettext as _

from builder import access
from builder.access import Act
from builder.common.errors import BadInput, NotReady
from builder.models import User
from builder.services.audit import record
from exports.access import stage_of
from exports.formats import verify
from exports.formats.base import BundleFormat
from exports.formats.bundle import stage_bundle, zip_bundle
from exports.formats.registry import FORMATS, get_format
from exports.models import Release
from exports.snapshot import release_record, release_records

MAX_RECIPIENT_CHARACTERS = 200
# A zip up to this size is built in memory; a larger one goes through a temporary file.
SPOOL_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class BundleResult:
    """What an export wrote, and how many held-out items it keeps back."""

    label: str
    file_format: str
    stage: str
    directory: Path
    data_file: str
    n_items: int
    n_withheld: int
    canary: str
    prompts_only: bool


def export_release(
    *, release: Release, file_format: str, directory: Path, by: User, recipient: str = "", reason: str = "",
    prompts_only: bool = False,
) -> BundleResult:  # fmt: skip
    """Write the release's bundle into a directory that is new or empty.

    Without a recipient it holds the public items only. With one, which needs a reason, it holds all of them.
    `prompts_only` leaves out the rubric and all that tells of it; not every format can. The act
    is in the audit trail, with the canary that identifies the bundle, before the bundle appears.
    """
    bundle_format = _prepare(release, file_format, by, recipient, reason, prompts_only)
    recipient, stage = recipient.strip(), stage_of(release)
    with stage_bundle(
        release_records(release, with_held_out=bool(recipient)),
        directory,
        release=release_record(release, stage),
        bundle_format=bundle_format,
        recipient=recipient,
        prompts_only=prompts_only,
    ) as staged:
        manifest = staged.manifest
        _record_export(release, manifest, by, reason)
        staged.publish()
    return BundleResult(
        release.label, bundle_format.name, stage, directory, bundle_format.file_name, manifest["n_items"],
        manifest["n_withheld"], manifest["canary"], prompts_only,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Archive:
    """A bundle as a zip: the name to save it under, and the bytes, which whoever sends them closes."""

    name: str
    content: IO[bytes]


def export_archive(
    *, release: Release, file_format: str, by: User, recipient: str = "", reason: str = "",
    prompts_only: bool = False,
) -> Archive:  # fmt: skip
    """Return the release's bundle as a zip, for a download."""
    folder = f"{release.name}-{release.version}-{file_format}{'-prompts' if prompts_only else ''}"
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / folder
        export_release(
            release=release,
            file_format=file_format,
            directory=directory,
            by=by,
            recipient=recipient,
            reason=reason,
            prompts_only=prompts_only,
        )
        # Left open: it is the download.
        target = cast(IO[bytes], tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES))  # noqa: SIM115
        zip_bundle(directory, target, folder)
    target.seek(0)
    return Archive(f"{folder}.zip", target)


def check_recipient(recipient: str, reason: str) -> None:
    """Raise BadInput unless held-out cases leave for a named recipient and a reason, or neither is given."""
    if recipient.strip() and not reason.strip():
        raise BadInput(
            _("Give the reason (--reason) why the held-out cases leave for this recipient."), field="reason"
        )
    if reason.strip() and not recipient.strip():
        raise BadInput(_("Name the recipient (--for) the reason is about."), field="recipient")
    if len(recipient.strip()) > MAX_RECIPIENT_CHARACTERS or not recipient.strip().isprintable():
        raise BadInput(_("A recipient is one line of up to 200 characters."), field="recipient")


def verify_release(*, directory: Path, expect: str = "") -> str:
    """Check a bundle byte by byte as its own verify.py does; return the sentence that says it is whole.

    Raises BadInput with a sentence for every damage. Needs no database.
    """
    try:
        return str(verify.check(directory, expect))
    except verify.Damaged as damaged:
        raise BadInput(
            _("The bundle in %(directory)s is damaged:") % {"directory": directory}
            + "\n"
            + "\n".join(damaged.problems)
        ) from damaged


def _prepare(
    release: Release, file_format: str, by: User, recipient: str, reason: str, prompts_only: bool
) -> BundleFormat:
    access.require(by, Act.EXPORT_RELEASES, release.department)
    bundle_format = get_format(file_format)
    if prompts_only and not bundle_format.may_leave_rubric_out:
        able = ", ".join(each.label for each in FORMATS.values() if each.may_leave_rubric_out)
        raise BadInput(
            _("%(format)s can't leave the rubric out. These can: %(able)s.")
            % {"format": bundle_format.label, "able": able},
            field="prompts_only",
        )
    check_recipient(recipient, reason)
    if not recipient.strip() and release.n_held_out == release.n_items:
        raise NotReady(
            _(
                "All cases of %(release)s are held out. Name a recipient and a reason (--for, --reason) to export them."
            )
            % {"release": release.label}
        )
    return bundle_format


@transaction.atomic
def _record_export(release: Release, manifest: dict[str, Any], by: User, reason: str) -> None:
    record(
        by=by, verb="release:export", what=release, department=release.department, why=reason.strip(),
        release=release.label, format=manifest["format"], recipient=manifest["recipient"],
        canary=manifest["canary"], n_items=manifest["n_items"], prompts_only=manifest["prompts_only"],
    )  # fmt: skip
