"""Who gets where: every address of the site and of the API, asked by everybody.

The addresses come from the resolver and the expectations from `tests/access_table.py`: an address without a row fails.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from annotations.models import Desk, LabelStudioProject
from annotations.selectors.disagreements import answer_numbers
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.resolutions import resolve_unit
from annotations.services.sessions import (
    CalibrationPlan,
    GraderPlan,
    close_session,
    end_grading,
    open_session,
)
from builder.api.views.root import NothingHereView
from builder.content import Criterion
from builder.jobs import register_job
from builder.models import User
from builder.selectors.cases import head_content
from builder.services.jobs import enqueue_job
from builder.services.library import add_to_library, keep_template
from builder.services.people import create_api_token, invite_person
from builder.services.reviews import review_case
from builder.services.threads import open_thread
from exports.models import Response, Run, RunState
from exports.services.releases import freeze_release
from tests.access_table import ASKERS, ROWS, SECRET, Row
from tests.annotations.graded import answered
from tests.annotations.label_studio.rows import make_connection
from tests.cast import Cast
from tests.factories import make_approved, make_draft, make_submitted

# Written by others: their own doors (sign-in, password) are no objects of a department.
FOREIGN_PREFIXES = ("accounts/",)
SIGN_IN = "/accounts/login/"
ANYTHING_ELSE = "api:anything-else"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the resolver: the names that go into it, and the methods of an API endpoint."""

    names: frozenset[str]
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class World:
    """What the addresses name, all of it in the emergency department."""

    values: dict[str, dict[str, object]]

    def address(self, row: Row) -> str:
        """Return the address of a row's route for this row's objects."""
        if row.route == ANYTHING_ELSE:
            return "/api/v1/nowhere/"
        values = {**self.values["usual"], **self.values[row.about]}
        return reverse(row.route, kwargs={name: values[name] for name in ROUTES[row.route].names}) + row.query


def routes(resolver: URLResolver, namespace: str = "", prefix: str = "") -> Iterator[tuple[str, Route]]:
    """Yield the full name of every route that is ours; a nameless one goes by its address."""
    for each in resolver.url_patterns:
        place = prefix + str(each.pattern)
        if place.startswith(FOREIGN_PREFIXES):
            continue
        if isinstance(each, URLResolver):
            yield from routes(each, f"{namespace}{each.namespace}:" if each.namespace else namespace, place)
            continue
        view = getattr(each.callback, "cls", None)
        found = {method for method in METHODS if method.lower() in view.http_method_names} if view else set()
        methods = frozenset(method for method in found if hasattr(view, method.lower()))
        name = ANYTHING_ELSE if view is NothingHereView else f"{namespace}{each.name or place}"
        yield name, Route(frozenset(each.pattern.converters), methods)


ROUTES = dict(routes(get_resolver()))
REACHABLE = [row for row in ROWS if row.route in ROUTES]


def make_world(cast: Cast) -> World:
    """Make one object of every kind; all that could give it away holds SECRET."""
    draft, submitted = (
        make_draft(cast, title=f"{SECRET} draft"),
        make_submitted(cast, title=f"{SECRET} review"),
    )
    make_approved(cast, title=f"{SECRET} approved")
    votes = dict.fromkeys(range(3), "agree")
    review_case(case=submitted, revision_number=1, decision="approve", votes=votes, by=cast.rui)
    point = open_thread(case=submitted, text=f"{SECRET} point", by=cast.ada)
    release = freeze_release(
        department=cast.department, name=f"{SECRET}-set", version="1.0.0", stage="candidate", by=cast.lou
    )
    run = Run.objects.create(
        release=release,
        name=f"{SECRET}-run",
        state=RunState.READY,
        source_sha256="0" * 64,
        imported_by=cast.ana,
    )
    for item in release.items.all():
        Response.objects.create(run=run, item=item, completion=f"{SECRET} answer")
    logged = Run.objects.create(
        release=release, name=f"{SECRET}-log", state=RunState.READY, source_sha256="0" * 64, imported_by=cast.ana,
        log_format="canonical", harness=f"{SECRET} harness",
    )  # fmt: skip
    closed = open_session(release=release, runs=[run], graders=[cast.gus], by=cast.lou)
    close_session(session=closed, reason="Done.", by=cast.lou)
    graded = open_session(release=release, runs=[run], graders=[cast.gia], by=cast.lou)
    sampled = answered(release, f"{SECRET}-sampled", {0: 2}, by=cast.ana)
    planned = open_session(
        release=release, runs=[sampled], graders=[cast.gus], calibration=CalibrationPlan(1), by=cast.lou
    )
    invited, link = invite_person(email="invited@example.org", by=cast.ola)
    token, _key = create_api_token(name=f"{SECRET} token", by=cast.ada)
    register_job("errand", f"{SECRET} errand", lambda _context: {})
    errand = enqueue_job(kind="errand", arguments={}, by=cast.ada, department=cast.department)
    kept = add_to_library(
        criterion=Criterion(criterion=f"Names the {SECRET}.", points=5),
        department=cast.department,
        by=cast.ada,
    )
    template = keep_template(
        department=cast.department, name=f"{SECRET} template", content=head_content(draft), by=cast.ada
    )
    usual = {
        "case_id": draft.pk, "number": 1, "code": "ED", "check_id": "rubric.sign",
        "person_id": invited.pk, "token": link, "token_id": token.pk,
        "name": release.name, "version": "1.0.0", "release_id": release.pk, "session_id": graded.pk, "position": 1,
        "epoch": 1, "table": "coverage", "job_id": errand.uuid, "criterion_id": kept.pk, "template_id": template.pk,
    }  # fmt: skip
    return World(
        {
            "usual": usual,
            "in-review": {"case_id": submitted.pk, "thread_id": point.pk},
            "run": {"name": run.name, "run_name": run.name, "position": 0},
            "closed": {"session_id": closed.pk},
            "disputed": make_dispute(cast, run),
            "planned": {"session_id": planned.pk, "place": 1},
            "there": make_there_with_project(cast, run),
            "log": {"name": logged.name, "run_name": logged.name},
            "item": {"position": 0},
        }
    )


