"""Django's migrate, followed by the insert-only guards that schema changes may have dropped."""

from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import OperationalError, connections

from builder.common.commands import unusable_database
from builder.common.guards import install_guards


class Command(migrate.Command):
    """Update the database schema and install the guards of insert-only tables."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; a database that isn't there ends in a sentence."""
        try:
            connections[options["database"]].ensure_connection()
        except OperationalError as error:
            raise unusable_database(error) from error
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then guard."""
        super().handle(*args, **options)
        if options.get("plan") or options.get("check_unapplied"):
            return
        # The cache of sign-in limits is a table too; making it here spares people a command to forget.
        call_command("createcachetable", database=options["database"], verbosity=0)
        tables = install_guards(connections[options["database"]])
        if options["verbosity"] >= 1:
            self.stdout.write(f"  Insert-only tables guarded: {len(tables)}")
