"""Graders and leads who try what isn't theirs: others' places, withdrawn roles, and the draw behind the order."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.assignment import Grader, Unit, plan
from annotations.models import Assignment, Grade
from annotations.selectors.queues import grading_queue
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.sessions import close_session, open_session
from builder.common.errors import DomainError, NotReady
from builder.models import Role
from builder.services.people import set_active, set_roles
from exports.models import Response
from tests.annotations.rows import assignment_of, freeze, give, make_release, make_run, make_session
from tests.annotations.test_blinding import NAMES, SECRETS, every_address, leaks
from tests.api_client import Caller
from tests.cast import Cast

MET = {"verdicts": [{"criterion_index": 0, "verdict": "met"}]}


def test_a_place_leads_to_ones_own_answer_only(cast: Cast, as_user) -> None:
    """Gia's places say nothing of Gus's: whatever she posts lands on her own answers."""
    session = make_session(cast, n_cases=3)
    client: Client = as_user(cast.gia)
    for position in range(1, 7):
        address = reverse("annotations:grade-save", args=[session.pk, position])
        assert client.post(address, {"verdict-0": "met"}).status_code == 200
    assert client.post(reverse("annotations:grade-save", args=[session.pk, 7]), {}).status_code == 404
    assert set(Grade.objects.values_list("assignment__rater__user", flat=True)) == {cast.gia.pk}
    with pytest.raises(DomainError, match="assigned to somebody else"):
        save_grades(
            assignment=assignment_of(cast.gus, session), verdicts={0: GivenVerdict("met")}, by=cast.gia
        )


@pytest.mark.parametrize("name", ["lou", "ana", "ola", "eve", "geo", "ada"])
def test_nobody_else_reads_or_writes_at_the_desk(cast: Cast, name: str) -> None:
    session, person = make_session(cast), getattr(cast, name)
    client = Client()
    client.force_login(person)
    for address in ("grade", "grade-done"):
        assert client.get(reverse(f"annotations:{address}", args=[session.pk])).status_code == 404
    for address in ("grade-item", "grade-save"):
        place = reverse(f"annotations:{address}", args=[session.pk, 1])
        assert client.post(place, {"verdict-0": "met"}).status_code == 404
    caller = Caller(person)
    assert caller.get(f"sessions/{session.pk}/next/").status_code == 404
    assert caller.put(f"sessions/{session.pk}/items/1/grades/", MET).status_code == 404
    assert not Grade.objects.exists()


def test_who_lost_the_role_of_grader_grades_no_more(cast: Cast, as_user) -> None:
    session, row = make_session(cast), Assignment.objects.filter(rater__user=cast.gia)
    set_roles(user=cast.gia, department=cast.department, roles={"author"}, by=cast.ola)
    client: Client = as_user(cast.gia)
    assert list(grading_queue(cast.gia)) == []
    assert client.get(reverse("annotations:grade", args=[session.pk])).status_code == 404
    for address in ("grade-item", "grade-save"):
        place = reverse(f"annotations:{address}", args=[session.pk, 1])
        assert client.post(place, {"verdict-0": "met"}).status_code == 404
    caller = Caller(cast.gia)
    assert caller.get("sessions/mine/").json()["count"] == 0
    assert caller.get(f"sessions/{session.pk}/items/1/").status_code == 404
    assert caller.put(f"sessions/{session.pk}/items/1/grades/", MET).status_code == 404
    with pytest.raises(NotReady, match="no longer grade"):
        save_grades(assignment=row.get(position=1), verdicts={0: GivenVerdict("met")}, by=cast.gia)


def test_a_key_of_a_closed_account_opens_nothing(cast: Cast) -> None:
    session = make_session(cast)
    caller = Caller(cast.gia)
    set_active(user=cast.gia, is_active=False, by=cast.ola)
    assert caller.get("sessions/mine/").status_code == 401
    assert caller.put(f"sessions/{session.pk}/items/1/grades/", MET).status_code == 401
    assert not Grade.objects.exists()


def test_a_session_takes_only_runs_of_its_release_and_graders_of_its_department(cast: Cast) -> None:
    release, other = make_release(cast), make_release(cast, name="other")
    run, foreign = make_run(release, "m1", by=cast.lou), make_run(other, "m2", by=cast.lou)
    caller = Caller(cast.lou)
    ask = {"release": release.label, "runs": [run.name], "graders": [cast.gia.email]}
    refused = [
        {"runs": [run.name, foreign.name]}, {"graders": [cast.eve.email]}, {"graders": ["nobody@example.org"]},
        {"runs": [run.name] * 2}, {"graders": [cast.gia.email] * 2}, {"overlap": 2},
    ]  # fmt: skip
    for changed in refused:
        assert caller.post("sessions/", {**ask, **changed}).status_code == 422, changed
    assert caller.post("sessions/", {**ask, "runs": ["none"]}).status_code == 404
    assert caller.post("sessions/", {**ask, "release": "none==1.0.0"}).status_code == 404
    foreigners = Caller(cast.eve).post("sessions/", {**ask, "graders": [cast.eve.email]})
    assert foreigners.status_code == 404
    assert not Assignment.objects.exists()


def test_the_seed_alone_tells_nobody_which_system_stands_where(cast: Cast) -> None:
    """A lead who grades knows the seed and reads the program: the installation's secret is in the draw, too."""
    release = make_release(cast, n_cases=6)
    runs = [make_run(release, name, by=cast.lou) for name in ("m1", "m2")]
    session = open_session(release=release, runs=runs, graders=[cast.gia, cast.gus], by=cast.lou, overlap=1)
    answers = list(
        Response.objects.order_by("item__position", "run_id", "epoch").values_list("pk", flat=True)
    )
    units = [
        Unit(case, run, 1)
        for case, run in Response.objects.order_by("item__position", "run_id", "epoch").values_list(
            "item__prompt_id", "run_id"
        )
    ]
    guess = plan(units, [Grader("Gia"), Grader("Gus")], seed=session.seed)
    guessed = {
        (grader, position): answers[place]
        for grader, order in enumerate(guess.orders)
        for position, place in enumerate(order, start=1)
    }
    rows = Assignment.objects.filter(session=session).select_related("rater")
    places = {cast.gia.pk: 0, cast.gus.pk: 1}
    drawn = {(places[row.rater.user_id], row.position): row.response_id for row in rows}
    assert set(drawn.values()) == set(guessed.values()) == set(answers)
    assert drawn != guessed


