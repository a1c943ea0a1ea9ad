"""Adjudication through the API: everything the pages do, and no more said."""

import pytest

from annotations.models import Assignment, GradingSession, Resolution
from annotations.services.sessions import close_session
from builder.models import Membership, Role
from tests.annotations.disputed import annotate, answer_to, disputed, number_of
from tests.api_client import API, Caller
from tests.cast import Cast
from tests.costs import queries_of


@pytest.fixture
def session(cast: Cast) -> GradingSession:
    """Two graders, three ties."""
    return disputed(cast)


def root(session: GradingSession) -> str:
    """Return the session's address."""
    return f"sessions/{session.pk}/"


def unit(session: GradingSession, place: int, index: int) -> str:
    """Return one disagreement's address."""
    return f"{root(session)}disagreements/{number_of(session, place)}/{index}/"


def test_the_list_is_ordered_by_weight(cast: Cast, session: GradingSession) -> None:
    found = Caller(cast.lou).get(root(session) + "disagreements/").json()
    assert found["count"] == 3
    first = found["results"][0]
    assert first == {
        "answer": number_of(session, 0), "criterion_index": 2, "prompt_id": "chest-pain-0",
        "criterion": "A, criterion 2.", "points": -10.0, "red_line": True, "met": 1, "not_met": 1, "cannot_judge": 0,
        "is_decided": False, "waits_for_third": False,
    }  # fmt: skip
    assert [(row["prompt_id"], row["criterion_index"]) for row in found["results"][1:]] == [
        ("chest-pain-1", 0), ("chest-pain-0", 0),
    ]  # fmt: skip


def test_one_disagreement_names_letters_and_nobody(cast: Cast, session: GradingSession) -> None:
    annotate(session, cast.gus, 0, 2, explanation="It only prepares.")
    answer = Caller(cast.lou).get(unit(session, 0, 2))
    found = answer.json()
    assert [opinion["letter"] for opinion in found["opinions"]] == ["A", "B"]
    assert {opinion["verdict"] for opinion in found["opinions"]} == {"met", "not_met"}
    assert "It only prepares." in {opinion["explanation"] for opinion in found["opinions"]}
    assert found["may_be_third"] == [{"name": "Geo", "email": "geo@example.org"}]
    assert (found["text"], found["verdict"]) == ("Record an ECG.", None)
    body = answer.content.decode()
    assert "m1" not in body and "Gus" not in body and "grader-" not in body
    assert Caller(cast.lou).get(unit(session, 0, 1)).status_code == 404


def test_ruling_once_taking_back_and_ruling_again(cast: Cast, session: GradingSession) -> None:
    lou = Caller(cast.lou)
    made = lou.post(unit(session, 0, 2) + "ruling/", {"verdict": "unclear", "reason": "Which home?"})
    assert made.status_code == 201
    ruling = made.json()
    assert (ruling["verdict"], ruling["by"], ruling["withdrawn_at"]) == ("unclear", "Lou", None)
    assert lou.get(unit(session, 0, 2)).json()["verdict"] == "unclear"
    again = lou.post(unit(session, 0, 2) + "ruling/", {"verdict": "met", "reason": "No."})
    assert again.status_code == 409 and "Which home?" in again.json()["message"]
    taken = lou.post(f"{root(session)}rulings/{ruling['id']}/withdraw/", {"reason": "Read again."})
    assert taken.status_code == 200 and taken.json()["withdrawn_reason"] == "Read again."
    assert lou.post(f"{root(session)}rulings/{ruling['id']}/withdraw/", {"reason": "x"}).status_code == 409
    assert lou.post(unit(session, 0, 2) + "ruling/", {"verdict": "met", "reason": "No."}).status_code == 201
    listed = lou.get(root(session) + "rulings/").json()
    assert [row["verdict"] for row in listed["results"]] == ["met", "unclear"]


@pytest.mark.parametrize("body", [{}, {"verdict": "met"}, {"verdict": "perhaps", "reason": "x"}])
def test_a_bad_ruling_is_refused(cast: Cast, session: GradingSession, body: dict) -> None:
    assert Caller(cast.lou).post(unit(session, 0, 2) + "ruling/", body).status_code == 422
    assert not Resolution.objects.exists()


def test_only_disagreements_are_ruled_on(cast: Cast, session: GradingSession) -> None:
    lou, body = Caller(cast.lou), {"verdict": "met", "reason": "x"}
    assert lou.post(unit(session, 0, 1) + "ruling/", body).status_code == 409
    assert lou.post(f"{root(session)}disagreements/99/0/ruling/", body).status_code == 404


def test_a_third_is_asked(cast: Cast, session: GradingSession) -> None:
    lou = Caller(cast.lou)
    address = f"{root(session)}disagreements/{number_of(session, 0)}/third/"
    made = lou.post(address, {"grader": "Geo@example.org", "criteria": [2, 0]})
    assert made.status_code == 201
    assert made.json() == {"answer": number_of(session, 0), "criteria": [0, 2]}
    third = Assignment.objects.get(rater__user=cast.geo)
    assert (third.response, third.asked) == (answer_to(session, 0), [0, 2])
    waiting = lou.get(root(session) + "disagreements/").json()["results"]
    assert [row["waits_for_third"] for row in waiting] == [False, True, True]
    for email in ("gia@example.org", "eve@example.org", "lou@example.org"):
        refused = lou.post(address, {"grader": email, "criteria": [0]})
        assert refused.status_code == 422 and "grader" in refused.json()["fields"]
    Membership.objects.create(user=cast.ana, department=cast.department, role=Role.GRADER)
    assert lou.post(address, {"grader": "ana@example.org", "criteria": [1]}).status_code == 409
    assert lou.post(address, {"grader": "ana@example.org", "criteria": []}).status_code == 422


def test_while_graders_work_and_after_closing_nothing_is_decided(cast: Cast) -> None:
    session = disputed(cast, ended=False)
    lou, body = Caller(cast.lou), {"verdict": "met", "reason": "x"}
    assert lou.get(root(session) + "disagreements/").status_code == 409
    assert lou.get(unit(session, 0, 2)).status_code == 409
    assert lou.post(unit(session, 0, 2) + "ruling/", body).status_code == 409
    # While graders work a criterion in dispute and one that isn't answer alike.
    assert (
        lou.post(unit(session, 0, 1) + "ruling/", body).json()
        == lou.post(unit(session, 0, 2) + "ruling/", body).json()
    )
    close_session(session=session, reason="Done.", by=cast.lou)
    assert lou.get(root(session) + "disagreements/").json()["count"] == 3
    assert Caller(cast.ana).get(root(session) + "rulings/").json()["count"] == 0
    assert lou.post(unit(session, 0, 2) + "ruling/", body).status_code == 409


def test_cost_does_not_grow(cast: Cast, session: GradingSession) -> None:
    lou = Caller(cast.lou).client
    first = queries_of(lou, API + root(session) + "disagreements/")
    many = disputed(cast, grades={(0, 1): ["+++", "ooo"], (1, 1): ["++", "oo"]}, name="other")
    assert queries_of(lou, API + root(many) + "disagreements/") == first
