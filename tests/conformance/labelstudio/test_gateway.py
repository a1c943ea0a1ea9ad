"""The gateway against a real Label Studio: what it promises holds there, and what goes wrong is told in a sentence."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest

from annotations.labelstudio.errors import BadAnswer, Conflict, Missing, Refused, Unauthorised, Unreachable
from annotations.labelstudio.gateway import Gateway, connect
from annotations.labelstudio.label_config import (
    GradingLook,
    grading_config,
    grading_instruction,
    review_config,
    review_instruction,
)
from annotations.labelstudio.payloads import (
    GradingTask,
    ReviewTask,
    Said,
    TaskCriterion,
    content_hash,
    review_task_data,
    task_data,
    task_key,
)
from annotations.labelstudio.ports import ProjectDraft, RemoteProject
from annotations.labelstudio.results import ReadGrades, SentTask, read_grades
from annotations.labelstudio.wire import Limits
from annotations.management.label_studio_server import ADMIN
from builder.common.remote_addresses import AddressGuard
from tests.annotations.labelstudio.small_server import answer, small_server
from tests.conformance.labelstudio.server import LabelStudioInTest

LOOK = GradingLook("ko")
GUARD = AddressGuard(frozenset({"127.0.0.1"}), allow_private=True)
VERDICTS = ("met", "not_met", "cannot_judge")


@dataclass(slots=True)
class Bench:
    """A gateway, and a bare client for what others do behind its back."""

    gateway: Gateway
    bare: httpx.Client

    def project(self, title: str = "Grading 1") -> RemoteProject:
        """Make a project for Korean grading."""
        return self.gateway.create_project(
            ProjectDraft(title, "", grading_instruction(LOOK), grading_config(LOOK))
        )

    def send(self, project: RemoteProject, number: int) -> list[int]:
        """Import so many tasks."""
        return list(self.gateway.import_tasks(project.id, [task_of(place) for place in range(number)]))

    def annotate(self, task: int, **more: Any) -> int:
        """Grade a task, by the account of the token or whoever is named."""
        found = self.bare.post(f"/api/tasks/{task}/annotations/", json={"result": verdicts(), **more})
        found.raise_for_status()
        return int(found.json()["id"])


@pytest.fixture
def bench(label_studio: LabelStudioInTest) -> Iterator[Bench]:
    """Connect as the administrator."""
    headers = {"Authorization": f"Token {label_studio.token}"}
    with (
        connect(label_studio.url, label_studio.token, guard=GUARD) as gateway,
        httpx.Client(base_url=label_studio.url, headers=headers, timeout=60) as bare,
    ):
        yield Bench(gateway, bare)


def task_of(place: int) -> dict[str, Any]:
    """Return one task's data."""
    criteria = [TaskCriterion(f"c{number}", f"기준 {number}") for number in range(3)]
    return task_data(
        GradingTask(
            key=task_key(secret=b"s", number=place),
            turns=[Said("user", "가슴이 아파요. ![x](http://127.0.0.1/x.png)")],
            response=f"답변 {place}: s3://bucket/key 🙂 <b>지금</b>",
            criteria=criteria,
            reference="119.",
            evidence=["Guideline A, <30 min."],
            language="ko",
        )
    )


def sent(data: dict[str, Any]) -> SentTask:
    """Return what we keep of it."""
    return SentTask(content_hash(data), data["criteria_hash"], tuple(each["id"] for each in data["criteria"]))


def verdicts() -> list[dict[str, Any]]:
    """Return an annotation's result, one verdict of each kind."""
    return [
        {
            "from_name": f"verdict_{place}",
            "to_name": f"crit_{place}",
            "type": "choices",
            "value": {"choices": [verdict]},
        }
        for place, verdict in enumerate(VERDICTS)
    ]


def test_a_check_tells_everything_and_changes_nothing(bench: Bench, label_studio: LabelStudioInTest) -> None:
    """Version, account, rights, kinds of token, and whether anybody can open an account."""
    before = bench.bare.get("/api/projects/").json()["count"]
    found = bench.gateway.check()
    assert found.version == bench.gateway.version() == "1.23.2"
    assert found.identity == bench.gateway.whoami()
    assert found.identity.email == ADMIN
    assert found.may_create_projects
    assert found.legacy_tokens is True
    assert found.signup_is_open is False
    assert found.token_expires_at is None
    assert bench.bare.get("/api/projects/").json()["count"] == before


