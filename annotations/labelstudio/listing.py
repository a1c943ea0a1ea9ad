"""Listing the tasks of a project so that none is passed over while others change.

Numbered pages would skip a task whenever an earlier one moves. So every page is the first one behind the last task that
was seen: by number, or by time of change.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from annotations.labelstudio.answers import a_list, an_object, moment, need
from annotations.labelstudio.errors import AnswerTooLarge, BadAnswer

Query = dict[str, Any]
# Gets a query, a page's number and its size.
Ask = Callable[[Query, int, int], Any]
Page = list[dict[str, Any]]

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def by_number(ask: Ask, after_id: int, page_size: int) -> Iterator[Page]:
    """Yield the tasks with an id above `after_id`, by id."""
    while True:
        query = {"filters": _all_of(_filter("id", "greater", "Number", after_id)), "ordering": ["tasks:id"]}
        try:
            page, total = _page(ask(query, 1, page_size))
        except AnswerTooLarge:
            if page_size == 1:
                raise
            page_size //= 2
            continue
        if not page:
            return
        yield page
        after_id = max(need(task, "id", int) for task in page)
        if len(page) >= total:
            return


def by_change(ask: Ask, since: datetime | None, annotated_only: bool, page_size: int) -> Iterator[Page]:
    """Yield the tasks changed at or after `since`, in the order of their changes, none twice in the same version."""
    seen: set[tuple[int, str]] = set()
    number, listed = 1, 0
    while True:
        try:
            page, total = _page(ask(change_query(since, annotated_only), number, page_size))
        except AnswerTooLarge:
            if page_size == 1:
                raise
            page_size, number, listed = page_size // 2, 1, 0
            continue
        fresh = [task for task in page if (need(task, "id", int), need(task, "updated_at", str)) not in seen]
        if fresh:
            yield fresh
        listed += len(page)
        if not page or listed >= total:
            return
        newest = max(moment(task["updated_at"]) for task in page)
        if since is None or newest > since:
            since, number, listed = newest, 1, 0
            # Only what has the newest time can come again.
            seen = {(task["id"], task["updated_at"]) for task in page if moment(task["updated_at"]) == newest}
        else:
            # A whole page of one and the same moment, as a bulk change leaves it.
            number += 1
            seen |= {(task["id"], task["updated_at"]) for task in page}


def change_query(since: datetime | None, annotated_only: bool) -> Query:
    """Return the query for tasks changed since, optionally only those with an annotation or a skip."""
    time = None if since is None else _filter("updated_at", "greater_or_equal", "Datetime", _written(since))
    query: Query = {"ordering": ["tasks:updated_at"]}
    if annotated_only:
        lines = [
            _filter(each, "greater", "Number", 0) for each in ("total_annotations", "cancelled_annotations")
        ]
        # One level of and/or is all there is, but a line may have a child, which is joined by “and”.
        items = [line | ({"child_filter": time} if time else {}) for line in lines]
        query["filters"] = {"conjunction": "or", "items": items}
    elif time:
        query["filters"] = _all_of(time)
    return query


def _filter(column: str, operator: str, kind: str, value: Any) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _all_of(*items: dict[str, Any]) -> dict[str, Any]:
    return {"conjunction": "and", "items": list(items)}


def _written(time: datetime) -> str:
    return time.astimezone(UTC).strftime(TIME_FORMAT)


def _page(answer: Any) -> tuple[Page, int]:
    """Return the tasks of an answer and how many the query has in all.

    Raises BadAnswer for a page that is empty although there are some: the listing would end early.
    """
    found = an_object(answer)
    tasks = [an_object(task) for task in a_list(found.get("tasks"))]
    total = need(found, "total", int)
    if not tasks and total:
        raise BadAnswer()
    return tasks, total
