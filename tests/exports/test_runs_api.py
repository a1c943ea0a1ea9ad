"""Runs through the API: answers come in whole, and a run that is graded blind isn't there."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exports.models import Run
from tests.api_client import API, Caller
from tests.cast import Cast
from tests.costs import queries_of
from tests.exports.builders import answers_to, make_release

FACTORS = {"model": "northlight-7b", "model_class": "general", "prompting": "plain", "retrieval": "none"}


def lines(rows: list[dict]) -> bytes:
    """Return rows as JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_answers_come_in_once_with_their_factors(cast: Cast) -> None:
    release = make_release(cast)
    ana, raw = Caller(cast.ana), lines(answers_to(release, epochs=2))
    fields = {"release": "trial==1.0.0", "run": "m1", **FACTORS, "param": ["temperature=0.2", "seed=a=b"]}
    made = ana.upload("runs/", raw, "answers.jsonl", **fields)
    assert made.status_code == 201, made.content
    assert (made.json()["created"], made.json()["responses"]) == (True, 4)
    run = ana.get("runs/m1/").json()
    assert {name: run[name] for name in FACTORS} == FACTORS
    assert run["parameters"] == {"temperature": "0.2", "seed": "a=b"}
    again = ana.upload("runs/", raw, "answers.jsonl", **fields)
    assert (again.status_code, again.json()["created"]) == (200, False)
    listed = ana.get("runs/", release="trial==1.0.0").json()["results"]
    assert [(row["name"], row["n_responses"], row["n_answered"]) for row in listed] == [("m1", 4, 2)]
    responses = ana.get("runs/m1/responses/").json()["results"]
    assert [row["completion"] for row in responses][:2] == [
        row["completion"] for row in answers_to(release, 2)
    ][:2]
    assert ana.post("runs/m1/withdraw/", {"reason": "Wrong prompt."}).status_code == 200
    assert ana.post("runs/m1/withdraw/", {"reason": "Again."}).status_code == 409


@pytest.mark.parametrize(
    ("raw", "fields", "status", "words"),
    [
        (b'{"prompt_id": "nobody", "completion": "x"}', {}, 422, "answers.jsonl, line 1: prompt_id"),
        (b"{", {}, 422, "line 1"),
        (b"", {}, 422, "fields"),
        (b"{}", {"run": "a b"}, 422, "letters"),
        (b"{}", {"run": "", "release": "trial==1.0.0"}, 422, "fields"),
        (b"{}", {"release": "trial"}, 422, "NAME==X.Y.Z"),
        (b"{}", {"release": "other==1.0.0"}, 404, "no such release"),
        (b"{}", {"param": "temperature"}, 422, "fields"),
        (b"{}", {"model_class": "huge"}, 422, "fields"),
    ],
)
def test_bad_input_says_where_and_writes_nothing(
    cast: Cast, raw: bytes, fields: dict, status: int, words: str
) -> None:
    make_release(cast)
    sent = {"release": "trial==1.0.0", "run": "m1", **fields}
    answer = Caller(cast.ana).upload("runs/", raw, "answers.jsonl", **sent)
    assert (answer.status_code, words in answer.json()["message"]) == (status, True), answer.content
    assert not Run.objects.exists()


def test_what_is_no_field_is_refused_by_name_and_changes_nothing(cast: Cast) -> None:
    """A form's fields too: a misspelled factor of a run would be lost."""
    release = make_release(cast)
    wrong = {
        "state": "withdrawn",
        "imported_by": cast.eve.pk,
        "source_sha256": "0" * 64,
        "id": 77,
        "modell": "x",
    }
    answer = Caller(cast.ana).upload(
        "runs/", lines(answers_to(release)), release="trial==1.0.0", run="m1", **wrong
    )
    assert (answer.status_code, set(answer.json()["fields"])) == (422, set(wrong))
    assert not Run.objects.exists()


def test_roles_decide(cast: Cast) -> None:
    release = make_release(cast)
    raw = lines(answers_to(release))
    Caller(cast.ana).upload("runs/", raw, release="trial==1.0.0", run="m1")
    for user, status in ((cast.ada, 403), (cast.ola, 403), (cast.gia, 404), (cast.eve, 404)):
        answer = Caller(user).upload("runs/", raw, release="trial==1.0.0", run="m2")
        assert answer.status_code == status, user
    for user in (cast.ada, cast.rui, cast.gia, cast.eve):
        caller = Caller(user)
        assert caller.get("runs/").json()["results"] == []
        for method, address in (
            ("GET", "runs/m1/"),
            ("GET", "runs/m1/responses/"),
            ("POST", "runs/m1/withdraw/"),
        ):
            assert caller.send(method, address, {"reason": "x"}).status_code == 404
    assert Run.objects.count() == 1


def test_odd_names_never_reach_the_database(cast: Cast) -> None:
    ana = Caller(cast.ana)
    for name in ("%00", "a%00b", "..", "%2e%2e", "a b", "-x", "%ff"):
        with CaptureQueriesContext(connection) as queries:
            assert ana.client.get(f"{API}runs/{name}/").status_code == 404
        assert not any("exports_run" in query["sql"] for query in queries)


def test_list_queries_do_not_grow_with_rows(cast: Cast) -> None:
    release = make_release(cast)
    ana = Caller(cast.ana)
    rows = answers_to(release)
    ana.upload("runs/", lines(rows[:1]), release="trial==1.0.0", run="m0")

    def counts() -> list[int]:
        last = "m1" if Run.objects.count() > 1 else "m0"
        return [queries_of(ana, address) for address in ("runs/", f"runs/{last}/responses/")]

    few = counts()
    for number in range(1, 8):
        ana.upload("runs/", lines(rows), release="trial==1.0.0", run=f"m{number}")
    assert counts() == few
