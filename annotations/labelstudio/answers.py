"""What a Label Studio answers, read strictly into the records of `ports`: anything unexpected is a BadAnswer."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from annotations.labelstudio.errors import BadAnswer
from annotations.labelstudio.ports import (
    Identity,
    RemoteAnnotation,
    RemoteProject,
    RemoteTask,
    RemoteUser,
    RemoteWebhook,
    TaskKey,
)

Kind = TypeVar("Kind")


def decoded(body: bytes) -> Any:
    """Return the JSON of a body. Raises BadAnswer."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadAnswer() from None


def an_object(value: Any) -> dict[str, Any]:
    """Return the value if it is a JSON object."""
    if not isinstance(value, dict):
        raise BadAnswer()
    return value


def a_list(value: Any) -> list[Any]:
    """Return the value if it is a JSON list."""
    if not isinstance(value, list):
        raise BadAnswer()
    return value


def need(holder: Mapping[str, Any], key: str, kind: type[Kind]) -> Kind:
    """Return what stands under a key, which must be of that kind (True is no number)."""
    value = holder.get(key)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadAnswer()
    return value


def moment(value: Any) -> datetime:
    """Return a point in time, in UTC."""
    if not isinstance(value, str):
        raise BadAnswer()
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise BadAnswer() from None
    # Without an offset it is Label Studio's own zone, which is UTC.
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def project_of(value: Any) -> RemoteProject:
    """Return a project. The counts may be missing right after it was made: nothing is in it yet."""
    found = an_object(value)
    return RemoteProject(
        id=need(found, "id", int),
        title=need(found, "title", str),
        description=_text(found, "description"),
        instruction=_text(found, "expert_instruction"),
        label_config=_text(found, "label_config"),
        is_published=found.get("is_published") is True,
        is_archived=found.get("is_published") is False,
        task_number=_count(found, "task_number"),
        total_annotations_number=_count(found, "total_annotations_number"),
        skipped_annotations_number=_count(found, "skipped_annotations_number"),
        created_at=moment(found["created_at"]) if found.get("created_at") else None,
    )


def task_of(value: Any, project_id: int | None = None) -> RemoteTask:
    """Return a task with its annotations."""
    found = an_object(value)
    number = need(found, "id", int)
    annotations = found.get("annotations")
    return RemoteTask(
        id=number,
        project_id=project_id if project_id is not None else need(found, "project", int),
        data=need(found, "data", dict),
        updated_at=moment(found.get("updated_at")),
        annotations=tuple(annotation_of(each, number) for each in a_list(annotations or [])),
    )


def task_ids_of(value: Any, expected: int) -> tuple[int, ...]:
    """Return the numbers of imported tasks, of which there must be as many as were sent."""
    ids = a_list(an_object(value).get("task_ids"))
    if len(ids) != expected or not all(type(each) is int for each in ids):
        raise BadAnswer()
    return tuple(ids)


def key_of(value: Any) -> TaskKey:
    """Return a task without its texts."""
    found = an_object(value)
    ext_id = need(found, "data", dict).get("ext_id")
    carried = _count(found, "total_annotations") + _count(found, "cancelled_annotations")
    return TaskKey(
        id=need(found, "id", int), ext_id=ext_id if isinstance(ext_id, str) else "", annotations=carried
    )


def annotation_of(value: Any, task_id: int) -> RemoteAnnotation:
    """Return an annotation. Its result is passed on as it came: `payloads` judges it."""
    found = an_object(value)
    result = found.get("result")
    lead_time, unique_id = found.get("lead_time"), found.get("unique_id")
    return RemoteAnnotation(
        id=need(found, "id", int),
        task_id=task_id,
        completed_by=_author(found.get("completed_by")),
        created_at=moment(found["created_at"]) if found.get("created_at") else None,
        updated_at=moment(found.get("updated_at")),
        result=tuple(an_object(each) for each in a_list(result if result is not None else [])),
        was_cancelled=found.get("was_cancelled") is True,
        lead_time=float(lead_time) if isinstance(lead_time, int | float) else None,
        unique_id=unique_id if isinstance(unique_id, str) else None,
    )


def user_of(value: Any) -> RemoteUser:
    """Return an account."""
    found = an_object(value)
    active = found.get("is_active")
    return RemoteUser(
        id=need(found, "id", int),
        email=need(found, "email", str).strip().lower(),
        name=_name(found),
        is_active=active if isinstance(active, bool) else None,
    )


def identity_of(value: Any) -> Identity:
    """Return whose token it is."""
    found = an_object(value)
    return Identity(
        id=need(found, "id", int), email=need(found, "email", str).strip().lower(), name=_name(found)
    )


def webhook_of(value: Any) -> RemoteWebhook:
    """Return a webhook, without its headers."""
    found = an_object(value)
    project = found.get("project")
    return RemoteWebhook(
        id=need(found, "id", int),
        project_id=project if isinstance(project, int) else None,
        url=need(found, "url", str),
        is_active=found.get("is_active") is not False,
    )


def version_of(value: Any) -> str:
    """Return the server's version, such as 1.23.2."""
    found = an_object(value)
    package = found.get("label-studio-os-package")
    version = found.get("release") or (package.get("version") if isinstance(package, dict) else None)
    if not isinstance(version, str) or not re.match(r"\d+\.\d+", version):
        raise BadAnswer()
    return version[:40]


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the first three numbers of a version, to compare them."""
    numbers = [int(each) for each in re.findall(r"\d+", version)[:3]]
    return tuple(numbers + [0] * (3 - len(numbers)))


def expiry_of(token: str) -> datetime | None:
    """Return when a personal access token ends; None for one of the legacy kind, which says nothing."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (binascii.Error, msgspec.DecodeError, LookupError, TypeError, ValueError, OverflowError, OSError):
        return None


def _author(value: Any) -> int | None:
    """Return the author's number: some answers expand it to an object."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _name(found: Mapping[str, Any]) -> str:
    parts = [each for each in (found.get("first_name"), found.get("last_name")) if isinstance(each, str)]
    return " ".join(each for each in parts if each)


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""


def _count(found: Mapping[str, Any], key: str) -> int:
    value = found.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