def make_there_with_project(cast: Cast, run: Run) -> dict[str, object]:
    """Return what names a session that is graded in Label Studio, and a project of it, as an address does."""
    connection = make_connection(cast.department, f"https://{SECRET}.example.org", "token", by=cast.lou)
    graders = [GraderPlan(cast.gus, Desk.LABEL_STUDIO)]
    session = open_session(release=run.release, runs=[run], graders=graders, by=cast.lou)
    project = LabelStudioProject.objects.create(
        connection=connection, session_rater=session.session_raters.get(), title=f"{SECRET} project"
    )
    return {
        "session_id": session.pk, "project_id": project.pk, "connection_id": connection.pk, "act": "sync",
    }  # fmt: skip


def make_dispute(cast: Cast, run: Run) -> dict[str, object]:
    """Return what names a disagreement, and a ruling of the same session, as an address does."""
    session = open_session(release=run.release, runs=[run], graders=[cast.gus, cast.geo], by=cast.lou)
    first = session.assignments.filter(rater__user=cast.gus).select_related("response").earliest("position")
    other = session.assignments.get(rater__user=cast.geo, response=first.response_id)
    for given, by, verdict in ((first, cast.gus, "met"), (other, cast.geo, "not_met")):
        verdicts = {0: GivenVerdict(verdict), 1: GivenVerdict(verdict)}
        save_grades(assignment=given, verdicts=verdicts, by=by)
    session = end_grading(session=session, by=cast.lou)
    ruling = resolve_unit(
        session=session, response=first.response, criterion_index=1, verdict="met", reason=f"{SECRET} reason",
        by=cast.lou,
    )  # fmt: skip
    answer = answer_numbers(session)[first.response_id]
    return {
        "session_id": session.pk, "answer": answer, "number": 1, "criterion_index": 0, "ruling_id": ruling.pk,
    }  # fmt: skip


def outcome(response: HttpResponse) -> str:
    """Return what became of a call, in the words of the table."""
    status = response.status_code
    if status == 401 or (status == 302 and response["Location"].startswith(SIGN_IN)):
        return "in"
    if status < 400 or status in (400, 409, 415, 422):
        return "yes"
    return str(status)


def ask(asker: User | None, address: str, row: Row) -> HttpResponse:
    """Make the call, and undo whatever it did."""
    client = Client()
    if asker is not None:
        client.force_login(asker)
    body = json.dumps(row.body) if row.body else ""
    with transaction.atomic():
        response = client.generic(row.method, address, body, content_type="application/json")
        transaction.set_rollback(True)
    return cast(HttpResponse, response)


def text_of(response: HttpResponse) -> str:
    """Return everything a response says, its headers too."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode("utf-8", "replace") + str(dict(response.headers))


def test_every_route_has_a_row() -> None:
    known = {row.route for row in ROWS}
    missing = sorted(ROUTES.keys() - known)
    gone = sorted(known - ROUTES.keys())
    told = [f"{name}: add a row to tests/access_table.py that says who may call it." for name in missing]
    told += [f"{name}: there is no such route; take its rows out of tests/access_table.py." for name in gone]
    assert not told, "\n".join(["", *told])


def test_every_method_of_the_api_has_a_row() -> None:
    declared = {(row.route, row.method) for row in ROWS}
    missing = [
        f"{name}: add a row to tests/access_table.py for {method}."
        for name, route in ROUTES.items()
        for method in sorted(route.methods)
        if (name, method) not in declared
    ]
    assert not missing, "\n".join(["", *missing])


@pytest.mark.parametrize("place", range(len(ASKERS)), ids=ASKERS)
def test_everybody_gets_where_the_table_says(cast: Cast, place: int) -> None:
    world, name = make_world(cast), ASKERS[place]
    asker = None if name == "anonymous" else getattr(cast, name)
    wrong = []
    for row in REACHABLE:
        address = world.address(row)
        response = ask(asker, address, row)
        found, expected = outcome(response), row.outcomes[place]
        where = f"{row.route} ({row.method} {address})"
        if found != expected:
            wrong.append(f"{where}: {name} got {found} (status {response.status_code}), not {expected}.")
        if name in ("anonymous", "eve") and SECRET in text_of(response).replace(address, ""):
            wrong.append(f"{where}: what {name} got names something of another department.")
    assert not wrong, "\n".join(["", *wrong])


def test_no_anonymous_api_call_is_redirected(cast: Cast) -> None:
    world = make_world(cast)
    for row in REACHABLE:
        if row.route.startswith("api:"):
            for method in (*METHODS, "HEAD", "OPTIONS"):
                address = world.address(row)
                for asked in (address, address.partition("?")[0].rstrip("/")):
                    assert Client().generic(method, asked).status_code == 401, f"{method} {asked}"
