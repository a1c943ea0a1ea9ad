"""Grading sessions through the API: opened, graded blind, ended, closed, scored."""

import json

import pytest
from django.urls import reverse

from annotations.models import GradingSession, SessionState
from annotations.selectors.agreement import report_agreement
from annotations.selectors.scores import report_run
from annotations.services.sessions import close_session, end_grading, open_session
from builder.models import Membership, Role
from exports.models import Run
from tests.annotations.rows import assignment_of, give, make_release, make_run, make_session
from tests.api_client import Caller
from tests.cast import Cast
from tests.costs import queries_of

CANARY_RUN, CANARY_MODEL = "canary-run-7b", "canary-model-x"


def verdicts_on(n_criteria: int, verdict: str = "met") -> dict:
    """Return a body with one verdict for every criterion."""
    return {"verdicts": [{"criterion_index": index, "verdict": verdict} for index in range(n_criteria)]}


def test_a_session_goes_from_runs_to_scores(cast: Cast) -> None:
    release = make_release(cast, n_cases=1)
    for name in ("run-a", "run-b"):
        make_run(release, name, by=cast.lou)
    lou = Caller(cast.lou)
    body = {
        "release": release.label, "runs": ["run-a", "run-b"], "graders": ["gia@example.org", "Gus@example.org"],
        "seed": 4,
    }  # fmt: skip
    made = lou.post("sessions/", body)
    assert made.status_code == 201, made.content
    session = made.json()
    assert (session["state"], session["overlap"]) == ("open", 2)
    assert [run["name"] for run in session["runs"]] == ["run-a", "run-b"]
    address = f"sessions/{session['id']}/"
    assert lou.get(address + "agreement/").status_code == 409
    for user in (cast.gia, cast.gus):
        grader = Caller(user)
        assert grader.get("sessions/mine/").json()["results"] == [
            {"id": session["id"], "department": "ED", "done": 0, "total": 2}
        ]
        while (answer := grader.get(address + "next/")).status_code == 200:
            desk = answer.json()
            place = f"{address}items/{desk['position']}/"
            assert grader.get(place).json() == desk
            saved = grader.put(place + "grades/", verdicts_on(len(desk["criteria"])))
            assert saved.status_code == 200 and saved.json()["judged"] == 3
        assert answer.status_code == 204
    raters = lou.get(address).json()["raters"]
    assert [(rater["label"], rater["person"], rater["done"]) for rater in raters] == [
        ("grader-1", "Gia", 2), ("grader-2", "Gus", 2),
    ]  # fmt: skip
    assert lou.get(address + "scores/").status_code == 409
    assert lou.post(address + "end-grading/").json()["state"] == "adjudicating"
    found = GradingSession.objects.get()
    assert lou.get(address + "agreement/").json() == json.loads(json.dumps(report_agreement(found).to_dict()))
    closing = lou.post(address + "close/", {"reason": "Everybody is done."})
    assert closing.json() == {
        "unresolved": 0, "cannot_judge": 0, "judge_failed": 0, "missing": 0, "ruled_cannot_judge": 0,
        "ruled_unclear": 0,
    }  # fmt: skip
    scores = lou.get(address + "scores/").json()
    assert [run["run"] for run in scores["runs"]] == ["run-a", "run-b"]
    single = lou.get("runs/run-a/score/").json()
    assert single == json.loads(json.dumps(report_run(Run.objects.get(name="run-a")).to_dict()))
    several = lou.get("scores/", run=["run-a", "run-b"]).json()
    assert [run["run"] for run in several["runs"]] == ["run-a", "run-b"]
    assert [(row["a"], row["b"]) for row in several["comparisons"]] == [("run-a", "run-b")]
    assert lou.get("runs/run-a/score/", session=session["id"]).json() == single
    assert lou.get("runs/run-a/score/", session=9_999).status_code == 404
    assert lou.get("runs/run-a/score/", session=1, rater="judge").status_code == 422
    assert lou.get("scores/").status_code == 422


