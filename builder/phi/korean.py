"""The adapter to `ko-pii`, which knows Korea's districts and number formats; nothing else names that package."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Protocol

from builder.phi.spans import Span

_HANGUL = re.compile(r"[가-힣]")
# Its names are left out: it takes "electrocardiogram" for one, they cost the most, and the own rules find more.
_KINDS = {
    "RRN": "resident_number", "FRN": "resident_number", "PHONE": "phone", "ADDRESS": "address",
    "DRIVER_LICENSE": "driving_licence", "PASSPORT": "passport", "MEDICAL_INSURANCE": "insurance_number",
}  # fmt: skip
_LIKELY, _SURE = 0.8, 0.9
_HELPLINE = re.compile(r"1[0-9]{3}-?\d{4}")
# Pieces of a long text, so that the cost stays linear; the overlap is longer than any identifier.
_PIECE, _OVERLAP = 4_000, 200


class Found(Protocol):
    """What one of the package's detectors says."""

    @property
    def label(self) -> str:
        """What it is, such as `ADDRESS`."""
        ...

    @property
    def text(self) -> str:
        """The passage."""
        ...

    @property
    def start(self) -> int:
        """Its first character."""
        ...

    @property
    def end(self) -> int:
        """The one after its last."""
        ...

    @property
    def confidence(self) -> float:
        """From 0 to 1."""
        ...


def find_korean(text: str) -> Iterator[Span]:
    """What `ko-pii` finds in text that holds Hangul. Cost: linear, about 5 ms for 10,000 characters."""
    if not _HANGUL.search(text):
        return
    for begin in range(0, max(len(text) - _OVERLAP, 1), _PIECE - _OVERLAP):
        piece = text[begin : begin + _PIECE]
        for detect in _detectors():
            for found in detect(piece):
                if kind := _kind(found):
                    yield Span(begin + found.start, begin + found.end, kind, found.confidence >= _SURE)


@cache
def _detectors() -> tuple[Callable[[str], Iterable[Found]], ...]:
    # 0.1 s to import: only when there is Korean to read.
    from ko_pii.patterns import address, driver_license, frn, medical_insurance, passport, phone, rrn

    modules = (rrn, frn, phone, address, driver_license, passport, medical_insurance)
    return tuple(module.detect for module in modules)


def _kind(found: Found) -> str:
    if found.confidence < _LIKELY and found.label != "RRN":
        return ""
    if found.label == "PHONE" and _HELPLINE.match(found.text):
        return ""
    return _KINDS.get(found.label, "")
