"""Nothing that is sent to a Label Studio says which system wrote an answer, or which answers are of the same one."""

import json
from dataclasses import asdict

import pytest

from annotations.models import Assignment, LabelStudioProject, LabelStudioTask
from annotations.services.label_studio.sync import sync_session
from exports.models import Response
from tests.annotations.label_studio.fake import FakeLabelStudio
from tests.annotations.label_studio.rows import make_connection, means
from tests.annotations.labelstudio.canaries import ANSWER, CANARIES, found_in, open_telltale_session
from tests.cast import Cast


@pytest.fixture
def received(cast: Cast) -> FakeLabelStudio:
    """Return a server to which a session was pushed."""
    make_connection(cast.department, "https://ls.example.org", "token", by=cast.lou)
    server = FakeLabelStudio()
    session = open_telltale_session(cast)
    sync_session(session=session, by=cast.lou, means=means(lambda _connection: server))
    return server


def test_no_project_and_no_task_names_a_system(received: FakeLabelStudio) -> None:
    """Titles, descriptions, instructions, configurations and data; the answers themselves are there."""
    texts = [
        *(
            json.dumps(asdict(project), default=str, ensure_ascii=False)
            for project in received.projects.values()
        ),
        *(json.dumps(task.data, ensure_ascii=False) for task in received.tasks.values()),
    ]
    assert len(CANARIES) >= 20
    assert len(received.projects) == 2
    assert len(received.tasks) == 4
    assert sum(ANSWER in text for text in texts) == 4
    assert [found_in(text) for text in texts] == [[]] * 6


def test_no_task_has_a_field_that_graders_have_no_use_for(received: FakeLabelStudio) -> None:
    """Whatever is added to a task is shown in Label Studio's Data Manager."""
    assert {name for task in received.tasks.values() for name in task.data} == {
        "ext_id", "criteria_hash", "conversation_md", "response_md", "criteria", "overall", "reference", "evidence",
    }  # fmt: skip


def test_no_key_holds_a_number_of_ours(received: FakeLabelStudio) -> None:
    """Answers of one run have neighbouring numbers: they would be told apart by them."""
    tasks = list(LabelStudioTask.objects.order_by("pk"))
    assert [task.ext_id for task in tasks] == [
        received.tasks[task.remote_id or 0].data["ext_id"] for task in tasks
    ]
    keys = [task.ext_id.partition(":")[0] for task in tasks]
    assert len(set(keys)) == 4
    assert all(len(key) == 20 for key in keys)
    numbers = {
        str(pk) for model in (Assignment, Response) for pk in model.objects.values_list("pk", flat=True)
    }
    assert not numbers & set(keys)
    hashes = {tuple(task.ext_id.split(":")[1:]) for task in tasks}
    assert len(hashes) == 1


def test_the_same_answer_has_another_key_in_another_project(received: FakeLabelStudio) -> None:
    """Two graders who compare their pages don't see by it which answers they share."""
    projects = [
        {task.ext_id for task in project.tasks.all()} for project in LabelStudioProject.objects.order_by("pk")
    ]
    assert [len(each) for each in projects] == [2, 2]
    assert not projects[0] & projects[1]