def test_no_answer_to_a_grader_who_leads_names_the_system(cast: Cast) -> None:
    """Whatever else Lou may do, he grades here: neither run nor model reaches him before the session is closed."""
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    release = make_release(cast)
    run = make_run(release, CANARY_RUN, by=cast.ana, model=CANARY_MODEL)
    closed = open_session(release=release, runs=[run], graders=[cast.gia], by=cast.lou)
    give(cast.gia, closed)
    close_session(session=closed, reason="Done.", by=cast.lou)
    lou = Caller(cast.lou)
    made = lou.post(
        "sessions/", {"release": release.label, "runs": [CANARY_RUN], "graders": ["lou@example.org"]}
    )
    assert made.status_code == 201
    session = GradingSession.objects.latest("pk")
    place = f"sessions/{session.pk}/items/1/"

    def everything():
        # The bundle's manifest and the audit trail are no concern: neither knows runs.
        yield made
        for address in (
            "", "me/", "cases/", "releases/", f"releases/{release.name}/1.0.0/", "runs/", "sessions/",
            "sessions/mine/", f"sessions/{session.pk}/", f"sessions/{session.pk}/next/", place,
            f"sessions/{session.pk}/agreement/", f"sessions/{session.pk}/scores/", f"sessions/{closed.pk}/",
            f"sessions/{closed.pk}/agreement/", f"sessions/{closed.pk}/scores/", f"runs/?release={release.label}",
        ):  # fmt: skip
            yield lou.get(address)
        for address in (f"runs/{CANARY_RUN}/", f"runs/{CANARY_RUN}/score/", f"runs/{CANARY_RUN}/responses/"):
            answer = lou.get(address)
            assert answer.status_code == 404
            yield answer
        assert lou.get("scores/", run=[CANARY_RUN]).status_code == 404
        again = lou.post(
            "sessions/", {"release": release.label, "runs": [CANARY_RUN], "graders": ["gia@example.org"]}
        )
        assert again.status_code == 404
        yield again
        yield lou.put(place + "grades/", verdicts_on(1))

    def leaks() -> list[str]:
        return [
            str(answer.wsgi_request.path)
            for answer in everything()
            for text in (answer.content.decode(), str(dict(answer.headers)))
            if CANARY_RUN in text or CANARY_MODEL in text
        ]

    assert leaks() == []
    end_grading(session=session, by=cast.lou)
    assert leaks() == []
    close_session(session=session, reason="Done.", by=cast.lou)
    assert lou.get(f"sessions/{session.pk}/").json()["runs"][0]["name"] == CANARY_RUN
    assert lou.get(f"runs/{CANARY_RUN}/").json()["model"] == CANARY_MODEL
    assert Caller(cast.ana).get("runs/").json()["count"] == 1


def test_the_desk_shows_no_more_than_the_session_allows(cast: Cast) -> None:
    shown = make_session(cast, graders=[cast.gia])
    desk = Caller(cast.gia).get(f"sessions/{shown.pk}/next/").json()
    assert set(desk) == {
        "session", "position", "done", "total", "calibration", "flag_note", "lease_until", "conversation", "answer",
        "criteria", "reference_answer", "sources",
    }  # fmt: skip
    assert set(desk["criteria"][0]) == {
        "criterion_index", "criterion", "points", "red_line", "axis", "sources", "verdict", "explanation",
        "quote",
    }  # fmt: skip
    assert desk["reference_answer"] and desk["criteria"][0]["points"] == 1
    assert desk["answer"] == assignment_of(cast.gia, shown, desk["position"]).response.completion
    plain = make_session(cast, graders=[cast.gia], show_points=False, show_reference=False)
    desk = Caller(cast.gia).get(f"sessions/{plain.pk}/next/").json()
    assert desk["reference_answer"] == ""
    assert {(criterion["points"], criterion["red_line"]) for criterion in desk["criteria"]} == {(None, False)}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"verdicts": [{"criterion_index": 0, "verdict": "maybe"}]}, 422),
        ({"verdicts": [{"criterion_index": 0, "verdict": "judge_failed"}]}, 422),
        ({"verdicts": [{"criterion_index": 9, "verdict": "met"}]}, 422),
        ({"verdicts": [{"criterion_index": -1, "verdict": "met"}]}, 422),
        ({"verdicts": [{"criterion_index": 0, "verdict": "met"}] * 2}, 422),
        ({"verdicts": "met"}, 422),
    ],
)
def test_a_wrong_verdict_saves_nothing(cast: Cast, body: dict, status: int) -> None:
    session = make_session(cast, graders=[cast.gia])
    answer = Caller(cast.gia).put(f"sessions/{session.pk}/items/1/grades/", body)
    assert (answer.status_code, answer.json()["code"]) == (status, "bad_input")
    assert not assignment_of(cast.gia, session).grades.exists()


