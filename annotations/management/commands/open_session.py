"""`open_session`: let people grade the answers of some runs."""

from typing import Any

from django.core.management.base import CommandParser

from annotations.services.sessions import open_session
from builder import access
from builder.common.commands import ServiceCommand
from builder.common.errors import BadInput
from exports.access import get_release_by_label, get_run

MAX_SEED = 10**18 - 1


class Command(ServiceCommand):
    """Open a grading session and print its ID."""

    help = "Open a grading session over the answers of one or more runs; prints its ID."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("--release", required=True, metavar="NAME==X.Y.Z")
        parser.add_argument("--run", nargs="+", required=True, metavar="RUN", dest="runs")
        parser.add_argument("--grader", nargs="+", required=True, metavar="EMAIL", dest="graders")
        parser.add_argument("--overlap", type=int, help="graders per answer (default: all of them)")
        parser.add_argument("--seed", type=int, default=0, help="of the assignment and each grader's order")
        parser.add_argument("--desk", choices=["in-app"], default="in-app", help="where people grade")
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Open it and print the ID alone on stdout, so that a script can read it."""
        by = access.get_person_by_email(options["by"])
        if abs(options["seed"]) > MAX_SEED:
            raise BadInput(f"--seed: a whole number of up to 18 digits was expected, not {options['seed']}.")
        session = open_session(
            release=get_release_by_label(by, options["release"]),
            runs=[get_run(by, name) for name in options["runs"]],
            graders=[access.get_person_by_email(email) for email in options["graders"]],
            overlap=options["overlap"],
            seed=options["seed"],
            by=by,
        )
        self.say(session.pk)
        self.stderr.write(
            f"Session {session.pk} is open: {session.assignments.count()} answers to grade for "
            f"{len(options['graders'])} graders, {session.overlap} per answer."
        )
