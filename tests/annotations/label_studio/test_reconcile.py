"""Comparing everything: what somebody did over there is found, said in a sentence, and nothing here is lost by it."""

from typing import Any

import pytest

from annotations.labelstudio.ports import RemoteProject
from annotations.models import GradingSession, LabelStudioTask, ProjectState, TaskState
from annotations.services.label_studio.requests import send_again
from annotations.services.label_studio.sync import Step
from builder.common.errors import NotReady
from tests.annotations.label_studio.conftest import Sync
from tests.annotations.label_studio.fake import GIA, GUS, FakeLabelStudio
from tests.annotations.label_studio.rows import everything, make_there, project_of, verdicts
from tests.cast import Cast

pytestmark = pytest.mark.django_db
ALL = (Step.PULL, Step.RECONCILE)


@pytest.fixture
def session(cast: Cast, there: FakeLabelStudio, sync: Sync) -> GradingSession:
    """Return a session whose tasks were sent; Gia has graded the first of her four answers."""
    made = make_there(cast)
    sync(made)
    there.annotate(rows(made, cast)[0].remote_id, verdicts("+o?"))
    sync(made)
    return made


def rows(session: GradingSession, cast: Cast) -> list[LabelStudioTask]:
    return list(project_of(session, cast.gia).tasks.order_by("pk"))


def problems(session: GradingSession, cast: Cast) -> str:
    lines = project_of(session, cast.gia).log.filter(is_problem=True)
    return " ".join(lines.values_list("text", flat=True))


def test_when_nothing_differs_it_says_so_and_changes_nothing(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    before = everything(session)
    synced = sync(session, ALL)
    assert not synced.changed and synced.problems == [] and everything(session) == before
    assert (
        project_of(session, cast.gia).log.first().text.startswith("Compared with Label Studio: everything is")
    )


def test_deleted_tasks_are_named_their_grades_kept_and_the_rest_sent_again_when_asked(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    graded, ungraded, *_ = rows(session, cast)
    before = everything(session)
    for row in (graded, ungraded):
        there.delete_task(row.remote_id)
    # An ordinary sync sees it by the server's own count.
    assert sync(session).lost == 2
    assert everything(session) == before and "Somebody deleted 2 tasks" in problems(session, cast)
    assert sync(session).sent == 0
    assert send_again(project=project_of(session, cast.gia), by=cast.lou) == 1
    assert sync(session).sent == 1
    ungraded.refresh_from_db()
    assert ungraded.state == TaskState.CONFIRMED and there.tasks[ungraded.remote_id].ext_id == ungraded.ext_id
    assert everything(session) == before and len(there.tasks) == 3


def test_a_deleted_project_is_lost_with_a_sentence_and_made_again_for_what_has_no_grade(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    before, gone = everything(session), project_of(session, cast.gia).remote_id
    there.projects.clear()
    there.tasks.clear()
    synced = sync(session)
    assert "Somebody deleted this project" in synced.problems[0]
    project = project_of(session, cast.gia)
    assert project.state == ProjectState.LOST and everything(session) == before
    sync(session)
    assert not there.projects
    assert send_again(project=project, by=cast.lou) == 3
    assert sync(session).sent == 3
    project.refresh_from_db()
    assert project.state == ProjectState.ACTIVE and project.remote_id != gone
    there.annotate(next(iter(there.tasks)), verdicts("+++"))
    sync(session)
    assert len(everything(session)) == 6


def test_a_project_that_was_out_of_sight_for_a_while_is_active_again(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    kept: dict[int, RemoteProject] = dict(there.projects)
    there.projects.clear()
    sync(session)
    there.projects.update(kept)
    assert sync(session).problems == []
    assert project_of(session, cast.gia).state == ProjectState.ACTIVE


def test_edits_strangers_and_lost_authors_are_told_and_what_was_taken_over_is_kept(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    before = everything(session)
    graded, edited, other, _last = rows(session, cast)
    there.edit(edited.remote_id, criteria=[])
    there.annotate(other.remote_id, verdicts("+++"), by=GUS)
    there.forget_user(GIA)
    synced = sync(session, ALL)
    told = problems(session, cast)
    assert (
        f"#{edited.remote_id}" in told and "somebody else than" in told and "has no author any more" in told
    )
    assert everything(session) == before and synced.quarantined == 1
    assert graded.annotations.get().state == "accepted"


def test_a_changed_configuration_is_told_until_it_is_put_back(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession
) -> None:
    project = project_of(session, cast.gia)
    config = there.projects[project.remote_id].label_config
    there.update_project(project.remote_id, label_config="<View/>")
    assert "changed the labelling configuration" in sync(session).problems[0]
    there.update_project(project.remote_id, label_config=config)
    assert sync(session).problems == []


@pytest.mark.parametrize("steps", [(Step.PULL,), ALL])
def test_a_vanished_annotation_is_seen_by_the_count_alone(
    cast: Cast, there: FakeLabelStudio, sync: Sync, session: GradingSession, steps: Any
) -> None:
    row = rows(session, cast)[0]
    pk = there.tasks[row.remote_id].annotations[0].id
    there.remove_annotation(row.remote_id, pk)
    assert sync(session, steps).withdrawn == 1
    assert everything(session) == []


def test_what_is_sent_again_must_still_be_wanted(
    cast: Cast, there: FakeLabelStudio, session: GradingSession
) -> None:
    GradingSession.objects.filter(pk=session.pk).update(state="adjudicating")
    with pytest.raises(NotReady):
        send_again(project=project_of(session, cast.gia), by=cast.lou)
