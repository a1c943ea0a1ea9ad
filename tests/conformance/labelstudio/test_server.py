"""The server of the tests: empty before each of them, and people in it are real."""

import os
from pathlib import Path

import httpx
import pytest

from annotations.labelstudio.label_config import GradingLook, grading_config
from annotations.labelstudio.payloads import GradingTask, Said, TaskCriterion, task_data
from annotations.labelstudio.ports import TRIED_VERSION
from annotations.management.label_studio_server import ADMIN, environment, template_path
from tests.conformance.labelstudio.server import LabelStudioInTest

LOOK = GradingLook(shows_reference=False, shows_evidence=False)
TASK = GradingTask(
    key="one", turns=[Said("user", "Hello")], response="Rest.",
    criteria=[TaskCriterion("a", "Says rest"), TaskCriterion("b", "Says water")],
)  # fmt: skip
DATA = task_data(TASK)


def test_it_is_the_version_we_work_with(label_studio: LabelStudioInTest) -> None:
    """The pin, the installed package and the gateway's constant name the same version."""
    assert label_studio.ask("GET", "/api/version")["release"] == TRIED_VERSION
    assert template_path().name.startswith(f"template-{TRIED_VERSION}-py3.")


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_finds_it_empty(label_studio: LabelStudioInTest, turn: int) -> None:
    """The second turn sees nothing of the first: no project, no person, and the same ids again."""
    assert label_studio.ask("GET", "/api/projects/")["count"] == 0
    assert [each["email"] for each in label_studio.ask("GET", "/api/users/")] == [ADMIN]
    project = label_studio.make_project(f"Turn {turn}", grading_config(LOOK))
    assert (project, label_studio.import_tasks(project, [{"data": DATA}])) == (1, [1])
    assert label_studio.person("first@example.org").id == 2


def test_people_sign_up_sign_in_and_grade(label_studio: LabelStudioInTest) -> None:
    """Whoever was invited signs up; an annotation is theirs, and both kinds of token say who they are."""
    project = label_studio.make_project("Project", grading_config(LOOK))
    [task] = label_studio.import_tasks(project, [{"data": DATA}])
    grader = label_studio.person("grader@example.org")
    made = grader.grade(task, {0: "met", 1: "not_met"}, {1: "no water"})
    assert made["completed_by"] == grader.id
    grader.change(made["id"], [])
    [stored] = label_studio.tasks(project)
    assert [each["result"] for each in stored["annotations"]] == [[]]

    whoami = "/api/current-user/whoami"
    assert label_studio.ask("GET", whoami, token=grader.legacy_token())["email"] == grader.email
    personal = grader.personal_token()
    assert label_studio.ask("GET", whoami, token=personal, expect=401)["status_code"] == 401
    access = httpx.post(f"{label_studio.url}/api/token/refresh/", json={"refresh": personal}, trust_env=False)
    answer = httpx.get(
        f"{label_studio.url}{whoami}",
        headers={"Authorization": f"Bearer {access.json()['access']}"},
        trust_env=False,
    )
    assert answer.json()["email"] == grader.email


def test_an_import_may_bring_annotations(label_studio: LabelStudioInTest) -> None:
    """So thousands of grades are there in seconds; their author and their time are whoever imported and now."""
    project = label_studio.make_project("Project", grading_config(LOOK))
    grader = label_studio.person("grader@example.org")
    rows = [
        {"data": DATA | {"ext_id": str(number)}, "annotations": [{"result": [], "completed_by": grader.id}]}
        for number in range(3)
    ]
    label_studio.import_tasks(project, rows)
    assert [each["annotations"][0]["completed_by"] for each in label_studio.tasks(project)] == [grader.id] * 3


def test_nobody_signs_up_uninvited(label_studio: LabelStudioInTest) -> None:
    """The server is set up as the documents tell an administrator to."""
    page = httpx.get(f"{label_studio.url}/user/signup/", trust_env=False)
    answer = httpx.post(
        f"{label_studio.url}/user/signup/",
        data={"email": "x@example.org", "password": "long-enough-1", "csrfmiddlewaretoken": page.cookies["csrftoken"]},
        headers={"Referer": f"{label_studio.url}/user/signup/"}, cookies=page.cookies, trust_env=False,
    )  # fmt: skip
    assert answer.status_code == 403


def test_it_knows_nothing_of_our_environment(label_studio: LabelStudioInTest) -> None:
    """Our settings' module and database would become its own."""
    known = environment(label_studio.server.data)
    assert not {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "DJANGO_SECRET_KEY"} & set(known)
    assert "DJANGO_SETTINGS_MODULE" in os.environ
    # Linux shows what a process was really given.
    if (shown := Path(f"/proc/{label_studio.server.pid}/environ")).exists():
        assert b"builder.config" not in shown.read_bytes()
