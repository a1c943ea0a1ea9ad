"""What a task of ours holds: only what a grader may see, cleaned, with a key of its own and a hash of its contents.

Task data is never changed once it is sent; another rubric text or another version is another task.
"""

import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotations.labelstudio.clean_text import clean, clean_block
from annotations.labelstudio.words import Words, words_in
from builder.common.canonical_json import canonical_json, sha256_text

# Part of what the hashes and keys mean: raise it when the shape of the data changes, and tasks are new ones.
SHAPE = 1
# A name-based UUID needs a space of its own; this one was drawn once.
NAMESPACE = uuid.UUID("6f0c7d1e-3b0a-4a63-9b53-0f6f3f6a8a1d")
LONGEST_EXT_ID = 120


@dataclass(frozen=True, slots=True)
class TaskCriterion:
    """One criterion as a grader sees it. `points` and `red_line` only where the session shows points."""

    id: str
    text: str
    points: int | float | None = None
    red_line: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of the conversation; `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class GradingTask:
    """One answer to grade. `reference` and `evidence` are None where the session doesn't show them.

    `key` says nothing of whose answer it is: see `task_key`.
    """

    key: str
    turns: Sequence[Said]
    response: str
    criteria: Sequence[TaskCriterion]
    reference: str | None = None
    evidence: Sequence[str] | None = None
    language: str = "en"
    version: int = 1


@dataclass(frozen=True, slots=True)
class ReviewTask:
    """One rubric to review, as of one revision of its case."""

    key: str
    turns: Sequence[Said]
    criteria: Sequence[TaskCriterion]
    reference: str = ""
    language: str = "en"
    version: int = 1


def task_key(*, secret: bytes, number: int, purpose: str = "grading") -> str:
    """Return 20 hexadecimal digits for one of our rows.

    Its primary key would tell: answers of one run have neighbouring keys.
    """
    message = f"clinwright.label-studio.{purpose}:{number}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[:20]


def criteria_hash(criteria: Sequence[Mapping[str, str]]) -> str:
    """Return the SHA-256 of the criteria as a task holds them: their order, ids and labels."""
    return sha256_text(canonical_json({"shape": SHAPE, "criteria": [dict(each) for each in criteria]}))


def ext_id(key: str, hashed_criteria: str, version: int) -> str:
    """Return our own key of a task: `key:first 16 digits of the criteria's hash:version`."""
    found = f"{key}:{hashed_criteria[:16]}:{version}"
    if len(found) > LONGEST_EXT_ID:
        raise ValueError("the key of a task is too long")
    return found


def content_hash(data: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a task's data, whatever the order of its fields: equal means untouched."""
    try:
        return sha256_text(canonical_json(dict(data)))
    except (ValueError, TypeError):
        # NaN, lone surrogates and the like: never ours.
        return ""


def annotation_uuid(project: str, task_ext_id: str, purpose: str) -> str:
    """Return the unique id of an annotation that we push: the same one however often it is sent."""
    return str(uuid.uuid5(NAMESPACE, f"{project}\n{task_ext_id}\n{purpose}"))


def task_data(task: GradingTask) -> dict[str, Any]:
    """Return what is sent of an answer. Nothing of the run, its system or its files is among what comes in."""
    words = words_in(task.language)
    data = _common(task.key, task.turns, task.criteria, task.version, words)
    data["response_md"] = clean_block(task.response) if task.response.strip() else words.nothing
    if task.reference is not None:
        data["reference"] = clean(task.reference).strip() or words.nothing
    if task.evidence is not None:
        passages = [clean(each).strip() for each in task.evidence]
        data["evidence"] = "\n\n".join(each for each in passages if each) or words.nothing
    return data


def review_task_data(task: ReviewTask) -> dict[str, Any]:
    """Return what is sent of a rubric."""
    words = words_in(task.language)
    data = _common(task.key, task.turns, task.criteria, task.version, words)
    data["reference"] = clean(task.reference).strip() or words.nothing
    return data


def _common(
    key: str, turns: Sequence[Said], criteria: Sequence[TaskCriterion], version: int, words: Words
) -> dict[str, Any]:
    rows = [
        {"id": criterion.id, "label": _label(number, criterion, words)}
        for number, criterion in enumerate(criteria, start=1)
    ]
    hashed = criteria_hash(rows)
    return {
        "ext_id": ext_id(key, hashed, version),
        "criteria_hash": hashed,
        "conversation_md": _conversation(turns, words),
        "criteria": rows,
        "overall": words.overall,
    }


def _conversation(turns: Sequence[Said], words: Words) -> str:
    parts = [f"**{words.role(turn.role)}**\n\n{clean_block(turn.content)}" for turn in turns]
    return "\n\n---\n\n".join(parts) or words.nothing


def _label(number: int, criterion: TaskCriterion, words: Words) -> str:
    lines = [f"{number}. {clean(criterion.text).strip()}"]
    if criterion.points is not None:
        lines.append(words.points % f"{criterion.points:+g}")
    if criterion.red_line:
        lines.append(words.red_line)
    return "\n".join(lines)
