"""`open_session`: let people grade the answers of some runs."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.management.base import CommandParser

from annotations.access import get_session_to_read
from annotations.models import DecisionRule, Desk, SessionState
from annotations.services.sessions import CalibrationPlan, GraderPlan, open_session
from builder import access
from builder.common.commands import ServiceCommand
from builder.common.errors import BadInput
from builder.models import User
from exports.access import get_release_by_label, get_run

MAX_SEED = 10**18 - 1
MAX_NUMBER = 2**15 - 1
NUMBERS = ("overlap", "safety_overlap", "min_shared", "calibration")


class Command(ServiceCommand):
    """Open a grading session and print its ID."""

    help = "Open a grading session over the answers of one or more runs; prints its ID."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("--release", required=True, metavar="NAME==X.Y.Z")
        parser.add_argument("--run", nargs="+", required=True, metavar="RUN", dest="runs")
        parser.add_argument(
            "--samples", nargs="+", type=int, metavar="N", help="which samples (default: all)"
        )
        parser.add_argument("--grader", nargs="+", required=True, metavar="EMAIL", dest="graders")
        parser.add_argument(
            "--quota",
            nargs="+",
            metavar="EMAIL=N",
            default=[],
            help="how many answers somebody gets (default: an equal share)",
        )
        parser.add_argument("--overlap", type=int, help="graders per answer (default: all of them)")
        parser.add_argument(
            "--safety-overlap", type=int, help="graders per answer to a safety case (default: the same)"
        )
        parser.add_argument(
            "--min-shared", type=int, default=0, help="answers every pair of graders shares at least"
        )
        parser.add_argument("--seed", type=int, default=0, help="of the assignment and each grader's order")
        parser.add_argument(
            "--desk",
            choices=[Desk.IN_APP.value, Desk.LABEL_STUDIO.value],
            default=Desk.IN_APP.value,
            help="where people grade",
        )
        parser.add_argument(
            "--calibration", type=int, metavar="N", help="answers everybody grades first, with feedback"
        )
        parser.add_argument(
            "--calibration-from", type=int, metavar="SESSION", help="a closed session that says what is right"
        )
        parser.add_argument(
            "--rule",
            choices=DecisionRule.values,
            default=DecisionRule.MAJORITY.value,
            help="who decides a disagreement",
        )
        parser.add_argument("--deadline", metavar="YYYY-MM-DD", help="shown to graders")
        parser.add_argument(
            "--allow-own-cases", action="store_true", help="let people grade cases they wrote"
        )
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Open it and print the ID alone on stdout, so that a script can read it."""
        by = access.get_person_by_email(options["by"])
        _check_numbers(options)
        session = open_session(
            release=get_release_by_label(by, options["release"]),
            runs=[get_run(by, name) for name in options["runs"]],
            graders=_graders(options["graders"], options.get("quota") or [], options.get("desk") or Desk.IN_APP),
            overlap=options["overlap"], safety_overlap=options.get("safety_overlap"),
            epochs=options.get("samples") or (), min_shared=options.get("min_shared") or 0,
            rule=options.get("rule") or DecisionRule.MAJORITY, seed=options["seed"],
            deadline=_day(options.get("deadline")), allow_own_cases=bool(options.get("allow_own_cases")),
            calibration=_calibration(by, options), by=by,
        )  # fmt: skip
        self.say(session.pk)
        if session.state == SessionState.DRAFT:
            self.stderr.write(
                f"Session {session.pk} is planned. Write what is right about its {options['calibration']} calibration "
                f"answers on /sessions/{session.pk}/calibration/; then open it there."
            )
            return
        self.stderr.write(
            f"Session {session.pk} is open: {session.assignments.count()} answers to grade for "
            f"{len(options['graders'])} graders, {session.overlap} per answer."
        )


def _check_numbers(options: dict[str, Any]) -> None:
    if abs(options["seed"]) > MAX_SEED:
        raise BadInput(f"--seed: a whole number of up to 18 digits was expected, not {options['seed']}.")
    for name in NUMBERS:
        number = options.get(name)
        if number is not None and not 0 <= number <= MAX_NUMBER:
            raise BadInput(
                f"--{name.replace('_', '-')}: a number from 0 to {MAX_NUMBER} was expected, not {number}."
            )
    if any(not 1 <= epoch <= MAX_NUMBER for epoch in options.get("samples") or ()):
        raise BadInput(f"--samples: numbers from 1 to {MAX_NUMBER} were expected.")
    if options.get("calibration_from") is not None and options.get("calibration") is None:
        raise BadInput("--calibration-from: say with --calibration how many answers.")


def _graders(emails: Sequence[str], quotas: Sequence[str], desk: str) -> list[GraderPlan]:
    """Return who grades where and how many; a quota must name one of them."""
    numbers: dict[str, int] = {}
    for text in quotas:
        email, equals, number = text.rpartition("=")
        if (
            not equals
            or not number.isascii()
            or not number.isdigit()
            or not 1 <= int(number[:9]) <= MAX_NUMBER
        ):
            raise BadInput(f"--quota: EMAIL=N with a number from 1 to {MAX_NUMBER} was expected, not {text}.")
        numbers[email.lower()] = int(number)
    strangers = numbers.keys() - {email.lower() for email in emails}
    if strangers:
        raise BadInput(f"--quota: {min(strangers)} is none of the graders.")
    return [
        GraderPlan(access.get_person_by_email(email), desk, numbers.get(email.lower())) for email in emails
    ]


def _calibration(by: User, options: dict[str, Any]) -> CalibrationPlan | None:
    if options.get("calibration") is None:
        return None
    source = options.get("calibration_from")
    return CalibrationPlan(
        options["calibration"], None if source is None else get_session_to_read(by, source)
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput(f"--deadline: a day like 2027-01-31 was expected, not {text}.") from error
