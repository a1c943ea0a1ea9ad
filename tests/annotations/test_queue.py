"""The rest of a session: who may take what, for how long, and what happens to an answer whose time ran out."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotations.models import Assignment, GradingSession, SessionItem
from annotations.selectors.members import people_page
from annotations.services.grades import GivenVerdict, save_grades, skip_assignment
from annotations.services.members import add_grader, withdraw_session_run
from annotations.services.queue import claim_assignment, release_expired, waiting_answers
from annotations.services.sessions import end_grading
from builder.common.errors import Conflict, NotReady
from builder.models import Membership, Role
from tests.annotations.rows import give, make_session
from tests.api_client import Caller
from tests.cast import Cast
from tests.costs import queries_in

ALL = {index: GivenVerdict("met") for index in range(3)}


@pytest.fixture
def session(cast: Cast) -> GradingSession:
    """Gia skipped her two answers of four, one run of two cases each; Gus has the others; Geo joined."""
    session = make_session(cast, graders=[cast.gia, cast.gus], overlap=1)
    for row in Assignment.objects.filter(session=session, rater__user=cast.gia):
        skip_assignment(assignment=row, reason="Unsure.", by=cast.gia)
    add_grader(session=session, user=cast.geo, by=cast.lou)
    return session


def run_out(row: Assignment) -> None:
    """Let the time of a taken answer be over."""
    Assignment.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def minutes_left(row: Assignment) -> timedelta:
    """Return how long the answer is still the grader's."""
    assert row.lease_until is not None
    return row.lease_until - timezone.now()


def places(session: GradingSession) -> list[tuple[int, int]]:
    """Return how many places of each answer are taken, beside how many live assignments there are."""
    return [
        (item.taken, Assignment.objects.filter(session=session, response=item.response_id, released_at=None).count())
        for item in SessionItem.objects.filter(session=session)
    ]  # fmt: skip


def test_a_grader_takes_what_is_left_one_at_a_time(cast: Cast, session: GradingSession, settings) -> None:
    settings.GRADING_LEASE_MINUTES = 7
    left = waiting_answers(session, cast.geo)
    first = claim_assignment(session=session, by=cast.geo)
    assert left == 2
    assert first.position == 1
    assert timedelta(minutes=6) < minutes_left(first) <= timedelta(minutes=7)
    assert claim_assignment(session=session, by=cast.geo) == first
    save_grades(assignment=first, verdicts=ALL, by=cast.geo)
    second = claim_assignment(session=session, by=cast.geo)
    assert (second.position, second.response_id) != (1, first.response_id)
    save_grades(assignment=second, verdicts=ALL, by=cast.geo)
    assert claim_assignment(session=session, by=cast.geo) is None
    assert waiting_answers(session, cast.geo) == 0
    assert places(session) == [(1, 1)] * 4


def test_nobody_gets_an_answer_they_had(cast: Cast, session: GradingSession) -> None:
    """Gia skipped both that are free; of Gus's own she is no part."""
    assert waiting_answers(session, cast.gia) == 0
    assert claim_assignment(session=session, by=cast.gia) is None


def test_nobody_gets_an_answer_to_a_case_they_wrote(cast: Cast) -> None:
    """Ada wrote the cases' revision; she grades, too."""
    Membership.objects.create(user=cast.ada, department=cast.department, role=Role.GRADER)
    strict = make_session(cast, graders=[cast.gia], overlap=1)
    relaxed = make_session(cast, graders=[cast.gia], overlap=1, allow_own_cases=True)
    for session in (strict, relaxed):
        row = Assignment.objects.filter(session=session).first()
        skip_assignment(assignment=row, reason="Unsure.", by=cast.gia)
        add_grader(session=session, user=cast.ada, by=cast.lou)
    assert claim_assignment(session=strict, by=cast.ada) is None
    assert claim_assignment(session=relaxed, by=cast.ada) is not None


def test_calibration_answers_and_withdrawn_runs_arent_taken(cast: Cast, session: GradingSession) -> None:
    free = SessionItem.objects.filter(session=session, taken=0).order_by("pk")
    SessionItem.objects.filter(pk=free[0].pk).update(is_calibration=True)
    assert waiting_answers(session, cast.geo) == 1
    withdraw_session_run(session=session, run=free[1].response.run, reason="Wrong model.", by=cast.lou)
    assert waiting_answers(session, cast.geo) == 0
    assert claim_assignment(session=session, by=cast.geo) is None


def test_only_members_take_answers_and_only_while_the_session_is_open(
    cast: Cast, session: GradingSession
) -> None:
    for person in (cast.lou, cast.eve):
        with pytest.raises(NotReady, match="no longer grade in this session"):
            claim_assignment(session=session, by=person)
    end_grading(session=session, by=cast.lou)
    with pytest.raises(NotReady, match="Grading has ended"):
        claim_assignment(session=session, by=cast.geo)
    session.refresh_from_db()
    assert waiting_answers(session, cast.geo) == 0


