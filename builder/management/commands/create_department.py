"""`create_department`: a department and its lead."""

from typing import Any

from django.core.management.base import CommandParser
from django.urls import reverse

from builder.common.commands import ServiceCommand
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
        department, token = create_department(
            code=options["code"], name=options["name"], lead_email=options["lead"], by=None
        )
        self.say(
            f"Department {department.code} ({department.name}) is ready; {options['lead'].lower()} leads it."
        )
        if token:
            path = reverse("builder:invitation-accept", args=[token])
            self.say(f"Invitation for the lead, valid for 14 days: {path} (on your site's address)")
