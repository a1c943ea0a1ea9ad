"""The sync against a real Label Studio: from sending to scores, and what goes wrong is said with nothing lost."""

from typing import Any

import pytest

from annotations.models import Assignment, GradeEvent, LabelStudioProject, ProjectState, SessionRater
from annotations.selectors.agreement import report_agreement
from annotations.selectors.scores import report_session
from annotations.services.label_studio.closing import archive_projects
from annotations.services.label_studio.quarantine import recheck
from annotations.services.label_studio.requests import send_again
from annotations.services.label_studio.sync import Step, sync_session
from annotations.services.members import add_grader, remove_grader
from annotations.services.session_rows import rater_for_person
from annotations.services.sessions import close_session, end_grading
from builder.common.errors import NotReady
from builder.common.secret_text import seal
from tests.annotations.label_studio.rows import everything, means, port, project_of, verdicts
from tests.annotations.rows import give
from tests.cast import Cast
from tests.conformance.labelstudio.server import LabelStudioInTest
from tests.conformance.labelstudio.sessions import Graded

pytestmark = pytest.mark.django_db


def told(graded: Graded) -> str:
    return " ".join(graded.project.log.filter(is_problem=True).values_list("text", flat=True))


def test_graders_here_and_there_share_a_session_to_its_scores(
    cast: Cast, label_studio: LabelStudioInTest
) -> None:
    gia = label_studio.person(cast.gia.email)
    graded = Graded(cast, label_studio, graders=[cast.gia], here=[cast.gus])
    graded.sync()
    give(cast.gus, graded.session)
    for task in label_studio.tasks(graded.project.remote_id):
        gia.grade(task["id"], {0: "met", 1: "met", 2: "not_met"}, notes={2: "Nobody is told to wait."})
    assert graded.sync().graded == 4 and graded.differences() == []
    assert set(GradeEvent.objects.values_list("desk", flat=True)) == {"in-app", "label-studio"}
    end_grading(session=graded.session, by=cast.lou)
    with pytest.raises(NotReady, match="last grades"):
        close_session(session=graded.session, reason="All graded.", by=cast.lou)
    graded.sync()
    # Two graders, four answers, three criteria: they differ on the last one of each.
    agreement = report_agreement(graded.session).to_dict()
    assert agreement
    close_session(session=graded.session, reason="All graded.", by=cast.lou)
    archive_projects(session=graded.session, by=cast.lou, means=graded.means())
    graded.session.refresh_from_db()
    assert report_session(graded.session)
    assert len(everything(graded.session)) == 24
    assert graded.project.state == ProjectState.ARCHIVED
    assert len(label_studio.tasks(graded.project.remote_id)) == 4


def test_nothing_new_costs_two_requests(cast: Cast, label_studio: LabelStudioInTest) -> None:
    graded = Graded(cast, label_studio)
    graded.send_graded()
    graded.sync()
    ports: list[Any] = []

    def opened(_connection: object) -> Any:
        ports.append(port(label_studio.url, label_studio.token))
        return ports[-1]

    assert not sync_session(session=graded.session, by=cast.lou, means=means(opened)).changed
    assert ports[0].requests <= 3


def test_skips_changes_and_deletions_by_a_person_arrive(cast: Cast, label_studio: LabelStudioInTest) -> None:
    gia = label_studio.person(cast.gia.email)
    graded = Graded(cast, label_studio)
    graded.sync()
    first, second, third, fourth = [task["id"] for task in label_studio.tasks(graded.project.remote_id)]
    own = gia.grade(first, {0: "met", 1: "met", 2: "met"})
    gia.annotate(second, [], was_cancelled=True)
    gia.annotate(third, verdicts("+."))
    graded.sync()
    assert len(everything(graded.session)) == 3
    gia.change(own["id"], verdicts("ooo"))
    gone = gia.grade(fourth, {0: "met", 1: "met", 2: "met"})
    graded.sync()
    assert [row[3] for row in everything(graded.session)] == ["not_met"] * 3 + ["met"] * 3
    gia.ask("DELETE", f"/api/annotations/{gone['id']}/")
    assert graded.sync().withdrawn == 1
    assert len(everything(graded.session)) == 3


def test_answers_change_hands_and_come_back_there(cast: Cast, label_studio: LabelStudioInTest) -> None:
    """Gia leaves two answers, Gus may take one of them; then Gia returns, who had begun the other meanwhile."""
    graded = Graded(cast, label_studio, graders=[cast.gia, cast.gus], overlap=1)
    graded.sync()
    first, second = label_studio.tasks(graded.project.remote_id or 0)
    gia = graded.accounts[cast.gia.email]
    members = SessionRater.objects.filter(session=graded.session)
    members.filter(rater__user=cast.gus).update(quota=3)
    remove_grader(session=graded.session, rater=rater_for_person(cast.gia), reason="Left.", by=cast.lou)
    body = {"result": verdicts("+o+"), "completed_by": gia}
    label_studio.ask("POST", f"/api/tasks/{first['id']}/annotations/", body)
    synced = graded.sync()
    assert (synced.handed_on, synced.sent, synced.quarantined) == (1, 1, 1)
    [left] = label_studio.tasks(graded.project.remote_id or 0)
    assert left["id"] == first["id"] != second["id"]
    assert len(label_studio.tasks(project_of(graded.session, cast.gus).remote_id or 0)) == 3
    add_grader(session=graded.session, user=cast.gia, by=cast.lou)
    again = graded.sync()
    own = Assignment.objects.filter(session=graded.session, rater__user=cast.gia).live()
    # Which of the two Gus got was drawn: what is Gia's again is the task she began, or the other one sent anew.
    began = own.get().label_studio_tasks.get().ext_id == first["data"]["ext_id"]
    assert (again.sent, len(everything(graded.session))) == ((0, 3) if began else (1, 0))
    assert not graded.sync().changed
    keys = [task["data"]["ext_id"] for task in label_studio.tasks(graded.project.remote_id or 0)]
    assert len(keys) == len(set(keys))


