"""`close_session`: end a grading session for good."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotations.access import get_session_to_manage
from annotations.models import GradingSession, SessionState
from annotations.services.label_studio.closing import projects_behind, pull_last
from annotations.services.sessions import close_session, end_grading
from builder import access
from builder.common.commands import ServiceCommand
from builder.jobs import TryLater
from builder.models import User


class Command(ServiceCommand):
    """Close a session: its grades are final, and scores can be read."""

    help = "Close a grading session: its grades are final, and scores can be read."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("id", type=int, metavar="ID", help="the session, as open_session printed it")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why it is closed (audited)")
        parser.add_argument(
            "--without-last-pull", action="store_true", help="leave out what is only in Label Studio"
        )
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Close it and say what is left undecided."""
        by = access.get_person_by_email(options["by"])
        session = get_session_to_manage(by, options["id"])
        if not options["without_last_pull"]:
            self._pull_last(session, by)
        closing = close_session(
            session=session, reason=options["reason"], without_last_pull=options["without_last_pull"], by=by
        )
        self.say(f"Session {session.pk} is closed.")
        if closing.total:
            self.say(
                f"Without a verdict: {closing.total} units ({closing.unresolved} tied, {closing.cannot_judge} nobody "
                f"could judge, {closing.missing} missing, {closing.ruled} ruled undecidable). Answers with such a unit "
                "are left out of the score, counted and bounded."
            )

    def _pull_last(self, session: GradingSession, by: User) -> None:
        """Where people grade in Label Studio: end grading, so that a last pull can be the last one, and pull."""
        if session.state == SessionState.OPEN and projects_behind(session):
            session = end_grading(session=session, by=by)
        try:
            graded = pull_last(session=session, by=by)
        except TryLater as error:
            raise CommandError(
                f"{error.message} --without-last-pull closes without it.", returncode=1
            ) from error
        if graded:
            self.say(f"The grades of {graded} more answers came from Label Studio.")
