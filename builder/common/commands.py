"""What every command shares: errors without a traceback, `--by`, and progress on a terminal."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError

from builder.common.errors import DomainError

T = TypeVar("T")


def unusable_database(error: Exception, hint: str = "") -> CommandError:
    """Return the sentence for a database that is not there, locked, or without the tables of this version."""
    why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")
    return CommandError(
        f"The database can't be used: {why}. Check DATABASE_URL. {hint}".strip(), returncode=1
    )


class ServiceCommand(BaseCommand):
    """A thin command over a service: a DomainError becomes one sentence on stderr and exit code 1."""

    requires_migrations_checks = True

    def add_by(self, parser: CommandParser) -> None:
        """Add the option that names whose act this is."""
        parser.add_argument(
            "--by", required=True, metavar="EMAIL", help="the person whose act this is (audited)"
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; every failure a person can mend ends in a sentence."""
        try:
            return super().execute(*args, **options)
        except DomainError as error:
            raise CommandError(error.message, returncode=1) from error
        except (OperationalError, ProgrammingError) as error:
            raise unusable_database(
                error, "A new or older database needs: python manage.py migrate"
            ) from error
        except BrokenPipeError:
            # The reader (`| head`) has gone: no fault of ours, and Python must not complain at its end either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return None

    def say(self, message: object) -> None:
        """Print what was done."""
        self.stdout.write(str(message))

    def with_progress(self, rows: Iterable[T], label: str) -> Iterator[T]:
        """Yield the rows, counting them on stderr when that is a terminal."""
        if not sys.stderr.isatty():
            yield from rows
            return
        count = 0
        for count, row in enumerate(rows, start=1):
            if count % 200 == 0:
                self.stderr.write(f"\r{label}: {count:,}", ending="")
            yield row
        self.stderr.write(f"\r{label}: {count:,}")