def test_no_verdict_changes_nothing_by_api_and_at_the_desk_alike(cast: Cast) -> None:
    session = make_session(cast, graders=[cast.gia])
    gia, place = Caller(cast.gia), f"sessions/{session.pk}/items/1/grades/"
    gia.put(place, verdicts_on(3))
    answer = gia.put(place, {"verdicts": []})
    assert (answer.status_code, answer.json()["judged"]) == (200, 3)
    gia.client.force_login(cast.gia)
    desk = reverse("annotations:grade-save", args=[session.pk, 1])
    saved = gia.client.post(desk, {"verdicts": []}, format="json")
    assert (saved.status_code, saved.json()["judged"]) == (200, 3)


def test_verdicts_can_be_changed_taken_back_and_end_with_grading(cast: Cast) -> None:
    session = make_session(cast, graders=[cast.gia])
    gia, place = Caller(cast.gia), f"sessions/{session.pk}/items/1/grades/"
    gia.put(place, verdicts_on(3))
    note = {"verdicts": [{"criterion_index": 0, "verdict": "cannot_judge", "explanation": "No ECG shown."}]}
    assert gia.put(place, note).json()["judged"] == 3
    assert gia.put(place, {"verdicts": [{"criterion_index": 1, "verdict": ""}]}).json()["judged"] == 2
    grades = assignment_of(cast.gia, session).grades
    assert list(grades.values_list("criterion_index", "verdict", "explanation")) == [
        (0, "cannot_judge", "No ECG shown."), (2, "met", ""),
    ]  # fmt: skip
    end_grading(session=session, by=cast.lou)
    answer = gia.put(place, verdicts_on(3))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    assert gia.get(f"sessions/{session.pk}/next/").status_code == 404
    assert gia.get("sessions/mine/").json()["results"] == []


