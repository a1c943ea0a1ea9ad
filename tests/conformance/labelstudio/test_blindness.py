"""Whoever looks into a real Label Studio, its export or even its database finds nothing that names a system."""

import json

import pytest

from annotations.labelstudio.results import VERDICTS
from annotations.models import LabelStudioTask
from annotations.services.label_studio.sync import sync_session
from tests.annotations.label_studio.rows import make_connection
from tests.annotations.labelstudio.canaries import ANSWER, found_in, open_telltale_session
from tests.cast import Cast
from tests.conformance.labelstudio.server import LabelStudioInTest

# Where what we send is kept there, and what was written of it.
TABLES = ("project", "task", "task_completion", "webhook", "projects_projectsummary", "data_manager_view")


@pytest.mark.django_db
def test_nothing_there_names_a_system(cast: Cast, label_studio: LabelStudioInTest) -> None:
    """Titles, descriptions, instructions, task data, exports and rows, before and after grading."""
    make_connection(cast.department, label_studio.url, label_studio.token, by=cast.lou)
    session = open_telltale_session(cast)
    sync_session(session=session, by=cast.lou)
    grader = label_studio.person(cast.gia.email)
    tasks = list(LabelStudioTask.objects.order_by("pk"))
    for task in tasks[:2]:
        grader.grade(task.remote_id or 0, {0: VERDICTS[0]})
    sync_session(session=session, by=cast.lou)
    texts = [str(label_studio.rows(f"select * from {table}")) for table in TABLES]  # noqa: S608
    for project in label_studio.ask("GET", "/api/projects/")["results"]:
        texts.append(json.dumps(project, ensure_ascii=False))
        exported = label_studio.ask("GET", f"/api/projects/{project['id']}/export?download_all_tasks=true")
        texts.append(json.dumps(exported, ensure_ascii=False))
        texts.append(json.dumps(label_studio.tasks(project["id"]), ensure_ascii=False))
    assert len(tasks) == 4
    assert sum(ANSWER in text for text in texts) >= 5
    assert [found_in(text) for text in texts] == [[]] * len(texts)