def test_a_task_comes_back_as_it_was_sent(bench: Bench) -> None:
    """Its number belongs to its key, and not a character differs: neither does the configuration."""
    project = bench.project()
    assert project.label_config == grading_config(LOOK)
    assert project.instruction == grading_instruction(LOOK)
    assert bench.gateway.get_project(project.id) == project
    tasks = [task_of(place) for place in range(5)]
    ids = bench.gateway.import_tasks(project.id, tasks)
    listed = [task for page in bench.gateway.all_tasks(project.id, page_size=2) for task in page]
    assert [task.id for task in listed] == list(ids)
    assert [task.data for task in listed] == tasks
    assert [content_hash(task.data) for task in listed] == [content_hash(task) for task in tasks]
    assert bench.gateway.get_task(ids[3]).data == tasks[3]
    keys = [key for page in bench.gateway.task_keys(project.id, after_id=ids[1]) for key in page]
    assert [(key.id, key.ext_id) for key in keys] == [
        (ids[place], tasks[place]["ext_id"]) for place in (2, 3, 4)
    ]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_rubric_to_review_is_taken(bench: Bench, language: str) -> None:
    """Its configuration too."""
    draft = ProjectDraft("Rubrics", "", review_instruction(language), review_config(language))
    project = bench.gateway.create_project(draft)
    criteria = [TaskCriterion(f"c{number}", "x" * 300, points=-5, red_line=True) for number in range(30)]
    data = review_task_data(
        ReviewTask(key="k", turns=[Said("user", "?")], criteria=criteria, language=language)
    )
    assert project.label_config == review_config(language)
    (number,) = bench.gateway.import_tasks(project.id, [data])
    assert bench.gateway.get_task(number).data == data


@pytest.mark.parametrize("reference", [True, False])
@pytest.mark.parametrize("evidence", [True, False])
def test_every_look_is_taken(bench: Bench, reference: bool, evidence: bool) -> None:
    """With just the fields it needs; one missing field refuses a whole batch and says which."""
    look = GradingLook("en", reference, evidence)
    project = bench.gateway.create_project(ProjectDraft("Looks", "", "", grading_config(look)))
    data = task_of(1)
    data = {
        name: value
        for name, value in data.items()
        if (name != "reference" or reference) and (name != "evidence" or evidence)
    }
    lacking = {name: value for name, value in data.items() if name != "overall"}
    with pytest.raises(Refused, match="overall") as told:
        bench.gateway.import_tasks(project.id, [data, lacking])
    assert not told.value.may_have_happened
    assert bench.gateway.counts(project.id).tasks == 0
    assert len(bench.gateway.import_tasks(project.id, [data])) == 1


def test_grades_come_back(bench: Bench, label_studio: LabelStudioInTest) -> None:
    """With who gave them; a skip is seen, and counted."""
    project = bench.project()
    first, second, third = bench.send(project, 3)
    person = label_studio.person("grader@example.org")
    grader = bench.gateway.find_user(person.email.upper())
    assert grader is not None and grader.id == person.id
    bench.annotate(first, completed_by=grader.id, lead_time=3.5)
    bench.annotate(third, was_cancelled=True)
    pages = list(bench.gateway.changed_tasks(project.id, since=None, annotated_only=True))
    found = {task.id: task for page in pages for task in page}
    assert found.keys() == {first, third}
    (annotation,) = found[first].annotations
    read = read_grades(annotation.result, found[first].data, sent(task_of(0)))
    assert isinstance(read, ReadGrades)
    assert [each.verdict for each in read.verdicts] == list(VERDICTS)
    assert (annotation.completed_by, annotation.lead_time) == (grader.id, 3.5)
    assert [each.was_cancelled for each in found[third].annotations] == [True]
    counts = bench.gateway.counts(project.id)
    assert (counts.tasks, counts.annotations) == (3, 2)
    assert second not in found


def test_nothing_changed_costs_one_request(bench: Bench) -> None:
    """To the microsecond; a change is seen, and so is an annotation's deletion."""
    project = bench.project()
    ids = bench.send(project, 12)
    newest = max(task.updated_at for page in bench.gateway.all_tasks(project.id) for task in page)
    before = bench.gateway.requests
    assert sum(len(page) for page in bench.gateway.changed_tasks(project.id, since=newest)) <= 12
    later = newest + timedelta(microseconds=1)
    assert list(bench.gateway.changed_tasks(project.id, since=later)) == []
    assert list(bench.gateway.changed_tasks(project.id, since=None, annotated_only=True)) == []
    assert bench.gateway.requests - before == 3
    annotation = bench.annotate(ids[4])
    (page,) = bench.gateway.changed_tasks(project.id, since=later, annotated_only=True)
    assert [task.id for task in page] == [ids[4]]
    after = page[0].updated_at + timedelta(microseconds=1)
    bench.bare.delete(f"/api/annotations/{annotation}/").raise_for_status()
    (page,) = bench.gateway.changed_tasks(project.id, since=after)
    assert [(task.id, task.annotations) for task in page] == [(ids[4], ())]
    assert bench.gateway.counts(project.id).annotations == 0


