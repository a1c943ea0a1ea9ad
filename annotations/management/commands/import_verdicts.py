"""`import_verdicts`: bring in another tool's verdicts on a run."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from annotations.services.verdicts import import_verdicts
from builder import access
from builder.common.commands import ServiceCommand
from exports.access import get_run


class Command(ServiceCommand):
    """Import one rater's verdicts, all or none; the same file again changes nothing."""

    help = "Import one rater's verdicts on a run from JSON Lines, all or none; the same file again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--run", required=True, metavar="RUN")
        parser.add_argument(
            "--rater",
            required=True,
            metavar="RATER",
            help="whose verdicts they are (overrides a row's own rater)",
        )
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what came in."""
        by = access.get_person_by_email(options["by"])
        result = import_verdicts(
            path=options["file"],
            run=get_run(by, options["run"]),
            rater_name=options["rater"],
            by=by,
            progress=self.with_progress,
        )
        if not result.created:
            self.say(
                f"Nothing changed: these {result.verdicts} verdicts are already in session {result.session.pk}."
            )
            return
        self.say(
            f"Imported {result.verdicts} verdicts of {options['rater']} on {result.responses} answers of "
            f"{options['run']}, into session {result.session.pk} (closed)."
        )
