"""`sync_session`: keep a grading session and its department's Label Studio equal."""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotations.access import get_session_to_manage
from annotations.models import GradingSession, SessionState
from annotations.services.label_studio.sync import WHOLE, Step, Synced, default_means, sync_session
from builder import access
from builder.common.commands import ServiceCommand
from builder.jobs import TryLater
from builder.models import User

SHORTEST_WATCH = 10


class Command(ServiceCommand):
    """Send tasks, bring grades home, compare; once, or again and again."""

    help = (
        "Send a session's tasks to its graders' projects in Label Studio and bring their grades home. Run it again "
        "after any interruption. To poll, use --watch, or run it from cron every few minutes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("id", type=int, metavar="ID", help="the session, as open_session printed it")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--push", action="store_true", help="only make projects and send tasks")
        what.add_argument("--pull", action="store_true", help="only bring grades home")
        what.add_argument(
            "--reconcile", action="store_true", help="compare everything there with everything here"
        )
        parser.add_argument(
            "--watch",
            type=int,
            metavar="SECONDS",
            help="again after so many seconds, until the session is closed",
        )
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Synchronise, and say what came of it."""
        by, steps = access.get_person_by_email(options["by"]), _steps(options)
        session = get_session_to_manage(by, options["id"])
        pause = options["watch"]
        if pause is None:
            self._once(session, by, steps)
            return
        if pause < SHORTEST_WATCH:
            raise CommandError(
                f"--watch: at least {SHORTEST_WATCH} seconds, so that Label Studio has time to breathe."
            )
        while session.state in (SessionState.OPEN, SessionState.ADJUDICATING):
            try:
                self._once(session, by, steps)
            except CommandError as error:
                self.stderr.write(f"{error} The next attempt is in {pause} seconds.")
            time.sleep(pause)
            session.refresh_from_db(fields=["state"])
        self.say(f"Session {session.pk} is {session.get_state_display().lower()}: nothing more to do.")

    def _once(self, session: GradingSession, by: User, steps: tuple[Step, ...]) -> None:
        try:
            synced = sync_session(session=session, by=by, steps=steps, means=default_means())
        except TryLater as error:
            raise CommandError(error.message, returncode=1) from error
        self._report(session, synced)

    def _report(self, session: GradingSession, synced: Synced) -> None:
        self.say(
            f"Session {session.pk}: {synced.projects} projects, {synced.sent} tasks sent, grades of {synced.graded} "
            f"answers came, {synced.quarantined} annotations set aside."
        )
        if synced.handed_on:
            self.say(f"Answers that somebody had left, given to other graders there: {synced.handed_on}.")
        if synced.withdrawn or synced.lost or synced.doubles:
            self.say(
                f"Gone from Label Studio: {synced.withdrawn} annotations, {synced.lost} tasks; "
                f"{synced.doubles} doubled tasks were removed."
            )
        for problem in synced.problems:
            self.say(f"Look at this: {problem}")


def _steps(options: dict[str, Any]) -> tuple[Step, ...]:
    if options["push"]:
        return (Step.PUSH,)
    if options["pull"]:
        return (Step.PULL,)
    return (Step.PULL, Step.RECONCILE) if options["reconcile"] else WHOLE
