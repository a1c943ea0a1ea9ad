"""Room 1: people write and approve cases."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BuilderConfig(AppConfig):
    """The ground floor: users, departments, cases, reviews, audit, page frame."""

    name = "builder"
    verbose_name = _("Cases")
    insert_only_models = (
        "AuditEvent",
        "CaseRevision",
        "ExternalApproval",
        "Review",
        "CriterionVote",
        "IdentifierAttestation",
        "SourceQuestion",
        "ThreadMessage",
    )

    def ready(self) -> None:
        """Register the system checks."""
        from builder.config import checks  # noqa: F401
