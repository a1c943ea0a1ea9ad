"""A Label Studio in memory, as far as the sync sees one: it keeps what it is sent, and fails when it is told to.

What a real server does is tested in tests/conformance/labelstudio; here the clock, the failures and the order are ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from annotations.labelstudio.errors import Missing, Unreachable
from annotations.labelstudio.ports import (
    Counts,
    Identity,
    ProjectDraft,
    RemoteAnnotation,
    RemoteProject,
    RemoteTask,
    RemoteUser,
    RemoteWebhook,
    TaskKey,
)

GIA, GUS, ADMIN = 2, 3, 1
START = datetime(2025, 5, 8, 9, 0, tzinfo=UTC)


@dataclass
class FakeLabelStudio:
    """`failures` holds, by call, what happens at the next ones: "before", "after" (it is done), or "late".

    A late import is carried out when the call after the next asks for anything: the read-back comes too soon.
    """

    failures: dict[str, list[str]] = field(default_factory=dict)
    users: list[RemoteUser] = field(
        default_factory=lambda: [
            RemoteUser(ADMIN, "admin@example.org", "Admin"), RemoteUser(GIA, "gia@example.org", "Gia"),
            RemoteUser(GUS, "gus@example.org", "Gus"),
        ]
    )  # fmt: skip
    projects: dict[int, RemoteProject] = field(default_factory=dict)
    tasks: dict[int, RemoteTask] = field(default_factory=dict)
    webhooks: list[RemoteWebhook] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    now: datetime = START
    page_size: int = 500
    _late: list[tuple[int, int, list[Any]]] = field(default_factory=list)
    _next: int = 100

    def __enter__(self) -> "FakeLabelStudio":
        return self

    def __exit__(self, *_error: object) -> None: ...

    def close(self) -> None: ...

    # What people do there

    def annotate(
        self,
        task_id: int,
        result: list[dict[str, Any]],
        *,
        by: int | None = GIA,
        cancelled: bool = False,
        pk: int = 0,
    ) -> int:
        """Write an annotation, or a new version of one, and return its id."""
        self._tick()
        task = self.tasks[task_id]
        pk = pk or self._number()
        others = tuple(each for each in task.annotations if each.id != pk)
        new = RemoteAnnotation(pk, task_id, by, self.now, self.now, tuple(result), cancelled)
        self.tasks[task_id] = replace(task, annotations=(*others, new), updated_at=self.now)
        return pk

    def remove_annotation(self, task_id: int, pk: int) -> None:
        """Delete an annotation."""
        self._tick()
        task = self.tasks[task_id]
        left = tuple(each for each in task.annotations if each.id != pk)
        self.tasks[task_id] = replace(task, annotations=left, updated_at=self.now)

    def edit(self, task_id: int, **data: Any) -> None:
        """Change a task's data."""
        self._tick()
        task = self.tasks[task_id]
        self.tasks[task_id] = replace(task, data={**task.data, **data}, updated_at=self.now)

    def forget_user(self, pk: int) -> None:
        """Delete an account: its annotations lose their author, and no time changes."""
        self.users = [each for each in self.users if each.id != pk]
        for task in list(self.tasks.values()):
            kept = tuple(
                replace(a, completed_by=None) if a.completed_by == pk else a for a in task.annotations
            )
            self.tasks[task.id] = replace(task, annotations=kept)

    # What the port promises

    def list_users(self) -> tuple[RemoteUser, ...]:
        self._call("list_users")
        return tuple(self.users)

    def whoami(self) -> Identity:
        self._call("whoami")
        return Identity(ADMIN, "admin@example.org")

    def find_user(self, email: str) -> RemoteUser | None:
        return next((each for each in self.list_users() if each.email == email.lower()), None)

    def invite_link(self) -> str:
        self._call("invite_link")
        return "https://ls.example.org/user/signup/?token=abc"

    def create_project(self, draft: ProjectDraft) -> RemoteProject:
        how = self._call("create_project")
        made = RemoteProject(
            self._number(),
            draft.title,
            draft.description,
            draft.instruction,
            draft.label_config,
            True,
            False,
            0,
            0,
        )
        self.projects[made.id] = made
        if how == "after":
            raise Unreachable(may_have_happened=True)
        return made

    def find_projects(self, title: str) -> tuple[RemoteProject, ...]:
        self._call("find_projects")
        return tuple(self._counted(each) for each in self.projects.values() if each.title == title)

    def get_project(self, project_id: int) -> RemoteProject:
        self._call("get_project")
        return self._counted(self._project(project_id))

    def update_project(self, project_id: int, **fields: str | None) -> RemoteProject:
        self._call("update_project")
        given = {name: value for name, value in fields.items() if value is not None}
        self.projects[project_id] = replace(self._project(project_id), **given)
        return self.projects[project_id]

    def archive_project(self, project_id: int) -> RemoteProject:
        self._call("archive_project")
        found = self._project(project_id)
        self.projects[project_id] = replace(found, is_archived=True, title=f"Closed · {found.title}")
        return self.projects[project_id]

    def counts(self, project_id: int) -> Counts:
        found = self.get_project(project_id)
        return Counts(found.task_number, found.total_annotations_number)

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        self._project(project_id)
        how = self._call("import_tasks")
        if how == "late":
            self._late.append((len(self.calls) + 2, project_id, [dict(each) for each in tasks]))
            raise Unreachable(may_have_happened=True)
        ids = self._import(project_id, tasks)
        if how == "after":
            raise Unreachable(may_have_happened=True)
        return ids

    def changed_tasks(
        self, project_id: int, *, since: datetime | None, annotated_only: bool = False, page_size: int = 0
    ) -> Iterator[tuple[RemoteTask, ...]]:
        self._project(project_id)
        found = [
            task
            for task in self._of(project_id)
            if (since is None or task.updated_at >= since) and (task.annotations or not annotated_only)
        ]
        yield from self._pages("changed_tasks", sorted(found, key=lambda task: (task.updated_at, task.id)))

    def all_tasks(self, project_id: int, *, page_size: int = 0) -> Iterator[tuple[RemoteTask, ...]]:
        self._project(project_id)
        yield from self._pages("all_tasks", self._of(project_id))

    def task_keys(self, project_id: int, *, after_id: int = 0) -> Iterator[tuple[TaskKey, ...]]:
        self._project(project_id)
        found = [task for task in self._of(project_id) if task.id > after_id]
        for page in self._pages("task_keys", found):
            yield tuple(TaskKey(task.id, task.ext_id, len(task.annotations)) for task in page)

    def get_task(self, task_id: int) -> RemoteTask:
        self._call("get_task")
        if task_id not in self.tasks:
            raise Missing()
        return self.tasks[task_id]

    def delete_task(self, task_id: int) -> bool:
        self._call("delete_task")
        return self.tasks.pop(task_id, None) is not None

    def list_webhooks(self, project_id: int) -> tuple[RemoteWebhook, ...]:
        self._call("list_webhooks")
        return tuple(each for each in self.webhooks if each.project_id == project_id)

    def create_webhook(self, project_id: int, *, url: str, headers: Mapping[str, str]) -> RemoteWebhook:
        how = self._call("create_webhook")
        made = RemoteWebhook(self._number(), project_id, url, True)
        self.webhooks.append(made)
        if how == "after":
            raise Unreachable(may_have_happened=True)
        return made

    def delete_webhook(self, webhook_id: int) -> bool:
        self._call("delete_webhook")
        self.webhooks = [each for each in self.webhooks if each.id != webhook_id]
        return True

    def _call(self, name: str) -> str:
        self.calls.append(name)
        for due, project_id, tasks in [each for each in self._late if each[0] <= len(self.calls)]:
            self._late.remove((due, project_id, tasks))
            self._import(project_id, tasks)
        waiting = self.failures.get(name, [])
        how = waiting.pop(0) if waiting else ""
        if how == "before":
            raise Unreachable()
        return how

    def _import(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        ids = []
        for data in tasks:
            self._tick()
            pk = self._number()
            self.tasks[pk] = RemoteTask(pk, project_id, dict(data), self.now, ())
            ids.append(pk)
        return tuple(ids)

    def _pages(self, name: str, tasks: Sequence[RemoteTask]) -> Iterator[tuple[RemoteTask, ...]]:
        for start in range(0, max(len(tasks), 1), self.page_size):
            self._call(name)
            if page := tuple(tasks[start : start + self.page_size]):
                yield page

    def _of(self, project_id: int) -> list[RemoteTask]:
        return sorted(
            (task for task in self.tasks.values() if task.project_id == project_id), key=lambda task: task.id
        )

    def _project(self, project_id: int) -> RemoteProject:
        if project_id not in self.projects:
            raise Missing()
        return self.projects[project_id]

    def _counted(self, project: RemoteProject) -> RemoteProject:
        tasks = self._of(project.id)
        return replace(
            project,
            task_number=len(tasks),
            total_annotations_number=sum(len(task.annotations) for task in tasks),
        )

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _tick(self) -> None:
        self.now += timedelta(seconds=1)
