"""Reminds reviewers by mail of reviews that are overdue."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from builder.common.clock import today
from builder.common.commands import ServiceCommand
from builder.services.reminders import Reminder, send_review_reminders


class Command(ServiceCommand):
    """Run once a day; a second run on the same day sends nothing twice."""

    help = "mail every reviewer about the cases that have waited for their review longer than the department's days"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option that only looks."""
        parser.add_argument(
            "--dry-run", action="store_true", help="say who would be reminded, and send nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Send the mails and say to whom; a mail that could not be sent is tried again by the next run."""
        reminders = []
        for reminder in send_review_reminders(on=today(), dry_run=options["dry_run"]):
            reminders.append(reminder)
            self.say(self._line(reminder, dry_run=options["dry_run"]))
        if not reminders:
            self.say("No review is overdue.")
        if failed := [each for each in reminders if each.problem]:
            raise CommandError(
                f"{len(failed)} of {len(reminders)} mails could not be sent. Check EMAIL_URL and run this again.",
                returncode=1,
            )

    @staticmethod
    def _line(reminder: Reminder, *, dry_run: bool) -> str:
        what = "1 overdue case" if reminder.cases == 1 else f"{reminder.cases} overdue cases"
        if reminder.problem:
            return f"Not sent: {reminder.person.email} ({what}): {reminder.problem}"
        if reminder.is_sent:
            return f"Reminded {reminder.person.email} of {what}."
        if dry_run:
            return f"Would remind {reminder.person.email} of {what}."
        return f"{reminder.person.email} was already reminded today ({what})."