def test_what_is_no_field_is_refused_by_name_and_changes_nothing(cast: Cast) -> None:
    """Misspelled choices would silently become the default, and misspelled notes would be lost."""
    release = make_release(cast)
    make_run(release, "run-a", by=cast.lou)
    asked = {"release": release.label, "runs": ["run-a"], "graders": ["gia@example.org"]}
    protected = {"state": "closed", "kind": "imported", "created_by": cast.eve.pk, "id": 500}
    for more in (protected, {"overlapp": 1}, {"calibration": {"n": 1, "sesion": 3}}):
        answer = Caller(cast.lou).post("sessions/", asked | more)
        assert answer.status_code == 422
        names = set(more) if more.keys() != {"calibration"} else {"calibration"}
        assert set(answer.json()["fields"]) == names
        assert "misspelled" in answer.content.decode()
    assert not GradingSession.objects.exists()

    Caller(cast.lou).post("sessions/", asked)
    session = GradingSession.objects.get()
    body = verdicts_on(1)
    wrong = [
        body | {"done_at": "2020-01-01", "rater": cast.gus.pk, "round": 2},
        {"verdicts": [body["verdicts"][0] | {"note": "Lost."}]},
    ]
    for each in wrong:
        assert Caller(cast.gia).put(f"sessions/{session.pk}/items/1/grades/", each).status_code == 422
    assert not assignment_of(cast.gia, session).grades.exists()


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"runs": ["nothing"]}, 404, None),
        ({"runs": []}, 422, "runs"),
        ({"graders": ["ada@example.org"]}, 422, "graders"),
        ({"graders": ["nobody@example.org"]}, 422, "graders"),
        ({"overlap": 2}, 422, "overlap"),
        ({"overlap": 0}, 422, "overlap"),
        ({"release": "x==1.0.0"}, 404, None),
        ({"release": "x"}, 422, "release"),
        ({"seed": 2**80}, 422, "seed"),
        ({"desk": "label-studio"}, 422, "desk"),
        ({"desk": "paper"}, 422, "desk"),
        ({"choices": [{"grader": "gus@example.org", "quota": 1}]}, 422, "graders"),
        ({"choices": [{"grader": "gia@example.org", "quota": 0}]}, 422, "choices"),
        ({"choices": [{"grader": "gia@example.org", "quota": 3}]}, 422, "graders"),
        ({"safety_overlap": 2}, 422, "safety_overlap"),
        ({"epochs": [2]}, 422, "epochs"),
        ({"epochs": [0]}, 422, "epochs"),
        ({"deadline": "2020-01-31"}, 422, "deadline"),
        ({"deadline": "soon"}, 422, "deadline"),
        ({"rule": "dice"}, 422, "rule"),
        ({"min_shared": -1}, 422, "min_shared"),
        ({"calibration": {"n": 0}}, 422, "calibration"),
        ({"calibration": {"n": 1, "session": 999}}, 404, None),
        ({"calibration": {"n": 50}}, 422, "calibration_n"),
    ],
)
def test_a_session_that_cannot_be_is_refused(
    cast: Cast, change: dict, status: int, field: str | None
) -> None:
    release = make_release(cast)
    make_run(release, "run-a", by=cast.lou)
    body = {"release": release.label, "runs": ["run-a"], "graders": ["gia@example.org"], **change}
    answer = Caller(cast.lou).post("sessions/", body)
    assert answer.status_code == status
    assert field is None or field in answer.json()["fields"]
    assert not GradingSession.objects.exists()


def test_the_plan_is_told_before_anything_is_made(cast: Cast) -> None:
    """4 answers of 3 criteria to two graders each; a pair shares all four."""
    release = make_release(cast)
    for name in ("run-a", "run-b"):
        make_run(release, name, by=cast.lou)
    body = {
        "release": release.label, "runs": ["run-a", "run-b"], "graders": ["gia@example.org", "gus@example.org"],
        "min_shared": 4, "seed": 3,
    }  # fmt: skip
    plan = Caller(cast.lou).post("sessions/plan/", body).json()
    assert (plan["cases"], plan["answers"], plan["units"], plan["verdicts"]) == (2, 4, 12, 24)
    assert plan["shared"] == {"least": 4, "most": 4, "pair": ["gia@example.org", "gus@example.org"]}
    assert [(row["person"], row["answers"], row["verdicts"]) for row in plan["graders"]] == [
        ("gia@example.org", 4, 12), ("gus@example.org", 4, 12),
    ]  # fmt: skip
    assert (plan["answers_timed"], plan["naming_their_system"], plan["calibration_lost"]) == (0, 0, 0)
    refused = Caller(cast.lou).post("sessions/plan/", {**body, "min_shared": 5})
    assert (refused.status_code, refused.json()["message"]) == (
        422, "Gia and Gus can share 4 answers at most; you asked for 5.",
    )  # fmt: skip
    assert not GradingSession.objects.exists()


def test_a_session_is_set_up_with_everything_and_opened_again(cast: Cast) -> None:
    release = make_release(cast)
    for name in ("run-a", "run-b"):
        make_run(release, name, by=cast.lou)
    lou = Caller(cast.lou)
    body = {
        "release": release.label, "runs": ["run-a", "run-b"], "graders": ["gia@example.org", "gus@example.org"],
        "overlap": 1, "safety_overlap": 2, "rule": "lead", "show_reference": False, "allow_own_cases": True,
        "epochs": [1], "choices": [{"grader": "Gia@example.org", "quota": 4}],
    }  # fmt: skip
    made = lou.post("sessions/", body).json()
    kept = (
        "overlap",
        "safety_overlap",
        "rule",
        "show_reference",
        "show_evidence",
        "allow_own_cases",
        "epochs",
    )
    assert [made[name] for name in kept] == [1, 2, "lead", False, False, True, [1]]
    address = f"sessions/{made['id']}/"
    assert lou.post(address + "reopen/", {"reason": "x"}).status_code == 409
    lou.post(address + "end-grading/")
    assert lou.post(address + "reopen/", {"reason": " "}).status_code == 422
    assert lou.post(address + "reopen/", {"reason": "More time."}).json()["state"] == "open"


