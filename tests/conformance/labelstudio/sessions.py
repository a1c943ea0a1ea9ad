"""Sessions graded in a real Label Studio: connected, sent, graded and compared with what its own database holds."""

from collections.abc import Iterable, Sequence
from typing import Any

from annotations.labelstudio.payloads import content_hash
from annotations.labelstudio.wire import Limits
from annotations.models import (
    Assignment,
    GradingSession,
    LabelStudioAnnotation,
    LabelStudioProject,
    LabelStudioTask,
    TaskState,
)
from annotations.services.label_studio.grading import Grading
from annotations.services.label_studio.sync import WHOLE, Means, Step, Synced, sync_session
from tests.annotations.label_studio.rows import SHORT, make_connection, make_there, means, port, verdicts
from tests.cast import Cast
from tests.conformance.labelstudio.server import LabelStudioInTest

SIGNS = ("++o", "o?+", "+oo", "?+o", "ooo", "+++")


class Graded:
    """A session with graders in Label Studio, reached directly or through a proxy at `url`."""

    def __init__(
        self, cast: Cast, there: LabelStudioInTest, *, url: str = "", limits: Limits = SHORT, **options: Any
    ) -> None:
        self.cast, self.there, self.url, self.limits = cast, there, url or there.url, limits
        self.accounts = {
            user.email: self._account(user.email) for user in options.get("graders") or [cast.gia]
        }
        if not hasattr(cast.department, "label_studio"):
            make_connection(cast.department, there.url, there.token, by=cast.lou)
        self.session: GradingSession = make_there(cast, **options)
        self.requests = 0

    def _account(self, email: str) -> int:
        """Make an account that nobody signs in with: a fifth of the time of a sign-up by invitation."""
        known = {each["email"]: each["id"] for each in self.there.ask("GET", "/api/users/")}
        if email in known:
            return int(known[email])
        return int(self.there.ask("POST", "/api/users/", {"email": email, "username": email})["id"])

    def means(self, *, name: str = "test") -> Means:
        """Return means that reach it and lose no time."""
        return means(lambda _connection: port(self.url, self.there.token, self.limits), name=name)

    def sync(self, steps: Iterable[Step] = WHOLE) -> Synced:
        """Synchronise as Lou."""
        return sync_session(session=self.session, by=self.cast.lou, steps=steps, means=self.means())

    @property
    def project(self) -> LabelStudioProject:
        """Gia's project."""
        return LabelStudioProject.objects.get(
            session_rater__session=self.session, session_rater__rater__user=self.cast.gia
        )

    def make_project(self) -> LabelStudioProject:
        """Have Gia's project made, and nothing sent, through no proxy."""
        counted, url = Grading.count_new, self.url
        Grading.count_new, self.url = (lambda *_args: 0), self.there.url  # type: ignore[method-assign]
        try:
            self.sync([Step.PUSH])
        finally:
            Grading.count_new, self.url = counted, url  # type: ignore[method-assign]
        return self.project

    def send_graded(self, signs: Sequence[str] = SIGNS) -> None:
        """Send Gia's tasks as if she had graded them already: her verdicts on each in turn, "" for none."""
        project = self.make_project()
        batch = Grading(self.session).new_tasks(project, 10_000)
        rows = [each.row for each in batch]
        for row in rows:
            row.state = TaskState.SENT
        LabelStudioTask.objects.bulk_create(rows)
        gia = self.accounts[self.cast.gia.email]
        tasks: list[dict[str, Any]] = []
        for number, each in enumerate(batch):
            said = signs[number % len(signs)]
            tasks.append({"data": each.data})
            if said:
                tasks[-1]["annotations"] = [
                    {"result": verdicts(said, {0: f"Note {number}"}), "completed_by": gia}
                ]
        ids = self.there.import_tasks(project.remote_id or 0, tasks)
        for row, remote_id in zip(rows, ids, strict=True):
            row.remote_id, row.state = remote_id, TaskState.CONFIRMED
        LabelStudioTask.objects.bulk_update(rows, ["remote_id", "state"])

    def differences(self) -> list[str]:
        """Return what is not the same there and here, in words; nothing when both sides are equal."""
        found, project = [], self.project
        if project.remote_id is None:
            return ["there is no project yet"]
        rows = {row.ext_id: row for row in project.tasks.exclude(state=TaskState.WITHDRAWN)}
        there = self.there.tasks(project.remote_id or 0)
        keys = [task["data"].get("ext_id") for task in there]
        wanted = Assignment.objects.filter(
            session=self.session, rater__user=self.cast.gia, released_at=None
        ).count()
        if len(there) != wanted or sorted(keys) != sorted(rows):
            found.append(f"{len(there)} tasks there, {len(rows)} rows, {wanted} wanted")
        if len(set(keys)) < len(keys):
            found.append("a task is doubled")
        for task in there:
            row = rows.get(task["data"].get("ext_id"))
            if row and (row.remote_id != task["id"] or row.state != TaskState.CONFIRMED):
                found.append(f"task {task['id']} is {row.remote_id}, {row.state} here")
            if row and content_hash(task["data"]) != row.data_sha256:
                found.append(f"task {task['id']} holds something else")
        titles = self.there.ask("GET", "/api/projects/?page_size=100")["results"]
        if sum(str(project.marker) in each["description"] for each in titles) != 1:
            found.append("the project is not there once")
        return found + self._differing_grades(there)

    def _differing_grades(self, there: list[dict[str, Any]]) -> list[str]:
        counted = {
            task["id"]: [each["id"] for each in task["annotations"]] for task in there if task["annotations"]
        }
        here: dict[int, list[int]] = {}
        for row in LabelStudioAnnotation.objects.filter(task__project=self.project).exclude(
            state="withdrawn"
        ):
            here.setdefault(row.task.remote_id or 0, []).append(row.remote_id)
        if counted != here:
            return [f"annotations there {counted}, here {here}"]
        found = []
        for task in there:
            if len(task["annotations"]) == 1:
                said = {
                    int(each["from_name"].rpartition("_")[2]): each["value"]["choices"][0]
                    for each in task["annotations"][0]["result"]
                    if each["type"] == "choices"
                }
                assignment = Assignment.objects.get(
                    label_studio_tasks__remote_id=task["id"], session=self.session
                )
                if dict(assignment.grades.values_list("criterion_index", "verdict")) != said:
                    found.append(f"task {task['id']}: other verdicts here")
        return found