def test_an_answer_goes_back_when_its_time_is_over(cast: Cast, session: GradingSession) -> None:
    row = claim_assignment(session=session, by=cast.geo)
    save_grades(assignment=row, verdicts={0: GivenVerdict("met")}, by=cast.geo)
    assert release_expired(session=session) == 0
    run_out(row)
    assert release_expired(session=session) == 1
    row.refresh_from_db()
    assert row.released_cause == "expired"
    assert places(session).count((0, 0)) == 2
    assert row.grades.count() == 1
    other = claim_assignment(session=session, by=cast.geo)
    assert other.response_id != row.response_id


def test_whoever_comes_back_goes_on_while_the_place_is_free(cast: Cast, session: GradingSession) -> None:
    row = claim_assignment(session=session, by=cast.geo)
    save_grades(assignment=row, verdicts={0: GivenVerdict("met")}, by=cast.geo)
    run_out(row)
    release_expired(session=session)
    saved = save_grades(
        assignment=row, verdicts={1: GivenVerdict("met"), 2: GivenVerdict("met")}, by=cast.geo
    )
    assert saved.done_at is not None
    assert saved.released_at is None
    assert minutes_left(saved) > timedelta(0)
    assert row.grades.count() == 3
    assert places(session).count((1, 1)) == 3


def test_whoever_comes_back_too_late_is_told_and_their_verdicts_are_kept(
    cast: Cast, session: GradingSession
) -> None:
    row = claim_assignment(session=session, by=cast.geo)
    save_grades(assignment=row, verdicts={0: GivenVerdict("met")}, by=cast.geo)
    run_out(row)
    release_expired(session=session)
    SessionItem.objects.filter(session=session, response=row.response_id).update(taken=1)
    with pytest.raises(Conflict, match="ran out and somebody else took it"):
        save_grades(assignment=row, verdicts={1: GivenVerdict("met")}, by=cast.geo)
    assert (row.grades.count(), row.events.count()) == (1, 1)


def test_time_that_ran_out_costs_nothing_before_somebody_looks(cast: Cast, session: GradingSession) -> None:
    row = claim_assignment(session=session, by=cast.geo)
    run_out(row)
    saved = save_grades(assignment=row, verdicts={0: GivenVerdict("met")}, by=cast.geo)
    assert minutes_left(saved) > timedelta(0)
    assert release_expired(session=session) == 0


def test_an_answer_whose_time_ran_out_counts_as_free_before_anybody_takes_it(
    cast: Cast, session: GradingSession
) -> None:
    """Two of four places are free; Geo has one of them. Looking gives nothing back: pages only read."""

    def told() -> tuple[Any, ...]:
        page = people_page(session, cast.lou)
        answer = Caller(cast.lou).get(f"sessions/{session.pk}/").json()
        row = Caller(cast.lou).get("sessions/").json()["results"][0]
        geo = next(line for line in answer["raters"] if line["label"] == "grader-3")
        return (
            page.rest, page.members[2].waiting, geo["total"], row["n_assigned"],
            waiting_answers(session, cast.geo), waiting_answers(session, cast.gus),
        )  # fmt: skip

    before = told()
    row = claim_assignment(session=session, by=cast.geo)
    taken = told()
    run_out(row)
    after = told()
    assert before == (2, 0, 0, 2, 2, 2)
    assert taken == (1, 1, 1, 3, 1, 1)
    # Geo had it, so it waits for Gus alone.
    assert after == (2, 0, 0, 2, 1, 2)
    row.refresh_from_db()
    assert row.released_at is None
    for _time in range(2):
        save_grades(assignment=claim_assignment(session=session, by=cast.gus), verdicts=ALL, by=cast.gus)
    assert places(session).count((1, 1)) == 4


def test_what_is_done_stays(cast: Cast, session: GradingSession) -> None:
    row = claim_assignment(session=session, by=cast.geo)
    save_grades(assignment=row, verdicts=ALL, by=cast.geo)
    run_out(row)
    assert release_expired(session=session) == 0


def test_looking_for_run_out_time_is_one_query(cast: Cast, session: GradingSession) -> None:
    assert queries_in(lambda: release_expired(session=session)) == 1


def test_another_front_end_gets_the_rest_after_its_own(cast: Cast, session: GradingSession) -> None:
    geo, address = Caller(cast.geo), f"sessions/{session.pk}/next/"
    first = geo.get(address).json()
    assert (first["position"], first["done"], first["total"]) == (1, 0, 1)
    assert first["lease_until"] is not None
    assert geo.get(address).json()["position"] == 1
    give(cast.geo, session)
    assert geo.get(address).json()["position"] == 2
    give(cast.geo, session)
    assert geo.get(address).status_code == 204
    gus = Caller(cast.gus)
    assert gus.get(address).json()["lease_until"] is None
