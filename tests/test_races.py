"""People at the same moment: real threads with connections of their own, on SQLite and on PostgreSQL.

Every test says how many of several simultaneous acts succeed, what the others are told, and that the audit trail is
whole afterwards. "database is locked" and deadlocks are no answers: `at_once` raises whatever isn't a DomainError.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from annotations.models import Assignment, Grade, GradingSession, SessionState
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.sessions import close_session, count_undecided, end_grading, open_session
from annotations.services.verdicts import import_verdicts
from builder.common.errors import Conflict, DomainError, NotFound, NotReady
from builder.models import (
    ApiToken,
    AuditEvent,
    Case,
    CaseRevision,
    CaseState,
    Decision,
    Department,
    Membership,
)
from builder.services import audit
from builder.services.cases import create_case, save_draft, save_revision, submit_case
from builder.services.people import (
    accept_invitation,
    create_api_token,
    create_department,
    invite_person,
    set_roles,
)
from builder.services.reviews import review_case
from exports.models import Release, ReleaseState, Response, Run, RunState
from exports.services.releases import freeze_release, set_release_state
from exports.services.runs import import_responses, withdraw_run
from tests.annotations.rows import give, make_session
from tests.api_client import Caller, as_json
from tests.cast import Cast, make_cast
from tests.exports.builders import answers_to, make_release, write_jsonl
from tests.factories import make_approved, make_content, make_draft, make_submitted

THREADS = 8
AGREE = dict.fromkeys(range(3), "agree")
Act = Callable[[], Any]


@pytest.fixture
def crowd(open_database: None, tmp_path: Path) -> Iterator[Cast]:
    """Everybody, in a database that threads reach through connections of their own.

    A SQLite database in memory has one connection: its copy in a file stands in for it.
    """
    if connection.vendor != "sqlite" or not connection.is_in_memory_db():
        yield make_cast()
        return
    connection.ensure_connection()
    memory, name = connection.connection, connection.settings_dict["NAME"]
    memory.execute("VACUUM INTO ?", [str(tmp_path / "races.sqlite3")])
    connection.settings_dict["NAME"], connection.connection = str(tmp_path / "races.sqlite3"), None
    try:
        yield make_cast()
    finally:
        connection.close()
        connection.settings_dict["NAME"], connection.connection = name, memory


def at_once(*acts: Act) -> list[Any]:
    """Do the acts in threads that start together; return what each returned, or the DomainError it raised."""
    together = threading.Barrier(len(acts))

    def do(act: Act) -> Any:
        together.wait(timeout=10)
        try:
            return act()
        except DomainError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


def tally(results: Sequence[Any], error: type[DomainError]) -> tuple[int, int]:
    """Return how many succeeded and how many met this error; any other error is a failure of the test."""
    refused = [each for each in results if isinstance(each, DomainError)]
    assert all(type(each) is error for each in refused), refused
    return len(results) - len(refused), len(refused)


def events(verb: str) -> int:
    """Return how often something was recorded; the trail must be whole."""
    assert audit.verify_chain() is None
    return AuditEvent.objects.filter(verb=verb).count()


def test_of_saves_on_one_version_one_is_kept(crowd: Cast) -> None:
    case = make_draft(crowd)
    texts = [make_content(f"Version {place}") for place in range(THREADS)]
    results = at_once(
        *(
            lambda text=text: save_revision(case=case, content=text, base_version=1, by=crowd.ada)
            for text in texts
        )
    )
    assert tally(results, Conflict) == (1, THREADS - 1)
    assert CaseRevision.objects.filter(case=case).count() == 2
    theirs = [each.data["theirs"]["title"] for each in results if isinstance(each, Conflict)]
    assert set(theirs) == {CaseRevision.objects.get(case=case, number=2).content.title}
    assert events("case:revise") == 2


def test_of_saves_by_the_api_one_is_kept_and_the_others_get_409(crowd: Cast) -> None:
    case, callers = make_draft(crowd), [Caller(crowd.ada) for _each in range(THREADS)]
    bodies = [{"base_version": 1, "content": as_json(make_content(f"Version {n}"))} for n in range(THREADS)]
    results = at_once(
        *(
            lambda caller=caller, body=body: caller.put(f"cases/{case.pk}/", body).status_code
            for caller, body in zip(callers, bodies, strict=True)
        )
    )
    assert sorted(results) == [200] + [409] * (THREADS - 1)
    assert CaseRevision.objects.filter(case=case).count() == 2


def test_of_first_autosaves_in_several_windows_one_is_kept(crowd: Cast) -> None:
    case, data = make_draft(crowd), [as_json(make_content(f"Window {place}")) for place in range(THREADS)]
    results = at_once(
        *(
            lambda each=each: save_draft(case=case, data=each, base_version=1, sequence=0, by=crowd.ada)
            for each in data
        )
    )
    assert tally(results, Conflict) == (1, THREADS - 1)
    assert case.drafts.count() == 1


def test_one_reviewer_approving_many_times_at_once_counts_once(crowd: Cast) -> None:
    case = make_submitted(crowd)
    act = partial(
        review_case, case=case, revision_number=1, decision=Decision.APPROVE, votes=AGREE, by=crowd.rui
    )
    at_once(*[act] * THREADS)
    assert Case.objects.get().state == CaseState.IN_REVIEW
    assert events("case:approve") == 0


def test_two_reviewers_at_once_approve_once(crowd: Cast) -> None:
    for place in range(3):
        case = make_submitted(crowd, title=f"Case {place}")
        results = at_once(
            *(
                lambda by=by, case=case: review_case(
                    case=case, revision_number=1, decision=Decision.APPROVE, votes=AGREE, by=by
                )
                for by in (crowd.rui, crowd.rob)
            )
        )
        assert tally(results, DomainError) == (2, 0)
        assert Case.objects.get(pk=case.pk).state == CaseState.APPROVED
    assert events("case:approve") == 3


def test_a_revision_during_the_last_approval_never_stays_approved(crowd: Cast) -> None:
    for place in range(4):
        case = make_submitted(crowd, title=f"Case {place}")
        review_case(case=case, revision_number=1, decision=Decision.APPROVE, votes=AGREE, by=crowd.rui)
        approve = partial(
            review_case, case=case, revision_number=1, decision=Decision.APPROVE, votes=AGREE, by=crowd.rob
        )
        revise = partial(
            save_revision, case=case, content=make_content("Another text"), base_version=1, by=crowd.ada
        )
        approved, revised = at_once(approve, revise)
        assert isinstance(revised, CaseRevision)
        assert not isinstance(approved, DomainError) or isinstance(approved, Conflict | NotReady)
        case.refresh_from_db()
        assert (case.state, case.version) == (CaseState.DRAFT, 2)
    assert events("case:revise") == 8


def test_of_submissions_one_is_recorded(crowd: Cast) -> None:
    case = make_draft(crowd)
    at_once(*[lambda: submit_case(case=case, by=crowd.ada)] * THREADS)
    assert events("case:submit") == 1


def test_of_releases_of_one_name_one_is_frozen(crowd: Cast) -> None:
    make_approved(crowd)
    freeze = partial(
        freeze_release,
        department=crowd.department,
        name="trial",
        version="1.0.0",
        stage="candidate",
        by=crowd.lou,
    )
    results = at_once(*[freeze] * 4)
    assert tally(results, Conflict) == (1, 3)
    release = Release.objects.get()
    assert (release.items.count(), release.states.count(), events("release:freeze")) == (1, 1, 1)


def test_a_release_is_withdrawn_once(crowd: Cast) -> None:
    release = make_release(crowd, cases=1)
    withdraw = partial(set_release_state, release=release, stage="withdrawn", reason="Wrong.", by=crowd.lou)
    assert tally(at_once(*[withdraw] * 4), NotReady) == (1, 3)
    assert ReleaseState.objects.filter(stage="withdrawn").count() == events("release:withdrawn") == 1


def test_of_imports_of_one_file_of_answers_one_is_written(crowd: Cast, tmp_path: Path) -> None:
    release = make_release(crowd)
    path = write_jsonl(tmp_path / "answers.jsonl", answers_to(release, epochs=3))
    act = partial(import_responses, path=path, release=release, run_name="model", by=crowd.ana)
    done, _told = tally(at_once(*[act] * 4), Conflict)
    assert done >= 1
    assert Run.objects.get().state == RunState.READY
    assert (Response.objects.count(), events("run:import")) == (6, 1)


def test_of_imports_of_one_file_of_verdicts_one_is_written(crowd: Cast, tmp_path: Path) -> None:
    release = make_release(crowd)
    answers = write_jsonl(tmp_path / "answers.jsonl", answers_to(release))
    run = import_responses(path=answers, release=release, run_name="model", by=crowd.ana).run
    path = write_jsonl(tmp_path / "verdicts.jsonl", verdicts_on(release))
    act = partial(import_verdicts, path=path, run=run, rater_name="harness", by=crowd.ana)
    done, _told = tally(at_once(*[act] * 4), Conflict)
    assert done >= 1
    session = GradingSession.objects.get()
    assert (session.state, session.assignments.count()) == (SessionState.CLOSED, 2)
    assert (Grade.objects.count(), events("verdicts:import")) == (6, 1)


def verdicts_on(release: Release) -> list[dict[str, Any]]:
    """Return a verdict on every criterion of the one answer to each case."""
    return [
        {
            "prompt_id": item.prompt_id,
            "epoch": 1,
            "rubric_items": [
                {"criterion": each.criterion, "points": each.points, "criteria_met": True}
                for each in item.content.rubrics
            ],
        }
        for item in release.items.all()
    ]


def test_what_is_graded_while_the_session_closes_is_counted_or_refused(crowd: Cast) -> None:
    session = make_session(crowd, n_cases=3)
    close = partial(
        close_session, session=GradingSession.objects.get(pk=session.pk), reason="Done.", by=crowd.lou
    )
    closing, *graded = at_once(close, *(lambda who=who: give(who, session) for who in (crowd.gia, crowd.gus)))
    tally(graded, NotReady)
    session.refresh_from_db()
    assert session.state == SessionState.CLOSED
    assert count_undecided(session) == closing


def test_a_session_ends_and_closes_once(crowd: Cast) -> None:
    session = make_session(crowd)
    assert tally(at_once(*[lambda: end_grading(session=session, by=crowd.lou)] * 4), NotReady) == (1, 3)
    assert events("session:end-grading") == 1
    close = partial(
        close_session, session=GradingSession.objects.get(pk=session.pk), reason="Done.", by=crowd.lou
    )
    assert tally(at_once(*[close] * 4), NotReady) == (1, 3)
    assert events("session:close") == 1


def test_double_submits_of_two_graders_leave_one_grade_each(crowd: Cast) -> None:
    session = make_session(crowd)
    verdicts = {0: GivenVerdict("met"), 1: GivenVerdict("not_met", "No."), 2: GivenVerdict("cannot_judge")}
    rows = Assignment.objects.filter(session=session, position=1).select_related("rater__user")
    acts = [lambda row=row: save_grades(assignment=row, verdicts=verdicts, by=row.rater.user) for row in rows]
    assert tally(at_once(*acts * 4), DomainError) == (THREADS, 0)
    assert Grade.objects.count() == 2 * 3
    assert Assignment.objects.exclude(done_at=None).count() == 2


def test_criteria_graded_at_once_in_two_windows_are_all_kept(crowd: Cast) -> None:
    session = make_session(crowd, n_cases=1, n_runs=1, n_criteria=6, graders=[crowd.gia])
    row = Assignment.objects.get(session=session)
    acts = [
        lambda index=index: save_grades(assignment=row, verdicts={index: GivenVerdict("met")}, by=crowd.gia)
        for index in range(6)
    ]
    assert tally(at_once(*acts), DomainError) == (6, 0)
    row.refresh_from_db()
    assert row.grades.count() == 6
    assert row.done_at is not None


def test_an_invitation_is_accepted_once(crowd: Cast) -> None:
    user, token = invite_person(email="new@example.org", by=crowd.ola)
    passwords = [f"correct horse battery {place}" for place in range(4)]
    results = at_once(
        *(lambda each=each: accept_invitation(token=token, password=each) for each in passwords)
    )
    assert tally(results, NotFound) == (1, 3)
    user.refresh_from_db()
    winner = next(place for place, each in enumerate(results) if not isinstance(each, DomainError))
    assert user.check_password(passwords[winner])
    assert events("invitation:accept") == 1


def test_one_department_one_role_and_one_token_are_made_once(crowd: Cast) -> None:
    make = partial(create_department, code="IM", name="Medicine", lead_email="ada@example.org", by=crowd.ola)
    tally(at_once(*[make] * 4), Conflict)
    assert Department.objects.filter(code="IM").count() == events("department:create") == 1
    roles = {"author", "reviewer", "grader"}
    before = events("role:grant")
    give_roles = partial(set_roles, user=crowd.ana, department=crowd.department, roles=roles, by=crowd.ola)
    assert tally(at_once(*[give_roles] * 4), DomainError) == (4, 0)
    assert set(Membership.objects.filter(user=crowd.ana).values_list("role", flat=True)) == roles
    assert events("role:grant") == before + 3
    tally(at_once(*[lambda: create_api_token(name="harness", by=crowd.ana)] * 4), Conflict)
    assert ApiToken.objects.filter(user=crowd.ana, name="harness").count() == 1


def test_the_trail_is_whole_after_eight_people_wrote_different_things(crowd: Cast, tmp_path: Path) -> None:
    session, release = make_session(crowd), make_release(crowd, cases=1)
    case, other = make_draft(crowd, title="One"), make_submitted(crowd, title="Two")
    answers = write_jsonl(tmp_path / "answers.jsonl", answers_to(release))
    results = at_once(
        lambda: [
            create_case(department=crowd.department, content=make_content(), by=crowd.ada) for _n in range(5)
        ],
        lambda: [revise(case, number, crowd) for number in range(1, 6)],
        lambda: review_case(case=other, revision_number=1, decision="approve", votes=AGREE, by=crowd.rui),
        lambda: [invite_person(email=f"p{n}@example.org", by=crowd.ola) for n in range(5)],
        lambda: [create_api_token(name=f"t{n}", by=crowd.rob) for n in range(5)],
        lambda: give(crowd.gia, session),
        lambda: import_responses(path=answers, release=release, run_name="model", by=crowd.ana),
        lambda: set_release_state(release=release, stage="withdrawn", reason="Wrong.", by=crowd.lou),
    )
    refused = [each for each in results if isinstance(each, DomainError)]
    assert all(isinstance(each, NotReady) for each in refused)  # the import, if the withdrawal came first
    assert events("case:create") == AuditEvent.objects.filter(verb="case:create").count() > 5
    numbers = list(AuditEvent.objects.order_by("sequence").values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def revise(case: Case, number: int, crowd: Cast) -> CaseRevision:
    """Save the case's next revision."""
    return save_revision(case=case, content=make_content(f"Text {number}"), base_version=number, by=crowd.ada)


