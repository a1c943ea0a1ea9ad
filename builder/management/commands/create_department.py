"""`create_department`: a department and its lead."""

from typing import Any

from django.core.management.base import CommandParser
from django.urls import reverse

from builder.common.commands import ServiceCommand
from builder.selectors.people import is_led_by
from builder.services.people import create_department


class Command(ServiceCommand):
    """Make a department with its lead; prints an invitation link when the lead has no account yet."""

    help = "Make a department with its lead. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("--code", required=True, help="short code, such as ED")
        parser.add_argument("--name", required=True, help='name people read, such as "Emergency"')
        parser.add_argument(
            "--lead", required=True, metavar="EMAIL", help="who leads it; an account is made if needed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it and say so."""
        was_there = is_led_by(options["code"], options["lead"])
        department, token = create_department(
            code=options["code"], name=options["name"], lead_email=options["lead"], by=None
        )
        what = f"Department {department.code} ({department.name}) is ready; {options['lead'].strip().lower()} leads it."
        self.say(f"Nothing changed. {what}" if was_there else what)
        if token:
            path = reverse("builder:invitation-accept", args=[token])
            self.say(f"Invitation for the lead, valid for 14 days: {path} (on your site's address)")
