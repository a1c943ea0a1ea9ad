"""Reads cases from JSON Lines in the canonical or the HealthBench shape."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from builder.common.jsonl import Line, read_jsonl
from builder.content import MAX_POINTS, MIN_POINTS, CaseContent, Criterion, Evidence, Turn
from builder.importers.exams import ExamQuestion

T = TypeVar("T", list[Any], dict[str, Any])

_HEALTHBENCH_FIELDS = {"prompt_id", "prompt", "rubrics", "example_tags", "ideal_completions_data", "canary"}
_CANONICAL_FIELDS = _HEALTHBENCH_FIELDS | {"title", "kind", "language", "evidence", "metadata", "extra"}
_ONLY_CANONICAL = {"schema_version"} | _CANONICAL_FIELDS - _HEALTHBENCH_FIELDS
_HEALTHBENCH_CRITERION = {"criterion", "points", "tags"}
_CANONICAL_CRITERION = _HEALTHBENCH_CRITERION | {
    "criterion_id", "red_line", "guideline", "jurisdiction", "evidence", "extra",
}  # fmt: skip
# Fields an exporter of ours adds around the content; they say where a row came from, not what it says.
_ENVELOPE = {"schema_version", "split", "added"}
# What a row may list under `added`: its export put these there, so they aren't taken back as content.
_ADDABLE = {"canary"}


@dataclass(frozen=True, slots=True)
class ImportedCase:
    """One case of a file, with its place, and the exam question it was made from if it was."""

    line: Line
    prompt_id: str
    content: CaseContent
    question: ExamQuestion | None = None


def read_records(path: Path, file_format: str = "auto") -> Iterator[ImportedCase]:
    """Yield the cases of a file in order; raises BadInput that names file, line and field at the first fault.

    `auto` takes a row for canonical when it has a field HealthBench doesn't know, and for HealthBench otherwise.
    """
    for line in read_jsonl(path):
        canonical = file_format == "canonical" or (
            file_format == "auto" and not _ONLY_CANONICAL.isdisjoint(line.data)
        )
        yield ImportedCase(line, _text(line, "prompt_id"), _content(line, canonical=canonical))


def _content(line: Line, *, canonical: bool) -> CaseContent:
    known = _CANONICAL_FIELDS - _added(line) if canonical else _HEALTHBENCH_FIELDS
    data = {key: value for key, value in line.data.items() if key in known and key != "prompt_id"}
    outside = known | _ENVELOPE | (_ADDABLE if canonical else set())
    extra = {key: value for key, value in line.data.items() if key not in outside}
    if not canonical:
        extra |= {key: line.data[key] for key in sorted(_ENVELOPE & set(line.data))}
    prompt = [_turn(line, index, turn) for index, turn in enumerate(_list(line, data, "prompt"))]
    if not prompt or prompt[-1].role != "user":
        raise line.error("prompt", "the last turn must be the user's.")
    rubrics = [
        _criterion(line, index, item, canonical=canonical)
        for index, item in enumerate(_list(line, data, "rubrics"))
    ]
    if not any(criterion.points > 0 for criterion in rubrics):
        raise line.error("rubrics", "at least one criterion with positive points was expected.")
    rest = {
        key: value for key, value in data.items() if key not in ("prompt", "rubrics", "evidence", "extra")
    }
    rest["example_tags"] = _tags(line, "example_tags", data.get("example_tags", []))
    evidence = [
        _evidence(line, index, item) for index, item in enumerate(_optional(line, data, "evidence", list))
    ]
    extra |= _optional(line, data, "extra", dict)
    content = CaseContent(prompt=prompt, rubrics=rubrics, evidence=evidence, extra=extra, **rest)
    return _of_declared_types(line, content)


def _of_declared_types(line: Line, content: CaseContent) -> CaseContent:
    """Refuse a title that is a number and the like; the parts with a place of their own were checked before."""
    try:
        return msgspec.convert(msgspec.to_builtins(content), type=CaseContent)
    except msgspec.ValidationError as error:
        message, _separator, place = str(error).partition(" - at ")
        raise line.error(place.strip("`$.") or "case", f"{message}.") from error


def _added(line: Line) -> set[str]:
    return _ADDABLE & set(_tags(line, "added", line.data.get("added", [])))


def _turn(line: Line, index: int, value: Any) -> Turn:
    field = f"prompt[{index}]"
    if not isinstance(value, dict) or set(value) != {"role", "content"}:
        raise line.error(field, "an object with exactly role and content was expected.")
    if value["role"] not in ("system", "user", "assistant"):
        raise line.error(f"{field}.role", "system, user or assistant was expected.")
    if not isinstance(value["content"], str):
        raise line.error(f"{field}.content", "a text was expected.")
    return Turn(value["role"], value["content"])


def _criterion(line: Line, index: int, value: Any, *, canonical: bool) -> Criterion:
    field = f"rubrics[{index}]"
    if not isinstance(value, dict):
        raise line.error(field, "an object was expected.")
    if not isinstance(value.get("criterion"), str) or not value["criterion"].strip():
        raise line.error(f"{field}.criterion", "a text was expected.")
    points = _points(line, f"{field}.points", value.get("points"))
    known = _CANONICAL_CRITERION if canonical else _HEALTHBENCH_CRITERION
    fields = {
        key: item
        for key, item in value.items()
        if key in known and key not in ("criterion", "points", "extra")
    }
    fields["tags"] = _tags(line, f"{field}.tags", value.get("tags", []))
    if fields.get("red_line") and points > 0:
        raise line.error(f"{field}.points", "a red line needs negative points.")
    extra = {key: item for key, item in value.items() if key not in known}
    if canonical and isinstance(value.get("extra"), dict):
        extra |= value["extra"]
    return Criterion(criterion=value["criterion"], points=points, extra=extra, **fields)


def _points(line: Line, field: str, value: Any) -> int | float:
    expected = f"a number from {MIN_POINTS} to {MAX_POINTS}, not 0, was expected"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise line.error(field, f"{expected}, not {value!r:.40}.")
    if value == 0 or not MIN_POINTS <= value <= MAX_POINTS:
        raise line.error(field, f"{expected}, not {value}.")
    return value


def _evidence(line: Line, index: int, value: Any) -> Evidence:
    try:
        return msgspec.convert(value, type=Evidence)
    except msgspec.ValidationError as error:
        raise line.error(f"evidence[{index}]", f"{error}.") from error


def _tags(line: Line, field: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise line.error(field, "a list of texts was expected.")
    return value


def _text(line: Line, field: str) -> str:
    value = line.data.get(field)
    if not isinstance(value, str) or not value.strip():
        raise line.error(field, "a text was expected.")
    return value


def _optional(line: Line, data: dict[str, Any], field: str, kind: type[T]) -> T:
    value = data.get(field)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise line.error(field, f"a {'list' if kind is list else 'JSON object'} was expected.")
    return value


def _list(line: Line, data: dict[str, Any], field: str) -> list[Any]:
    value = data.get(field)
    if not isinstance(value, list) or not value:
        raise line.error(field, "a list with at least one element was expected.")
    return value
