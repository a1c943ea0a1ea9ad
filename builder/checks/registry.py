"""Every check of a case, run in one call."""

from collections.abc import Iterable

from builder.checks.characters import CHARACTER_CHECKS
from builder.checks.conversation import CONVERSATION_CHECKS
from builder.checks.duplicates import DUPLICATE_CHECKS
from builder.checks.findings import NOTHING_KNOWN, Check, Context, Finding, Severity
from builder.checks.identifiers import IDENTIFIER_CHECKS
from builder.checks.points import POINTS_CHECKS
from builder.checks.rubric import RUBRIC_CHECKS
from builder.checks.sources import SOURCE_CHECKS
from builder.checks.suggested import SUGGESTED_CHECKS
from builder.checks.wording import WORDING_CHECKS
from builder.content import CaseContent

CHECKS: tuple[Check, ...] = (
    *CONVERSATION_CHECKS, *RUBRIC_CHECKS, *SUGGESTED_CHECKS, *POINTS_CHECKS, *WORDING_CHECKS, *SOURCE_CHECKS,
    *DUPLICATE_CHECKS, *CHARACTER_CHECKS, *IDENTIFIER_CHECKS,
)  # fmt: skip

_BY_ID = {check.check_id: check for check in CHECKS}
_ORDER = {severity: place for place, severity in enumerate(Severity)}


def check_content(content: CaseContent, context: Context | None = None) -> list[Finding]:
    """Return the findings of every check: errors first, then warnings, then advice."""
    known = context or NOTHING_KNOWN
    found = [finding for check in CHECKS for finding in check.findings(content, known)]
    return sorted(found, key=lambda finding: _ORDER[finding.severity])


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Return the errors alone."""
    return [finding for finding in findings if finding.severity == Severity.ERROR]


def check_by_id(check_id: str) -> Check | None:
    """Return the check with this id, or None."""
    return _BY_ID.get(check_id)
