"""Insert-only tables: refused by SQL on the database that runs, guarded again by migrate, and checked."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connection, transaction

from builder.common.guards import drop_guards, guarded_tables, install_guards, missing_guards
from builder.config.checks import guards_installed
from builder.models import AuditEvent, CaseRevision, CriterionVote, ExternalApproval, Review
from tests.cast import Cast
from tests.factories import make_approved

GUARDED_HERE = (AuditEvent, CaseRevision, CriterionVote, ExternalApproval, Review)


@pytest.fixture
def rows(cast: Cast) -> None:
    """One row at least in every guarded table of this room: a row trigger stays silent on an empty table."""
    case = make_approved(cast)
    ExternalApproval.objects.create(revision=case.head, source="Elsewhere", vouched_by=cast.lou)
    assert all(model.objects.exists() for model in GUARDED_HERE)


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def drop_one_guard(table: str, event: str) -> None:
    place = f' ON "{table}"' if connection.vendor == "postgresql" else ""
    run(f'DROP TRIGGER "guard_{table}_{event}"{place}')


def test_every_room_names_its_insert_only_tables(db: None) -> None:
    assert {model._meta.db_table for model in GUARDED_HERE} <= set(guarded_tables())
    assert {"exports_release", "exports_releaseitem", "exports_releasestate"} <= set(guarded_tables())
    assert missing_guards(connection) == []


@pytest.mark.parametrize("table", [model._meta.db_table for model in GUARDED_HERE])
def test_rows_can_neither_be_changed_nor_removed(rows: None, table: str) -> None:
    statements = ['UPDATE "{table}" SET id = id', 'DELETE FROM "{table}"']
    if connection.vendor == "sqlite":
        statements += ['INSERT OR REPLACE INTO "{table}" SELECT * FROM "{table}"']
    else:
        # Foreign keys wait for the end of a transaction, and TRUNCATE refuses while they do.
        run("SET CONSTRAINTS ALL IMMEDIATE")
        statements += ['TRUNCATE "{table}" CASCADE']
    for statement in statements:
        with pytest.raises(DatabaseError, match="is insert-only"):
            run(statement.format(table=table))


def test_orm_is_refused_too(rows: None) -> None:
    revision = CaseRevision.objects.get()
    revision.content_text = "{}"
    for act in (revision.save, revision.delete, CaseRevision.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_rows_can_be_added(rows: None) -> None:
    before = Review.objects.count()
    review = Review.objects.first()
    assert review is not None
    Review.objects.create(revision=review.revision, reviewer=review.reviewer, decision="approve")
    assert Review.objects.count() == before + 1


@pytest.mark.parametrize("event", ["update", "delete"])
def test_dropped_guard_is_reported(db: None, event: str) -> None:
    assert guards_installed(databases=["default"]) == []
    drop_one_guard("builder_auditevent", event)
    (found,) = guards_installed(databases=["default"])
    assert found.id == "builder.E001"
    assert "builder_auditevent" in found.msg
    assert "manage.py migrate" in (found.hint or "")
    with pytest.raises(SystemCheckError, match=r"builder\.E001"):
        call_command("check", databases=["default"], stdout=StringIO(), stderr=StringIO())


def test_migrate_installs_dropped_guards_again(db: None) -> None:
    drop_guards(connection)
    assert set(missing_guards(connection)) == set(guarded_tables())
    # The checks that migrate runs first would stop it at the very fault it mends.
    call_command("migrate", verbosity=0)
    assert missing_guards(connection) == []
    assert guards_installed(databases=["default"]) == []


def test_plan_of_a_migration_changes_nothing(db: None) -> None:
    drop_one_guard("builder_auditevent", "update")
    call_command("migrate", plan=True, stdout=StringIO())
    assert missing_guards(connection) == ["builder_auditevent"]


def test_installing_twice_changes_nothing(db: None) -> None:
    assert install_guards(connection) == install_guards(connection) == guarded_tables()
