"""Fifty people at once: over HTTP, on SQLite in a file and on PostgreSQL. One grade each, never a grader too many.

Every request goes through the whole stack in a thread with a connection of its own. GRADING_RACE_SENDS says how often
each answer is sent (2 in the suite; 50 makes it 10,000 requests).
"""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from django.db import connections
from django.db.models import Count, F

from annotations.models import Assignment, Grade, GradeEvent, GradingSession, Rater, SessionItem, SessionRater
from annotations.services.grades import GivenVerdict, save_grades, skip_assignment, undo_skip
from annotations.services.members import add_grader, remove_grader, withdraw_session_run
from annotations.services.queue import claim_assignment, release_expired
from annotations.services.sessions import end_grading
from builder.common.errors import Conflict, DomainError, NotReady
from builder.models import Membership, Role, User
from builder.services import audit
from tests.annotations.rows import assignment_of, make_session
from tests.annotations.test_queue import run_out
from tests.api_client import Caller
from tests.cast import Cast
from tests.test_races import at_once, crowd, tally

__all__ = ["crowd"]  # the fixture
THREADS, ITEMS, CRITERIA = 50, 200, 3
SENDS = int(os.environ.get("GRADING_RACE_SENDS", "2"))
ALL = {index: GivenVerdict("met") for index in range(CRITERIA)}


@pytest.fixture
def large(crowd: Cast) -> GradingSession:
    """Gia alone grades 200 answers."""
    return make_session(crowd, n_cases=ITEMS // 2, n_runs=2, graders=[crowd.gia], overlap=1)


def verdicts(position: int) -> dict[str, Any]:
    """Return what one page sends of one answer: the same keys whenever it is sent."""
    words = ("met", "not_met", "cannot_judge")
    return {
        "verdicts": [
            {
                "criterion_index": index, "verdict": words[(position + index) % 3], "quote": "Record an ECG",
                "key": str(uuid5(NAMESPACE_URL, f"{position}:{index}")),
            }
            for index in range(CRITERIA)
        ],
        "seconds": 3,
    }  # fmt: skip


def in_threads(act: Any, things: Any) -> list[Any]:
    """Do something with every thing, fifty at a time; each thread closes its connection in the end."""

    def do(thing: Any) -> Any:
        try:
            return act(thing)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(do, things))


def assert_one_grade_each(session: GradingSession) -> None:
    """Every answer has its verdicts once, and as many graders as it may have."""
    rows = Assignment.objects.filter(session=session, released_at=None)
    assert rows.count() == ITEMS
    assert rows.filter(done_at__isnull=False).count() == ITEMS
    grades = Grade.objects.filter(assignment__in=rows)
    assert grades.count() == ITEMS * CRITERIA
    assert grades.values("assignment", "criterion_index", "round").distinct().count() == ITEMS * CRITERIA
    assert GradeEvent.objects.filter(assignment__session=session).count() == ITEMS * CRITERIA
    items = SessionItem.objects.filter(session=session)
    assert not items.filter(taken__gt=F("overlap")).exists()
    counted = Counter(
        rows.order_by().values_list("response").annotate(n=Count("pk")).values_list("n", flat=True)
    )
    assert counted == {1: ITEMS}


def test_a_page_that_sends_everything_twice_says_it_once(crowd: Cast, large: GradingSession) -> None:
    gia = Caller(crowd.gia)
    places = [position for position in range(1, ITEMS + 1) for _time in range(SENDS)]
    sent = in_threads(
        lambda place: gia.put(f"sessions/{large.pk}/items/{place}/grades/", verdicts(place)).status_code,
        places,
    )
    assert Counter(sent) == {200: ITEMS * SENDS}
    assert_one_grade_each(large)
    assert audit.verify_chain() is None


def test_fifty_graders_who_race_for_the_same_answers_never_share_one(
    crowd: Cast, large: GradingSession
) -> None:
    """All 200 places are free; each thread is a grader who takes the next and grades it until nothing is left."""
    callers = [Caller(person) for person in join(large, crowd)]
    give_everything_back(large, crowd)
    taken: list[list[int]] = in_threads(partial(grade_until_done, large), callers)
    assert sum(len(own) for own in taken) == ITEMS
    assert_one_grade_each(large)
    assert audit.verify_chain() is None


def join(session: GradingSession, crowd: Cast) -> list[User]:
    """Let fifty people grade in the session."""
    people = User.objects.bulk_create(
        User(email=f"grader-{n}@example.org", name=f"Grader {n}", password="!") for n in range(THREADS)
    )
    Membership.objects.bulk_create(
        Membership(user=person, department=crowd.department, role=Role.GRADER) for person in people
    )
    raters = Rater.objects.bulk_create(Rater(user=person, kind="person") for person in people)
    SessionRater.objects.bulk_create(
        SessionRater(session=session, rater=rater, position=place)
        for place, rater in enumerate(raters, start=10)
    )
    return people


