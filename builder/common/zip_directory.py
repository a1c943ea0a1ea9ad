"""How long a zip's directory is, found out before `zipfile` makes an object of each of its entries. Pure."""

import struct
from typing import IO

# The record that ends a zip, the locator of its large form, and that form; a comment may follow the first.
_END, _END_BYTES = b"PK\x05\x06", 22
_LOCATOR, _LOCATOR_BYTES = b"PK\x06\x07", 20
_END64, _END64_BYTES = b"PK\x06\x06", 56
_LONGEST_COMMENT = 2**16 - 1


def directory_bytes(source: IO[bytes]) -> int:
    """Return the bytes of the directory as `zipfile` would read it; 0 where the file doesn't end like a zip.

    An entry takes 46 bytes and its name in the file, but some 500 in memory: a file of 47 MB makes 570 MB.
    """
    size = source.seek(0, 2)
    source.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT - _LOCATOR_BYTES - _END64_BYTES))
    tail = source.read()
    source.seek(0)
    end = len(tail) - _END_BYTES
    # Like zipfile: the very last record without a comment goes before any other place that looks like one.
    if end < 0 or tail[end : end + 4] != _END or tail[-2:] != b"\0\0":
        end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_BYTES:
        return 0
    (found,) = struct.unpack_from("<L", tail, end + 12)
    large = end - _LOCATOR_BYTES - _END64_BYTES
    if large >= 0 and tail[end - _LOCATOR_BYTES :].startswith(_LOCATOR) and tail[large:].startswith(_END64):
        found = max(found if found < 2**32 - 1 else 0, struct.unpack_from("<Q", tail, large + 40)[0])
    return int(found)
