"""Listings pass over no task while others change, appear or vanish: a model of the server moves between every page."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from annotations.labelstudio import listing
from annotations.labelstudio.errors import AnswerTooLarge, BadAnswer
from annotations.labelstudio.listing import TIME_FORMAT, Query, by_change, by_number

START = datetime(2026, 1, 1, tzinfo=UTC)


class Tasks:
    """The tasks of a project as Label Studio filters, orders and pages them; `between` runs after every page."""

    def __init__(self, number: int, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.clock = START
        self.rows: dict[int, dict[str, Any]] = {}
        self.asked = 0
        self.largest_page = 10_000
        self.between = lambda: None
        for key in range(1, number + 1):
            self.add(key)

    def tick(self) -> datetime:
        """Return the next moment."""
        self.clock += timedelta(microseconds=self.random.randint(1, 900))
        return self.clock

    def add(self, key: int) -> None:
        """Add a task, without an annotation."""
        self.rows[key] = {
            "id": key,
            "updated_at": self.written(),
            "total_annotations": 0,
            "cancelled_annotations": 0,
        }

    def written(self) -> str:
        """Return the next moment as the server writes it."""
        return self.tick().strftime(TIME_FORMAT)

    def annotate(self, key: int, field: str = "total_annotations") -> None:
        """Annotate a task, which moves it to the end of the changes."""
        if key in self.rows:
            self.rows[key] = self.rows[key] | {field: 1, "updated_at": self.written()}

    def ask(self, query: Query, page: int, page_size: int) -> dict[str, Any]:
        """Answer as `/api/tasks/` does."""
        self.asked += 1
        if page_size > self.largest_page:
            raise AnswerTooLarge
        column = query["ordering"][0].removeprefix("tasks:")
        chosen = sorted(
            (row for row in self.rows.values() if matches(row, query)), key=lambda row: row[column]
        )
        answered = {"tasks": chosen[(page - 1) * page_size : page * page_size], "total": len(chosen)}
        self.between()
        return answered


def matches(row: dict[str, Any], query: Query) -> bool:
    """Whether a row is what the query's filters ask for."""
    filters = query.get("filters")
    if not filters:
        return True
    lines = [
        all(holds(row, each) for each in (item, item.get("child_filter")) if each)
        for item in filters["items"]
    ]
    return any(lines) if filters["conjunction"] == "or" else all(lines)


def holds(row: dict[str, Any], one: dict[str, Any]) -> bool:
    """Whether one filter holds."""
    value, wanted = row[one["filter"].removeprefix("filter:tasks:")], one["value"]
    return bool(value > wanted if one["operator"] == "greater" else value >= wanted)


def versions(pages: Any) -> dict[int, str]:
    """Return the last version of each task that came."""
    return {task["id"]: task["updated_at"] for page in pages for task in page}


@pytest.mark.parametrize("seed", range(20))
def test_no_task_is_passed_over_while_others_change(seed: int) -> None:
    """Every version that stood when the listing began, or a later one, comes."""
    tasks = Tasks(97, seed)

    def between() -> None:
        for _ in range(tasks.random.randint(0, 5)):
            tasks.annotate(tasks.random.randint(1, 97))

    before = {key: row["updated_at"] for key, row in tasks.rows.items()}
    tasks.between = between
    came = versions(by_change(tasks.ask, None, False, 10))
    assert came.keys() == before.keys()
    assert all(came[key] >= before[key] for key in before)


def test_numbered_pages_would_have_passed_one_over() -> None:
    """Which is why they aren't used: the model moves as the real server does."""
    tasks = Tasks(30)
    tasks.between = lambda: tasks.annotate(1)
    query = listing.change_query(None, False)
    came = {task["id"] for page in (1, 2, 3) for task in tasks.ask(query, page, 10)["tasks"]}
    assert 11 not in came


