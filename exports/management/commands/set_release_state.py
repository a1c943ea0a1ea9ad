"""`set_release_state`: promote or withdraw a release."""

from typing import Any

from django.core.management.base import CommandParser

from builder import access
from builder.common.commands import ServiceCommand
from exports.access import get_release_by_label
from exports.models import NEXT_STAGES
from exports.services.releases import set_release_state


class Command(ServiceCommand):
    """Make a candidate final, or withdraw a release."""

    help = "Make a candidate release final, or withdraw a release. Neither can be undone."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("release", metavar="NAME==X.Y.Z")
        parser.add_argument("stage", choices=[stage.value for stage in NEXT_STAGES])
        parser.add_argument("--reason", required=True, metavar="TEXT", help="kept in the audit trail")
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Change the stage and say so."""
        by = access.get_person_by_email(options["by"])
        release = get_release_by_label(by, options["release"])
        state = set_release_state(release=release, stage=options["stage"], reason=options["reason"], by=by)
        self.say(f"{release.label} is now {state.stage}.")
