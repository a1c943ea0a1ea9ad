"""`rebuild_case_index`: prepare the cases of an older database for search and for finding near-duplicates."""

from typing import Any

from builder.common.commands import ServiceCommand
from builder.services.case_index import rebuild_index


class Command(ServiceCommand):
    """Build the index of every case anew from its newest revision."""

    help = (
        "Build the index that searching and comparing use anew, from the newest revision of every case. Needed once "
        "after an update from a version without it; saving and importing keep it up to date."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild, and print how many."""
        self.say(f"Indexed {rebuild_index():,} cases.")
