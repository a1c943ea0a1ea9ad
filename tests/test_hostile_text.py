"""Text that wants to be code: every field takes it, every page prints it, and it stays text.

Each payload holds MARK, so that the parser finds it wherever it becomes more than text: a tag, the name of an
attribute, a handler, the inside of a script, or an address that isn't one of the site's own.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.sessions import close_session, open_session
from builder.content import CaseContent, Criterion, Evidence, Turn
from builder.models import Case, Department, Membership, Role, User
from builder.services.cases import create_case, retire_case, save_draft, save_revision, submit_case
from builder.services.people import change_profile, create_api_token, invite_person
from builder.services.reviews import review_case
from exports.models import Response, Run, RunState
from exports.services.releases import freeze_release, set_release_state
from tests.annotations.rows import assignment_of
from tests.api_client import as_json
from tests.cast import Cast
from tests.html_form import read_form

MARK = "zqx"
PAYLOADS = (
    "<script>zqx()</script>", "</textarea><script>zqx()</script>", "</title><script>zqx()</script>",
    "<img src=zqx onerror=zqx()>", "<svg/onload=zqx()>", "<svg><script>zqx()</script></svg>", '"><zqx>', "'><zqx>",
    '" onfocus="zqx()" autofocus="', "' onmouseover='zqx()", "javascript:zqx()", "JaVaScRiPt:zqx()",
    "data:text/html,<script>zqx()</script>", "[zqx](javascript:zqx())", "![zqx](https://zqx.example/a.png)",
    "<a href=javascript:zqx()>a</a>", "<iframe srcdoc='<script>zqx()</script>'></iframe>", "<base href=//zqx.example>",
    "{{ zqx }}{% zqx %}", "<!--<zqx>-->", "--><zqx>", "<zqx\nid=a>", "&lt;zqx&gt;&#60;zqx&#62;", "]]><zqx>",
    "<details open ontoggle=zqx()>", "<math><mtext><zqx>", "<form action=//zqx.example><button>", "＜zqx＞",
    "<meta http-equiv=refresh content='0;url=javascript:zqx()'>", "<zqx hx-get='/' hx-trigger=load>",
)  # fmt: skip
ALL = "\n".join(PAYLOADS)
CASES = 10  # each has its share of the payloads in its short texts, and all of them in its long ones
ADDRESSES = {
    "href",
    "src",
    "action",
    "formaction",
    "xlink:href",
    "srcset",
    "poster",
    "data",
    "hx-get",
    "hx-post",
}


class Finder(HTMLParser):
    """Collects what of a page is code though it should be text, the links, and whether the mark was printed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.links: list[str] = []
        self.prints_mark = False
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_script = tag in ("script", "style")
        if (
            MARK in tag
            or tag in ("iframe", "object", "embed", "base", "math")
            or (self._in_script and "src" not in given)
        ):
            self.found.append(f"<{tag} {given}>")
        self.found += [
            f"<{tag} {name}>" for name in given if name.startswith(("on", "hx-on")) or MARK in name
        ]
        self.found += [
            f"{name}={given[name]}" for name in given if name in ADDRESSES and is_foreign(given[name])
        ]
        if tag == "meta" and "http-equiv" in given:
            self.found.append(f"<meta {given}>")
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        self.prints_mark |= any(MARK in value for value in given.values())

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_comment(self, data: str) -> None:
        self.found += [f"comment {data}"] if MARK in data else []

    def handle_data(self, data: str) -> None:
        self.found += [f"script {data}"] if self._in_script and MARK in data else []
        self.prints_mark |= MARK in data


def is_foreign(address: str) -> bool:
    """Whether an address leads out of the site, or is no address but code."""
    parts = urlsplit(address.strip())
    return bool(parts.scheme or parts.netloc)


def hostile(place: int) -> CaseContent:
    """Return a case whose every text is hostile; its title, kind and short texts are the payloads of this place."""
    one = " ".join(PAYLOADS[place % CASES :: CASES])
    return CaseContent(
        title=one, kind=one[:40], language=one[:20],
        prompt=[Turn("system", ALL), Turn("assistant", ALL), Turn("user", ALL)],
        rubrics=[
            Criterion(f"{one} {ALL}", 5, [f"axis:{one}", f"of it {one}"], one, guideline=one, jurisdiction=one),
            Criterion(f"Red {ALL}", -10, [f"axis:{one} again"], "red", red_line=True, evidence=["e1", one]),
        ],
        example_tags=[f"theme:{one}", one], ideal_completions_data={"ideal_completion": ALL},
        evidence=[Evidence("e1", ALL, one, one, one, one, one, one), Evidence(one, ALL, one, url="javascript:zqx()")],
        metadata={one: ALL}, extra={one: ALL},
    )  # fmt: skip