@pytest.mark.parametrize("pair", ["case and release", "release and session", "run and session"])
def test_nobody_waits_for_each_other(crowd: Cast, monkeypatch: pytest.MonkeyPatch, pair: str) -> None:
    """One holds the trail and is about to write a row that points to the row which the other holds."""
    release = make_release(crowd, cases=1)
    run = Run.objects.create(
        release=release, name="m", state=RunState.READY, source_sha256="0" * 64, imported_by=crowd.lou
    )
    Response.objects.create(run=run, item=release.items.get(), completion="Record an ECG.")
    case = make_draft(crowd, title="Another")
    session = partial(open_session, release=release, runs=[run], graders=[crowd.gia], by=crowd.lou)
    final = partial(set_release_state, release=release, stage="withdrawn", reason="Wrong.", by=crowd.lou)
    gone = partial(withdraw_run, run=run, reason="Wrong.", by=crowd.lou)
    pairs: dict[str, tuple[Act, Act]] = {
        "case and release": (final, lambda: revise(case, 1, crowd)),
        "release and session": (session, final),
        "run and session": (session, gone),
    }
    first, second = pairs[pair]
    held = keep_the_trail(monkeypatch)
    results = at_once(first, lambda: held.wait(timeout=10) and second())
    assert not any(isinstance(each, DomainError) for each in results)
    assert audit.verify_chain() is None


def keep_the_trail(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let whoever takes the trail first keep it until the other wants it, too; return what says that it is taken.

    SQLite lets the other one only begin when the first is through, so that waiting for it ends after a while.
    """
    take, held, wanted = audit._hold_the_chain, threading.Event(), threading.Event()

    def hold() -> None:
        is_first = not held.is_set()
        if not is_first:
            wanted.set()
        take()
        held.set()
        if is_first:
            wanted.wait(timeout=0.5)

    monkeypatch.setattr(audit, "_hold_the_chain", hold)
    return held
