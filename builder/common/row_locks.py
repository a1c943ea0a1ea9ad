"""Holding rows together with others, and standing in line where there is one writer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, connections
from django.db.models import QuerySet

try:
    import fcntl
except ImportError:  # Windows, where no server with several workers runs
    fcntl = None  # type: ignore[assignment]


def hold_shared(rows: QuerySet[Any]) -> None:
    """Hold rows against change until the transaction ends, without keeping out others who hold them the same way.

    PostgreSQL's FOR SHARE, which Django's query sets don't know; whoever takes the row with `select_for_update` waits.
    SQLite lets one writer in at a time, so that there is nothing to hold. Cost: one query on PostgreSQL.
    """
    connection = connections[rows.db]
    if connection.vendor != "postgresql":
        return
    statement, values = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} FOR SHARE", values)


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait in line before a short transaction that many begin at once; PostgreSQL needs none.

    SQLite has one writer. Who finds it busy sleeps and asks again, longer each time, so that under load some wait for
    seconds while others overtake them. A lock of the system wakes one after the other. Whoever is inside a transaction
    already doesn't wait: somebody in line might wait for them.
    """
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or connection.in_atomic_block or "memory" in name or fcntl is None:
        yield
        return
    with Path(f"{name}-turn").open("ab") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        yield
