"""`demo`: load the demonstration."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from annotations.models import GradingSession, SessionKind, SessionState
from annotations.selectors.agreement import report_agreement
from annotations.selectors.scores import compare, report_session
from annotations.services.demonstration import PASSWORD, RELEASE, DemoPeople, load_demonstration
from builder.common.commands import ServiceCommand
from builder.services.audit import newest_event


class Command(ServiceCommand):
    """Load a hospital with sixteen illustrative cases, two systems' answers, three graders and their scores."""

    help = (
        "Load the demonstration: illustrative cases through the whole loop. Running it again changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, and print what came out and how to sign in."""
        if not settings.DEMONSTRATION_ALLOWED:
            raise CommandError(
                "The demonstration makes accounts with a published password, so production settings refuse it."
            )
        before = newest_event()
        people = load_demonstration(self.say)
        if before == newest_event():
            self.say("Nothing changed: the demonstration was already here.")
        self._print_findings()
        self._print_sign_ins(people)

    def _print_findings(self) -> None:
        session = GradingSession.objects.filter(
            release__name=RELEASE[0],
            release__version=RELEASE[1],
            kind=SessionKind.GRADED,
            state=SessionState.CLOSED,
        ).latest("pk")
        reports = report_session(session)
        for report in reports:
            score, red = report.overall, report.red_lines
            self.say(
                f"  {report.run.name:<11} score {score.mean:.2f} ({score.ci_low:.2f} to {score.ci_high:.2f}), "
                f"{score.n} cases; {red.failures} of {red.n} answers crossed a red line "
                f"(true rate up to {red.ci_high:.0%})"
            )
        for row in compare(reports):
            self.say(
                f"  difference  {row['mean_difference']:.2f} ({row['ci_low']:.2f} to {row['ci_high']:.2f}) "
                f"in favour of {row['a'] if row['mean_difference'] > 0 else row['b']}"
            )
        alpha = report_agreement(session).estimate("krippendorff_alpha")
        if alpha and alpha.value is not None and alpha.ci_low is not None and alpha.ci_high is not None:
            self.say(
                f"  agreement   Krippendorff's alpha {alpha.value:.2f} ({alpha.ci_low:.2f} to {alpha.ci_high:.2f})"
            )

    def _print_sign_ins(self, people: DemoPeople) -> None:
        self.say(f"Sign in with any of these, password {PASSWORD}")
        for user in people.everybody:
            self.say(f"  {user.email:<24} {user.name}")
