"""Time grading: many graders at once, the desk of a session with 20,000 answers, and saving beside Label Studio.

Run it with ``python -m tests.benchmarks.bench_grading`` (or `make bench-grading`). It fills a SQLite file in a
temporary directory and serves it with gunicorn on 127.0.0.1. The row against Label Studio needs `make labelstudio`; it
is left out, and said so, where that isn't built. Prints target, measured and met; exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.grading_load import (
    Grader,
    Tally,
    grade_with_pauses,
    gunicorn,
    open_pages,
    save_in_turn,
)

WORKERS, THREADS = 2, 4
CASES, RUNS, CRITERIA, OVERLAP, GRADERS = 2_000, 10, 8, 2, 64
PAUSE, SECONDS = 0.5, 60
PAGE_RATE, PAGE_SECONDS = 30.0, 30
SAVES = 300
ROWS = ("pages", "queries", "saves", "graders")
P99_SECONDS, P95_SECONDS, TIMES_LABEL_STUDIO = 1.5, 0.3, 10.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the answer; `met` None means that it was left out."""

    what: str
    target: str
    measured: str
    met: bool | None


def fill_database() -> tuple[int, list[Grader]]:
    """Make a session with 20,000 answers and 64 graders who are signed in; return its key and them."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    call_command("migrate", verbosity=0)
    from annotations.models import Assignment
    from annotations.services.sessions import open_session
    from builder.models import Department, Membership, Role, User

    lead = User.objects.create_user("lead@bench.example", "bench", name="Lead")
    department = Department.objects.create(code="BENCH", name="Bench")
    Membership.objects.create(user=lead, department=department, role=Role.LEAD)
    people = User.objects.bulk_create(
        User(email=f"grader-{n}@bench.example", name=f"Grader {n}", password="!") for n in range(GRADERS)
    )
    Membership.objects.bulk_create(
        Membership(user=person, department=department, role=Role.GRADER) for person in people
    )
    release, runs = make_answers(department, lead)
    began = time.perf_counter()
    session = open_session(release=release, runs=runs, graders=people, overlap=OVERLAP, seed=1, by=lead)
    print(f"Opened a session with {CASES * RUNS:,} answers in {time.perf_counter() - began:.1f} s.")
    # Their pages were open before: what the first look costs is part of the page.
    Assignment.objects.update(opened_at=timezone.now())
    graders = []
    for person in people:
        client = Client()
        client.force_login(person)
        own = Assignment.objects.filter(session=session, rater__user=person).order_by("position")
        places = list(own.values_list("position", flat=True))
        graders.append(Grader(client.cookies["sessionid"].value, places))
    return session.pk, graders


def make_answers(department: Any, lead: Any) -> tuple[Any, list[Any]]:
    """Make a release of 2,000 cases and ten runs that answer all of them, an answer some 150 words long."""
    from builder.content import CaseContent, Criterion, Turn, content_to_json
    from builder.models import Case, CaseRevision
    from exports.models import Release, ReleaseItem, ReleaseState, Response, Run, RunState, Stage
    from exports.records import item_hash

    case = Case.objects.create(department=department, prompt_id="b", created_by=lead)
    revision = CaseRevision.objects.create(
        case=case, number=1, content_text="{}", sha256="0" * 64, author=lead
    )
    release = Release.objects.create(
        department=department, name="bench", version="1.0.0", manifest_text="{}", sha256="0" * 64, n_items=CASES,
        frozen_by=lead,
    )  # fmt: skip
    rubric = [
        Criterion(f"Names step {number} of the plan in plain words.", 5, ["axis:accuracy"])
        for number in range(1, CRITERIA)
    ]
    rubric.append(Criterion("Tells the patient to wait at home.", -10, ["axis:accuracy"], red_line=True))
    items = []
    for place in range(CASES):
        content = CaseContent(
            [Turn("user", f"Case {place}: chest pain since this morning. What should I do?")],
            rubric,
            title=f"Case {place}",
        )
        items.append(
            ReleaseItem(
                release=release, position=place, prompt_id=f"b-{place}", content_text=content_to_json(content),
                sha256=item_hash(f"b-{place}", content), revision=revision,
            )
        )  # fmt: skip
    items = ReleaseItem.objects.bulk_create(items, batch_size=500)
    ReleaseState.objects.create(release=release, stage=Stage.FINAL, by=lead)
    runs = []
    text = "Record an **ECG** within ten minutes and call the team.\n\n" * 15
    for number in range(RUNS):
        run = Run.objects.create(
            release=release,
            name=f"bench-{number}",
            state=RunState.READY,
            source_sha256="0" * 64,
            imported_by=lead,
        )
        rows = (Response(run=run, item=item, completion=f"{text}{number}") for item in items)
        Response.objects.bulk_create(rows, batch_size=500)
        runs.append(run)
    return release, runs


def many_graders(port: int, session: int, graders: list[Grader], log: Path, seconds: float) -> Figure:
    """64 graders who think half a second between verdicts."""
    tally = grade_with_pauses(port, session, graders, seconds=seconds, pause=PAUSE, n_criteria=CRITERIA)
    locked = log.read_text().count("database is locked")
    slowest = tally.quantile(0.99)
    return Figure(
        f"{len(graders)} graders, {PAUSE} s between verdicts, {seconds:.0f} s, SQLite",
        f'0 "database is locked", p99 < {P99_SECONDS} s',
        f"{locked} locked, {tally.refused} refused of {len(tally.seconds):,}; p50 {tally.quantile(0.5) * 1e3:.0f} ms,"
        f" p99 {slowest:.2f} s, {len(tally.seconds) / seconds:.0f}/s",
        locked == 0 and tally.refused == 0 and slowest < P99_SECONDS,
    )


def pages(port: int, session: int, graders: list[Grader], seconds: float) -> Figure:
    """The desk at 30 requests a second."""
    open_pages(
        port, session, graders, rate=PAGE_RATE, seconds=2
    )  # every worker has loaded its templates then
    tally = open_pages(port, session, graders, rate=PAGE_RATE, seconds=seconds)
    slow = tally.quantile(0.95)
    return Figure(
        f"grading page, {CASES * RUNS:,} answers in the session, {PAGE_RATE:.0f} requests/s",
        f"p95 ≤ {P95_SECONDS * 1e3:.0f} ms",
        f"p50 {tally.quantile(0.5) * 1e3:.0f} ms, p95 {slow * 1e3:.0f} ms; {tally.refused} refused of"
        f" {len(tally.seconds):,}",
        tally.refused == 0 and slow <= P95_SECONDS,
    )


def queries_of_page(session: int, grader: Grader) -> Figure:
    """How many queries the page costs."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.cookies["sessionid"] = grader.cookie
    address = f"/sessions/{session}/grade/{grader.places[0]}/"
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return Figure("the same page", "≤ 15 queries", str(len(captured)), len(captured) <= 15)