@pytest.mark.parametrize("seed", range(10))
def test_listing_by_number_survives_deletions(seed: int) -> None:
    """A task deleted on the way moves none of the others out of sight."""
    tasks = Tasks(97, seed)
    gone: set[int] = set()

    def between() -> None:
        key = tasks.random.choice(sorted(tasks.rows))
        gone.add(key)
        del tasks.rows[key]

    tasks.between = between
    came = {task["id"] for page in by_number(tasks.ask, 0, 10) for task in page}
    assert came | gone == set(range(1, 98))


def test_only_tasks_behind_a_number() -> None:
    """To read back what one batch left."""
    tasks = Tasks(25)
    assert [[task["id"] for task in page] for page in by_number(tasks.ask, 20, 3)] == [[21, 22, 23], [24, 25]]
    assert list(by_number(tasks.ask, 25, 3)) == []


def test_a_page_full_of_one_moment_is_got_past() -> None:
    """As a bulk change leaves them: more of the same time than a page holds."""
    tasks = Tasks(40)
    same = tasks.written()
    for key in range(5, 38):
        tasks.rows[key] = tasks.rows[key] | {"updated_at": same}
    came = [task["id"] for page in by_change(tasks.ask, None, False, 10) for task in page]
    assert sorted(came) == list(range(1, 41))


def test_nothing_changed_costs_one_request() -> None:
    """And brings only what stands at the cursor itself."""
    tasks = Tasks(40)
    newest = max(row["updated_at"] for row in tasks.rows.values())
    since = datetime.fromisoformat(newest)
    assert [len(page) for page in by_change(tasks.ask, since, False, 10)] == [1]
    assert list(by_change(tasks.ask, since + timedelta(microseconds=1), False, 10)) == []
    assert tasks.asked == 2


def test_only_annotated_or_skipped_tasks_in_one_query() -> None:
    """Each with the time joined to it."""
    tasks = Tasks(40)
    tasks.annotate(3)
    since = tasks.clock + timedelta(microseconds=1)
    tasks.annotate(7)
    tasks.annotate(9, "cancelled_annotations")
    tasks.rows[11] = tasks.rows[11] | {"updated_at": tasks.written()}
    assert set(versions(by_change(tasks.ask, since, True, 10))) == {7, 9}
    assert set(versions(by_change(tasks.ask, None, True, 10))) == {3, 7, 9}
    assert tasks.asked == 2


@pytest.mark.parametrize("largest", [1, 3, 8])
def test_pages_shrink_where_an_answer_is_too_large(largest: int) -> None:
    """Long conversations make large pages."""
    tasks = Tasks(23)
    tasks.largest_page = largest
    assert set(versions(by_change(tasks.ask, None, False, 20))) == set(range(1, 24))
    assert {task["id"] for page in by_number(tasks.ask, 0, 20) for task in page} == set(range(1, 24))
    tasks.largest_page = 0
    for pages in (by_change(tasks.ask, None, False, 20), by_number(tasks.ask, 0, 20)):
        with pytest.raises(AnswerTooLarge):
            next(pages)


def test_a_server_that_caps_pages_is_listed_whole() -> None:
    """The end is where the total says, not where a page is short."""
    tasks = Tasks(23)

    def capped(query: Query, page: int, page_size: int) -> dict[str, Any]:
        return tasks.ask(query, page, min(page_size, 4))

    same = tasks.written()
    tasks.rows = {key: row | {"updated_at": same} if key > 12 else row for key, row in tasks.rows.items()}
    assert set(versions(by_change(capped, None, False, 20))) == set(range(1, 24))
    assert {task["id"] for page in by_number(capped, 0, 20) for task in page} == set(range(1, 24))


def test_an_empty_page_that_has_more_is_no_end() -> None:
    """It would end the listing early."""
    for pages in (
        by_change(lambda *_: {"tasks": [], "total": 3}, None, False, 10),
        by_number(lambda *_: {"tasks": [], "total": 3}, 0, 10),
    ):
        with pytest.raises(BadAnswer):
            next(pages)
