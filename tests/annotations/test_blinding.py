"""Which system wrote an answer reaches no grader while the session lasts, whatever other roles they hold.

Lou leads the department and grades too. The runs carry words that occur nowhere else; no byte of any page, header,
address, or API answer Lou gets may hold one of them until the session is closed.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from annotations.models import Assignment, GradingSession, SessionState
from annotations.services.sessions import close_session, end_grading, open_session
from annotations.session_choices import CalibrationPlan
from builder.models import Job, JobState, Membership, Role, User
from builder.services.jobs import enqueue_job
from exports.models import Run
from tests.access_table import ROWS, Row
from tests.annotations.desk_rows import practising
from tests.annotations.rows import freeze, give, make_release, make_run
from tests.cast import Cast
from tests.test_access_matrix import ROUTES

NAMES = ("zqcanaryrun", "zqcanarysecond")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
CANARIES = ("zqcanary",)


def secret(mark: str) -> dict[str, Any]:
    """Return what one run's row tells of its system, in words that no other run has."""
    words = {
        name: f"zqcanary{name}{mark}"
        for name in ("model", "prompting", "retrieval", "harness", "harness_version", "grader")
    }
    parameters = {f"zqcanarykey{mark}": f"zqcanaryvalue{mark}", "provider": f"zqcanaryprovider{mark}"}
    return {**words, "parameters": {**parameters, "temperature": f"zqcanarydegree{mark}"}}


SECRETS = (secret("alpha"), secret("beta"))
# Whatever a route wants to be named that isn't of the session: numbers that exist or not, it makes no difference.
ELSEWHERE: dict[str, list[object]] = {
    "number": [1], "check_id": ["rubric.sign"], "token": ["x"], "token_id": [1], "epoch": [1], "table": ["coverage"],
    "criterion_id": [1], "template_id": [1], "thread_id": [1], "project_id": [1], "connection_id": [1], "act": ["sync"],
    "place": [1, 2], "ruling_id": [1], "answer": [1, 2, 3, 4], "criterion_index": [0],
}  # fmt: skip


@pytest.fixture
def session(cast: Cast) -> GradingSession:
    """An open session that Lou leads and grades, with Gia."""
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    release = freeze(cast)
    runs = [make_run(release, name, by=cast.lou, **told) for name, told in zip(NAMES, SECRETS, strict=True)]
    return open_session(release=release, runs=runs, graders=[cast.lou, cast.gia], by=cast.lou)


def leaks(response: HttpResponse) -> list[str]:
    """Return what of an answer's bytes, headers, cookies and address holds a canary."""
    parts = {
        "body": response.getvalue().decode("utf-8", "replace"),
        "headers": str(dict(response.items())),
        "cookies": str(response.cookies),
        "address": getattr(response, "url", ""),
    }
    return [name for name, part in parts.items() if any(canary in part.lower() for canary in CANARIES)]


def own_addresses(session: GradingSession) -> list[str]:
    """Return every page a grader who leads gets around a session."""
    release, run = session.release, session.runs.first()
    names: list[tuple[str, list[object]]] = [
        ("builder:my-work", []),
        ("builder:case-list", []),
        ("annotations:session-list", []),
        ("annotations:session-new", []),
        ("annotations:session-set-up", [release.pk]),
        *[
            (f"annotations:session-{name}", [session.pk])
            for name in ("detail", "end", "close", "agreement", "scores")
        ],
        *[(f"annotations:{name}", [session.pk]) for name in ("grade", "grade-done")],
        *[("annotations:grade-item", [session.pk, position]) for position in range(1, 6)],
        ("annotations:run-score", [run.pk]),
    ]
    return [address for name, args in names if (address := address_of(name, args))]


