"""What is said when a Label Studio, or whatever stands at its address, answers otherwise than hoped."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from annotations.labelstudio import ports
from annotations.labelstudio.errors import (
    BadAnswer,
    Conflict,
    LabelStudioError,
    Missing,
    Refused,
    TooOld,
    Unauthorised,
    Unreachable,
)
from annotations.labelstudio.gateway import Gateway, connect
from annotations.labelstudio.ports import LabelStudio, ProjectDraft
from annotations.labelstudio.wire import Limits
from builder.common.remote_addresses import AddressGuard
from tests.annotations.labelstudio.small_server import Asked, answer, small_server

TOKEN = "0123456789abcdef0123456789abcdef01234567"
GUARD = AddressGuard(frozenset({"127.0.0.1"}), allow_private=True)
DRAFT = ProjectDraft("Grading 1", "", "", "<View/>")
PROJECT = {
    "id": 7,
    "title": "Grading 1",
    "is_published": True,
    "task_number": 2,
    "total_annotations_number": 1,
}
TASK = {"id": 3, "project": 7, "data": {}, "updated_at": "2026-01-01T00:00:00Z", "annotations": []}


def gateway(url: str, waits: list[float] | None = None, **limits: float) -> Gateway:
    """Return a gateway that notes its waits instead of waiting."""
    chosen = Limits(**({"connect": 1, "read": 0.5, "total": 3} | limits))  # type: ignore[arg-type]
    return connect(url, TOKEN, guard=GUARD, limits=chosen, sleep=(waits if waits is not None else []).append)


def in_turn(*answers: bytes | None) -> Callable[[Asked], bytes | None]:
    """Return what gives one answer after the other, and the last one for ever."""
    left = list(answers)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def port_methods() -> set[str]:
    """Return what the port promises."""
    return {name for name in vars(LabelStudio) if not name.startswith("_")}


def test_the_gateway_offers_what_the_port_promises() -> None:
    """mypy compares the signatures, here; this compares the names."""
    with gateway("http://127.0.0.1:9") as server:
        port: LabelStudio = server
        assert port_methods() <= set(dir(port))
        assert TOKEN not in repr(server)


WRITES: dict[str, Callable[[Gateway], object]] = {
    "create_project": lambda server: server.create_project(DRAFT),
    "import_tasks": lambda server: server.import_tasks(7, [{"text": "x"}]),
    "create_annotation": lambda server: server.create_annotation(3, result=[], unique_id="u"),
    "create_webhook": lambda server: server.create_webhook(7, url="https://here.example", headers={}),
}
REPEATABLE: dict[str, Callable[[Gateway], object]] = {
    "version": lambda server: server.version(),
    "whoami": lambda server: server.whoami(),
    "list_users": lambda server: server.list_users(),
    "invite_link": lambda server: server.invite_link(),
    "find_projects": lambda server: server.find_projects("x"),
    "get_project": lambda server: server.get_project(7),
    "update_project": lambda server: server.update_project(7, title="x"),
    "archive_project": lambda server: server.archive_project(7),
    "counts": lambda server: server.counts(7),
    "changed_tasks": lambda server: list(server.changed_tasks(7, since=None)),
    "all_tasks": lambda server: list(server.all_tasks(7)),
    "task_keys": lambda server: list(server.task_keys(7)),
    "get_task": lambda server: server.get_task(3),
    "delete_task": lambda server: server.delete_task(3),
    "list_webhooks": lambda server: server.list_webhooks(7),
    "delete_webhook": lambda server: server.delete_webhook(5),
}
EVERY = WRITES | REPEATABLE


def test_every_method_is_tried() -> None:
    """Those that combine others, or send nothing, aside."""
    assert set(EVERY) == port_methods() - {"check", "close", "find_user"}


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("failure", ["500", "502", "504", "dropped", "cut short", "no answer"])
def test_a_write_is_sent_once_and_may_have_happened(method: str, failure: str) -> None:
    """Sending it again could double it: whoever asked reads back first."""
    answers: dict[str, bytes | Iterable[bytes] | None] = {
        "500": answer(500, {"detail": "x"}),
        "502": answer(502, "<html>bad gateway</html>"),
        "504": answer(504, ""),
        "dropped": None,
        "cut short": answer(201, {"id": 1})[:-3],
        "no answer": None,
    }
    import time

    def failing(asked: Asked) -> bytes | Iterable[bytes] | None:
        if failure == "no answer":
            time.sleep(0.8)
        return answers[failure]

    waits: list[float] = []
    with small_server(failing) as real, gateway(real.url, waits) as server:
        with pytest.raises(Unreachable) as told:
            WRITES[method](server)
        assert told.value.may_have_happened
        assert not told.value.permanent
        assert len(real.asked) == 1
    assert waits == []


@pytest.mark.parametrize("method", WRITES)
def test_a_write_that_was_never_sent_did_not_happen(method: str) -> None:
    """Nobody listens there."""
    with small_server(lambda asked: None) as real:
        url = real.url
    with gateway(url) as server, pytest.raises(Unreachable, match="Check the address") as told:
        WRITES[method](server)
    assert not told.value.may_have_happened


@pytest.mark.parametrize("method", WRITES)
def test_a_write_that_was_put_off_did_not_happen(method: str) -> None:
    """429 comes before anything is done."""
    later = small_server(lambda asked: answer(429, {}, Retry_After="7"))
    with later as real, gateway(real.url) as server, pytest.raises(Unreachable, match="pause") as told:
        WRITES[method](server)
    assert (told.value.may_have_happened, told.value.retry_after) == (False, 7.0)


@pytest.mark.parametrize("method", REPEATABLE)
def test_what_may_be_repeated_is(method: str) -> None:
    """Three more times, after growing waits, and then it is told."""
    waits: list[float] = []
    with small_server(lambda asked: answer(503, "")) as real, gateway(real.url, waits) as server:
        with pytest.raises(Unreachable):
            REPEATABLE[method](server)
        assert len(real.asked) == server.requests == 4
    assert len(waits) == 3
    assert 0.25 <= waits[0] <= 0.75 and 0.5 <= waits[1] <= 1.5 and 1 <= waits[2] <= 3


def test_a_wait_is_as_long_as_the_server_asks_but_bounded() -> None:
    """A server can't make a worker sleep for a day."""
    waits: list[float] = []
    told = (answer(429, {}, Retry_After="5"), answer(429, {}, Retry_After="86400"), answer(200, PROJECT))
    with small_server(in_turn(*told)) as real, gateway(real.url, waits) as server:
        assert server.get_project(7).id == 7
    assert waits == [5.0, 10.0]


