"""A harness's log as a file, a folder or a zip of a folder: bounded, recognised, hashed. No rows."""

import hashlib
import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from builder.common.errors import BadInput
from builder.common.jsonl import file_sha256
from builder.common.zip_directory import directory_bytes
from exports.formats.base import BundleFormat, Reader
from exports.formats.registry import FORMATS, get_format

GIBIBYTE = 1024**3
# Of a file, of all files of a folder, and of what a zip unpacks to. What is larger belongs into several runs.
MAX_LOG_BYTES = GIBIBYTE
MAX_FILES = 10_000
MAX_DIRECTORY_BYTES = 4 * 1024**2  # of a zip's list of files, before it is read
# No log is as regular as this; a bomb is.
MAX_RATIO, RATIO_COUNTS_FROM = 500, 1024**2
_CHUNK = 1024**2


@contextmanager
def opened_log(path: Path) -> Iterator[Path]:
    """Lend the log's file or folder; a .zip is unpacked into a folder that ends with the block.

    Raises BadInput for what is absent, a pipe, over 1 GiB, a folder with a link, or a zip that is damaged, hostile
    or too large.
    """
    _check_size(path)
    if path.is_dir() or path.suffix.lower() != ".zip":
        yield path
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / (path.stem.lstrip(".") or "log")
        folder.mkdir()
        _unpack(path, folder)
        yield _innermost(folder)


def find_format(path: Path, name: str = "") -> tuple[BundleFormat, Reader]:
    """Return the format the log is in and its reader: the named one, else the only one that recognises it.

    Raises BadInput, in one sentence, where none or several do.
    """
    if name:
        named = get_format(name)
        if named.reader is None:
            raise BadInput(
                _("The format %(format)s brings no results home. Those that do: %(known)s.")
                % {"format": name, "known": ", ".join(reading_formats())},
                field="format",
            )
        return named, named.reader
    found = [(each, each.reader) for each in FORMATS.values() if each.reader and each.reader.recognises(path)]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInput(
            _(
                "%(file)s could be the log of several formats. Name the right one with --format: %(candidates)s."
            )
            % {"file": path.name, "candidates": ", ".join(each.name for each, _reader in found)},
            field="format",
        )
    raise BadInput(
        _(
            "%(file)s is not recognised as a harness’s log. Name its format with --format to see what is wrong with "
            "it: %(known)s."
        )
        % {"file": path.name, "known": ", ".join(reading_formats())},
        field="format",
    )


def reading_formats() -> dict[str, str]:
    """Return the label of every format whose logs come home, by its name."""
    return {name: each.label for name, each in FORMATS.items() if each.reader}


def log_sha256(path: Path) -> str:
    """Return the file's SHA-256; of a folder, that of the lines `sha256sum` prints of its files in order."""
    if not path.is_dir():
        return file_sha256(path)
    digest = hashlib.sha256()
    for name, file in sorted((each.relative_to(path).as_posix(), each) for each in _files_below(path)):
        digest.update(f"{file_sha256(file)}  {name}\n".encode())
    return digest.hexdigest()


def _check_size(path: Path) -> None:
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
        if not is_folder and not is_file:
            problem = _("is a pipe or a device") if path.exists() else _("is not there")
            raise BadInput(_("%(path)s %(problem)s. Check the path.") % {"path": path, "problem": problem})
        files = list(_files_below(path)) if is_folder else [path]
        if len(files) > MAX_FILES:
            raise BadInput(
                _("%(folder)s holds more than %(limit)s files. Give the path of the log itself.")
                % {"folder": path.name, "limit": MAX_FILES}
            )
        size = sum(each.stat().st_size for each in files)
    except OSError as error:
        raise BadInput(
            _("%(path)s can't be read: %(why)s. Check the path.")
            % {"path": path, "why": error.strerror or error}
        ) from error
    if size > MAX_LOG_BYTES:
        raise BadInput(_too_large(path.name))


def _too_large(name: str) -> str:
    return _("%(file)s is larger than %(limit)s GiB. Split the run, and import it in parts.") % {
        "file": name, "limit": MAX_LOG_BYTES // GIBIBYTE,
    }  # fmt: skip


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the regular files, one more than is allowed at most.

    Raises BadInput for a link: readers would follow it, while the hash and the limit of size would not.
    """
    count = 0
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*names, *folders]):
            file = Path(root) / name
            if file.is_symlink():
                raise BadInput(
                    _("%(folder)s holds a link, %(name)s. Give the path of the log itself.")
                    % {"folder": folder.name, "name": file.relative_to(folder).as_posix()}
                )
            if stat.S_ISREG(file.lstat().st_mode):
                yield file
                count += 1
                if count > MAX_FILES:
                    return


def _unpack(path: Path, folder: Path) -> None:
    """Write the zip's files into the folder; what an entry claims of its size isn't believed."""
    try:
        with path.open("rb") as source:
            if directory_bytes(source) > MAX_DIRECTORY_BYTES:
                raise _too_many(path)
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir() and not _is_rubbish(each)]
            _check_members(path, members)
            left = MAX_LOG_BYTES
            for member in members:
                left -= _unpack_member(archive, member, folder, left)
                if left < 0:
                    raise BadInput(_too_large(path.name))
    except BadInput:
        raise
    except Exception as error:  # zlib, lzma and bz2 each have an error class of their own
        # Of an error of the system its words alone: the rest names folders of this machine.
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise BadInput(
            _("%(file)s is not a whole zip file (%(why)s). Pack or copy it again.")
            % {"file": path.name, "why": why}
        ) from error


def _too_many(path: Path) -> BadInput:
    return BadInput(_("%(file)s holds more than %(limit)s files.") % {"file": path.name, "limit": MAX_FILES})


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_FILES:
        raise _too_many(path)
    names = {member.filename for member in members}
    for member in members:
        shown = member.filename if member.filename.isprintable() else ascii(member.filename)
        place = {"file": path.name, "member": shown[:200]}
        parts = PurePosixPath(member.filename).parts
        leads_out = not parts or ".." in parts or parts[0].startswith("/") or "\\" in member.filename
        if leads_out or stat.S_ISLNK(member.external_attr >> 16):
            raise BadInput(_("%(file)s, %(member)s: the entry leads out of the folder.") % place)
        if member.flag_bits & 1:
            raise BadInput(_("%(file)s, %(member)s: the entry is protected by a password.") % place)
        ratio = member.file_size / max(member.compress_size, 1)
        if member.file_size > RATIO_COUNTS_FROM and ratio > MAX_RATIO:
            raise BadInput(_("%(file)s, %(member)s: unpacked, it is unreasonably large.") % place)
    if len(names) < len(members):
        raise BadInput(_("%(file)s holds two entries of one name.") % {"file": path.name})


def _unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, allowed: int) -> int:
    """Write one member, at most one block over what is allowed; return its size."""
    target = folder.joinpath(*PurePosixPath(member.filename).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(member) as source, target.open("xb") as written_to:
        while written <= allowed and (chunk := source.read(_CHUNK)):
            written_to.write(chunk)
            written += len(chunk)
    return written


def _is_rubbish(member: zipfile.ZipInfo) -> bool:
    """Whether an operating system put the entry there for itself."""
    parts = PurePosixPath(member.filename).parts
    return bool(parts) and (parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db"))


def _innermost(folder: Path) -> Path:
    """Return the only file of the folder, or the folder that isn't just a wrapping of another."""
    while True:
        inside = list(folder.iterdir())
        if len(inside) != 1:
            return folder
        if not inside[0].is_dir():
            return inside[0]
        folder = inside[0]
