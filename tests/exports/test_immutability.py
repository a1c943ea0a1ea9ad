"""What is frozen can't be changed: not by the ORM, not by SQL, not by a replacing insert."""

from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, connection, models, transaction

from exports.models import Release, ReleaseItem, ReleaseState
from exports.selectors import check_frozen
from tests.cast import Cast
from tests.exports.builders import make_release

FROZEN: list[type[models.Model]] = [Release, ReleaseItem, ReleaseState]
FIELDS = {Release: "manifest_text", ReleaseItem: "content_text", ReleaseState: "reason"}


def refused(act: Callable[[], object]) -> None:
    """Expect the database to refuse the act, whatever the code above it."""
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        act()


@pytest.mark.parametrize("model", FROZEN)
def test_orm_can_neither_change_nor_delete(cast: Cast, model: type[models.Model]) -> None:
    make_release(cast)
    row = model._default_manager.order_by("pk").first()
    refused(row.save)
    refused(lambda: model._default_manager.filter(pk=row.pk).update(**{FIELDS[model]: "forged"}))
    refused(lambda: model._default_manager.filter(pk=row.pk)._raw_delete("default"))
    refused(lambda: model._default_manager.bulk_update([row], [FIELDS[model]]))


@pytest.mark.parametrize("model", FROZEN)
def test_sql_can_neither_change_nor_delete(cast: Cast, model: type[models.Model]) -> None:
    make_release(cast)
    table, field = model._meta.db_table, FIELDS[model]
    with connection.cursor() as cursor:
        refused(lambda: cursor.execute(f"UPDATE {table} SET {field} = 'forged'"))  # noqa: S608
        refused(lambda: cursor.execute(f"DELETE FROM {table}"))  # noqa: S608
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or pending ones refuse it first
            refused(lambda: cursor.execute(f"TRUNCATE {table} CASCADE"))


@pytest.fixture(params=["our settings", "a stranger's settings"])
def settings_of_connection(request: pytest.FixtureRequest, db: None) -> Iterator[None]:
    """Also a connection without recursive_triggers, as when somebody opens the SQLite file with another tool."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite" and request.param != "our settings":
            cursor.execute("PRAGMA recursive_triggers=OFF")
        yield
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA recursive_triggers=ON")


@pytest.mark.usefixtures("settings_of_connection")
@pytest.mark.parametrize("model", FROZEN)
def test_an_insert_that_replaces_is_refused(cast: Cast, model: type[models.Model]) -> None:
    make_release(cast)
    table, field = model._meta.db_table, FIELDS[model]
    columns = [column.column for column in model._meta.concrete_fields]
    forged = ", ".join("'forged'" if column == field else column for column in columns)
    names = ", ".join(columns)
    if connection.vendor == "sqlite":
        statement = f"INSERT OR REPLACE INTO {table} ({names}) SELECT {forged} FROM {table}"  # noqa: S608
    else:
        statement = (
            f"INSERT INTO {table} ({names}) SELECT {forged} FROM {table} "  # noqa: S608
            f"ON CONFLICT (id) DO UPDATE SET {field} = EXCLUDED.{field}"
        )
    with connection.cursor() as cursor:
        refused(lambda: cursor.execute(statement))
    assert not model._default_manager.filter(**{field: "forged"}).exists()


def test_check_of_the_stored_items(cast: Cast) -> None:
    """A text that was changed behind the guards' back (a restored dump, say) is found by its hash."""
    release = make_release(cast)
    assert check_frozen(release).is_whole
    item = release.items.first()
    with connection.cursor() as cursor:
        name = f"guard_{ReleaseItem._meta.db_table}_update"
        suffix = "" if connection.vendor == "sqlite" else f" ON {ReleaseItem._meta.db_table}"
        cursor.execute(f"DROP TRIGGER {name}{suffix}")
    ReleaseItem.objects.filter(pk=item.pk).update(content_text=item.content_text.replace("ECG", "EEG"))
    assert check_frozen(release).problems == [f"{item.prompt_id}: the stored text is not what was frozen."]