def test_a_repeated_read_comes_back() -> None:
    """After a dropped connection, half an answer and an error."""
    told = (None, answer(200, PROJECT)[:-5], answer(502, ""), answer(200, PROJECT))
    with small_server(in_turn(*told)) as real, gateway(real.url) as server:
        assert server.get_project(7).task_number == 2


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (401, Unauthorised), (403, Refused), (409, Conflict), (413, Refused), (422, Refused)],
)
def test_a_refusal_is_told_at_once(method: str, status: int, kind: type[LabelStudioError]) -> None:
    """Asking again changes nothing; the sentence is whole and holds no token."""
    body = {"detail": f"Token {TOKEN} may not\nenter \u202ehere", "validation_errors": {}}
    with small_server(lambda asked: answer(status, body)) as real, gateway(real.url) as server:
        with pytest.raises(kind) as told:
            EVERY[method](server)
        assert len(real.asked) == 1
    assert told.value.permanent
    assert not told.value.may_have_happened
    assert told.value.sentence.endswith((".", "”"))
    assert TOKEN not in str(told.value)
    if kind is Refused:
        assert "Token … may not enter here" in str(told.value)


@pytest.mark.parametrize("method", sorted(set(EVERY) - {"delete_task", "delete_webhook"}))
def test_what_is_gone_is_told(method: str) -> None:
    """Somebody deleted it there."""
    gone = small_server(lambda asked: answer(404, {"detail": "x"}))
    with gone as real, gateway(real.url) as server, pytest.raises(Missing, match="kept here"):
        EVERY[method](server)


def test_deleting_what_is_gone_is_done() -> None:
    """Once, twice, the end is the same; a repeated delete may find its own work."""
    with small_server(lambda asked: answer(404, {})) as real, gateway(real.url) as server:
        assert server.delete_task(3) is False
        assert server.delete_webhook(5) is False
    with small_server(in_turn(answer(502, ""), answer(204, b""))) as real, gateway(real.url) as server:
        assert server.delete_task(3) is True


