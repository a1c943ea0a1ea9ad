"""Reading annotations back: exactly one verdict for each criterion, or a problem that says what is wrong.

Label Studio checks nothing that reaches its API, and anyone there may write anything; what isn't plainly right is set
aside for the lead, never guessed at.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from annotations.labelstudio.payloads import content_hash

VERDICTS = ("met", "not_met", "cannot_judge")
VOTES = ("agree", "disagree", "cannot_judge")
DECISIONS = ("approve", "request_changes")
LONGEST_NOTE = 10_000


class Reason(StrEnum):
    """Why an annotation can't be taken over."""

    DATA_CHANGED = "data_changed"
    CRITERIA_CHANGED = "criteria_changed"
    MALFORMED = "malformed"
    UNKNOWN_FIELD = "unknown_field"
    OUT_OF_RANGE = "out_of_range"
    MISSING = "missing"
    DOUBLED = "doubled"
    UNKNOWN_VERDICT = "unknown_verdict"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong; `criterion` counts from 0, where it is about one."""

    reason: Reason
    criterion: int | None = None


@dataclass(frozen=True, slots=True)
class SentTask:
    """What we sent: the hash of the data, that of the criteria, and their ids in order."""

    data_sha256: str
    criteria_hash: str
    criterion_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadVerdict:
    """One criterion's verdict, by its place and its id."""

    index: int
    criterion_id: str
    verdict: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReadGrades:
    """One annotation of an answer, in rubric order."""

    verdicts: tuple[ReadVerdict, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ReadVote:
    """One criterion's vote, by its place and its id."""

    index: int
    criterion_id: str
    vote: str
    comment: str = ""
    wording: str = ""


@dataclass(frozen=True, slots=True)
class ReadReview:
    """One annotation of a rubric, in rubric order."""

    decision: str
    votes: tuple[ReadVote, ...]
    comment: str = ""


class _Wrong(Exception):
    def __init__(self, reason: Reason, criterion: int | None = None) -> None:
        super().__init__(reason)
        self.problem = Problem(reason, criterion)


@dataclass(slots=True)
class _Found:
    """Choices and texts by name and criterion; None stands for the whole."""

    choices: dict[tuple[str, int | None], str] = field(default_factory=dict)
    texts: dict[tuple[str, int | None], str] = field(default_factory=dict)


def read_grades(
    result: Sequence[Mapping[str, Any]], data: Mapping[str, Any], sent: SentTask
) -> ReadGrades | Problem:
    """Return the grades of an annotation, or why there are none. `data` is the task's data as it is there now."""
    try:
        _check_data(data, sent)
        found = _collect(result, len(sent.criterion_ids), {"verdict": VERDICTS}, {"note", "overall_comment"})
        verdicts = tuple(
            ReadVerdict(index, each, _chosen(found, "verdict", index), found.texts.get(("note", index), ""))
            for index, each in enumerate(sent.criterion_ids)
        )
    except _Wrong as wrong:
        return wrong.problem
    return ReadGrades(verdicts, found.texts.get(("overall_comment", None), ""))


def read_review(
    result: Sequence[Mapping[str, Any]], data: Mapping[str, Any], sent: SentTask
) -> ReadReview | Problem:
    """Return the votes of an annotation, or why there are none."""
    try:
        _check_data(data, sent)
        choices = {"vote": VOTES, "decision": DECISIONS}
        found = _collect(result, len(sent.criterion_ids), choices, {"comment", "wording", "overall_comment"})
        votes = tuple(
            ReadVote(
                index,
                each,
                _chosen(found, "vote", index),
                found.texts.get(("comment", index), ""),
                found.texts.get(("wording", index), ""),
            )
            for index, each in enumerate(sent.criterion_ids)
        )
        decision = _chosen(found, "decision", None)
    except _Wrong as wrong:
        return wrong.problem
    return ReadReview(decision, votes, found.texts.get(("overall_comment", None), ""))


def _check_data(data: Mapping[str, Any], sent: SentTask) -> None:
    """Verdicts belong to criteria by place alone, so they mean nothing once the criteria are others."""
    criteria = data.get("criteria")
    ids = [each.get("id") if isinstance(each, dict) else None for each in criteria or ()] if isinstance(
        criteria, list
    ) else []  # fmt: skip
    if data.get("criteria_hash") != sent.criteria_hash or tuple(ids) != sent.criterion_ids:
        raise _Wrong(Reason.CRITERIA_CHANGED)
    if content_hash(data) != sent.data_sha256:
        raise _Wrong(Reason.DATA_CHANGED)


def _collect(
    result: Iterable[Any], criteria: int, choices: Mapping[str, tuple[str, ...]], texts: set[str]
) -> _Found:
    found = _Found()
    for entry in result:
        if not isinstance(entry, Mapping):
            raise _Wrong(Reason.MALFORMED)
        name, index = _place(entry, criteria, {*choices, *texts})
        value = entry.get("value")
        if not isinstance(value, Mapping):
            raise _Wrong(Reason.MALFORMED, index)
        if name in choices:
            if (name, index) in found.choices:
                raise _Wrong(Reason.DOUBLED, index)
            found.choices[name, index] = _choice(entry, value, choices[name], index)
        else:
            _add_text(found, name, index, _text(entry, value, index))
    return found


def _place(entry: Mapping[str, Any], criteria: int, known: set[str]) -> tuple[str, int | None]:
    """Return a field's name and criterion, which must be about the criterion's own card."""
    name, about = entry.get("from_name"), entry.get("to_name")
    if not isinstance(name, str):
        raise _Wrong(Reason.MALFORMED)
    if name in known and name in {"decision", "overall_comment"}:
        if about != "overall":
            raise _Wrong(Reason.MALFORMED)
        return name, None
    matched = re.fullmatch(r"([a-z]+)_(0|[1-9][0-9]{0,4})", name)
    if not matched or matched.group(1) not in known:
        raise _Wrong(Reason.UNKNOWN_FIELD)
    index = int(matched.group(2))
    if index >= criteria:
        raise _Wrong(Reason.OUT_OF_RANGE, index)
    if about != f"crit_{index}":
        raise _Wrong(Reason.MALFORMED, index)
    return matched.group(1), index


def _choice(
    entry: Mapping[str, Any], value: Mapping[str, Any], known: tuple[str, ...], index: int | None
) -> str:
    chosen = value.get("choices")
    if entry.get("type") != "choices" or not isinstance(chosen, list) or not chosen:
        raise _Wrong(Reason.MALFORMED, index)
    if len(chosen) > 1:
        raise _Wrong(Reason.DOUBLED, index)
    if chosen[0] not in known:
        raise _Wrong(Reason.UNKNOWN_VERDICT, index)
    return str(chosen[0])


def _text(entry: Mapping[str, Any], value: Mapping[str, Any], index: int | None) -> str:
    written = value.get("text")
    lines = [written] if isinstance(written, str) else written
    if entry.get("type") != "textarea" or not isinstance(lines, list):
        raise _Wrong(Reason.MALFORMED, index)
    if not all(isinstance(line, str) for line in lines):
        raise _Wrong(Reason.MALFORMED, index)
    return "\n".join(line.replace("\x00", "").strip() for line in lines).strip()


def _add_text(found: _Found, name: str, index: int | None, text: str) -> None:
    """Add a note. Label Studio's Repeater is known to store one twice, so the same text counts once."""
    before = found.texts.get((name, index), "")
    parts = [before, text] if text and text not in before.split("\n") and text != before else [before]
    joined = "\n".join(part for part in parts if part)
    if len(joined) > LONGEST_NOTE:
        raise _Wrong(Reason.TOO_LONG, index)
    found.texts[name, index] = joined


def _chosen(found: _Found, name: str, index: int | None) -> str:
    if (name, index) not in found.choices:
        raise _Wrong(Reason.MISSING, index)
    return found.choices[name, index]
