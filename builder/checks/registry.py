"""Every check of a case, run in one call."""

from collections.abc import Iterable

from builder.checks.conversation import CONVERSATION_CHECKS
from builder.checks.findings import Finding, Severity
from builder.checks.rubric import RUBRIC_CHECKS
from builder.content import CaseContent


def check_content(content: CaseContent) -> list[Finding]:
    """Return the findings of every check, errors first."""
    found = [finding for check in (*CONVERSATION_CHECKS, *RUBRIC_CHECKS) for finding in check(content)]
    return sorted(found, key=lambda finding: finding.severity != Severity.ERROR)


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Return the errors alone."""
    return [finding for finding in findings if finding.severity == Severity.ERROR]
