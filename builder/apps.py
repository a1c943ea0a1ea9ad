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
        """Register the system checks and the kinds of job."""
        from django.urls import reverse

        from builder.config import checks  # noqa: F401
        from builder.jobs import register_job
        from builder.services import case_files

        register_job(
            case_files.KIND,
            _("Bringing in cases"),
            case_files.run_import,
            done_url=lambda job: reverse("builder:case-list"),
            done_label=_("See the cases"),
            start_url=lambda job: reverse("builder:case-import"),
            summary=case_files.summary_of,
        )
