"""Reviewing through the API: votes with proposals, points, conflicts of interest, the department's rule."""

from typing import Any

from builder.models import ConflictOfInterest, Membership
from builder.services.threads import open_thread
from tests.api_client import Caller
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_approved, make_submitted

BETTER = "Asks for an ECG within 5 minutes."


def votes(**first: Any) -> list[dict[str, Any]]:
    agree = [{"criterion_index": index, "vote": "agree"} for index in range(3)]
    return [{**agree[0], **first}, *agree[1:]]


def test_from_a_proposal_to_the_draft(cast: Cast) -> None:
    case = make_submitted(cast)
    address, rui, ada = f"cases/{case.pk}/", Caller(cast.rui), Caller(cast.ada)
    body = {
        "revision": 1, "decision": "request_changes", "comment": "See criterion 1.",
        "votes": votes(vote="cannot_judge", comment="Too lax?", proposed_wording=BETTER),
    }  # fmt: skip
    made = rui.post(address + "reviews/", body)
    assert made.status_code == 201
    assert made.json()["is_outside"] is False
    assert made.json()["votes"][0] == {
        "criterion_index": 0, "vote": "cannot_judge", "comment": "Too lax?", "proposed_wording": BETTER,
    }  # fmt: skip
    assert ada.get(address).json()["standings"][0] == {
        "agree": 0, "disagree": 0, "cannot_judge": 1, "is_contested": True,
    }  # fmt: skip
    whole, about = ada.get(address + "threads/").json()["results"]
    assert (whole["criterion_index"], about["criterion_index"]) == (None, 0)
    assert (about["revision"], about["opened_by"], about["is_open"]) == (1, "rui@example.org", True)
    thread = f"{address}threads/{about['id']}/"
    answered = ada.post(thread + "messages/", {"text": "Fine by me."})
    assert answered.status_code == 201 and len(answered.json()["messages"]) == 2
    draft = ada.post(thread + "adoption/", {"message": about["messages"][0]["id"]})
    assert draft.status_code == 200
    assert draft.json()["content"]["rubrics"][0]["criterion"] == BETTER
    settled = ada.get(address + "threads/").json()["results"][1]
    assert (settled["is_open"], settled["resolved_by"]) == (False, "ada@example.org")
    assert settled["messages"][-1]["adopts"] == about["messages"][0]["id"]
    opened = rui.put(thread + "resolution/", {"resolved": False})
    assert opened.json()["is_open"] is True and opened.json()["resolved_by"] is None
    closed = rui.put(thread + "resolution/", {"resolved": True, "text": "Thanks."})
    assert closed.json()["messages"][-1]["text"] == "Thanks."
    assert rui.post(thread + "messages/", {"text": "More."}).status_code == 409


def test_points_are_raised_and_refused(cast: Cast) -> None:
    case = make_submitted(cast)
    rui, address = Caller(cast.rui), f"cases/{case.pk}/threads/"
    made = rui.post(address, {"criterion_index": 2, "proposed_wording": BETTER})
    assert made.status_code == 201 and made.json()["criterion_index"] == 2
    for body in (
        {},
        {"text": " "},
        {"criterion_index": 3, "text": "x"},
        {"proposed_wording": "x"},
        {"text": "x" * 10_001},
    ):
        assert rui.post(address, body).status_code == 422, body
    assert Caller(cast.ana).post(address, {"text": "x"}).status_code == 403
    assert Caller(cast.eve).get(address).status_code == 404
    thread = f"{address}{made.json()['id']}/"
    assert rui.post(thread + "adoption/", {"message": 1}).status_code == 403
    assert Caller(cast.ada).post(thread + "adoption/", {"message": 10**12}).status_code == 404
    assert Caller(cast.ada).put(address + "99999/resolution/", {"resolved": True}).status_code == 404