@pytest.fixture
def world(cast: Cast) -> Cast:
    """Everything of the emergency department under hostile names, from drafts to scores."""
    payload = cycle(PAYLOADS)
    for person in (cast.ada, cast.rui, cast.gia, cast.gus, cast.ana, cast.lou):
        change_profile(name=next(payload), language="en", by=person)
    Department.objects.update(name=PAYLOADS[0])
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.AUTHOR)
    cases = [approve(cast, place) for place in range(CASES)]
    draft = create_case(department=cast.department, content=hostile(3), by=cast.lou)
    save_draft(case=draft, data=as_json(hostile(4)), base_version=0, sequence=1, by=cast.lou)
    waiting = create_case(department=cast.department, content=hostile(6), by=cast.ada)
    save_revision(case=waiting, content=hostile(7), base_version=0, by=cast.ada)
    submit_case(case=waiting, by=cast.ada)
    disagree = {
        "decision": "request_changes",
        "comment": ALL,
        "votes": {0: "disagree"},
        "vote_comments": {0: ALL},
        "proposals": {0: ALL},
    }
    review_case(case=waiting, revision_number=1, by=cast.rui, **disagree)
    grade(cast)
    retire_case(case=cases[0], reason=ALL, by=cast.lou)
    for place, person in enumerate((cast.lou, cast.ola)):
        create_api_token(name=PAYLOADS[place], by=person)
    invite_person(email="invited@example.org", name=PAYLOADS[8], by=cast.ola)
    return cast


def approve(cast: Cast, place: int) -> Case:
    """Make a hostile case that two reviewers approved with hostile comments."""
    case = create_case(department=cast.department, content=hostile(place), by=cast.ada)
    save_revision(case=case, content=hostile(place), base_version=0, by=cast.ada)
    case = submit_case(case=case, by=cast.ada)
    votes = {0: "agree", 1: "agree"}
    for by in (cast.rui, cast.rob):
        review_case(
            case=case,
            revision_number=1,
            decision="approve",
            comment=ALL,
            votes=votes,
            vote_comments={0: ALL},
            by=by,
        )
    return case


def grade(cast: Cast) -> None:
    """Freeze a release, answer it with a hostile system, grade it with hostile notes; close one session of two."""
    release = freeze_release(
        department=cast.department, name="set", version="1.0.0", stage="candidate", by=cast.lou
    )
    factors: dict[str, Any] = {"model": ALL[:200], "prompting": PAYLOADS[3], "retrieval": PAYLOADS[4]}
    run = Run.objects.create(
        release=release, name="run", state=RunState.READY, source_sha256="0" * 64, imported_by=cast.ana,
        parameters={PAYLOADS[0]: ALL}, **factors,
    )  # fmt: skip
    for item in release.items.all()[:3]:
        Response.objects.create(run=run, item=item, completion=ALL)
    for is_closed in (True, False):
        session = open_session(release=release, runs=[run], graders=[cast.gia, cast.gus], by=cast.lou)
        for grader in (cast.gia, cast.gus):
            for position in (1, 2, 3) if is_closed else (1,):
                row = assignment_of(grader, session, position)
                said = {index: GivenVerdict("met", ALL) for index in (0, 1)}
                save_grades(assignment=row, verdicts=said, by=grader)
        if is_closed:
            close_session(session=session, reason=ALL, by=cast.lou)
    set_release_state(release=release, stage="final", reason=ALL, by=cast.lou)


