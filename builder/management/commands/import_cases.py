"""`import_cases`: bring cases into a department."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from builder import access
from builder.common.commands import ServiceCommand
from builder.common.errors import BadInput
from builder.importers import FORMATS
from builder.services.imports import import_cases


class Command(ServiceCommand):
    """Import cases from a file, all or none; the same file again changes nothing."""

    help = "Import cases from a file, all or none; the same file again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--department", required=True, metavar="CODE")
        parser.add_argument(
            "--format",
            choices=FORMATS,
            default="auto",
            help="what the file is; auto recognises each. Questions of medqa, medmcqa and pubmedqa become drafts",
        )
        parser.add_argument(
            "--approved-elsewhere",
            metavar="SOURCE",
            help="count the cases as approved; you vouch that SOURCE approved them (leads only; audited)",
        )
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what came in."""
        source = options["approved_elsewhere"]
        if source is not None and not source.strip():
            raise BadInput(
                "--approved-elsewhere: name the SOURCE that approved the cases, or leave the option out."
            )
        by = access.get_person_by_email(options["by"])
        department = access.get_department(by, options["department"])
        result = import_cases(
            path=options["file"],
            file_format=options["format"],
            department=department,
            by=by,
            approved_elsewhere=source or "",
            progress=self.with_progress,
        )
        if not result.created:
            self.say(f"Nothing changed: all {result.unchanged} cases are already in {department.code}.")
            return
        self.say(
            f"Imported {result.created} cases into {department.code}; {result.unchanged} were already there."
        )
        if source:
            self.say(f'Approved elsewhere: "{source.strip()}"; {by.email} vouches for it.')
        for check_id, count in sorted(result.findings.items()):
            self.say(f"  recorded, not blocking: {check_id} × {count}")
