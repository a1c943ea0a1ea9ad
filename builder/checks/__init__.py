"""Findings on a case: errors keep it from being submitted, warnings and advice don't."""

from builder.checks.findings import Check, Context, Finding, Help, Hit, Mend, Severity, Twin, check
from builder.checks.mends import apply_mend, find_mend
from builder.checks.registry import CHECKS, blocking, check_by_id, check_content

__all__ = [
    "CHECKS", "Check", "Context", "Finding", "Help", "Hit", "Mend", "Severity", "Twin", "apply_mend", "blocking",
    "check", "check_by_id", "check_content", "find_mend",
]  # fmt: skip
