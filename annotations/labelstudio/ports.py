"""What the product asks of a Label Studio, and the plain records that come back.

Every method may raise a `LabelStudioError`. Reads are repeated inside the gateway with a bounded back-off; writes are
sent once, and an error with `may_have_happened` means: read back before sending again. Times are aware and in UTC.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

# The version the product is tried with, and the oldest one it works with.
TRIED_VERSION = "1.23.2"
OLDEST_VERSION = (1, 20, 0)

PAGE_SIZE = 500
# Label Studio refuses longer titles.
LONGEST_TITLE = 50


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is."""

    id: int
    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """The answer to "does it work?". `legacy_tokens`: whether the server accepts that kind (None: it won't say)."""

    version: str
    identity: Identity
    may_create_projects: bool
    legacy_tokens: bool | None
    token_expires_at: datetime | None
    signup_is_open: bool | None


@dataclass(frozen=True, slots=True)
class RemoteUser:
    """An account of the server; `email` is in lower case."""

    id: int
    email: str
    name: str
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    """What a project is to be made of. `instruction` is HTML shown to graders before they begin."""

    title: str
    description: str
    instruction: str
    label_config: str
    maximum_annotations: int = 1


@dataclass(frozen=True, slots=True)
class RemoteProject:
    """A project as the server has it. The counts are its own: skipped ones aren't in the total of annotations."""

    id: int
    title: str
    description: str
    instruction: str
    label_config: str
    is_published: bool
    is_archived: bool
    task_number: int
    total_annotations_number: int
    skipped_annotations_number: int = 0
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What the server says a project holds; `annotations` counts skips too, each of which is one."""

    tasks: int
    annotations: int


@dataclass(frozen=True, slots=True)
class RemoteAnnotation:
    """One annotation. `completed_by` is None where its author's account was deleted; anyone's id can be written there.

    `was_cancelled`: the grader skipped the task. `unique_id` is only told by some answers (None: not told).
    """

    id: int
    task_id: int
    completed_by: int | None
    created_at: datetime | None
    updated_at: datetime
    result: tuple[dict[str, Any], ...]
    was_cancelled: bool
    lead_time: float | None = None
    unique_id: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteTask:
    """One task with its annotations. `ext_id` is "" where the task isn't ours."""

    id: int
    project_id: int
    data: dict[str, Any]
    updated_at: datetime
    annotations: tuple[RemoteAnnotation, ...]

    @property
    def ext_id(self) -> str:
        """Return our own key of the task, if it has one."""
        found = self.data.get("ext_id", "")
        return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class TaskKey:
    """A task without its texts: enough to see what arrived and what is doubled."""

    id: int
    ext_id: str
    annotations: int


@dataclass(frozen=True, slots=True)
class RemoteWebhook:
    """A webhook of a project. Its headers are never read back."""

    id: int
    project_id: int | None
    url: str
    is_active: bool


class LabelStudio(Protocol):
    """A Label Studio server as one account sees it. Use it in a `with`; it holds connections."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def close(self) -> None:
        """Let the connections go."""

    def check(self) -> Check:
        """Ask everything a connection form wants to know, changing nothing there. Raises TooOld, Unauthorised, …"""

    def version(self) -> str:
        """Return the server's version; needs no valid token."""

    def whoami(self) -> Identity:
        """Return whose token it is."""

    def list_users(self) -> tuple[RemoteUser, ...]:
        """Return every account of the organisation."""

    def find_user(self, email: str) -> RemoteUser | None:
        """Return the account of that address, whatever its case, or None."""

    def invite_link(self) -> str:
        """Return the whole address under which a new colleague signs up."""

    def create_project(self, draft: ProjectDraft) -> RemoteProject:
        """Make a project. Not repeated: on `may_have_happened`, look with `find_projects` first."""

    def find_projects(self, title: str) -> tuple[RemoteProject, ...]:
        """Return the projects of exactly that title, oldest first."""

    def get_project(self, project_id: int) -> RemoteProject:
        """Return a project; Missing if somebody deleted it."""

    def update_project(
        self,
        project_id: int,
        *,
        title: str | None = None,
        description: str | None = None,
        instruction: str | None = None,
        label_config: str | None = None,
    ) -> RemoteProject:
        """Write the named fields. Doing it twice does no harm, so it is repeated like a read."""

    def archive_project(self, project_id: int) -> RemoteProject:
        """Put a project away without deleting anything; doing it twice is the same as once."""

    def counts(self, project_id: int) -> Counts:
        """Return the server's own counts of a project: one small request."""

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        """Send tasks' data (not wrapped) in one request, return their ids in the same order. Never repeated.

        All or nothing there. Trust an id only after reading its `ext_id` back.
        """

    def changed_tasks(
        self,
        project_id: int,
        *,
        since: datetime | None,
        annotated_only: bool = False,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[tuple[RemoteTask, ...]]:
        """Yield pages of tasks with `updated_at` ≥ `since` (None: all), oldest change first.

        A task that changes meanwhile may come twice, the newer version later; none is passed over. An unchanged
        project costs one request and yields at most the tasks at `since` itself. `annotated_only`: those that carry
        an annotation or were skipped, still in one query; a task whose last annotation was deleted isn't among them.
        """

    def all_tasks(self, project_id: int, *, page_size: int = PAGE_SIZE) -> Iterator[tuple[RemoteTask, ...]]:
        """Yield every task by id, then compare with the server's own count: BadAnswer if the list is short."""

    def task_keys(self, project_id: int, *, after_id: int = 0) -> Iterator[tuple[TaskKey, ...]]:
        """Yield id and ext_id of the tasks with an id above `after_id`, in order: to read back what arrived."""

    def get_task(self, task_id: int) -> RemoteTask:
        """Return a task with its annotations; Missing if it was deleted."""

    def delete_task(self, task_id: int) -> bool:
        """Delete a task for good, return whether it was there. The caller makes sure that it carries no annotation."""

    def create_annotation(
        self,
        task_id: int,
        *,
        result: Sequence[Mapping[str, Any]],
        unique_id: str,
        completed_by: int | None = None,
    ) -> int:
        """Write an annotation under our own unique id, return its id. Conflict: it is already there."""

    def create_webhook(self, project_id: int, *, url: str, headers: Mapping[str, str]) -> RemoteWebhook:
        """Ask for a message at every new, changed or deleted annotation or task of a project."""

    def list_webhooks(self, project_id: int) -> tuple[RemoteWebhook, ...]:
        """Return a project's webhooks."""

    def delete_webhook(self, webhook_id: int) -> bool:
        """Take a webhook away, return whether it was there."""