def give_everything_back(session: GradingSession, crowd: Cast) -> None:
    """Remove Gia, so that every place is free."""
    rater = Rater.objects.get(user=crowd.gia)
    assert remove_grader(session=session, rater=rater, reason="On leave.", by=crowd.lou) == ITEMS


def grade_until_done(session: GradingSession, caller: Caller) -> list[int]:
    """Take and grade answers until there is none; return their places."""
    places = []
    while (answer := caller.get(f"sessions/{session.pk}/next/")).status_code == 200:
        place = answer.json()["position"]
        saved = caller.put(f"sessions/{session.pk}/items/{place}/grades/", verdicts(place))
        assert saved.status_code == 200
        places.append(place)
    assert answer.status_code == 204
    return places


def test_two_windows_of_one_grader_take_the_same_answer(crowd: Cast) -> None:
    session = make_session(crowd, n_cases=4, graders=[crowd.gia], overlap=1)
    remove_grader(session=session, rater=Rater.objects.get(user=crowd.gia), reason="Away.", by=crowd.lou)
    add_grader(session=session, user=crowd.geo, by=crowd.lou)
    found = at_once(*[lambda: claim_assignment(session=session, by=crowd.geo)] * 8)
    assert len({row.pk for row in found}) == 1
    assert SessionItem.objects.filter(session=session, taken=1).count() == 1


def test_the_last_place_goes_to_one(crowd: Cast) -> None:
    """Gia takes her skipped answer up again while Geo takes it from the rest."""
    session = make_session(crowd, n_cases=1, n_runs=1, graders=[crowd.gia], overlap=1)
    row = skip_assignment(assignment=assignment_of(crowd.gia, session), reason="Unsure.", by=crowd.gia)
    add_grader(session=session, user=crowd.geo, by=crowd.lou)
    back, claimed = at_once(
        lambda: undo_skip(assignment=row, by=crowd.gia),
        lambda: claim_assignment(session=session, by=crowd.geo),
    )
    assert isinstance(back, Conflict) != (claimed is None)
    assert SessionItem.objects.get(session=session).taken == 1


def test_time_that_runs_out_while_people_save_take_and_look(crowd: Cast) -> None:
    session = make_session(crowd, n_cases=8, n_runs=1, graders=[crowd.gia], overlap=1)
    remove_grader(session=session, rater=Rater.objects.get(user=crowd.gia), reason="Away.", by=crowd.lou)
    people = join(session, crowd)[:8]
    rows = [claim_assignment(session=session, by=person) for person in people]
    for row in rows:
        run_out(row)
    first = {0: GivenVerdict("met")}
    found = at_once(
        *[partial(save_grades, assignment=row, verdicts=first, by=row.rater.user) for row in rows[:4]],
        *[partial(claim_assignment, session=session, by=person) for person in people[4:]],
        *[partial(release_expired, session=session)] * 4,
    )
    tally(found, Conflict)
    for item in SessionItem.objects.filter(session=session):
        live = Assignment.objects.filter(session=session, response=item.response_id, released_at=None).count()
        assert item.taken == live <= item.overlap


@pytest.mark.parametrize("change", ["remove", "withdraw", "end"])
def test_what_is_saved_while_the_session_changes_is_saved_or_refused_whole(crowd: Cast, change: str) -> None:
    session = make_session(crowd, n_cases=8, n_runs=2, graders=[crowd.gia, crowd.gus])
    gia = Rater.objects.get(user=crowd.gia)
    changes = {
        "remove": lambda: remove_grader(session=session, rater=gia, reason="On leave.", by=crowd.lou),
        "withdraw": lambda: withdraw_session_run(
            session=session, run=session.runs.first(), reason="Wrong.", by=crowd.lou
        ),
        "end": lambda: end_grading(session=session, by=crowd.lou),
    }
    rows = list(Assignment.objects.filter(session=session, rater=gia).order_by("position"))
    saves = [partial(save_grades, assignment=row, verdicts=ALL, by=crowd.gia) for row in rows]
    found = at_once(*saves[:8], changes[change], *saves[8:])
    assert not isinstance(found[8], DomainError)
    tally(found, NotReady)
    for row, outcome in zip(rows, found[:8] + found[9:], strict=True):
        assert row.grades.count() == (0 if isinstance(outcome, NotReady) else CRITERIA)
    if change == "remove":
        done = Assignment.objects.filter(session=session, rater=gia, released_at=None)
        assert done.count() == done.filter(done_at__isnull=False).count()
    assert audit.verify_chain() is None
