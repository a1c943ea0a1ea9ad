"""`verify_audit`: check the hash chain of the audit trail."""

from typing import Any

from django.core.management.base import CommandError

from builder.common.commands import ServiceCommand
from builder.services.audit import newest_event, verify_chain


class Command(ServiceCommand):
    """Check every line of the audit trail against the hash of the line before."""

    help = (
        "Check the hash chain of the audit trail. Keep the printed hash elsewhere: "
        "it shows later whether the newest lines were cut off."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, and print the newest hash."""
        broken = verify_chain()
        if broken is not None:
            raise CommandError(
                f"The audit trail is broken at event {broken}: it was changed after it was written."
            )
        newest = newest_event()
        if newest is None:
            self.say("The audit trail is empty.")
        else:
            self.say(f"OK: {newest.sequence} events, each in its place. Newest hash {newest.hash}")
