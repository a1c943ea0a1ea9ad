"""The canonical log: one line per answer with its verdicts, which any harness or script can write. Pure."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from builder.common.errors import BadInput
from builder.common.jsonl import Line, read_jsonl
from exports.formats.base import LogHeader, LogRow, Reader
from exports.formats.log_json import begins_with, epoch_of, number_or_none, rubric_items, text_of, turns_of

# What is the same in every line of a log; a line that says otherwise belongs to another run.
_OF_THE_RUN = ("harness", "harness_version", "model", "grader_model", "release_sha256")
# Fields by which other harnesses' lines are told apart.
_OF_OTHERS = ("doc", "vars", "input", "rubrics")


def recognises(path: Path) -> bool:
    """Whether the file's first line is an answer with a prompt_id, and no other harness's line.

    A first line that can't be read is looked at as bytes, so that its fault can be named.
    """
    if path.is_dir() or path.suffix.lower() not in (".jsonl", ".ndjson", ".json"):
        return False
    try:
        first = next(read_jsonl(path), None)
    except BadInput:
        is_lines = path.suffix.lower() != ".json"
        return (
            is_lines
            and begins_with(path, b'"prompt_id"', b'"completion"')
            and not any(begins_with(path, f'"{key}"'.encode()) for key in _OF_OTHERS)
        )
    data = first.data if first else {}
    return {"prompt_id", "completion"} <= set(data) and not any(key in data for key in _OF_OTHERS)


def header(path: Path) -> LogHeader:
    """Return what the log's first line says of the run."""
    for line in islice(read_jsonl(path), 1):
        said = {key: _optional_text(line, key) for key in (*_OF_THE_RUN, "run_id")}
        parameters = line.data.get("parameters") or {}
        if not isinstance(parameters, dict):
            raise line.error("parameters", "an object was expected.")
        return LogHeader(
            harness=said["harness"] or "canonical",
            harness_version=said["harness_version"],
            model=said["model"],
            grader=said["grader_model"],
            release_sha256=said["release_sha256"],
            parameters={str(key): str(value) for key, value in parameters.items()},
        )
    raise BadInput(f"{path.name}: the log is empty.")


def rows(path: Path) -> Iterator[LogRow]:
    """Yield every answer of the log; refuses a line that is of another run than the first."""
    first: dict[str, Any] | None = None
    for line in read_jsonl(path):
        said = {key: line.data.get(key) for key in _OF_THE_RUN}
        first = first or said
        for key, value in said.items():
            if value != first[key]:
                raise line.error(
                    key, f"{value!r:.80} here, but {first[key]!r:.80} before: bring one run at a time."
                )
        yield _row(line)


def _row(line: Line) -> LogRow:
    data, place = line.data, f"{line.path.name}, line {line.number}"
    items = data.get("rubric_items")
    return LogRow(
        place=place,
        prompt_id=text_of(data.get("prompt_id"), f"{place}: prompt_id"),
        epoch=epoch_of(data.get("epoch", 1), f"{place}: epoch"),
        completion=text_of(data.get("completion"), f"{place}: completion"),
        items=None if items is None else rubric_items(items, f"{place}: rubric_items"),
        item_sha256=_optional_text(line, "item_sha256"),
        prompt=turns_of(data.get("prompt")),
        reported_score=number_or_none(data.get("score")),
        error=_optional_text(line, "error"),
    )


def _optional_text(line: Line, key: str) -> str:
    value = line.data.get(key)
    return "" if value is None else text_of(value, f"{line.path.name}, line {line.number}: {key}")


READER = Reader(
    recognises=recognises,
    header=header,
    rows=rows,
    files="a JSON Lines file with prompt_id, epoch, completion and rubric_items in each line",
)
