"""`freeze_release`: approved cases become a release."""

from typing import Any

from django.core.management.base import CommandParser

from builder import access
from builder.common.commands import ServiceCommand
from exports.models import FIRST_STAGES
from exports.services.releases import freeze_release


class Command(ServiceCommand):
    """Freeze a department's approved cases into NAME==X.Y.Z."""

    help = "Freeze a department's approved cases into the release NAME==X.Y.Z, which never changes again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("--department", required=True, metavar="CODE")
        parser.add_argument("--name", required=True, help="such as ed-core")
        parser.add_argument("--release-version", required=True, metavar="X.Y.Z")
        parser.add_argument("--stage", choices=[stage.value for stage in FIRST_STAGES], default="candidate")
        parser.add_argument("--tag", nargs="+", action="extend", default=[], metavar="T",
                            help="only cases with one of these tags, such as theme:emergency_referrals")  # fmt: skip
        parser.add_argument("--held-out", type=float, default=0.0, metavar="SHARE",
                            help="share of the cases that leave only for a named recipient, such as 0.2")  # fmt: skip
        parser.add_argument("--seed", type=int, metavar="N", help="repeats the draw of the held-out cases")
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Freeze, and say what was frozen."""
        by = access.get_person_by_email(options["by"])
        release = freeze_release(
            department=access.get_department(by, options["department"]),
            name=options["name"],
            version=options["release_version"],
            stage=options["stage"],
            by=by,
            tags=options["tag"],
            held_out=options["held_out"],
            seed=options["seed"],
        )
        self.say(f"Frozen {release.label} ({options['stage']}): {release.n_items} cases.")
        self.say(f"Held out: {release.n_held_out}.")
        self.say(f"sha256 {release.sha256}")
        for source, count in release.manifest["approved_elsewhere"].items():
            self.say(f'Approved elsewhere ("{source}"): {count} cases.')
        for check_id, finding in release.manifest["findings"].items():
            self.say(f"  recorded, not blocking: {check_id} × {finding['cases']} (first: {finding['first']})")
