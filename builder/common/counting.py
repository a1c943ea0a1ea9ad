"""Counting the rows that belong to each row of a list."""

from typing import Any

from django.db.models import Func, IntegerField, QuerySet, Subquery


def count_of(rows: "QuerySet[Any, Any]", different: str = "") -> Subquery:
    """Return how many rows a subquery finds, or how many `different` values of a field they hold.

    Counting over several joins at once would multiply the rows.
    """
    counted = (
        Func(different, function="COUNT", template="%(function)s(DISTINCT %(expressions)s)")
        if different
        else Func("pk", function="COUNT")
    )
    return Subquery(rows.order_by().annotate(_n=counted).values("_n"), output_field=IntegerField())
