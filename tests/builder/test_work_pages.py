"""My work: what waits for whom, what comes first, and that nobody sees another department's cases."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse

from builder.common.providers import WORK_QUEUES, WorkItem, WorkQueue, registry
from builder.models import Decision, Membership, Role, User, Vote
from builder.selectors.work import GRADE, work_of
from builder.services.cases import create_case, save_draft, save_revision, submit_case
from builder.services.reviews import review_case
from tests.cast import Cast, make_user
from tests.costs import queries_of
from tests.factories import make_approved, make_content, make_draft, make_submitted

SignIn = Callable[[User], Client]


@pytest.fixture
def only_own_queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[WorkQueue]]:
    """Queues another room would bring: a test fills the list."""
    brought: list[WorkQueue] = []
    monkeypatch.setitem(registry._by_kind, WORK_QUEUES, [lambda _user: brought])
    yield brought


def ask_for_changes(cast: Cast, case, comment: str = "Say which ECG leads matter.") -> None:  # type: ignore[no-untyped-def]
    review_case(
        case=case, revision_number=case.version, decision=Decision.REQUEST_CHANGES, comment=comment, votes={},
        by=cast.rui,
    )  # fmt: skip


def test_an_anonymous_visitor_signs_in_first(client: Client, db: None) -> None:
    response = client.get("/")
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_author_continues_the_newest_draft(
    cast: Cast, as_user: SignIn, only_own_queues: list[WorkQueue]
) -> None:
    make_draft(cast, title="Older case")
    newest = make_draft(cast, title="Newest case")
    work = work_of(cast.ada)
    assert work.next_thing is not None
    assert work.next_thing.heading == "Continue writing: Newest case"
    assert work.next_thing.item.url == reverse("builder:case-edit", args=[newest.pk])
    assert [(queue.key, [item.title for item in queue.items]) for queue in work.queues] == [
        ("write", ["Older case"])
    ]
    assert work.waiting == 2
    page = as_user(cast.ada).get("/")
    assert page.status_code == 200
    assert "Continue writing: Newest case" in page.text
    assert "Older case" in page.text


def test_typed_text_makes_a_case_the_newest(cast: Cast, only_own_queues: list[WorkQueue]) -> None:
    approved = make_approved(cast, title="Approved case")
    make_draft(cast, title="A draft")
    content = {"prompt": [{"role": "user", "content": "Half a sentence"}], "rubrics": []}
    save_draft(case=approved, data=content, base_version=1, sequence=0, by=cast.ada)
    work = work_of(cast.ada)
    assert work.next_thing is not None
    assert work.next_thing.item.title == "Approved case"
    assert "not yet saved as a revision" in work.next_thing.item.detail


def test_changes_asked_name_who_and_what(cast: Cast, only_own_queues: list[WorkQueue]) -> None:
    case = make_submitted(cast)
    ask_for_changes(cast, case)
    item = work_of(cast.ada).next_thing.item
    assert item.status == "changes_requested"
    assert "Rui asked for changes: Say which ECG leads matter." in item.detail


def test_submitted_case_waits_for_reviewers_and_not_for_its_author(
    cast: Cast, only_own_queues: list[WorkQueue]
) -> None:
    case = make_submitted(cast)
    votes = dict.fromkeys(range(3), Vote.AGREE)
    assert work_of(cast.ada).waiting == 0
    assert work_of(cast.rui).next_thing.item.url == reverse("builder:case-review", args=[case.pk])
    review_case(case=case, revision_number=1, decision=Decision.APPROVE, votes=votes, by=cast.rui)
    assert work_of(cast.rui).waiting == 0
    assert (
        "Revision 1 by Ada. Waits since today. 1 of 2 colleagues have decided."
        in work_of(cast.rob).next_thing.item.detail
    )


def test_review_queue_begins_with_what_waits_longest(cast: Cast, only_own_queues: list[WorkQueue]) -> None:
    for title in ("First", "Second", "Third"):
        make_submitted(cast, title=title)
    work = work_of(cast.rui)
    assert work.next_thing.item.title == "First"
    assert [item.title for item in work.queues[0].items] == ["Second", "Third"]


def test_something_begun_comes_first(cast: Cast, only_own_queues: list[WorkQueue]) -> None:
    make_draft(cast)
    begun = WorkItem("Session 3", "/grade/3/", "84 of 200 answers graded", "open", 0.42)
    finished = WorkItem("Session 2", "/grade/2/", "9 of 9 answers graded", "closed", 1.0)
    only_own_queues.append(WorkQueue(GRADE, "To grade", [finished, begun], "", total=1))
    work = work_of(cast.ada)
    assert work.next_thing.heading == "Continue grading: Session 3"
    assert work.next_thing.percent == 42
    assert work.waiting == 2


def test_grader_sees_the_queue_another_room_brings(
    cast: Cast, as_user: SignIn, only_own_queues: list[WorkQueue]
) -> None:
    items = [
        WorkItem(f"Session {number}", f"/grade/{number}/", "0 of 5 answers graded", "open", 0)
        for number in (1, 2)
    ]
    only_own_queues.append(WorkQueue(GRADE, "To grade", items, "", total=2))
    page = as_user(cast.gia).get("/")
    assert "Continue grading: Session 1" in page.text
    assert 'href="/grade/2/"' in page.text
    assert "Cases by department" not in page.text


def test_only_what_is_finished_is_not_something_to_continue(
    cast: Cast, only_own_queues: list[WorkQueue]
) -> None:
    finished = WorkItem("Session 2", "/grade/2/", "9 of 9 answers graded", "closed", 1.0)
    only_own_queues.append(WorkQueue(GRADE, "To grade", [finished], "", total=0))
    work = work_of(cast.gia)
    assert work.next_thing is None
    assert work.waiting == 0
    assert [queue.items for queue in work.queues] == [[finished]]


def test_lead_sees_how_the_department_stands(cast: Cast, as_user: SignIn) -> None:
    make_draft(cast)
    make_approved(cast)
    make_approved(cast)
    summary = work_of(cast.lou).summaries
    assert [entry.department for entry in summary] == [cast.department]
    assert {state: cases for state, _label, cases in summary[0].counts} == {
        "draft": 1, "in_review": 0, "changes_requested": 0, "approved": 2,
    }  # fmt: skip
    page = as_user(cast.lou).get("/")
    assert "Cases by department" in page.text
    assert "?department=ED&amp;state=approved" in page.text
    assert reverse("builder:department-settings", args=["ED"]) in page.text
    assert work_of(cast.ada).summaries == []


def test_another_department_stays_unseen(cast: Cast, as_user: SignIn) -> None:
    make_draft(cast, title="Secret of the emergency department")
    make_submitted(cast, title="Another secret")
    page = as_user(cast.eve).get("/")
    assert page.status_code == 200
    assert "secret" not in page.text.lower()
    assert "Emergency" not in page.text
    assert work_of(cast.eve).waiting == 0


def test_somebody_without_a_role_reads_what_to_do(cast: Cast, as_user: SignIn) -> None:
    page = as_user(make_user("neo")).get("/")
    assert "You have no role in a department yet" in page.text
    assert "Ask an administrator to give neo@example.org a role" in page.text
    assert "ola@example.org" in page.text
    assert reverse("builder:people") not in page.text


def test_administrator_finds_people_and_departments(cast: Cast, as_user: SignIn) -> None:
    page = as_user(cast.ola).get("/")
    for name in ("people", "department-list", "all-tokens"):
        assert f'href="{reverse(f"builder:{name}")}"' in page.text


def test_long_queue_shows_its_beginning_and_its_length(cast: Cast, only_own_queues: list[WorkQueue]) -> None:
    for number in range(9):
        make_submitted(cast, title=f"Case {number}")
    queue = work_of(cast.rui).queues[0]
    assert len(queue.items) == 5
    assert queue.total == 8


def test_queries_do_not_grow_with_rows(cast: Cast, as_user: SignIn) -> None:
    """One person with every role, so that every queue is asked."""
    Membership.objects.bulk_create(
        Membership(user=cast.lou, department=cast.department, role=role)
        for role in (Role.AUTHOR, Role.REVIEWER)
    )
    client = as_user(cast.lou)

    def queries_with(more: int) -> int:
        for number in range(more):
            make_submitted(cast, title=f"To review {number}")
            ask_for_changes(cast, make_submitted(cast, title=f"Sent back {number}"))
            own = create_case(department=cast.department, content=make_content(), by=cast.lou)
            save_revision(case=own, content=make_content(), base_version=0, by=cast.lou)
            own.refresh_from_db()
            ask_for_changes(cast, submit_case(case=own, by=cast.lou))
        return queries_of(client, "/")

    queries_with(2)
    few = queries_with(0)
    assert queries_with(3) == few
