"""The rows of room 1: people, departments, cases, reviews, jobs and the audit trail."""

from builder.models.attestations import IdentifierAttestation
from builder.models.audit import AuditEvent
from builder.models.cases import Case, CaseDraft, CaseRevision, CaseState, ExternalApproval, Kind
from builder.models.departments import (
    ConflictRule,
    ContestedRule,
    Department,
    Membership,
    Role,
)
from builder.models.jobs import Job, JobState
from builder.models.library import CaseTemplate, DepartmentTag, LibraryCriterion
from builder.models.reviews import (
    ConflictOfInterest,
    CriterionVote,
    Decision,
    Review,
    ReviewReminder,
    ReviewThread,
    ThreadMessage,
    Vote,
)
from builder.models.search import CaseIndex
from builder.models.sources import SourceQuestion
from builder.models.users import ApiToken, Invitation, User

__all__ = [
    "ApiToken",
    "AuditEvent",
    "Case",
    "CaseDraft",
    "CaseIndex",
    "CaseRevision",
    "CaseState",
    "CaseTemplate",
    "ConflictOfInterest",
    "ConflictRule",
    "ContestedRule",
    "CriterionVote",
    "Decision",
    "Department",
    "DepartmentTag",
    "ExternalApproval",
    "IdentifierAttestation",
    "Invitation",
    "Job",
    "JobState",
    "Kind",
    "LibraryCriterion",
    "Membership",
    "Review",
    "ReviewReminder",
    "ReviewThread",
    "Role",
    "SourceQuestion",
    "ThreadMessage",
    "User",
    "Vote",
]
