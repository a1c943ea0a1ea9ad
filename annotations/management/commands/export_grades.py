"""`export_grades`: a closed session's verdicts as a file for others."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from annotations.access import get_session_to_export
from annotations.graded_dataset.formats import FORMATS
from annotations.services.graded_dataset import DatasetResult, export_grades
from builder import access
from builder.common.commands import ServiceCommand


class Command(ServiceCommand):
    """Write the verdicts of a closed session to a new file."""

    help = (
        "Write a closed session's verdicts to FILE, which must be new; its manifest and README go beside it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("id", type=int, metavar="ID")
        names = "; ".join(f"{name}: {each.description}" for name, each in FORMATS.items())
        parser.add_argument("--format", required=True, choices=tuple(FORMATS), help=names)
        parser.add_argument("--out", required=True, type=Path, metavar="FILE")
        parser.add_argument("--for", dest="recipient", default="", metavar="RECIPIENT",
                            help="include the verdicts on held-out cases, for this recipient (audited)")  # fmt: skip
        parser.add_argument(
            "--reason", default="", metavar="TEXT", help="why the recipient gets the held-out cases"
        )
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, and say what left and what stayed."""
        by = access.get_person_by_email(options["by"])
        result = export_grades(
            session=get_session_to_export(by, options["id"]),
            file_format=options["format"],
            path=options["out"],
            by=by,
            recipient=options["recipient"],
            reason=options["reason"],
        )
        self._report(result)

    def _report(self, result: DatasetResult) -> None:
        manifest, data = result.manifest, result.paths[0]
        counts, withheld = manifest["counts"], manifest["withheld"]
        self.say(
            f"Wrote {counts['rows']} rows of {counts['verdicts']} verdicts of session {manifest['session']} to {data}."
        )
        if manifest["recipient"]:
            self.say(f"For {manifest['recipient']}, held-out cases included; canary {manifest['canary']}.")
        else:
            self.say(
                f"Withheld: {withheld['verdicts']} verdicts on {withheld['cases']} held-out cases; canary "
                f"{manifest['canary']}."
            )
        if counts.get("labels_left_out"):
            self.say(f"Left out, being neither met nor not met: {counts['labels_left_out']} verdicts.")
        if manifest["independence_note"]:
            self.say(manifest["independence_note"])
        self.say(f"Beside it: {', '.join(str(path) for path in result.paths[1:])}.")