def test_who_is_yet_to_decide_gets_no_colleagues_opinion(cast: Cast) -> None:
    case = make_submitted(cast)
    address = f"cases/{case.pk}/"
    body = {"revision": 1, "decision": "approve", "votes": votes(vote="disagree", comment="Drop it.")}
    Caller(cast.rui).post(address + "reviews/", body)
    rob = Caller(cast.rob)
    assert rob.get(address + "reviews/").json()["results"] == []
    assert rob.get(address + "threads/").json()["results"] == []
    assert [each["disagree"] for each in rob.get(address).json()["standings"]] == [0, 0, 0]
    rob.post(address + "reviews/", {"revision": 1, "decision": "approve", "votes": votes()})
    assert len(rob.get(address + "reviews/").json()["results"]) == 2
    assert len(rob.get(address + "threads/").json()["results"]) == 1
    assert rob.get(address).json()["standings"][0]["is_contested"] is True


def test_conflict_of_interest(cast: Cast) -> None:
    case = make_approved(cast)
    rui, address = Caller(cast.rui), f"cases/{case.pk}/conflicts-of-interest/"
    assert rui.post(address, {"statement": " "}).status_code == 422
    made = rui.post(address, {"statement": "I treated her."})
    assert made.status_code == 201
    assert rui.post(address, {"statement": "Again."}).status_code == 409
    listed = Caller(cast.ana).get(address).json()["results"]
    assert [(each["person"], each["statement"]) for each in listed] == [("rui@example.org", "I treated her.")]
    assert Caller(cast.ada).post(address, {"statement": "x"}).status_code == 403
    assert Caller(cast.ana).get(f"cases/{case.pk}/").json()["state"] == "in_review"


def test_the_rule_of_a_department(cast: Cast) -> None:
    lou = Caller(cast.lou)
    wanted = {
        "required_approvals": 3, "contested_rule": "leave_out", "consensus_threshold": 0.66, "outside_approvals": 1,
        "conflict_rule": "tell", "review_days": 3,
    }  # fmt: skip
    assert lou.put("departments/ED/", wanted).status_code == 200
    found = lou.get("departments/ED/").json()
    assert {name: found[name] for name in wanted} == wanted
    kept = lou.put("departments/ED/", {"required_approvals": 2, "contested_rule": "block"}).json()
    assert (kept["review_days"], kept["conflict_rule"], kept["outside_approvals"]) == (3, "tell", 1)
    bad = (
        {"consensus_threshold": 0.49}, {"consensus_threshold": 1}, {"outside_approvals": 3}, {"outside_approvals": -1},
        {"conflict_rule": "forgive"}, {"review_days": 0}, {"review_days": 10**9},
    )  # fmt: skip
    for each in bad:
        body = {"required_approvals": 2, "contested_rule": "block", **each}
        assert lou.put("departments/ED/", body).status_code == 422, each


def test_queries_do_not_grow(cast: Cast) -> None:
    case = make_submitted(cast)
    ada = Caller(cast.ada)
    open_thread(case=case, text="One", criterion_index=0, by=cast.rui)
    ConflictOfInterest.objects.create(case=case, person=cast.rui, statement="x")
    addresses = [f"cases/{case.pk}/{name}/" for name in ("threads", "conflicts-of-interest", "reviews")]

    def counts() -> list[int]:
        return [queries_of(ada, address) for address in addresses]

    counts()
    few = counts()
    for number in range(6):
        open_thread(case=case, text=f"Point {number}", criterion_index=number % 3, by=cast.rob)
    for person in (cast.rob, cast.lou):
        ConflictOfInterest.objects.create(case=case, person=person, statement="x")
    assert counts() == few


def test_a_list_of_cases_tells_which_approval_expired(cast: Cast) -> None:
    case = make_approved(cast)
    type(case).objects.filter(pk=case.pk).update(expires_on="2020-01-31")
    make_approved(cast)
    ana = Caller(cast.ana)
    (found,) = ana.get("cases/", state="expired").json()["results"]
    assert (found["id"], found["expires_on"], found["approval_expired"]) == (case.pk, "2020-01-31", True)
    assert len(ana.get("cases/", state="approved").json()["results"]) == 1


def test_a_person_who_left_finds_nothing(cast: Cast) -> None:
    case = make_submitted(cast)
    rui = Caller(cast.rui)
    Membership.objects.filter(user=cast.rui).delete()
    body = {"revision": 1, "decision": "approve", "votes": votes()}
    assert rui.post(f"cases/{case.pk}/reviews/", body).status_code == 404