def pages(person: User, limit: int = 400) -> Iterator[tuple[str, str]]:
    """Yield every HTML page the person reaches by links from the first one."""
    client = Client()
    client.force_login(person)
    waiting, seen = ["/"], {"/"}
    while waiting and len(seen) < limit:
        address = waiting.pop(0)
        response = client.get(address, follow=True)
        assert response.status_code < 500, address
        if response.streaming or not response["Content-Type"].startswith("text/html"):
            continue
        page = response.content.decode()
        yield address, page
        for link in Finder(page).links:
            found = link.partition("#")[0]
            found = address.partition("?")[0] + found if found.startswith("?") else found
            if (
                found.startswith("/")
                and found not in seen
                and not found.startswith(("/accounts/", "/static/"))
            ):
                seen.add(found)
                waiting.append(found)


def test_hostile_text_stays_text_on_every_page(world: Cast) -> None:
    wrong, printed, reached = [], 0, set()
    for person in (world.lou, world.rui, world.gia, world.ola):
        for address, page in pages(person):
            finder = Finder(page)
            wrong += [f"{address}: {each[:160]}" for each in finder.found]
            printed += finder.prints_mark
            reached.add(address)
    assert not wrong, "\n".join(["", *sorted(set(wrong))])
    assert len(reached) > 100
    assert printed > 60
    for part in (
        "/edit/",
        "/review/",
        "/history/1/",
        "/scores/",
        "/agreement/",
        "/grade/",
        "/answers/",
        "/people/",
    ):
        assert any(part in address for address in reached), part


def test_hostile_input_that_is_refused_stays_text(world: Cast) -> None:
    """A form that is shown again shows what was typed."""
    client, case = Client(), Case.objects.order_by("pk")[1]
    session = case.department.releases.get().sessions.get(state="open")
    asked = [
        (world.lou, reverse("builder:case-new"), {"title": ALL, "department": ALL}),
        (
            world.lou,
            reverse("builder:case-edit", args=[case.pk]),
            {"title": ALL, "version": ALL, "action": ALL},
        ),
        (
            world.lou,
            reverse("exports:release-new") + "?department=ED",
            {"name": ALL, "version": ALL, "tags": ALL},
        ),
        (
            world.lou,
            reverse("exports:run-new"),
            {"run": ALL, "model": ALL, "release": ALL, "parameters": ALL},
        ),
        (
            world.lou,
            reverse("annotations:session-set-up", args=[session.release_id]),
            {"overlap": ALL, "seed": ALL},
        ),
        (world.lou, reverse("annotations:verdicts-new", args=["run"]), {"rater": ALL}),
        (
            world.gia,
            reverse("annotations:grade-item", args=[session.pk, 2]),
            {"verdict-0": ALL, "note-1": ALL},
        ),
        (
            world.rui,
            reverse("builder:case-review", args=[case.pk]),
            {"comment": ALL, "vote-0": ALL, "decision": ALL},
        ),
        (world.ola, reverse("builder:invitation-create"), {"email": ALL, "name": ALL}),
        (world.ola, reverse("builder:department-create"), {"code": ALL, "name": ALL, "lead_email": ALL}),
        (world.ola, reverse("builder:department-settings", args=["ED"]), {"required_approvals": ALL}),
        (world.lou, reverse("builder:tokens"), {"name": ALL}),
        (world.lou, reverse("builder:account"), {"name": ALL, "language": ALL}),
    ]
    for person, address, sent in asked:
        client.force_login(person)
        response = client.post(address, sent)
        assert response.status_code < 500, address
        assert Finder(response.content.decode()).found == [], address
    for address in ("/cases/?q=", "/cases/?state=", "/cases/?page=", "/nowhere/"):
        for payload in PAYLOADS:
            response = client.get(address + payload.replace("#", "%23").replace("&", "%26"))
            assert response.status_code < 500
            assert Finder(response.content.decode()).found == [], address + payload


def test_both_texts_of_a_conflict_stay_text(world: Cast) -> None:
    """The editor puts this HTML into the page."""
    client, case = Client(), Case.objects.get(state="changes_requested")
    client.force_login(world.lou)
    fields = read_form(client.get(reverse("builder:case-edit", args=[case.pk])).content.decode())
    save_revision(case=case, content=hostile(9), base_version=1, by=world.ada)
    typed = {**fields, "reference": [ALL], "title": ["<zqx> <img src=x onerror=zqx()>"]}
    answer = client.post(reverse("builder:case-autosave", args=[case.pk]), typed)
    assert answer.status_code == 409
    assert Finder(answer.json()["html"]).found == []
    assert Finder(answer.json()["html"]).prints_mark
