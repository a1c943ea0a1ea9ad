"""`import_responses`: a run's answers come back."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from builder import access
from builder.common.commands import ServiceCommand
from exports.access import get_release_by_label
from exports.management.run_options import add_run_options, run_options
from exports.services.runs import RunImport, import_responses


class Command(ServiceCommand):
    """Import one run's answers to a release, all or none; the same file again changes nothing."""

    help = (
        "Import one run's answers to a release from JSON Lines (prompt_id, epoch, completion), all or none; the same "
        "file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("file", type=Path, metavar="FILE")
        add_run_options(parser)
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what came in."""
        by = access.get_person_by_email(options["by"])
        result = import_responses(
            path=options["file"],
            release=get_release_by_label(by, options["release"]),
            by=by,
            progress=self.with_progress,
            **run_options(options),
        )
        self._report(result, options["release"])

    def _report(self, result: RunImport, label: str) -> None:
        name = result.run.name
        if not result.created:
            self.say(
                f"Nothing changed: run {name} already holds the {result.responses} answers of this file."
            )
            return
        resumed = f" ({result.resumed} were there from an interrupted import)" if result.resumed else ""
        self.say(f"Imported {result.responses} answers to {label} as run {name}{resumed}.")
        if result.unanswered:
            self.say(
                f"{result.unanswered} of {result.n_items} cases have no answer; scores count them as no response."
            )