def address_of(name: str, args: list[object]) -> str:
    """Return an address, or an empty text for a page this installation doesn't have."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def every_address(session: GradingSession) -> Iterator[str]:
    """Yield every address of the product, filled in with this session's release, runs and numbers."""
    release, runs = session.release, list(session.runs.values_list("pk", flat=True))
    prompt_id = release.items.first().prompt_id
    values: dict[str, list[object]] = {
        "session_id": [session.pk], "release_id": [release.pk], "run_id": runs, "run_name": list(NAMES),
        "run": list(NAMES), "name": [release.name, *NAMES], "version": [release.version], "label": [release.label],
        "release": [release.label, release.pk], "position": [1, 2], "prompt_id": [prompt_id], "department": ["ED"],
        "code": ["ED"], "case_id": [1], "pk": [session.pk, *runs], "id": [session.pk, *runs],
    }  # fmt: skip
    for route in routes(get_resolver().url_patterns, ""):
        for kwargs in fillings(route[1], values):
            yield route[0].format(**kwargs)


def named(session: GradingSession, kept: dict[str, list[object]]) -> dict[str, list[object]]:
    """Return the values of every name that a route of the access table holds, for this session."""
    release = session.release
    return {
        **ELSEWHERE, "session_id": [session.pk], "release_id": [release.pk], "version": [release.version],
        "name": [release.name, *NAMES], "run_name": list(NAMES), "position": [1, 2, 3], "code": ["ED"], "case_id": [1],
        **kept,
    }  # fmt: skip


def calls(session: GradingSession, kept: dict[str, list[object]]) -> Iterator[tuple[Row, str]]:
    """Yield every line of the access table with its address, filled in for this session."""
    values = named(session, kept)
    for row in ROWS:
        if row.route == "api:anything-else":
            continue
        names = sorted(ROUTES[row.route].names)
        unknown = set(names) - values.keys()
        assert not unknown, f"{row.route}: say above what stands for {unknown}."
        for kwargs in fillings(names, values):
            yield row, reverse(row.route, kwargs=kwargs) + row.query


def send(client: Client, row: Row, address: str) -> Any:
    """Make a call as a page or a program does, and undo whatever it did."""
    body = json.dumps(row.body) if row.body else ""
    with transaction.atomic():
        response = client.generic(row.method, address, body, content_type="application/json")
        transaction.set_rollback(True)
    return response


def routes(patterns: list[Any], prefix: str) -> Iterator[tuple[str, list[str]]]:
    """Yield every route of the rooms as a template and the names in it."""
    for pattern in patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if route != "accounts/":
                yield from routes(pattern.url_patterns, prefix + route)
        elif isinstance(pattern, URLPattern):
            names = list(pattern.pattern.converters)
            yield PARAMETER.sub(r"{\1}", f"/{prefix}{route}"), names


def fillings(names: list[str], values: dict[str, list[object]]) -> Iterator[dict[str, object]]:
    """Yield the ways to fill in a route whose every name is known."""
    if all(name in values for name in names):
        longest = max((len(values[name]) for name in names), default=1)
        for turn in range(longest):
            yield {name: values[name][turn % len(values[name])] for name in names}


@pytest.mark.parametrize("state", [SessionState.OPEN, SessionState.ADJUDICATING])
def test_nothing_a_grader_receives_names_a_system(
    cast: Cast, as_user, session: GradingSession, state: str
) -> None:
    give(cast.lou, session, positions=[1, 2])
    if state == SessionState.ADJUDICATING:
        end_grading(session=session, by=cast.lou)
    for person in (cast.lou, cast.gia):
        client = as_user(person)
        client.raise_request_exception = False
        found = {address: leaks(client.get(address)) for address in own_addresses(session)}
        assert {address: where for address, where in found.items() if where} == {}


def test_every_address_of_the_product_keeps_the_secret(cast: Cast, as_user, session: GradingSession) -> None:
    client = as_user(cast.lou)
    client.raise_request_exception = False
    addresses = list(every_address(session))
    assert any(address.endswith("/grade/1/") for address in addresses)
    found = {}
    for address in addresses:
        if not any(name in address for name in NAMES):
            response = client.get(address)
            assert response.status_code < 500, address
            found[address] = leaks(response)
        else:  # who types the name learns nothing from seeing it again, but mustn't learn that it is right
            assert client.get(address).status_code in (301, 302, 400, 404, 405), address
    assert {address: where for address, where in found.items() if where} == {}


