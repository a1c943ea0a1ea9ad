"""Findings on a case: errors keep it from being submitted, warnings don't."""

from builder.checks.findings import Finding, Severity
from builder.checks.registry import blocking, check_content

__all__ = ["Finding", "Severity", "blocking", "check_content"]