def test_no_task_is_passed_over_while_others_are_graded(bench: Bench) -> None:
    """Each page is followed by changes to tasks that were listed already."""
    project = bench.project()
    ids = bench.send(project, 20)
    seen: set[int] = set()
    for number, page in enumerate(bench.gateway.changed_tasks(project.id, since=None, page_size=5)):
        seen |= {task.id for task in page}
        if number < 4:
            bench.annotate(page[0].id)
    assert seen == set(ids)


def test_the_same_annotation_twice_is_told(bench: Bench) -> None:
    """Our own id for it is unique there, which makes sending it again safe."""
    project = bench.project()
    (task,) = bench.send(project, 1)
    unique = str(uuid.uuid4())
    bench.gateway.create_annotation(task, result=verdicts(), unique_id=unique)
    with pytest.raises(Conflict):
        bench.gateway.create_annotation(task, result=verdicts(), unique_id=unique)
    assert len(bench.gateway.get_task(task).annotations) == 1


def test_doubled_tasks_are_seen_and_removed(bench: Bench) -> None:
    """Label Studio takes the same task twice."""
    project = bench.project()
    first, second = bench.send(project, 1) + bench.send(project, 1)
    (keys,) = bench.gateway.task_keys(project.id)
    assert [(key.id, key.annotations) for key in keys] == [(first, 0), (second, 0)]
    assert keys[0].ext_id == keys[1].ext_id == task_of(0)["ext_id"]
    bench.annotate(first)
    bench.annotate(second, was_cancelled=True)
    (keys,) = bench.gateway.task_keys(project.id)
    assert [key.annotations for key in keys] == [1, 1]
    assert bench.gateway.delete_task(second) is True
    assert bench.gateway.delete_task(second) is False
    with pytest.raises(Missing):
        bench.gateway.get_task(second)


def test_an_edited_task_is_seen(bench: Bench) -> None:
    """By its hash; the annotation on it can't be trusted any more."""
    project = bench.project()
    (task,) = bench.send(project, 1)
    bench.annotate(task)
    data = task_of(0)
    changed = data | {"criteria": list(reversed(data["criteria"]))}
    bench.bare.patch(f"/api/tasks/{task}/", json={"data": changed}).raise_for_status()
    found = bench.gateway.get_task(task)
    assert content_hash(found.data) != content_hash(data)
    assert not isinstance(read_grades(found.annotations[0].result, found.data, sent(data)), ReadGrades)


def test_an_edited_configuration_is_seen_and_can_be_put_back(bench: Bench) -> None:
    """What would lose annotations is refused there, with a reason."""
    project = bench.project()
    (task,) = bench.send(project, 1)
    bench.annotate(task)
    edited = project.label_config.replace("해당함", "예")
    bench.bare.patch(f"/api/projects/{project.id}/", json={"label_config": edited}).raise_for_status()
    assert bench.gateway.get_project(project.id).label_config != grading_config(LOOK)
    restored = bench.gateway.update_project(project.id, label_config=grading_config(LOOK))
    assert restored.label_config == grading_config(LOOK)
    with pytest.raises(Refused, match="It says") as told:
        bench.gateway.update_project(project.id, label_config="<View><Text name='x'/></View>")
    assert told.value.status == 400
    assert bench.gateway.counts(project.id).annotations == 1


def test_a_deleted_account_leaves_its_grades_without_an_author(
    bench: Bench, label_studio: LabelStudioInTest
) -> None:
    """Which is told as such, never guessed."""
    project = bench.project()
    (task,) = bench.send(project, 1)
    grader = bench.gateway.find_user(label_studio.person("leaver@example.org").email)
    assert grader is not None
    bench.annotate(task, completed_by=grader.id)
    assert bench.gateway.get_task(task).annotations[0].completed_by == grader.id
    bench.bare.delete(f"/api/users/{grader.id}/").raise_for_status()
    assert bench.gateway.find_user(grader.email) is None
    for found in (
        bench.gateway.get_task(task),
        *next(iter(bench.gateway.all_tasks(project.id))),
        *next(iter(bench.gateway.changed_tasks(project.id, since=None, annotated_only=True))),
    ):
        assert found.annotations[0].completed_by is None


def test_a_project_deleted_while_it_is_listed_is_told(bench: Bench) -> None:
    """The SDK's own listing ends there as if it were complete."""
    for listing in ("all_tasks", "changed_tasks"):
        project = bench.project()
        bench.send(project, 6)
        pages = (
            bench.gateway.all_tasks(project.id, page_size=2)
            if listing == "all_tasks"
            else bench.gateway.changed_tasks(project.id, since=None, page_size=2)
        )
        assert len(next(pages)) == 2
        bench.bare.delete(f"/api/projects/{project.id}/").raise_for_status()
        with pytest.raises(Missing, match="kept here"):
            list(pages)
        for asking in (bench.gateway.get_project, bench.gateway.counts, bench.gateway.archive_project):
            with pytest.raises(Missing):
                asking(project.id)
        with pytest.raises(Missing):
            bench.gateway.import_tasks(project.id, [task_of(1)])


