"""Readers of what comes back: answers and verdicts in JSON Lines, one record at a time."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder.common.jsonl import Line, read_jsonl
from exports.formats.log_json import MAX_EPOCH, STATUSES
from exports.records import ResponseRecord, Verdict, VerdictItem, VerdictRecord


def read_responses(path: Path) -> Iterator[tuple[Line, ResponseRecord]]:
    """Yield each answer with its line; raises BadInput that names file, line and field at the first fault."""
    for line in read_jsonl(path):
        yield line, ResponseRecord(_prompt_id(line), _epoch(line), _text(line, "completion"))


def read_verdicts(path: Path) -> Iterator[tuple[Line, VerdictRecord]]:
    """Yield one rater's verdicts on each answer with their line; raises BadInput at the first fault.

    `criteria_met` true is met, false is not met. Null is missing unless `status` says that the rater can't judge
    (`cannot_judge`) or failed (`judge_failed`); neither is ever not met.
    """
    for line in read_jsonl(path):
        rater = "" if line.data.get("rater") is None else _text(line, "rater")
        items = line.data.get("rubric_items")
        if not isinstance(items, list) or not items:
            raise line.error("rubric_items", "a list with one verdict per criterion was expected.")
        yield (
            line,
            VerdictRecord(
                _prompt_id(line),
                _epoch(line),
                rater,
                tuple(_item(line, index, item) for index, item in enumerate(items)),
            ),
        )


def _item(line: Line, index: int, value: Any) -> VerdictItem:
    field = f"rubric_items[{index}]"
    if not isinstance(value, dict):
        raise line.error(field, "an object was expected.")
    if not isinstance(value.get("criterion"), str):
        raise line.error(f"{field}.criterion", "the criterion's text was expected.")
    explanation = value.get("explanation")
    if explanation is not None and not isinstance(explanation, str):
        raise line.error(f"{field}.explanation", "a text was expected.")
    return VerdictItem(
        value["criterion"],
        _points(line, f"{field}.points", value.get("points")),
        _verdict(line, field, value),
        explanation or "",
    )


def _verdict(line: Line, field: str, value: dict[str, Any]) -> Verdict | None:
    if "criteria_met" not in value:
        raise line.error(f"{field}.criteria_met", "true, false or null was expected.")
    met, status = value["criteria_met"], value.get("status")
    if met is not None and not isinstance(met, bool):
        raise line.error(f"{field}.criteria_met", f"true, false or null was expected, not {met!r:.40}.")
    if status is None:
        return None if met is None else "met" if met else "not_met"
    if not isinstance(status, str) or status not in STATUSES:
        raise line.error(f"{field}.status", f"cannot_judge or judge_failed was expected, not {status!r:.40}.")
    if met is not None:
        raise line.error(f"{field}.status", f"{status} goes with criteria_met null only.")
    return STATUSES[status]


def _points(line: Line, field: str, value: Any) -> int | float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise line.error(field, f"a number was expected, not {value!r:.40}.")
    return value


def _prompt_id(line: Line) -> str:
    value = _text(line, "prompt_id")
    if not value:
        raise line.error("prompt_id", "a text was expected.")
    return value


def _epoch(line: Line) -> int:
    value = line.data.get("epoch", 1)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_EPOCH:
        raise line.error("epoch", f"a whole number from 1 to {MAX_EPOCH} was expected, not {value!r:.40}.")
    return value


def _text(line: Line, field: str) -> str:
    value = line.data.get(field)
    if not isinstance(value, str):
        raise line.error(field, "a text was expected.")
    return value
