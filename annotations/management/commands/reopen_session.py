"""`reopen_session`: let people grade again in a session whose grading was ended."""

from typing import Any

from django.core.management.base import CommandParser

from annotations.access import get_session_to_manage
from annotations.services.sessions import reopen_session
from builder import access
from builder.common.commands import ServiceCommand


class Command(ServiceCommand):
    """Let people grade again; what was ruled stays ruled."""

    help = "Let people grade again in a session whose grading was ended; what was ruled stays ruled."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("id", type=int, metavar="ID")
        parser.add_argument(
            "--reason", required=True, metavar="TEXT", help="why grading begins again (audited)"
        )
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Re-open it and say so."""
        by = access.get_person_by_email(options["by"])
        session = get_session_to_manage(by, options["id"])
        reopen_session(session=session, reason=options["reason"], by=by)
        self.say(f"Session {session.pk} is open again.")