def test_places_of_a_closed_session_tell_nothing_of_the_next_with_the_same_seed(cast: Cast) -> None:
    orders = []
    for name in ("first", "second"):
        release = make_release(cast, n_cases=6, name=name)
        runs = [make_run(release, f"{name}-{n}", by=cast.lou) for n in (1, 2)]
        open_session(release=release, runs=runs, graders=[cast.gia], by=cast.lou, seed=7)
        rows = Assignment.objects.filter(session__release=release).order_by("position")
        orders.append([(row.response.item.position, row.response.run_id == runs[0].pk) for row in rows])
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]


def test_first_and_second_half_hold_each_system_about_as_often(cast: Cast) -> None:
    """Over 40 seeds and 12 answers of two systems: 240 first-half places, half of them ± 4 standard deviations."""
    release = make_release(cast, n_cases=6)
    runs = [make_run(release, name, by=cast.lou) for name in ("m1", "m2")]
    for seed in range(40):
        open_session(release=release, runs=runs, graders=[cast.gia], by=cast.lou, seed=seed)
    rows = Assignment.objects.filter(response__run=runs[0])
    assert 95 <= rows.filter(position__lte=6).count() <= 145
    odd = sum(1 for position in rows.values_list("position", flat=True) if position % 2)
    assert 95 <= odd <= 145


@pytest.mark.parametrize("role", [Role.LEAD, Role.ANALYST])
def test_no_other_session_tells_of_a_run_that_is_graded_blind(cast: Cast, as_user, role: str) -> None:
    """The same runs were graded and closed before, and judged by a tool: nothing of that names them now."""
    release = freeze(cast)
    runs = [make_run(release, name, by=cast.ana, **SECRETS[0]) for name in NAMES]
    older = open_session(release=release, runs=runs, graders=[cast.gus, cast.geo], by=cast.lou)
    give(cast.gus, older)
    give(cast.geo, older, "not_met")
    close_session(session=older, reason="Done.", by=cast.lou)
    set_roles(user=cast.gia, department=cast.department, roles={role, "grader"}, by=cast.ola)
    newer = open_session(release=release, runs=runs, graders=[cast.gia, cast.gus], by=cast.lou)
    client: Client = as_user(cast.gia)
    client.raise_request_exception = False
    found = {}
    for session in (older, newer):
        for address in every_address(session):
            response = client.get(address)
            assert response.status_code < 500, address
            if any(name in address for name in NAMES):
                assert response.status_code in (301, 302, 400, 404, 405), address
            else:
                found[address] = leaks(response)
    assert {address: where for address, where in found.items() if where} == {}
    caller, pair = Caller(cast.gia), {"run": list(NAMES)}
    answers = [
        caller.get("scores/", **pair), caller.get("runs/"), caller.get("releases/"), caller.get("sessions/"),
        caller.get(f"sessions/{older.pk}/scores/"), caller.get(f"sessions/{older.pk}/agreement/"),
        caller.post("sessions/", {"release": release.label, "runs": [NAMES[0]], "graders": [cast.gia.email]}),
        caller.post(f"runs/{NAMES[0]}/withdraw/", {"reason": "x"}),
    ]  # fmt: skip
    nothing = caller.get("runs/no-such-run/").json()["message"]
    for answer in answers:
        assert leaks(answer) == [], answer.request["PATH_INFO"]
    assert caller.get(f"runs/{NAMES[0]}/").json()["message"] == nothing
    assert caller.get("runs/").json()["count"] == 0
