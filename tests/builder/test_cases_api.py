"""Cases through the API: the same verbs and refusals as the pages."""

import json

import pytest

from builder.models import AuditEvent, Case, CaseRevision, CaseState
from tests.api_client import API, Caller, as_json
from tests.cast import Cast
from tests.costs import queries_of
from tests.factories import make_approved, make_content, make_draft, make_submitted


def code_of(response) -> tuple[int, str]:
    """Return the status and the error's code, after checking the error's one shape."""
    body = response.json()
    assert {"code", "message", "fields"} <= set(body)
    assert body["message"] and isinstance(body["fields"], dict)
    return response.status_code, body["code"]


def test_a_case_goes_from_nothing_to_approved(cast: Cast) -> None:
    ada, content = Caller(cast.ada), as_json(make_content())
    made = ada.post("cases/", {"department": "ED", "content": content})
    assert made.status_code == 201
    case = made.json()
    assert (case["state"], case["version"], case["created_by"]) == ("draft", 1, "ada@example.org")
    assert case["content"] == content
    address = f"cases/{case['id']}/"
    content["title"] = "Chest pain, again"
    saved = ada.put(address, {"content": content, "base_version": 1})
    assert (saved.status_code, saved.json()["version"], saved.json()["title"]) == (
        200,
        2,
        "Chest pain, again",
    )
    assert ada.post(address + "submit/").json()["state"] == "in_review"
    votes = [{"criterion_index": index, "vote": "agree"} for index in range(3)]
    for user in (cast.rui, cast.rob):
        answer = Caller(user).post(
            address + "reviews/", {"revision": 2, "decision": "approve", "votes": votes}
        )
        assert answer.status_code == 201
        assert [vote["vote"] for vote in answer.json()["votes"]] == ["agree"] * 3
    found = ada.get(address).json()
    assert found["state"] == "approved"
    assert found["standings"] == [{"agree": 2, "disagree": 0, "cannot_judge": 0, "is_contested": False}] * 3
    assert [review["reviewer"] for review in ada.get(address + "reviews/").json()["results"]] == [
        "rui@example.org", "rob@example.org",
    ]  # fmt: skip
    retired = Caller(cast.lou).post(address + "retire/", {"reason": "The guideline changed."})
    assert retired.json()["state"] == "retired"
    assert AuditEvent.objects.get(verb="case:retire").why == "The guideline changed."


def test_patch_replaces_only_the_named_fields(cast: Cast) -> None:
    case = make_draft(cast)
    answer = Caller(cast.ada).send(
        "PATCH", f"cases/{case.pk}/", {"content": {"title": "Renamed"}, "base_version": 1}
    )
    assert answer.json()["content"] == as_json(make_content()) | {"title": "Renamed"}


def test_a_stale_save_is_refused_with_both_texts(cast: Cast) -> None:
    case = make_draft(cast)
    lou, ada = Caller(cast.lou), Caller(cast.ada)
    theirs, yours = as_json(make_content("Lou's")), as_json(make_content("Ada's"))
    lou.put(f"cases/{case.pk}/", {"content": theirs, "base_version": 1})
    answer = ada.put(f"cases/{case.pk}/", {"content": yours, "base_version": 1})
    assert code_of(answer) == (409, "conflict")
    assert (answer.json()["yours"], answer.json()["theirs"], answer.json()["version"]) == (yours, theirs, 2)
    assert CaseRevision.objects.filter(case=case).count() == 2


def test_a_draft_is_kept_shown_and_forgotten(cast: Cast) -> None:
    case, ada = make_draft(cast), Caller(cast.ada)
    address = f"cases/{case.pk}/draft/"
    assert code_of(ada.get(address)) == (404, "not_found")
    content = as_json(make_content("Half a thought"))
    body = {"content": content, "base_version": 1, "sequence": 0}
    kept = ada.put(address, body).json()
    first = kept["sequence"]
    assert kept["content"] == content
    changed = {**body, "content": {**content, "title": "Changed"}}
    assert ada.put(address, {**changed, "sequence": first}).json()["sequence"] == first + 1
    assert code_of(ada.put(address, {**body, "sequence": first})) == (409, "conflict")
    assert code_of(Caller(cast.lou).get(address)) == (404, "not_found")
    assert ada.send("DELETE", address).status_code == 204
    assert code_of(ada.get(address)) == (404, "not_found")


