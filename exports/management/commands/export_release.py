"""`export_release`: a release leaves as a bundle."""

import shlex
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from builder import access
from builder.common.commands import ServiceCommand
from exports.access import get_release_by_label
from exports.formats.bundle import README
from exports.formats.registry import FORMATS
from exports.services.bundles import BundleResult, export_release


class Command(ServiceCommand):
    """Write a release's bundle into a new or empty directory."""

    help = "Write a release's bundle into DIR, which is made with its parents and must be empty."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("release", metavar="NAME==X.Y.Z")
        names = "; ".join(f"{name}: {each.label}" for name, each in FORMATS.items())
        parser.add_argument("--format", required=True, choices=tuple(FORMATS), help=names)
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")
        parser.add_argument("--for", dest="recipient", default="", metavar="RECIPIENT",
                            help="include the held-out cases, for this recipient (audited)")  # fmt: skip
        parser.add_argument(
            "--reason", default="", metavar="TEXT", help="why the recipient gets the held-out cases"
        )
        able = ", ".join(name for name, each in FORMATS.items() if each.may_leave_rubric_out)
        parser.add_argument("--prompts-only", action="store_true", help=f"leave the rubric out ({able})")
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, and say what left and what comes next."""
        by = access.get_person_by_email(options["by"])
        result = export_release(
            release=get_release_by_label(by, options["release"]),
            file_format=options["format"],
            directory=options["out"],
            by=by,
            recipient=options["recipient"],
            reason=options["reason"],
            prompts_only=options["prompts_only"],
        )
        self._report(result, options["recipient"].strip(), by.email)

    def _report(self, result: BundleResult, recipient: str, email: str) -> None:
        path = result.directory / result.data_file
        self.say(f"Wrote {result.n_items} cases of {result.label} ({result.stage}) to {path}.")
        if result.stage == "withdrawn":
            self.say("This release is WITHDRAWN, and the bundle says so.")
        if recipient:
            self.say(f"For {recipient}, held-out cases included; canary {result.canary}.")
        else:
            self.say(f"Withheld: {result.n_withheld} held-out cases; canary {result.canary}.")
        if result.prompts_only:
            self.say("The rubric, reference answers, evidence, tags and titles are left out.")
        self.say(f"Next ({result.directory / 'README.md'} has the commands that run it):")
        self.say(f"  python3 -I {shlex.quote(str(result.directory / 'verify.py'))}")
        # The README says which of the two takes what the bundle's commands write.
        readme = (result.directory / README).read_text(encoding="utf-8")
        verb = "import_results" if "import_results" in readme else "import_responses"
        self.say(f"  python manage.py {verb} FILE --release {result.label} --run RUN --by {email}")