def planned_by_a_grader(cast: Cast) -> GradingSession:
    """A session that waits for gold verdicts; Lou leads it and is to grade in it."""
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    release = freeze(cast)
    runs = [make_run(release, name, by=cast.lou, **told) for name, told in zip(NAMES, SECRETS, strict=True)]
    return open_session(
        release=release, runs=runs, graders=[cast.lou, cast.gia], by=cast.lou, calibration=CalibrationPlan(1)
    )


def upload(session: GradingSession, by: User) -> Job:
    """Make the job that brought the answers home: its file, its arguments and its result name the system."""
    release = session.release
    job = enqueue_job(
        kind="results:import", by=by, department=release.department,
        arguments={"name": release.name, "version": release.version, "run": NAMES[0], "file": "zqcanaryfile.jsonl"},
    )  # fmt: skip
    Job.objects.filter(pk=job.pk).update(
        file_name="zqcanaryfile.jsonl", state=JobState.SUCCESSFUL, progress_label="zqcanaryprogress",
        result={"run": NAMES[0], "created": True, "session": None, "answers": 2, "verdicts": 0},
    )  # fmt: skip
    return job


def test_there_are_more_than_twenty_identities_to_hide() -> None:
    """Each run's name and ten words about its system, and the file and the progress line of the job that brought it."""
    words = set(NAMES) | {"zqcanaryfile.jsonl", "zqcanaryprogress"}
    for told in SECRETS:
        texts = [*told["parameters"], *told["parameters"].values(), *told.values()]
        words |= {text for text in texts if isinstance(text, str) and text.startswith("zqcanary")}
    assert len(words) == 2 + 2 + 2 * 10


@pytest.mark.parametrize("state", [SessionState.DRAFT, SessionState.OPEN, SessionState.ADJUDICATING])
def test_no_call_of_the_access_table_tells_who_grades(
    cast: Cast, client: Client, request: pytest.FixtureRequest, state: str
) -> None:
    """Every route and method, asked by the lead who grades and by a grader, in every state before closing."""
    is_planned = state == SessionState.DRAFT
    session = planned_by_a_grader(cast) if is_planned else request.getfixturevalue("session")
    assert session.state == (SessionState.DRAFT if is_planned else SessionState.OPEN)
    if state == SessionState.ADJUDICATING:
        give(cast.gia, session, "not_met")
        give(cast.lou, session)
        end_grading(session=session, by=cast.lou)
    kept: dict[str, list[object]] = {
        "job_id": [upload(session, cast.lou).uuid],
        "person_id": [cast.lou.pk],
    }
    client.raise_request_exception = False
    found, n_calls = [], 0
    for person in (cast.lou, cast.gia):
        client.force_login(person)
        for row, address in calls(session, kept):
            response = send(client, row, address)
            n_calls += 1
            where = f"{person.name}: {row.method} {address}"
            if response.status_code >= 500:
                found.append(f"{where} answers {response.status_code}")
            elif not any(name in address for name in NAMES):
                found += [f"{where} names a system in its {part}" for part in leaks(response)]
            elif row.method == "GET" and response.status_code not in (301, 302, 400, 404, 405):
                found.append(f"{where} confirms a name by {response.status_code}")
    assert n_calls > 2 * len(ROWS)
    assert found == []


def test_parts_fetched_ahead_and_static_addresses_keep_the_secret(
    cast: Cast, as_user, session: GradingSession
) -> None:
    client = as_user(cast.lou)
    for position in range(1, session.assignments.filter(rater__user=cast.lou).count() + 1):
        address = reverse("annotations:grade-item", args=[session.pk, position])
        for headers in ({"X-Desk-Fragment": "ahead"}, {}):
            response = client.get(address, headers=headers)
            assert response.status_code == 200
            assert leaks(response) == []
            assert "ETag" not in response
            run = session.runs.first()
            assert not re.search(rf"(?:src|href|action)=\"[^\"]*/runs?/{run.pk}\b", response.content.decode())


