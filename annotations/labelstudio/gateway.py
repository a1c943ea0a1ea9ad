"""The one module that talks to a Label Studio, and the only one that loads its SDK (lazily: it costs 0.2 s and 40 MB).

Of the SDK it uses the HTTP client, which knows addresses, headers and both kinds of token. Its own typed calls aren't
used: they re-send what may have been done, and their pages end without a word when a project disappears.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
from django.utils.translation import gettext as _

from annotations.labelstudio import answers, listing
from annotations.labelstudio.errors import (
    AddressNotAllowed,
    BadAnswer,
    Missing,
    Refused,
    TooOld,
    Unauthorised,
)
from annotations.labelstudio.ports import (
    LONGEST_TITLE,
    OLDEST_VERSION,
    PAGE_SIZE,
    TRIED_VERSION,
    Check,
    Counts,
    Identity,
    ProjectDraft,
    RemoteProject,
    RemoteTask,
    RemoteUser,
    RemoteWebhook,
    TaskKey,
)
from annotations.labelstudio.wire import Limits, Wire
from builder.common.remote_addresses import AddressGuard, AddressRefused, RemoteAddress

Made = TypeVar("Made")

CLOSED_TITLE = "Closed · "
CLOSED_COLOUR = "#808080"
# Deleted tasks are told too: reconciling then knows that it has something to do.
WEBHOOK_ACTIONS = (
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "TASKS_DELETED",
)
# Of tasks and of their annotations; for all the others Label Studio takes twice the time.
FIELDS = (
    "id,data,updated_at,total_annotations,cancelled_annotations,annotations,task,result,completed_by,created_at,"
    "was_cancelled,lead_time"
)
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{8,4096}")


def connect(
    url: str,
    token: str,
    *,
    guard: AddressGuard,
    limits: Limits | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> "Gateway":
    """Return a Label Studio as the token's account sees it; nothing is asked of it yet.

    Raises AddressNotAllowed for an address the operator hasn't allowed, Unauthorised for a token that can't be one.
    """
    try:
        address = guard.check(url)
    except AddressRefused as refused:
        raise AddressNotAllowed(str(refused)) from None
    if not _TOKEN.fullmatch(token):
        raise Unauthorised()
    return Gateway(address, token, _wire(address, token, guard, limits or Limits(), sleep))


def _wire(
    address: RemoteAddress, token: str, guard: AddressGuard, limits: Limits, sleep: Callable[[float], None]
) -> Wire:
    from label_studio_sdk.core.api_error import ApiError
    from label_studio_sdk.core.client_wrapper import SyncClientWrapper

    from annotations.labelstudio.transport import make_client

    client = make_client(guard, address, limits)
    try:
        # With a slash at its end: the SDK joins the address for renewing a token in a way that drops a last part.
        wrapper = SyncClientWrapper(
            base_url=address.url + "/", api_key=token, httpx_client=client, max_retries=0
        )
    except ApiError:
        client.close()
        # It looks into the token's own claims, and raises for one that is past its time.
        raise Unauthorised(expired=True) from None
    return Wire(
        request=wrapper.httpx_client.request,
        close=client.close,
        api_error=ApiError,
        secret=token,
        limits=limits,
        sleep=sleep,
    )


class Gateway:
    """A Label Studio behind the port `ports.LabelStudio`, whose docstrings say what each call promises."""

    def __init__(self, address: RemoteAddress, token: str, wire: Wire) -> None:
        self._address, self._token, self._wire = address, token, wire

    @property
    def requests(self) -> int:
        """Return how many requests were sent, repetitions counted."""
        return self._wire.requests

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Gateway {self._address.url}>"

    def close(self) -> None:
        self._wire.close()

    # About the server and its people

    def check(self) -> Check:
        try:
            version = answers.version_of(self._wire.json("GET", "api/version/"))
            if answers.version_numbers(version) < OLDEST_VERSION:
                raise TooOld(_too_old(version))
            identity = answers.identity_of(self._wire.json("GET", "api/current-user/whoami"))
        except Missing:
            raise BadAnswer(permanent=True) from None
        return Check(
            version=version,
            identity=identity,
            may_create_projects=self._may_create_projects(),
            legacy_tokens=self._accepts_legacy_tokens(),
            token_expires_at=answers.expiry_of(self._token),
            signup_is_open=self._signup_is_open(),
        )

    def version(self) -> str:
        return answers.version_of(self._wire.repeated("GET", "api/version/"))

    def whoami(self) -> Identity:
        return answers.identity_of(self._wire.repeated("GET", "api/current-user/whoami"))

    def list_users(self) -> tuple[RemoteUser, ...]:
        found = answers.a_list(self._wire.repeated("GET", "api/users/"))
        return tuple(answers.user_of(each) for each in found)

    def find_user(self, email: str) -> RemoteUser | None:
        wanted = email.strip().lower()
        return next((user for user in self.list_users() if user.email == wanted), None)

    def invite_link(self) -> str:
        found = answers.an_object(self._wire.repeated("GET", "api/invite"))
        path = answers.need(found, "invite_url", str)
        # The page shows it as a link to this server, so it must be one.
        if not re.fullmatch(r"/[A-Za-z0-9._~/-]*\?token=[A-Za-z0-9._~-]+", path) or path.startswith("//"):
            raise BadAnswer()
        return self._address.url + path

    # Projects

    def create_project(self, draft: ProjectDraft) -> RemoteProject:
        body = {
            "title": draft.title,
            "description": draft.description,
            "expert_instruction": draft.instruction,
            "show_instruction": True,
            "label_config": draft.label_config,
            "maximum_annotations": draft.maximum_annotations,
            "is_published": True,
            "show_collab_predictions": False,
            "enable_empty_annotation": False,
        }
        return _written(answers.project_of, self._wire.json("POST", "api/projects/", body=body))

    def find_projects(self, title: str) -> tuple[RemoteProject, ...]:
        found: list[RemoteProject] = []
        page = 1
        while True:
            answer = answers.an_object(
                self._wire.repeated(
                    "GET", "api/projects/", params={"title": title, "page": page, "page_size": 100}
                )
            )
            found += [answers.project_of(each) for each in answers.a_list(answer.get("results"))]
            if not answer.get("next"):
                break
            page += 1
        return tuple(sorted((each for each in found if each.title == title), key=lambda each: each.id))

    def get_project(self, project_id: int) -> RemoteProject:
        return answers.project_of(self._wire.repeated("GET", f"api/projects/{int(project_id)}/"))

    def update_project(
        self,
        project_id: int,
        *,
        title: str | None = None,
        description: str | None = None,
        instruction: str | None = None,
        label_config: str | None = None,
    ) -> RemoteProject:
        fields = {
            "title": title,
            "description": description,
            "expert_instruction": instruction,
            "label_config": label_config,
        }
        return self._change(project_id, {key: value for key, value in fields.items() if value is not None})

    def archive_project(self, project_id: int) -> RemoteProject:
        project = self.get_project(project_id)
        if project.is_archived and project.title.startswith(CLOSED_TITLE):
            return project
        title = project.title.removeprefix(CLOSED_TITLE)
        closed = (CLOSED_TITLE + title)[:LONGEST_TITLE]
        return self._change(project_id, {"title": closed, "is_published": False, "color": CLOSED_COLOUR})

    def counts(self, project_id: int) -> Counts:
        project = self.get_project(project_id)
        annotations = project.total_annotations_number + project.skipped_annotations_number
        return Counts(tasks=project.task_number, annotations=annotations)

    # Tasks

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        answered = self._wire.json(
            "POST",
            f"api/projects/{int(project_id)}/import",
            params={"return_task_ids": "true"},
            body=[{"data": task} for task in tasks],
        )
        # They are there, as the status says; which they are must be read back if the numbers don't fit.
        return _written(lambda found: answers.task_ids_of(found, len(tasks)), answered)

    def changed_tasks(
        self,
        project_id: int,
        *,
        since: datetime | None,
        annotated_only: bool = False,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[tuple[RemoteTask, ...]]:
        ask = self._asker(project_id, "all")
        for page in listing.by_change(ask, since, annotated_only, page_size):
            yield tuple(answers.task_of(task, project_id) for task in page)

    def all_tasks(self, project_id: int, *, page_size: int = PAGE_SIZE) -> Iterator[tuple[RemoteTask, ...]]:
        before = self.counts(project_id).tasks
        listed = 0
        for page in listing.by_number(self._asker(project_id, "all"), 0, page_size):
            listed += len(page)
            yield tuple(answers.task_of(task, project_id) for task in page)
        if listed < before and listed < self.counts(project_id).tasks:
            raise BadAnswer(
                _("Label Studio's list of tasks ended early. Nothing was lost here; it is tried again.")
            )

    def task_keys(self, project_id: int, *, after_id: int = 0) -> Iterator[tuple[TaskKey, ...]]:
        for page in listing.by_number(self._asker(project_id, "task_only"), after_id, PAGE_SIZE):
            yield tuple(answers.key_of(task) for task in page)

    def get_task(self, task_id: int) -> RemoteTask:
        found = self._wire.repeated("GET", f"api/tasks/{int(task_id)}/", params={"resolve_uri": "false"})
        return answers.task_of(found)

    def delete_task(self, task_id: int) -> bool:
        return self._delete(f"api/tasks/{int(task_id)}/")

    def create_annotation(
        self,
        task_id: int,
        *,
        result: Sequence[Mapping[str, Any]],
        unique_id: str,
        completed_by: int | None = None,
    ) -> int:
        body: dict[str, Any] = {"result": list(result), "unique_id": unique_id}
        if completed_by is not None:
            body["completed_by"] = completed_by
        found = self._wire.json("POST", f"api/tasks/{int(task_id)}/annotations/", body=body)
        return _written(lambda made: answers.need(answers.an_object(made), "id", int), found)

    # Webhooks

    def create_webhook(self, project_id: int, *, url: str, headers: Mapping[str, str]) -> RemoteWebhook:
        body = {
            "project": project_id,
            "url": url,
            "headers": dict(headers),
            # Its body would be neither needed nor believed: whoever gets it asks again.
            "send_payload": False,
            "send_for_all_actions": False,
            "actions": WEBHOOK_ACTIONS,
            "is_active": True,
        }
        return _written(answers.webhook_of, self._wire.json("POST", "api/webhooks/", body=body))

    def list_webhooks(self, project_id: int) -> tuple[RemoteWebhook, ...]:
        found = answers.a_list(self._wire.repeated("GET", "api/webhooks/", params={"project": project_id}))
        hooks = (answers.webhook_of(each) for each in found)
        return tuple(hook for hook in hooks if hook.project_id == project_id)

    def delete_webhook(self, webhook_id: int) -> bool:
        return self._delete(f"api/webhooks/{int(webhook_id)}/")

    def _asker(self, project_id: int, fields: str) -> listing.Ask:
        def ask(query: listing.Query, page: int, page_size: int) -> Any:
            params = {
                "project": int(project_id),
                "fields": fields,
                "page": page,
                "page_size": page_size,
                "include": FIELDS,
                # Otherwise texts that look like a storage's address come back as another text.
                "resolve_uri": "false",
                "query": msgspec.json.encode(query).decode(),
            }
            return self._wire.repeated("GET", "api/tasks/", params=params)

        return ask

    def _change(self, project_id: int, fields: Mapping[str, Any]) -> RemoteProject:
        path = f"api/projects/{int(project_id)}/"
        return answers.project_of(self._wire.repeated("PATCH", path, body=fields))

    def _delete(self, path: str) -> bool:
        try:
            self._wire.delete(path)
        except Missing:
            return False
        return True

    # What only a connection form asks

    def _may_create_projects(self) -> bool:
        """Ask for a project that can't be made: the right is looked at before the configuration is."""
        try:
            self._wire.json("POST", "api/projects/", body={"title": "?", "label_config": "<"})
        except Refused as refused:
            return refused.status == 400
        return True

    def _accepts_legacy_tokens(self) -> bool | None:
        try:
            found = answers.an_object(self._wire.json("GET", "api/jwt/settings"))
        except (Refused, Missing, BadAnswer):
            return None
        enabled = found.get("legacy_api_tokens_enabled")
        return enabled if isinstance(enabled, bool) else None

    def _signup_is_open(self) -> bool | None:
        """Send an empty form for a new account: where an invitation is needed, it isn't even read."""
        return {200: True, 403: False}.get(self._wire.form_status("user/signup/"))


def _written(read: Callable[[Any], Made], answered: Any) -> Made:
    """Return what was made; an answer that can't be read doesn't mean that it wasn't."""
    try:
        return read(answered)
    except BadAnswer:
        raise BadAnswer(may_have_happened=True) from None


def _too_old(version: str) -> str:
    return _(
        "This is Label Studio %(version)s; at least %(oldest)s is needed, and %(tried)s is best tried."
    ) % {
        "version": version,
        "oldest": ".".join(str(each) for each in OLDEST_VERSION),
        "tried": TRIED_VERSION,
    }
