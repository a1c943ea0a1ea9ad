"""The migrations say what the models say, by names that tell why, and leave the guards in place."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from builder.common.guards import guarded_tables, missing_guards
from tests.product_files import ROOMS


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    """Nobody changed a model and forgot its migration."""
    said = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=said, stderr=said)
    except SystemExit:
        pytest.fail(f"Run `python manage.py makemigrations --name WHY`:\n{said.getvalue()}")


def test_migrations_are_named_by_intent() -> None:
    """`0004_auto_20260101` tells nobody anything."""
    names = [f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations if app in ROOMS]
    assert len(names) >= len(ROOMS)
    assert [
        name for name in names if re.search(r"_auto_|^\w+\.\d+_(?:alter|add|remove)_\w+_and_more", name)
    ] == []


def test_each_room_has_one_last_migration() -> None:
    """Two branches of migrations would make every `migrate` fail."""
    assert MigrationLoader(None).detect_conflicts() == {}


@pytest.mark.django_db
def test_guards_are_there_after_all_migrations() -> None:
    """SQLite drops triggers when a table is rebuilt; `migrate` must end with all of them installed."""
    assert len(guarded_tables()) > 0
    assert missing_guards(connection) == []
