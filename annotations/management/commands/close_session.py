"""`close_session`: end a grading session for good."""

from typing import Any

from django.core.management.base import CommandParser

from annotations.access import get_session_to_manage
from annotations.services.sessions import close_session
from builder import access
from builder.common.commands import ServiceCommand


class Command(ServiceCommand):
    """Close a session: its grades are final, and scores can be read."""

    help = "Close a grading session: its grades are final, and scores can be read."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("id", type=int, metavar="ID")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why it is closed (audited)")
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Close it and say what is left undecided."""
        by = access.get_person_by_email(options["by"])
        session = get_session_to_manage(by, options["id"])
        closing = close_session(session=session, reason=options["reason"], by=by)
        self.say(f"Session {session.pk} is closed.")
        if closing.total:
            self.say(
                f"Without a verdict: {closing.total} units ({closing.unresolved} tied, {closing.cannot_judge} nobody "
                f"could judge, {closing.missing} missing). Answers with such a unit are left out of the score, counted "
                "and bounded."
            )
