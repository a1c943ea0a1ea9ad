"""`sync_reviews`: have a department's rubrics reviewed in Label Studio."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotations.services.label_studio.reviews import sync_reviews
from builder import access
from builder.access import Act
from builder.common.commands import ServiceCommand
from builder.jobs import TryLater


class Command(ServiceCommand):
    """Send rubrics under review to the reviewers' projects, and bring their votes home."""

    help = (
        "Send the rubrics under review to the reviewers who work in Label Studio and bring their votes home. Who they "
        "are is chosen on the department's page. Run it from cron every few minutes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("--department", required=True, metavar="CODE", help="whose rubrics, such as ED")
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Synchronise, and say what came of it."""
        by = access.get_person_by_email(options["by"])
        department = access.get_department_for(by, Act.MANAGE_SESSIONS, options["department"])
        try:
            synced = sync_reviews(department=department, by=by)
        except TryLater as error:
            raise CommandError(error.message, returncode=1) from error
        self.say(
            f"{department.code}: {synced.projects} projects, {synced.sent} rubrics sent, {synced.graded} reviews came, "
            f"{synced.quarantined} annotations set aside."
        )
        for problem in synced.problems:
            self.say(f"Look at this: {problem}")
