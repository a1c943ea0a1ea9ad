"""Sending: every answer arrives once, whatever breaks, and nothing there tells whose it is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import GradingSession, LabelStudioProject, ProjectState, TaskState
from annotations.services.label_studio import push
from annotations.services.label_studio.holding import LENGTH, Holder, ProjectBusy, take_hold
from annotations.services.label_studio.sync import Step
from annotations.services.members import add_grader, remove_grader
from builder.common.errors import NotReady
from builder.jobs import TryLater
from tests.annotations.label_studio.conftest import Sync
from tests.annotations.label_studio.fake import GIA, FakeLabelStudio
from tests.annotations.label_studio.rows import assignments_of, everything, make_there, project_of, verdicts
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def keys(there: FakeLabelStudio) -> list[str]:
    return sorted(task.ext_id for task in there.tasks.values())


def sent(session: GradingSession) -> list[str]:
    rows = LabelStudioProject.objects.filter(session_rater__session=session)
    return sorted(rows.values_list("tasks__ext_id", flat=True))


def test_each_grader_gets_a_project_with_their_answers_in_their_order(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast, [cast.gia, cast.gus], n_cases=3)
    synced = sync(session)
    assert (synced.projects, synced.sent) == (2, 12)
    for user in (cast.gia, cast.gus):
        project = project_of(session, user)
        assert project.state == ProjectState.ACTIVE and project.account_id is not None
        rows = list(project.tasks.order_by("remote_id").select_related("assignment"))
        assert [row.assignment for row in rows] == assignments_of(session, user)
        assert {row.state for row in rows} == {TaskState.CONFIRMED}
    titles = {project.title for project in there.projects.values()}
    assert titles == {f"Session {session.pk}: Gia", f"Session {session.pk}: Gus"}


def test_nothing_is_sent_twice_and_nothing_new_costs_two_requests(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast)
    sync(session)
    before, calls = keys(there), len(there.calls)
    assert not sync(session).changed
    assert keys(there) == before and there.calls[calls:] == ["changed_tasks", "get_project"]


@pytest.mark.parametrize(
    "failures",
    [
        {"create_project": ["before"]}, {"create_project": ["after"]}, {"create_project": ["after", "after"]},
        {"import_tasks": ["before"]}, {"import_tasks": ["after"]}, {"import_tasks": ["late"]},
        {"import_tasks": ["before", "after", "late"]}, {"import_tasks": ["late", "late"]},
        {"import_tasks": ["after"], "task_keys": ["before"]}, {"changed_tasks": ["before"]},
        {"get_project": ["before"]},
        {"import_tasks": ["before"] * 9}, {"import_tasks": ["late"] * 9}, {"find_user": ["before"]},
    ],
    ids=repr,
)  # fmt: skip
def test_whatever_fails_three_passes_make_both_sides_equal(
    cast: Cast,
    there: FakeLabelStudio,
    sync: Sync,
    failures: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(push, "BATCH", 3)
    session = make_there(cast, n_cases=4)
    there.failures = failures
    for _pass in range(3):
        try:
            sync(session)
        except TryLater:
            continue
    sync(session, [Step.PULL, Step.RECONCILE])
    assert len(keys(there)) == 8
    assert keys(there) == sent(session)
    assert not project_of(session, cast.gia).tasks.exclude(state=TaskState.CONFIRMED).exists()
    ours = [
        each
        for each in there.projects.values()
        if str(project_of(session, cast.gia).marker) in each.description
    ]
    assert len(ours) == 1


def test_a_double_that_was_graded_is_the_one_that_is_kept(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast)
    sync(session)
    project = project_of(session, cast.gia)
    row = project.tasks.order_by("remote_id").first()
    (double,) = there._import(project.remote_id, [there.tasks[row.remote_id].data])
    there.annotate(double, verdicts("+oo"))
    synced = sync(session)
    row.refresh_from_db()
    assert row.remote_id == double and synced.doubles == 1 and synced.graded == 1
    assert len(keys(there)) == 4 == len(set(keys(there)))


def test_a_grader_without_an_account_is_to_be_invited_until_they_have_one(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    account = next(each for each in there.users if each.id == GIA)
    there.users.remove(account)
    session = make_there(cast)
    sync(session)
    project = project_of(session, cast.gia)
    assert (
        project.account_id is None and project.invite_url == "https://ls.example.org/user/signup/?token=abc"
    )
    there.users.append(account)
    sync(session)
    project = project_of(session, cast.gia)
    assert (project.account_id, project.invite_url) == (GIA, "")


def test_answers_that_were_taken_from_a_grader_are_taken_back_unless_graded(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast, [cast.gia, cast.gus, cast.geo], overlap=2, n_cases=3)
    sync(session)
    project = project_of(session, cast.gia)
    graded, *others = project.tasks.order_by("remote_id")
    there.annotate(graded.remote_id, verdicts("+oo"))
    sync(session)
    remove_grader(session=session, rater=project.session_rater.rater, reason="Left.", by=cast.lou)
    sync(session)
    assert graded.remote_id in there.tasks
    assert not [row for row in others if row.remote_id in there.tasks]
    graded.refresh_from_db()
    assert graded.state == TaskState.CONFIRMED
    assert set(project.tasks.exclude(pk=graded.pk).values_list("state", flat=True)) == {TaskState.WITHDRAWN}


def test_answers_that_are_given_back_to_a_grader_are_sent_again_once(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    """Some tasks went when Gia was removed, one she had begun meanwhile still stands. Gus has all answers, too."""
    session = make_there(cast, [cast.gia, cast.gus])
    sync(session)
    project = project_of(session, cast.gia)
    begun, *others = project.tasks.order_by("remote_id")
    remove_grader(session=session, rater=project.session_rater.rater, reason="Left.", by=cast.lou)
    there.annotate(begun.remote_id, verdicts("+oo"))
    sync(session)
    assert everything(session) == []
    assert begun.remote_id in there.tasks and not {row.remote_id for row in others} & there.tasks.keys()

    add_grader(session=session, user=cast.gia, by=cast.lou)
    assert sync(session).sent == len(others)
    assert not sync(session).changed
    assert keys(there) == sent(session)
    assert set(project.tasks.values_list("state", flat=True)) == {TaskState.CONFIRMED}
    assert [verdict for *_, verdict, _note in everything(session)] == ["met", "not_met", "not_met"]


def test_what_was_being_taken_back_when_the_connection_broke_is_used_again_or_taken_back_later(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast, [cast.gia, cast.gus], n_cases=3)
    sync(session)
    project = project_of(session, cast.gia)
    before = keys(there)
    remove_grader(session=session, rater=project.session_rater.rater, reason="Left.", by=cast.lou)
    there.failures = {"delete_task": ["", "before"]}
    with pytest.raises(TryLater):
        sync(session)
    gone = set(before) - set(keys(there))
    assert len(gone) == 1
    add_grader(session=session, user=cast.gia, by=cast.lou)
    assert sync(session).sent == 1
    assert keys(there) == before
    assert not sync(session).changed
    remove_grader(session=session, rater=project.session_rater.rater, reason="Left.", by=cast.lou)
    there.failures = {"delete_task": ["", "before"]}
    with pytest.raises(TryLater):
        sync(session)
    sync(session)
    assert not project.tasks.filter(remote_id__isnull=False).exists()
    assert {task.project_id for task in there.tasks.values()} == {project_of(session, cast.gus).remote_id}
    assert not sync(session).changed


def test_a_task_that_arrived_late_and_was_taken_back_meanwhile_is_not_doubled_when_it_is_given_back(
    cast: Cast, there: FakeLabelStudio, sync: Sync
) -> None:
    session = make_there(cast)
    sync(session)
    project = project_of(session, cast.gia)
    first, before = min(there.tasks), keys(there)
    texts = there.tasks[first].data
    remove_grader(session=session, rater=project.session_rater.rater, reason="Left.", by=cast.lou)
    sync(session, [Step.PUSH])
    there._import(project.remote_id, [texts])
    add_grader(session=session, user=cast.gia, by=cast.lou)
    sync(session)
    assert keys(there) == before and not sync(session).changed


def test_one_writer_a_project(cast: Cast, there: FakeLabelStudio, sync: Sync) -> None:
    session = make_there(cast)
    sync(session, [Step.PUSH])
    project = project_of(session, cast.gia)
    hold = take_hold(project, Holder("job:one", 1))
    with pytest.raises(TryLater):
        sync(session)
    # The next attempt of the same job takes over, and the first one, should it wake up, can do nothing more.
    later = take_hold(project, Holder("job:one", 2))
    with pytest.raises(ProjectBusy):
        hold.renew()
    later.release()
    assert sync(session).projects == 1
    # Who died holding is waited for until the lease is over.
    held = take_hold(project, Holder("command:dead"))
    take_hold(project, Holder("command:next"), now=timezone.now() + LENGTH + timedelta(minutes=1))
    with pytest.raises(ProjectBusy):
        held.renew()


def test_a_draft_and_a_closed_session_are_not_sent(cast: Cast, there: FakeLabelStudio, sync: Sync) -> None:
    session = make_there(cast)
    GradingSession.objects.filter(pk=session.pk).update(state="adjudicating")
    with pytest.raises(NotReady, match="no more tasks are sent"):
        sync(session, [Step.PUSH])
    assert sync(session).sent == 0 and not there.tasks
    GradingSession.objects.filter(pk=session.pk).update(state="draft")
    with pytest.raises(NotReady):
        sync(session)


def test_a_webhook_is_asked_for_once(cast: Cast, there: FakeLabelStudio, sync: Sync) -> None:
    session = make_there(cast)
    connection = cast.department.label_studio
    connection.webhook_base_url = "https://clinwright.example.org"
    connection.save()
    there.failures = {"create_webhook": ["after"]}
    sync(session)
    sync(session)
    project = project_of(session, cast.gia)
    assert [each.id for each in there.webhooks] == [project.webhook_id]
    assert there.webhooks[0].url.startswith("https://clinwright.example.org/")
