"""Database triggers that keep insert-only tables insert-only, on SQLite and PostgreSQL alike.

SQLite drops a table's triggers whenever Django rebuilds the table for a schema change, so they aren't part of a
migration: `install_guards` runs after every migrate, and a system check reports any that is missing.
"""

from collections.abc import Iterable

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import UniqueConstraint

_FUNCTION = "clinwright_refuse_change"


def guarded_tables() -> list[str]:
    """Return the tables that the rooms' AppConfigs name as insert-only."""
    return [
        apps.get_model(config.label, name)._meta.db_table
        for config in apps.get_app_configs()
        for name in getattr(config, "insert_only_models", ())
    ]


def install_guards(connection: BaseDatabaseWrapper) -> list[str]:
    """Create the triggers of every guarded table that exists; return those tables. Idempotent."""
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        tables = [table for table in guarded_tables() if table in existing]
        for statement in _install_statements(connection.vendor, tables):
            cursor.execute(statement)
    return tables


def drop_guards(connection: BaseDatabaseWrapper) -> None:
    """Remove the triggers: for a test's clean-up between databases, never in the product."""
    with connection.cursor() as cursor:
        for table, event in _installed(connection):
            suffix = "" if connection.vendor == "sqlite" else f' ON "{table}"'
            cursor.execute(f'DROP TRIGGER IF EXISTS "{_name(table, event)}"{suffix}')


def missing_guards(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the guarded tables that exist and lack a trigger."""
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
    installed = _installed(connection)
    return [
        table
        for table in guarded_tables()
        if table in existing and any((table, event) not in installed for event in _events(connection.vendor))
    ]


def _events(vendor: str) -> tuple[str, ...]:
    return ("UPDATE", "DELETE", "INSERT") if vendor == "sqlite" else ("UPDATE", "DELETE", "TRUNCATE")


def _name(table: str, event: str) -> str:
    return f"guard_{table}_{event.lower()}"


def _install_statements(vendor: str, tables: Iterable[str]) -> Iterable[str]:
    if vendor == "sqlite":
        for table in tables:
            for event in _events(vendor):
                yield (
                    f'CREATE TRIGGER IF NOT EXISTS "{_name(table, event)}" BEFORE {event} ON "{table}" '
                    f"{_replacing(table) if event == 'INSERT' else ''}"
                    f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
                )
        return
    yield (
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in tables:
        for event in _events(vendor):
            each = "STATEMENT" if event == "TRUNCATE" else "ROW"
            yield (
                f'CREATE OR REPLACE TRIGGER "{_name(table, event)}" BEFORE {event} ON "{table}" '
                f"FOR EACH {each} EXECUTE FUNCTION {_FUNCTION}()"
            )


def _replacing(table: str) -> str:
    """Return the condition under which an insert would replace a row.

    SQLite's INSERT OR REPLACE fires the delete guard on connections with recursive_triggers only, and somebody
    else's connection hasn't that.
    """
    model = next(each for each in apps.get_models() if each._meta.db_table == table)
    columns = {field.name: str(field.column) for field in model._meta.concrete_fields}
    keys: list[tuple[str, ...]] = [
        (columns[field.name],) for field in model._meta.concrete_fields if field.unique
    ]
    keys += [
        tuple(columns[name] for name in constraint.fields)
        for constraint in model._meta.constraints
        if isinstance(constraint, UniqueConstraint) and constraint.fields
    ]
    same = " OR ".join("(" + " AND ".join(f'"{each}" = NEW."{each}"' for each in key) + ")" for key in keys)
    return f'WHEN EXISTS (SELECT 1 FROM "{table}" WHERE {same}) '  # noqa: S608 - names of our own tables


def _installed(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    source = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(source)
        names = {row[0] for row in cursor.fetchall()}
    return {
        (table, event)
        for table in guarded_tables()
        for event in _events(connection.vendor)
        if _name(table, event) in names
    }