def with_token(graded: Graded, token: str) -> None:
    graded.cast.department.label_studio.token = seal(token)
    graded.cast.department.label_studio.save()
    graded.there.token = token


def a_wrong_token(graded: Graded) -> None:
    with_token(graded, "0" * 40)


def a_wrong_address(graded: Graded) -> None:
    graded.url = graded.there.url + "/nowhere"


def an_expired_token(graded: Graded) -> None:
    # The claims of a personal access token that ended in 2001; its signature is nobody's.
    with_token(
        graded,
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCIsImV4cCI6MTAwMDAwMDAwMCwidXNlcl9pZCI6MX0.c2lnbmF0dXJl",
    )


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (a_wrong_token, "doesn't accept the access token"),
        (an_expired_token, "has expired"),
        (a_wrong_address, "doesn't speak like Label Studio"),
    ],
)
def test_what_needs_a_person_is_said_and_nothing_is_lost(
    cast: Cast, label_studio: LabelStudioInTest, happens: Any, sentence: str
) -> None:
    graded = Graded(cast, label_studio)
    graded.send_graded()
    graded.sync()
    before, token = everything(graded.session), label_studio.token
    happens(graded)
    try:
        with pytest.raises(NotReady, match=sentence):
            graded.sync()
    finally:
        label_studio.token, graded.url = token, label_studio.url
        with_token(graded, token)
    assert everything(graded.session) == before
    graded.sync()
    assert graded.differences() == []


def test_a_deleted_project_is_said_and_made_again_for_the_rest(
    cast: Cast, label_studio: LabelStudioInTest
) -> None:
    graded = Graded(cast, label_studio)
    graded.send_graded(("++o", "", "", ""))
    graded.sync()
    before = everything(graded.session)
    label_studio.ask("DELETE", f"/api/projects/{graded.project.remote_id}/")
    assert "Somebody deleted this project" in graded.sync().problems[0]
    assert graded.project.state == ProjectState.LOST and everything(graded.session) == before
    assert send_again(project=graded.project, by=cast.lou) == 3
    assert graded.sync().sent == 3
    assert len(label_studio.tasks(graded.project.remote_id)) == 3


def test_a_deleted_account_an_edited_configuration_and_another_tools_tasks(
    cast: Cast, label_studio: LabelStudioInTest
) -> None:
    graded = Graded(cast, label_studio)
    graded.send_graded(("++o", "o?+", "", ""))
    graded.sync()
    before, project = everything(graded.session), graded.project.remote_id or 0
    config = label_studio.ask("GET", f"/api/projects/{project}/")["label_config"]
    label_studio.ask(
        "PATCH", f"/api/projects/{project}/", {"label_config": config.replace('size="4"', 'size="5"')}
    )
    data = {**label_studio.tasks(project)[0]["data"]}
    label_studio.import_tasks(project, [{"data": {**data, "ext_id": "another tool’s"}}])
    label_studio.ask("DELETE", f"/api/users/{graded.accounts[cast.gia.email]}/")
    synced = graded.sync([Step.PULL, Step.RECONCILE])
    assert "changed the labelling configuration" in synced.problems[0]
    assert "isn’t ours" in told(graded), told(graded)
    assert "have no author any more" in told(graded)
    assert everything(graded.session) == before
    assert len(label_studio.tasks(project)) == 5


def test_what_a_stranger_wrote_counts_when_the_grader_has_written_it_anew(
    cast: Cast, label_studio: LabelStudioInTest
) -> None:
    graded = Graded(cast, label_studio)
    graded.sync()
    task = label_studio.tasks(graded.project.remote_id)[0]
    label_studio.ask("POST", f"/api/tasks/{task['id']}/annotations/", {"result": verdicts("+++")})
    assert graded.sync().quarantined == 1 and everything(graded.session) == []
    note = LabelStudioProject.objects.get().tasks.get(remote_id=task["id"]).annotations.get()
    assert "Somebody else wrote this: admin@example.org" in note.reason
    gia = graded.accounts[cast.gia.email]
    label_studio.ask(
        "POST", f"/api/tasks/{task['id']}/annotations/", {"result": verdicts("ooo"), "completed_by": gia}
    )
    recheck(session=graded.session, by=cast.lou, means=graded.means())
    assert [row[3] for row in everything(graded.session)] == ["not_met"] * 3
