"""Uploaded files, as services read them: by path."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile


@contextmanager
def stored(upload: "UploadedFile[bytes]") -> Iterator[Path]:
    """Lend the upload as a file that ends with the block; it keeps its name, since complaints mention it."""
    name = re.sub(r"[^\w.-]+", "_", upload.name or "").lstrip(".")[-100:] or "upload"
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        with path.open("wb") as target:
            for chunk in upload.chunks():
                target.write(chunk)
        yield path
