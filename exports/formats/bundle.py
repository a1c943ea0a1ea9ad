"""Bundles: a directory with the data, a manifest, a README and a verifier that needs nothing but Python.

A bundle holds no clock time and no machine's name: the same release in the same state, format and recipient gives
the same bytes.
"""

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from builder.common.errors import BadInput, Conflict
from exports.formats import grader, verify
from exports.formats.base import BundleContext, BundleFormat
from exports.formats.formulas import HEALTHBENCH_SENTENCE
from exports.formats.readme import readme_text
from exports.records import CaseRecord, ReleaseRecord

EXPORTER_VERSION = "2.0"
SCHEMA = "clinwright-bundle/2"
SCORE_FORMULA = f"healthbench: {HEALTHBENCH_SENTENCE}"
PUBLIC, HELD_OUT = "public", "held-out"
README = "README.md"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold: a bundle has no time of its own


@dataclass(slots=True)
class _Tally:
    """What went through on the way to the writer."""

    n_items: int = 0
    licences: set[str] = field(default_factory=set)

    def count(self, records: Iterable[CaseRecord]) -> Iterator[CaseRecord]:
        for record in records:
            self.n_items += 1
            for key in ("license", "licence"):
                if isinstance(name := record.content.metadata.get(key), str):
                    self.licences.add(name)
            yield record


def split_counts(release: ReleaseRecord) -> dict[str, int]:
    """Return how many items of the release are public and how many held out."""
    splits = [item["split"] for item in release.manifest["items"]]
    return {split: splits.count(split) for split in (PUBLIC, HELD_OUT)}


def refuse_target(directory: Path) -> None:
    """Raise Conflict when something already stands where the bundle is to go; an empty directory may."""
    try:
        if directory.is_dir() and not any(directory.iterdir()):
            return
        taken = directory.exists() or directory.is_symlink()
    except OSError as error:
        raise _unwritable(directory, error) from error
    if taken:
        raise Conflict(f"{directory} is not an empty folder. Choose another --out, or empty it first.")


@dataclass(frozen=True, slots=True)
class StagedBundle:
    """A bundle that is whole on disk and not yet visible under its name."""

    manifest: dict[str, Any]
    partial: Path
    directory: Path

    def publish(self) -> None:
        """Give it its name, all files at once."""
        try:
            if self.directory.is_dir():
                self.directory.rmdir()
            self.partial.rename(self.directory)
            _sync_directory(self.directory.parent)
        except OSError as error:
            raise _unwritable(self.directory, error) from error


@contextmanager
def stage_bundle(
    records: Iterable[CaseRecord], directory: Path, *, release: ReleaseRecord, bundle_format: BundleFormat,
    recipient: str = "", prompts_only: bool = False,
) -> Iterator[StagedBundle]:  # fmt: skip
    """Write the bundle of these records beside its directory; what isn't published when the block ends is removed.

    Makes the directory's parents. Raises Conflict for a directory that isn't empty, BadInput when the disk refuses,
    when the format can't leave the rubric out, or when it can't say a case without loss.
    """
    if prompts_only and not bundle_format.may_leave_rubric_out:
        raise BadInput(
            f"{bundle_format.label} can't leave the rubric out. Choose another format.", field="format"
        )
    refuse_target(directory)
    directory = directory.resolve()
    partial = directory.with_name(f".{directory.name}.{secrets.token_hex(4)}.partial")
    try:
        try:
            directory.parent.mkdir(parents=True, exist_ok=True)
            partial.mkdir()
            manifest = _fill(partial, records, release, bundle_format, recipient, prompts_only)
            _sync(partial)
        except OSError as error:
            raise _unwritable(directory, error) from error
        yield StagedBundle(manifest, partial, directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def zip_bundle(directory: Path, target: IO[bytes], folder: str) -> None:
    """Write the bundle as a zip with one folder inside; the same bundle gives the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(f"{folder}/{path.relative_to(directory).as_posix()}", _ZIP_TIME)
                info.external_attr = 0o644 << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                with path.open("rb") as source, archive.open(info, "w") as member:
                    shutil.copyfileobj(source, member)


def _fill(
    directory: Path,
    records: Iterable[CaseRecord],
    release: ReleaseRecord,
    bundle_format: BundleFormat,
    recipient: str,
    prompts_only: bool,
) -> dict[str, Any]:
    tally = _Tally()
    canary = verify.canary_of(release.sha256, bundle_format.name, recipient, prompts_only)
    context = BundleContext(release, canary, prompts_only)
    bundle_format.write(tally.count(records), directory, context)
    shutil.copyfile(verify.__file__, directory / verify.SCRIPT)
    if not prompts_only:
        _write(directory / grader.FILE_NAME, grader.TEMPLATE)
    manifest = _manifest(context, bundle_format, recipient, tally)
    listed = sorted([*_file_names(directory), README, verify.MANIFEST])
    _write(directory / README, readme_text(manifest, bundle_format, context, listed))
    manifest["files"] = [
        {"path": name, **verify.describe_file(directory / name)} for name in _file_names(directory)
    ]
    _write(directory / verify.MANIFEST, verify.manifest_text(manifest))
    return manifest


def _manifest(
    context: BundleContext, bundle_format: BundleFormat, recipient: str, tally: _Tally
) -> dict[str, Any]:
    release, splits = context.release, split_counts(context.release)
    return {
        "schema": SCHEMA,
        "name": release.name,
        "version": release.version,
        "stage": release.stage,
        "format": bundle_format.name,
        "data_file": bundle_format.file_name,
        "id_path": list(bundle_format.id_path),
        "prompts_only": context.prompts_only,
        "exporter_version": EXPORTER_VERSION,
        "licence": "; ".join(sorted(tally.licences)) or "see metadata",
        "score_formula": SCORE_FORMULA,
        "harness_formula": bundle_format.formula.sentence if bundle_format.formula else None,
        "n_items": tally.n_items,
        "n_withheld": 0 if recipient else splits[HELD_OUT],
        "splits": splits,
        "canary": context.canary,
        "recipient": recipient,
        "release": release.manifest,
        "release_sha256": release.sha256,
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _file_names(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def _sync(directory: Path) -> None:
    for path in directory.rglob("*"):
        if path.is_file():
            with path.open("rb") as written:
                os.fsync(written.fileno())
    _sync_directory(directory)


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":  # Windows can't open a directory
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(directory: Path, error: OSError) -> BadInput:
    return BadInput(f"{directory} can't be written: {error.strerror or error}. Choose another --out.")
