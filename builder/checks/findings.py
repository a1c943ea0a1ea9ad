"""What a finding is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from builder.content import CaseContent


class Severity(StrEnum):
    """Errors block submission and import; warnings are told and recorded."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check noticed: where (a field such as `rubrics[2].points`) and one sentence."""

    check_id: str
    severity: Severity
    field: str
    message: str


# A check is one small function from content to findings.
Check = Callable[[CaseContent], Iterable[Finding]]


def error(check_id: str, field: str, message: str) -> Finding:
    """Return a finding that blocks."""
    return Finding(check_id, Severity.ERROR, field, message)


def warning(check_id: str, field: str, message: str) -> Finding:
    """Return a finding that is only told."""
    return Finding(check_id, Severity.WARNING, field, message)
