"""Canonical JSON: one text for one value, so that a hash means the content and nothing else."""

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Return `value` as JSON with sorted keys, no spaces and raw Unicode.

    Raises ValueError for NaN and infinities. The standard library alone reproduces it
    (`json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))`), which is what lets a
    bundle's verify.py run anywhere.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def sha256_text(text: str) -> str:
    """Return the SHA-256 of `text` in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