def test_revisions_are_listed_and_shown(cast: Cast) -> None:
    case, ada = make_draft(cast), Caller(cast.ada)
    ada.put(f"cases/{case.pk}/", {"content": as_json(make_content("Second")), "base_version": 1})
    listed = ada.get(f"cases/{case.pk}/revisions/").json()["results"]
    assert [(row["number"], row["author"]) for row in listed] == [
        (2, "ada@example.org"),
        (1, "ada@example.org"),
    ]
    assert ada.get(f"cases/{case.pk}/revisions/1/").json()["content"] == as_json(make_content())
    assert code_of(ada.get(f"cases/{case.pk}/revisions/9/")) == (404, "not_found")


def test_the_list_is_narrowed_and_paged(cast: Cast) -> None:
    make_submitted(cast, title="Stroke in the lift", kind="practice", language="ko")
    make_draft(cast)
    ada = Caller(cast.ada)
    assert ada.get("cases/").json()["count"] == 2
    queries = (
        {"state": "in_review"}, {"kind": "practice"}, {"language": "ko"}, {"q": "lift"},
        {"department": "ED", "q": "stroke"},
    )  # fmt: skip
    for query in queries:
        assert [row["title"] for row in ada.get("cases/", **query).json()["results"]] == [
            "Stroke in the lift"
        ], query
    assert ada.get("cases/", department="XX").json()["results"] == []
    assert ada.get("cases/", theme="nothing").json()["results"] == []
    page = ada.get("cases/", page_size=1, page=2).json()
    assert (len(page["results"]), page["next"]) == (1, None)
    assert code_of(ada.get("cases/", page=99)) == (404, "not_found")
    assert code_of(ada.get("cases/", state="nonsense")) == (422, "bad_input")
    assert code_of(ada.get("cases/", q="\x00")) == (422, "bad_input")


def test_an_unready_case_names_every_finding(cast: Cast) -> None:
    case = make_draft(cast, rubrics=[])
    answer = Caller(cast.ada).post(f"cases/{case.pk}/submit/")
    assert code_of(answer) == (422, "bad_input")
    assert "rubrics" in answer.json()["fields"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "department"),
        ({"department": "ED"}, "content"),
        ({"department": "ED", "content": 7}, "content"),
        ({"department": "ED", "content": {"prompt": "hello", "rubrics": []}}, None),
        (
            {"department": "ED", "content": {"prompt": [{"role": "nurse", "content": "x"}], "rubrics": []}},
            None,
        ),
        ({"department": "ED", "content": as_json(make_content()), "prompt_id": "12345"}, "prompt_id"),
    ],
)
def test_a_malformed_body_is_422_and_writes_nothing(cast: Cast, body: dict, field: str | None) -> None:
    answer = Caller(cast.ada).post("cases/", body)
    assert code_of(answer) == (422, "bad_input")
    assert field is None or field in answer.json()["fields"]
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[" * 100_000,
        b'{"department": NaN}',
        b'{"department": "\\u0000"}',
        b"\xff\xfe",
        b'{"x": "\\ud800"}',
    ],
)
def test_a_hostile_body_is_400(cast: Cast, raw: bytes) -> None:
    caller = Caller(cast.ada)
    answer = caller.client.generic("POST", API + "cases/", raw, content_type="application/json")
    assert code_of(answer) == (400, "parse_error")


def test_an_oversized_body_is_413(cast: Cast) -> None:
    caller = Caller(cast.ada)
    raw = b'"' + b"x" * (10 * 1024 * 1024) + b'"'
    answer = caller.client.generic("POST", API + "cases/", raw, content_type="application/json")
    assert code_of(answer) == (413, "too_large")


def test_what_is_no_field_is_refused_by_name_and_changes_nothing(cast: Cast) -> None:
    protected = {
        "state": "approved", "version": 40, "created_by": "eve@example.org", "sha256": "0" * 64, "head": 1, "id": 999,
        "is_org_admin": True, "number": 12, "author": "eve@example.org",
    }  # fmt: skip
    ada = Caller(cast.ada)
    body = {"department": "ED", "content": as_json(make_content())}
    for name, value in protected.items():
        refused = ada.post("cases/", {**body, name: value})
        assert (refused.status_code, list(refused.json()["fields"])) == (422, [name])
    assert not Case.objects.exists()

    ada.post("cases/", body)
    case = Case.objects.get()
    assert (case.state, case.version, case.created_by) == (CaseState.DRAFT, 1, cast.ada)
    changed = {"content": as_json(make_content("Next")), "base_version": 1}
    refused = ada.put(f"cases/{case.pk}/", {**changed, "department": "XX", **protected})
    assert (refused.status_code, set(refused.json()["fields"])) == (422, {"department", *protected})
    case.refresh_from_db()
    assert (case.version, case.department) == (1, cast.department)


