"""System checks: misconfiguration is told by `manage.py check`, with an id and how to mend it."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from builder.common.guards import missing_guards
from builder.common.secret_text import SHORTEST_KEY
from builder.jobs.files import files_directory
from builder.phi.presidio import problem_with


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


@register(Tags.files, deploy=True)
def place_for_job_files(**kwargs: Any) -> list[CheckMessage]:
    """Uploaded files wait for their job in a directory that web server and worker share."""
    if files_directory() is None:
        return [
            Warning(
                "There is no directory for the files of jobs, so that nobody can upload one.",
                hint="Set JOB_FILES_DIR to a private directory that web server and worker share.",
                id="builder.W002",
            )
        ]
    return []


@register(Tags.compatibility)
def second_opinion_installed(**kwargs: Any) -> list[CheckMessage]:
    """Presidio, when it is switched on, must be there with its model: nothing is downloaded while a case is read."""
    model = settings.PHI_PRESIDIO_MODEL
    if model and (problem := problem_with(model)):
        return [
            Error(
                f"PHI_PRESIDIO_MODEL is {model}, but Presidio can't run. {problem}",
                hint="Install presidio-analyzer and the spaCy model as packages, or leave PHI_PRESIDIO_MODEL empty.",
                id="builder.E002",
            )
        ]
    return []


@register(Tags.security)
def keys_worth_their_name(**kwargs: Any) -> list[CheckMessage]:
    """Tokens of other systems are encrypted under these: whoever guesses one reads them in a copy of the database."""
    if all(len(key) >= SHORTEST_KEY for key in settings.FIELD_ENCRYPTION_KEYS):
        return []
    return [
        Error(
            f"A key in FIELD_ENCRYPTION_KEYS has fewer than {SHORTEST_KEY} characters.",
            hint="Make one with `python -c 'import secrets; print(secrets.token_urlsafe(48))'`.",
            id="builder.E003",
        )
    ]
