"""The rows of room 1: people, departments, cases, reviews and the audit trail."""

from builder.models.audit import AuditEvent
from builder.models.cases import Case, CaseDraft, CaseRevision, CaseState, ExternalApproval, Kind
from builder.models.departments import ContestedRule, Department, Membership, Role
from builder.models.reviews import CriterionVote, Decision, Review, Vote
from builder.models.users import ApiToken, Invitation, User

__all__ = [
    "ApiToken",
    "AuditEvent",
    "Case",
    "CaseDraft",
    "CaseRevision",
    "CaseState",
    "ContestedRule",
    "CriterionVote",
    "Decision",
    "Department",
    "ExternalApproval",
    "Invitation",
    "Kind",
    "Membership",
    "Review",
    "Role",
    "User",
    "Vote",
]