def test_roles_decide(cast: Cast) -> None:
    case = make_submitted(cast)
    content = {"content": as_json(make_content("x")), "base_version": 1}
    review = {"revision": 1, "decision": "request_changes", "comment": "Shorter."}
    refusals = [
        (cast.rui, "PUT", f"cases/{case.pk}/", content),
        (cast.ana, "POST", "cases/", {"department": "ED", "content": content["content"]}),
        (cast.ada, "POST", f"cases/{case.pk}/reviews/", review),
        (cast.ada, "POST", f"cases/{case.pk}/retire/", {"reason": "x"}),
        (cast.ola, "PUT", f"cases/{case.pk}/", content),
    ]
    for user, method, address, body in refusals:
        assert code_of(Caller(user).send(method, address, body)) == (403, "not_allowed"), (user, address)
    assert Caller(cast.rui).post(f"cases/{case.pk}/reviews/", review).status_code == 201


def test_a_file_of_cases_is_imported_once(cast: Cast) -> None:
    lou, row = Caller(cast.lou), {**as_json(make_content()), "prompt_id": "ed-upload"}
    line = json.dumps(row).encode()
    answer = lou.upload("cases/import/", line, department="ED", approved_elsewhere="The old spreadsheet")
    assert answer.status_code == 200
    assert (answer.json()["created"], answer.json()["unchanged"]) == (1, 0)
    assert Case.objects.get().state == CaseState.APPROVED
    again = lou.upload("cases/import/", line, department="ED", approved_elsewhere="The old spreadsheet")
    assert (again.json()["created"], again.json()["unchanged"]) == (0, 1)


def test_a_bad_file_names_its_line_and_writes_nothing(cast: Cast) -> None:
    lou, row = Caller(cast.lou), {**as_json(make_content()), "prompt_id": "ed-upload"}
    answer = lou.upload(
        "cases/import/", json.dumps(row).encode() + b"\n{", "../../etc/my cases.jsonl", department="ED"
    )
    assert code_of(answer) == (422, "bad_input")
    assert answer.json()["message"].startswith("my_cases.jsonl, line 2:")
    assert code_of(lou.post("cases/import/", {"department": "ED"})) == (415, "unsupported_media_type")
    assert code_of(lou.client.post(API + "cases/import/", {"department": "ED"}, format="multipart")) == (
        422, "bad_input",
    )  # fmt: skip
    for person, extra in ((cast.rui, {}), (cast.ada, {"approved_elsewhere": "The old spreadsheet"})):
        refused = Caller(person).upload("cases/import/", b"{}", department="ED", **extra)
        assert code_of(refused) == (403, "not_allowed")
    assert code_of(Caller(cast.eve).upload("cases/import/", b"{}", department="ED")) == (404, "not_found")
    assert not Case.objects.exists()


def test_an_upload_over_the_limit_is_not_read(cast: Cast) -> None:
    lou = Caller(cast.lou)
    answer = lou.client.generic(
        "POST", API + "cases/import/", b"--x--", content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(101 * 1024 * 1024),
    )  # fmt: skip
    assert code_of(answer) == (413, "too_large")


def test_list_queries_do_not_grow_with_rows(cast: Cast) -> None:
    case = make_submitted(cast)
    lou = Caller(cast.lou)
    Caller(cast.rui).post(
        f"cases/{case.pk}/reviews/", {"revision": 1, "decision": "request_changes", "comment": "No."}
    )
    addresses = ("cases/", f"cases/{case.pk}/reviews/", f"cases/{case.pk}/revisions/")

    def counts() -> list[int]:
        return [queries_of(lou, address) for address in addresses]

    few = counts()
    for number in range(5):
        make_approved(cast, title=f"Case {number}")
    Caller(cast.rob).post(
        f"cases/{case.pk}/reviews/", {"revision": 1, "decision": "request_changes", "comment": "No."}
    )
    for version in range(1, 4):
        body = {"content": as_json(make_content(f"Version {version}")), "base_version": version}
        assert lou.put(f"cases/{case.pk}/", body).status_code == 200
    assert counts() <= few


def test_a_pasted_text_of_more_than_a_million_characters_is_refused(cast: Cast) -> None:
    body = {"department": "ED", "conversation": "User: " + "a" * 1_000_001}
    assert code_of(Caller(cast.ada).post("cases/start/", body)) == (422, "bad_input")
    assert not Case.objects.exists()