def test_roles_decide(cast: Cast) -> None:
    session = make_session(cast)
    end = f"sessions/{session.pk}/end-grading/"
    close = f"sessions/{session.pk}/close/"
    item = f"sessions/{session.pk}/items/1/"
    assert Caller(cast.ana).get(f"sessions/{session.pk}/").status_code == 200
    assert [
        rater["person"] for rater in Caller(cast.ana).get(f"sessions/{session.pk}/").json()["raters"]
    ] == ["", ""]
    for user, status in ((cast.ana, 403), (cast.ola, 403), (cast.gia, 404), (cast.ada, 404), (cast.eve, 404)):
        caller = Caller(user)
        assert caller.post(end).status_code == status
        assert caller.post(close, {"reason": "x"}).status_code == status
    for user in (cast.geo, cast.lou, cast.ola, cast.eve):
        caller = Caller(user)
        assert caller.get(f"sessions/{session.pk}/next/").status_code == 404
        assert caller.get(item).status_code == 404
        assert caller.put(item + "grades/", verdicts_on(3)).status_code == 404
    session.refresh_from_db()
    assert session.state == SessionState.OPEN


def test_another_tools_verdicts_come_in_and_are_scored(cast: Cast) -> None:
    release = make_release(cast, n_cases=1)
    run = make_run(release, "run-a", by=cast.lou)
    item = release.items.get()
    rows = [{"criterion": row.criterion, "criteria_met": True} for row in item.content.rubrics]
    raw = json.dumps({"prompt_id": item.prompt_id, "rubric_items": rows}).encode()
    ana = Caller(cast.ana)
    made = ana.upload(f"runs/{run.name}/verdicts/", raw, "verdicts.jsonl", rater="judge-1")
    assert (made.status_code, made.json()["verdicts"]) == (201, 3), made.content
    again = ana.upload(f"runs/{run.name}/verdicts/", raw, "verdicts.jsonl", rater="judge-1")
    assert (again.status_code, again.json()["created"]) == (200, False)
    score = ana.get("runs/run-a/score/", rater="judge-1").json()
    assert score["counts"]["red_line_failures"] == 1
    short = json.dumps({"prompt_id": item.prompt_id, "rubric_items": rows[:1]}).encode()
    refused = ana.upload(f"runs/{run.name}/verdicts/", short, "verdicts.jsonl", rater="judge-2")
    assert (refused.status_code, "verdicts.jsonl, line 1: rubric_items" in refused.json()["message"]) == (
        422,
        True,
    )
    for user, status in ((cast.ola, 403), (cast.gia, 404), (cast.ada, 404), (cast.eve, 404)):
        answer = Caller(user).upload(f"runs/{run.name}/verdicts/", raw, rater="judge-3")
        assert answer.status_code == status
    assert GradingSession.objects.count() == 1


def test_list_queries_do_not_grow_with_rows(cast: Cast) -> None:
    first = make_session(cast, n_cases=1, n_criteria=2)
    lou, gia = Caller(cast.lou), Caller(cast.gia)
    calls = (
        (lou, "sessions/"), (gia, "sessions/mine/"), (gia, "sessions/{}/next/"), (lou, "sessions/{}/"),
    )  # fmt: skip

    def counts(session: GradingSession) -> list[int]:
        return [queries_of(caller, address.format(session.pk)) for caller, address in calls]

    few = counts(first)
    for _time in range(5):
        last = make_session(cast, n_cases=6, n_criteria=7, n_runs=3)
    assert counts(last) == few
