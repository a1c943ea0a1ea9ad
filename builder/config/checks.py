"""System checks: misconfiguration is told by `manage.py check`, with an id and how to mend it."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from builder.common.guards import missing_guards


@register(Tags.database)
def guards_installed(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Every insert-only table must have its triggers."""
    return [
        Error(
            f"The insert-only guard of table {table} is missing.",
            hint="Run `python manage.py migrate`; it installs the guards again.",
            id="builder.E001",
        )
        for alias in databases or ()
        for table in missing_guards(connections[alias])
    ]


@register(Tags.security, deploy=True)
def database_for_production(**kwargs: Any) -> list[CheckMessage]:
    """SQLite serves one machine; a hospital's installation wants PostgreSQL."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return [
            Warning(
                "The database is SQLite.",
                hint="Set DATABASE_URL to a PostgreSQL database when more than one machine serves the pages.",
                id="builder.W001",
            )
        ]
    return []