STRANGE: dict[str, Any] = {
    "a page": "<html>Sign in</html>",
    "nothing": b"",
    "a number": 3,
    "a text": b'"text"',
    "null": None,
    "an empty object": {},
    "an empty list": [],
    "wrong kinds": {
        "id": "7",
        "title": 3,
        "tasks": {},
        "total": "x",
        "results": 3,
        "task_ids": "x",
        "url": 1,
    },
    "no numbers": {
        "id": True,
        "tasks": [],
        "total": 5,
        "task_ids": [True],
        "invite_url": "//evil.example/?token=x",
    },
    "bad bytes": b'{"id": "\xff\xfe"}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("method", sorted(set(EVERY) - {"delete_task", "delete_webhook"}))
@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_label_studio_is_told(method: str, strange: str) -> None:
    """Never a traceback; a page stays a page, so it isn't asked for again."""
    if strange == "an empty list" and method in {"list_users", "list_webhooks"}:
        return
    with small_server(lambda asked: answer(200, STRANGE[strange])) as real, gateway(real.url) as server:
        with pytest.raises(BadAnswer) as told:
            EVERY[method](server)
        assert len(real.asked) == (1 if strange == "a page" or method in WRITES else len(real.asked))
    assert told.value.permanent is (strange == "a page")
    if method in WRITES:
        assert told.value.may_have_happened


@pytest.mark.parametrize("method", ["changed_tasks", "all_tasks", "get_task"])
@pytest.mark.parametrize(
    "wrong", [{"updated_at": "yesterday"}, {"updated_at": None}, {"data": []}, {"annotations": 3}]
)
def test_a_task_that_is_none_is_told(method: str, wrong: dict[str, Any]) -> None:
    """A time that can't be read would be lost from the cursor."""
    task = TASK | wrong
    wrongly = small_server(lambda asked: answer(200, PROJECT | {"tasks": [task], "total": 1} | task))
    with wrongly as real, gateway(real.url) as server, pytest.raises(BadAnswer):
        EVERY[method](server)


def test_an_old_server_is_told_with_its_version() -> None:
    """And which one is needed."""
    told = in_turn(answer(200, {"release": "1.9.2"}), answer(200, {}))
    with small_server(told) as real, gateway(real.url) as server:
        with pytest.raises(TooOld, match=r"1\.9\.2.*1\.20\.0.*1\.23\.2") as error:
            server.check()
        assert len(real.asked) == 1
    assert error.value.permanent


@pytest.mark.parametrize(
    ("shown", "fine"),
    [
        ("1.20.0", True), ("1.23.2.post0", True), ("1.23.3.dev0", True), ("2.0", True),
        ("1.19.9", False), ("0.99", False), ("1.9", False),
    ],
)  # fmt: skip
def test_versions_are_compared_by_their_numbers(shown: str, fine: bool) -> None:
    """1.9 is older than 1.20."""

    def ask(asked: Asked) -> bytes:
        if asked.path == "/api/version/":
            return answer(200, {"label-studio-os-package": {"version": shown}})
        if asked.path == "/user/signup/":
            assert asked.method == "GET" or asked.headers["x-csrftoken"] == "abc"
            return answer(200, "<form>", Set_Cookie="csrftoken=abc")
        if asked.method == "POST":
            return answer(400, {"validation_errors": {"label_config": ["x"]}})
        return answer(200, {"id": 1, "email": "Lead@Example.org", "legacy_api_tokens_enabled": False})

    with small_server(ask) as real, gateway(real.url) as server:
        if fine:
            found = server.check()
            assert (found.version, found.identity.email) == (shown, "lead@example.org")
            assert (found.may_create_projects, found.legacy_tokens, found.signup_is_open) == (
                True,
                False,
                True,
            )
        else:
            with pytest.raises(TooOld):
                server.check()


def test_another_site_is_told_on_a_check() -> None:
    """Its 404 isn't about something of ours that is gone."""
    other = small_server(lambda asked: answer(404, "<html>not here</html>"))
    with other as real, gateway(real.url) as server, pytest.raises(BadAnswer, match="first page"):
        server.check()


def test_who_may_not_create_projects_is_told() -> None:
    """Nothing is created to find out."""

    def ask(asked: Asked) -> bytes:
        if asked.path == "/user/signup/":
            return answer(200 if asked.method == "GET" else 403, "", Set_Cookie="csrftoken=abc")
        if asked.method == "POST":
            assert json.loads(asked.body)["label_config"] == "<"
            return answer(403, {"detail": "no"})
        if asked.path == "/api/jwt/settings":
            return answer(403, {"detail": "no"})
        return answer(200, {"release": "1.23.2", "id": 1, "email": "x@example.org"})

    with small_server(ask) as real, gateway(real.url) as server:
        found = server.check()
    assert (found.may_create_projects, found.legacy_tokens, found.signup_is_open) == (False, None, False)


def test_imported_tasks_whose_numbers_are_not_told_must_be_read_back() -> None:
    """They are there; one number too few can't be matched to them."""
    bodies: list[dict[str, Any]] = [
        {"task_count": 2}, {"task_ids": []}, {"task_ids": [1]}, {"task_ids": [1, "2"]}, {"task_ids": [1, True]},
    ]  # fmt: skip
    left = [answer(201, body) for body in bodies]
    with small_server(lambda asked: left.pop(0)) as real, gateway(real.url) as server:
        for _ in bodies:
            with pytest.raises(BadAnswer) as told:
                server.import_tasks(7, [{"text": "a"}, {"text": "b"}])
            assert told.value.may_have_happened
    assert json.loads(real.asked[0].body) == [{"data": {"text": "a"}}, {"data": {"text": "b"}}]


def test_projects_are_found_by_their_whole_title() -> None:
    """Label Studio searches for a part of it, whatever its case, page by page."""
    first = {
        "results": [PROJECT | {"id": 9}, PROJECT | {"id": 8, "title": "Grading 12"}],
        "next": "http://x/?page=2",
    }
    second = {"results": [PROJECT, PROJECT | {"id": 6, "title": "grading 1"}], "next": None}
    with small_server(in_turn(answer(200, first), answer(200, second))) as real, gateway(real.url) as server:
        assert [project.id for project in server.find_projects("Grading 1")] == [7, 9]
        assert "title=Grading+1" in real.asked[1].path or "title=Grading%201" in real.asked[1].path


def test_archiving_twice_is_archiving_once() -> None:
    """The title gets its mark once, and stays within what Label Studio takes."""
    title = "Grading " + "x" * 42
    kept = PROJECT | {"title": title}

    def ask(asked: Asked) -> bytes:
        if asked.method == "PATCH":
            kept.update(json.loads(asked.body))
        return answer(200, kept)

    with small_server(ask) as real, gateway(real.url) as server:
        archived = server.archive_project(7)
        again = server.archive_project(7)
        assert [asked.method for asked in real.asked] == ["GET", "PATCH", "GET"]
    assert archived == again
    assert archived.is_archived
    assert archived.title.startswith("Closed · Grading x")
    assert len(archived.title) == ports.LONGEST_TITLE


def test_a_task_list_cut_short_is_noticed() -> None:
    """Its project says that there are two."""

    def ask(asked: Asked) -> bytes:
        if asked.path.startswith("/api/projects/"):
            return answer(200, PROJECT)
        return answer(200, {"tasks": [TASK], "total": 1})

    with small_server(ask) as real, gateway(real.url) as server:
        pages = server.all_tasks(7)
        assert [task.id for task in next(pages)] == [3]
        with pytest.raises(BadAnswer, match="ended early"):
            next(pages)


def test_an_invitation_leads_to_the_server_itself() -> None:
    """Below its path, which Label Studio leaves out."""
    inviting = small_server(lambda asked: answer(200, {"invite_url": "/user/signup/?token=abc"}))
    with inviting as real, gateway(real.url + "/tools") as server:
        assert server.invite_link() == real.url + "/tools/user/signup/?token=abc"


def test_people_are_found_whatever_the_case_of_their_address() -> None:
    """Label Studio keeps it as it was typed."""
    people = [{"id": 1, "email": "A@Example.org"}, {"id": 2, "email": "b@example.org", "first_name": "Bo"}]
    with small_server(lambda asked: answer(200, people)) as real, gateway(real.url) as server:
        found = server.find_user(" B@EXAMPLE.ORG ")
        assert found is not None
        assert (found.id, found.name) == (2, "Bo")
        assert server.find_user("c@example.org") is None
