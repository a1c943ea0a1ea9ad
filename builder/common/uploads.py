"""Uploaded files, as services read them: by path."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile


def safe_name(name: str | None) -> str:
    """Return the name a file may have on our disk: what a person called it, without what could lead elsewhere."""
    cleaned = re.sub(r"[^\w.-]+", "_", name or "")[-100:]
    # A file system counts bytes, of which a Korean letter has three; its end tells the format.
    return cleaned.encode()[-240:].decode(errors="ignore").lstrip(".") or "upload"


@contextmanager
def stored(upload: "UploadedFile[bytes]") -> Iterator[Path]:
    """Lend the upload as a file that ends with the block; it keeps its name, since complaints mention it."""
    name = safe_name(upload.name)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        with path.open("wb") as target:
            for chunk in upload.chunks():
                target.write(chunk)
        yield path