def test_archiving_keeps_everything(bench: Bench) -> None:
    """Twice is once; the project is found under its new title, with all that is in it."""
    project = bench.project("Grading 77")
    (task,) = bench.send(project, 1)
    bench.annotate(task)
    archived = bench.gateway.archive_project(project.id)
    assert bench.gateway.archive_project(project.id) == archived
    assert archived.title == "Closed · Grading 77"
    assert archived.is_archived and not project.is_archived
    assert [each.id for each in bench.gateway.find_projects("Closed · Grading 77")] == [project.id]
    assert bench.gateway.find_projects("Grading 77") == ()
    assert bench.gateway.counts(project.id).annotations == 1


def test_a_webhook_says_only_that_something_happened(bench: Bench) -> None:
    """At every change of an annotation, with our header; and it can be taken away."""
    project = bench.project()
    (task,) = bench.send(project, 1)
    with small_server(lambda asked: answer(200, {})) as listener:
        hook = bench.gateway.create_webhook(
            project.id, url=f"{listener.url}/hook/7/", headers={"X-Clinwright-Secret": "s3cret"}
        )
        assert bench.gateway.list_webhooks(project.id) == (hook,)
        annotation = bench.annotate(task)
        bench.bare.patch(f"/api/annotations/{annotation}/", json={"result": []}).raise_for_status()
        bench.bare.delete(f"/api/annotations/{annotation}/").raise_for_status()
        assert [(asked.path, asked.headers["x-clinwright-secret"]) for asked in listener.asked] == [
            ("/hook/7/", "s3cret")
        ] * 3
        assert [asked.body for asked in listener.asked] == [
            b'{"action": "ANNOTATION_CREATED"}',
            b'{"action": "ANNOTATION_UPDATED"}',
            b'{"action": "ANNOTATIONS_DELETED"}',
        ]
        assert bench.gateway.delete_webhook(hook.id) is True
        assert bench.gateway.delete_webhook(hook.id) is False
        assert bench.gateway.list_webhooks(project.id) == ()
        bench.annotate(task)
        assert len(listener.asked) == 3


def test_a_wrong_token_is_told(bench: Bench, label_studio: LabelStudioInTest) -> None:
    """In a sentence without the token."""
    wrong = "f" * 40
    with connect(label_studio.url, wrong, guard=GUARD) as gateway, pytest.raises(Unauthorised) as told:
        gateway.check()
    assert not told.value.expired
    assert wrong not in str(told.value)


def test_a_wrong_address_is_told(label_studio: LabelStudioInTest) -> None:
    """Another path of the server, and a port on which nobody listens."""
    quick = Limits(connect=2, read=10, attempts=1)
    with connect(f"{label_studio.url}/projects", label_studio.token, guard=GUARD, limits=quick) as gateway:
        with pytest.raises(BadAnswer, match="first page") as told:
            gateway.check()
        assert told.value.permanent
    with small_server(lambda asked: None) as gone:
        url = gone.url
    nowhere = connect(url, label_studio.token, guard=GUARD, limits=quick)
    with nowhere as gateway, pytest.raises(Unreachable, match="Check the address"):
        gateway.check()


def test_a_personal_token_works_until_it_is_withdrawn(label_studio: LabelStudioInTest) -> None:
    """It is renewed as often as needed; afterwards the account is told what to do."""
    admin = label_studio.admin()
    token = admin.personal_token()
    with connect(label_studio.url, token, guard=GUARD) as gateway:
        found = gateway.check()
        assert found.identity.email == ADMIN
        assert found.token_expires_at is not None and found.token_expires_at > datetime.now(UTC)
        assert gateway.whoami() == found.identity
    admin.ask("POST", "/api/token/blacklist/", {"refresh": token})
    with connect(label_studio.url, token, guard=GUARD) as gateway, pytest.raises(Unauthorised) as told:
        gateway.whoami()
    assert token not in str(told.value)


def test_an_expired_personal_token_is_told(label_studio: LabelStudioInTest) -> None:
    """It says so itself; and one that the server didn't make is refused by it."""
    hour = timedelta(hours=1)
    claims = {"token_type": "refresh", "user_id": 1, "jti": "x"}
    expired = jwt.encode({**claims, "exp": datetime.now(UTC) - hour}, "k" * 32)
    with pytest.raises(Unauthorised, match="expired"):
        connect(label_studio.url, expired, guard=GUARD)
    forged = jwt.encode({**claims, "exp": datetime.now(UTC) + hour}, "k" * 32)
    with connect(label_studio.url, forged, guard=GUARD) as gateway, pytest.raises(Unauthorised) as told:
        gateway.whoami()
    assert not told.value.expired