def test_what_practice_shows_keeps_the_secret(cast: Cast, as_user) -> None:
    session = practising(cast, n=1)
    run = session.runs.get()
    Run.objects.filter(pk=run.pk).update(name=NAMES[0], **SECRETS[0])
    give(cast.gia, session, positions=[1])
    response = as_user(cast.gia).get(reverse("annotations:grade-feedback", args=[session.pk, 1]))
    assert response.status_code == 200
    assert leaks(response) == []


def test_saving_and_refusals_keep_the_secret(cast: Cast, as_user, session: GradingSession) -> None:
    client = as_user(cast.lou)
    desk = reverse("annotations:grade-item", args=[session.pk, 1])
    saved = reverse("annotations:grade-save", args=[session.pk, 1])
    for address in (desk, saved):
        for sent in ({"verdict-0": "met"}, {"verdict-0": "wrong"}, {"note-1": "A thought"}):
            assert leaks(client.post(address, sent)) == []
    end_grading(session=session, by=cast.lou)
    for address in (desk, saved):
        assert leaks(client.post(address, {"verdict-0": "met"})) == []


def test_a_run_graded_blind_is_not_offered_for_another_session(
    cast: Cast, as_user, session: GradingSession
) -> None:
    address = reverse("annotations:session-set-up", args=[session.release_id])
    run = session.runs.first()
    sent = {
        "runs": [run.pk],
        "graders": [cast.gia.pk],
        "overlap": 1,
        "seed": 1,
        "act": "open",
        "planned": "x",
    }
    response = as_user(cast.lou).post(address, sent)
    assert response.status_code == 422
    assert leaks(response) == []


def test_an_older_closed_session_keeps_the_name_of_a_run_that_is_graded_blind_again(
    cast: Cast, as_user, session: GradingSession
) -> None:
    older = open_session(
        release=session.release, runs=list(session.runs.all()), graders=[cast.gia], by=cast.lou
    )
    close_session(session=older, reason="Done.", by=cast.lou)
    response = as_user(cast.lou).get(reverse("annotations:session-detail", args=[older.pk]))
    assert response.status_code == 200
    assert leaks(response) == []
    assert "Run A" in response.content.decode()


def test_a_grader_who_was_removed_stays_blind(cast: Cast, as_user, session: GradingSession) -> None:
    session.session_raters.filter(rater__user=cast.lou).update(removed_at=session.opened_at)
    response = as_user(cast.lou).get(reverse("annotations:session-detail", args=[session.pk]))
    assert leaks(response) == []


def test_after_closing_the_names_appear(cast: Cast, as_user, session: GradingSession) -> None:
    client: Client = as_user(cast.lou)
    address = reverse("annotations:session-detail", args=[session.pk])
    assert "Run A" in client.get(address).content.decode()
    close_session(session=session, reason="Done.", by=cast.lou)
    page = client.get(address).content.decode()
    assert all(name in page for name in NAMES)
    assert "zqcanarymodel" in page


def test_a_lead_who_does_not_grade_sees_the_names(cast: Cast, as_user) -> None:
    release = make_release(cast)
    runs = [make_run(release, name, by=cast.lou) for name in NAMES]
    session = open_session(release=release, runs=runs, graders=[cast.gia], by=cast.lou)
    page = as_user(cast.lou).get(reverse("annotations:session-detail", args=[session.pk])).content.decode()
    assert all(name in page for name in NAMES)


def test_the_order_says_nothing_of_the_run(cast: Cast) -> None:
    """Over 40 seeds, the first answer of a grader comes from either run about as often: 20 ± 4 standard deviations."""
    release = make_release(cast, n_cases=4)
    runs = [make_run(release, name, by=cast.lou) for name in NAMES]
    for seed in range(40):
        open_session(release=release, runs=runs, graders=[cast.gia], by=cast.lou, seed=seed)
    firsts = Assignment.objects.filter(position=1, response__run=runs[0]).count()
    assert 7 <= firsts <= 33
