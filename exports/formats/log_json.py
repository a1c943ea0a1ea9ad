"""Reading what harnesses write: bounded JSON, and the verdicts that our own tasks leave in a log. Pure.

A log is somebody else's file. Every size is bounded before it is parsed, and every complaint is one sentence with
file and place.
"""

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from builder.common.errors import BadInput
from builder.common.jsonl import MAX_LINE_BYTES, unstorable
from exports.records import Verdict, VerdictItem

MAX_EPOCH = 32_767  # what a small integer column holds on every database
MAX_PART_BYTES = 64 * 1024**2  # of one answer with everything a harness keeps beside it
STATUSES: dict[str, Verdict] = {"cannot_judge": "cannot_judge", "judge_failed": "judge_failed"}


def decode(raw: bytes, place: str) -> Any:
    """Return the parsed JSON; NaN is read as a float, because harnesses write it for what they did not score.

    Raises BadInput that begins with `place`.
    """
    if len(raw) > MAX_PART_BYTES:
        raise BadInput(f"{place}: larger than {MAX_PART_BYTES // 1024**2} MiB.")
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # what the fast parser refuses may be NaN, which the slow one reads
    except RecursionError as error:
        raise BadInput(f"{place}: the JSON is nested too deeply.") from error
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise BadInput(f"{place}: the JSON is nested too deeply.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{place}: not valid UTF-8 at byte {error.start + 1}.") from error
    except ValueError as error:
        raise BadInput(f"{place}: bad JSON ({error}). Is the file whole?") from error


@contextmanager
def open_file(path: Path) -> Iterator[Any]:
    """Open a regular file; raises BadInput for anything else."""
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for its writer
            raise BadInput(f"{path.name}: not a file.")
        source = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path.name} can't be read: {error.strerror or error}. Check the path.") from error
    with source:
        yield source


def begins_with(path: Path, *needles: bytes) -> bool:
    """Whether a JSON file names all these texts near its beginning: in its first line, or its first 64 KiB.

    A line of JSON Lines is one record, so its keys may come late; it is read up to the longest line an import takes.
    """
    try:
        if not path.is_file():
            return False
        with path.open("rb") as source:
            head = source.readline(MAX_LINE_BYTES) if path.suffix == ".jsonl" else source.read(65_536)
    except OSError:
        return False
    return head.lstrip().startswith(b"{") and all(needle in head for needle in needles)


def refuse_cut(path: Path) -> None:
    """Raise BadInput for a JSON object without its closing brace: all one asks for may stand before the cut."""
    with open_file(path) as source:
        source.seek(max(0, path.stat().st_size - 1024))
        if not source.read().rstrip().endswith(b"}"):
            raise BadInput(f"{path.name} is cut off. Copy it again, or run it to its end.")


def text_of(value: Any, place: str) -> str:
    """Return a text that a database can hold; raises BadInput with the place."""
    if not isinstance(value, str):
        raise BadInput(f"{place}: a text was expected.")
    if problem := unstorable(value):
        raise BadInput(f"{place}: the text holds {problem}; remove it.")
    return value


def object_of(value: Any, place: str) -> dict[str, Any]:
    """Return an object; raises BadInput with the place."""
    if not isinstance(value, dict):
        raise BadInput(f"{place}: a JSON object was expected.")
    return value


def part_of(value: Any, *path: str | int) -> Any:
    """Return what lies at this path of keys and places, or None where the log has nothing there."""
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and len(value) > step else None
    return value


def epoch_of(value: Any, place: str) -> int:
    """Return a sample's number, counted from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_EPOCH:
        raise BadInput(f"{place}: a whole number from 1 to {MAX_EPOCH} was expected, not {value!r:.40}.")
    return value


def number_or_none(value: Any) -> float | None:
    """Return a finite number, or None: NaN is how a harness says that it has no score."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def points_of(value: Any, place: str) -> int | float | None:
    """Return a criterion's points where the log repeats them; NaN is refused."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(f"{place}: a finite number was expected, not {value!r:.40}.")
    return value


def verdict_of(met: Any, status: Any, place: str) -> Verdict | None:
    """Return the verdict of `criteria_met` and `status`; a failed grading is never not met."""
    if met is not None and not isinstance(met, bool):
        raise BadInput(f"{place}.criteria_met: true, false or null was expected, not {met!r:.40}.")
    if status is None:
        return None if met is None else "met" if met else "not_met"
    if not isinstance(status, str) or status not in STATUSES:
        raise BadInput(f"{place}.status: cannot_judge or judge_failed was expected, not {status!r:.40}.")
    if met is not None:
        raise BadInput(f"{place}.status: {status} goes with criteria_met null only.")
    return STATUSES[status]


def rubric_items(value: Any, place: str) -> tuple[VerdictItem, ...]:
    """Return the verdicts that our own tasks write: one object per criterion, in rubric order."""
    if not isinstance(value, list) or not value:
        raise BadInput(f"{place}: a list with one verdict per criterion was expected.")
    found = []
    for index, each in enumerate(value):
        where = f"{place}[{index}]"
        item = object_of(each, where)
        if "criteria_met" not in item:
            raise BadInput(f"{where}.criteria_met: true, false or null was expected.")
        found.append(
            VerdictItem(
                text_of(item.get("criterion"), f"{where}.criterion"),
                points_of(item.get("points"), f"{where}.points"),
                verdict_of(item["criteria_met"], item.get("status"), where),
                text_of(item.get("explanation") or "", f"{where}.explanation"),
            )
        )
    return tuple(found)


def refuse_other_rubric(items: Sequence[VerdictItem], rubrics: Any, place: str) -> None:
    """Raise BadInput when the verdicts are not those of the rubric that the same record carries, in its order."""
    if not isinstance(rubrics, list):
        return
    if len(items) != len(rubrics):
        raise BadInput(f"{place}: {len(items)} verdicts for {len(rubrics)} criteria; the list is not whole.")
    for index, (item, criterion) in enumerate(zip(items, rubrics, strict=True)):
        if part_of(criterion, "criterion") != item.criterion:
            raise BadInput(
                f"{place}, criterion {index + 1}: the verdict is about another text than the rubric has at this "
                "place; the list is shifted or the text was edited."
            )


def turns_of(value: Any) -> tuple[dict[str, Any], ...] | None:
    """Return a conversation as role and content, or None where the log doesn't show it in full."""
    if not isinstance(value, list) or not value:
        return None
    found = []
    for turn in value:
        role, content = part_of(turn, "role"), part_of(turn, "content")
        if not isinstance(role, str) or not isinstance(content, str):
            return None
        found.append({"role": role, "content": content})
    return tuple(found)
