"""How long a zip's directory is: as zipfile reads it, with a comment, with many entries, and without a zip."""

import io
import zipfile

import pytest

from builder.common.zip_directory import directory_bytes


def packed(entries: int, comment: bytes = b"") -> io.BytesIO:
    """Return a zip of empty entries with names of five characters."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(entries):
            archive.writestr(zipfile.ZipInfo(f"{number:05}"), b"")
        archive.comment = comment
    return target


@pytest.mark.parametrize("comment", [b"", b"x" * 65_535, b"a note"])
def test_an_entry_takes_46_bytes_and_its_name(comment: bytes) -> None:
    assert directory_bytes(packed(3, comment)) == 3 * (46 + 5)


def test_the_large_form_of_the_directory() -> None:
    entries = 2**16  # one more than the short form counts
    assert directory_bytes(packed(entries)) == entries * (46 + 5)


@pytest.mark.parametrize("raw", [b"", b"PK\x05\x06", b"no zip at all, but long enough for one"])
def test_what_does_not_end_like_a_zip_has_none(raw: bytes) -> None:
    assert directory_bytes(io.BytesIO(raw)) == 0