def beside_label_studio(port: int, session: int, grader: Grader, folder: Path, n: int) -> Figure:
    """Save one answer's verdicts, one request after the other, in turns with Label Studio's annotation POST.

    Both keep their SQLite database on the same disk.
    """
    from annotations.management.label_studio_server import CannotStart, running_server, template_path

    what, target = f"save {CRITERIA} verdicts of an answer, one request after the other", "≥ 10× Label Studio"
    rounds, own, theirs = 10, Tally(), Tally()
    try:
        data = Path(shutil.copytree(template_path(), folder / "label-studio"))
        with running_server(data) as server:
            post = annotation_poster(server)
            post(10)
            for number in range(rounds):
                places = grader.places[number * n // rounds : (number + 1) * n // rounds]
                own.seconds += save_in_turn(
                    port, session, Grader(grader.cookie, places), n=n, n_criteria=CRITERIA
                ).seconds
                theirs.seconds += post(10)
    except CannotStart as error:
        own = save_in_turn(port, session, grader, n=n, n_criteria=CRITERIA)
        return Figure(what, target, f"{rate_of(own):.0f}/s alone; left out: {error}", None)
    ratio = rate_of(own) / rate_of(theirs)
    return Figure(
        what,
        target,
        f"{rate_of(own):.0f}/s to {rate_of(theirs):.1f}/s: {ratio:.1f}×",
        ratio >= TIMES_LABEL_STUDIO,
    )


def rate_of(tally: Tally) -> float:
    """Return requests a second, by the median: other work on the machine falls on either side as it comes."""
    return 1 / statistics.median(tally.seconds)


def annotation_poster(server: Any) -> Any:
    """Return what posts annotations with eight results, each on a task of its own, and returns the seconds each."""
    from tests.conformance.labelstudio.server import EmptyDatabase, LabelStudioInTest

    studio = LabelStudioInTest(server, EmptyDatabase())
    config = "<View>" + "".join(
        f'<Text name="crit_{n}" value="$text"/><Choices name="verdict_{n}" toName="crit_{n}">'
        '<Choice value="met"/><Choice value="not_met"/><Choice value="cannot_judge"/></Choices>'
        for n in range(CRITERIA)
    )
    project = studio.make_project("Bench", f"{config}</View>")
    tasks = iter(studio.import_tasks(project, [{"data": {"text": f"Answer {n}"}} for n in range(400)]))
    admin = studio.admin()
    verdicts = {index: ("met", "not_met")[index % 2] for index in range(CRITERIA)}

    def post(n: int) -> list[float]:
        taken = []
        for _number in range(n):
            began = time.perf_counter()
            admin.grade(next(tasks), verdicts)
            taken.append(time.perf_counter() - began)
        return taken

    return post


def report(figures: list[Figure]) -> int:
    """Print the table; the exit code says whether every target was met."""
    words = {True: "met", False: "MISSED", None: "left out"}
    print(
        f"gunicorn, {WORKERS} workers × {THREADS} threads; load of the machine now {os.getloadavg()[0]:.1f}"
    )
    for figure in figures:
        print(f"{figure.what}\n    target {figure.target}; measured {figure.measured}: {words[figure.met]}")
    return int(any(figure.met is False for figure in figures))


def main() -> int:
    """Fill, serve, measure, print."""
    parser = argparse.ArgumentParser(description="Time grading.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long the 64 graders work")
    parser.add_argument("--page-seconds", type=float, default=PAGE_SECONDS)
    parser.add_argument("--saves", type=int, default=SAVES)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS, help="which figures; all by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'bench.sqlite3'}"
        os.environ["DJANGO_SETTINGS_MODULE"] = "builder.config.settings.test"
        session, graders = fill_database()
        log = folder / "gunicorn.log"
        with gunicorn(log, workers=WORKERS, threads=THREADS) as port:
            acts = {
                "pages": lambda: pages(port, session, graders, options.page_seconds),
                "queries": lambda: queries_of_page(session, graders[0]),
                "saves": lambda: beside_label_studio(port, session, graders[-1], folder, options.saves),
                "graders": lambda: many_graders(port, session, graders, log, options.seconds),
            }
            figures = [acts[name]() for name in options.rows]
    return report(figures)


if __name__ == "__main__":
    sys.exit(main())
