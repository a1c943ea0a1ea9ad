"""`verify_release`: is a bundle what was exported?"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from builder.common.commands import ServiceCommand
from exports.services.bundles import verify_release


class Command(ServiceCommand):
    """Check every byte of a bundle; needs no database."""

    help = "Check every byte of a bundle, as its own verify.py does. Needs no database."
    requires_migrations_checks = False
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("directory", type=Path, metavar="DIR")
        parser.add_argument(
            "--expect", default="", metavar="RELEASE_SHA256", help="the hash on the release's page"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, and say the result."""
        self.say(verify_release(directory=options["directory"], expect=options["expect"]))
