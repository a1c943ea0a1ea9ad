"""The log of simple-evals' HealthBench: `healthbench_MODEL_TIME_allresults.json`. Pure.

It drops criterion ids and hashes, so every row says what was asked and what the criteria are, to be compared with the
release. A case that was answered several times stands in it as often, in order.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder.common.errors import BadInput
from exports.formats.base import LogHeader, LogRow, Reader
from exports.formats.json_stream import iter_array, read_value
from exports.formats.log_json import number_or_none, object_of, part_of, points_of, text_of, turns_of
from exports.records import VerdictItem

_EXAMPLES = ("metadata", "example_level_metadata")
_NAME = re.compile(
    r"^healthbench(?:_(?:hard|consensus|meta|professional))?_(?P<model>.+?)(?:_\d{8}_\d{6})?(?:_DEBUG)?$"
)
_SUFFIX = "_allresults"


def recognises(path: Path) -> bool:
    """Whether the file has HealthBench's examples; reads up to the first of them."""
    if not path.is_file() or path.suffix.lower() != ".json":
        return False
    try:
        first = next(iter_array(path, _EXAMPLES, nan=True), None)
    except BadInput:
        return False
    return isinstance(first, dict) and {"prompt_id", "completion"} <= set(first)


def header(path: Path) -> LogHeader:
    """Return the score, and the model as the file's name has it."""
    found = _NAME.match(path.stem.removesuffix(_SUFFIX)) if path.stem.endswith(_SUFFIX) else None
    return LogHeader(
        harness="simple-evals",
        model=found["model"] if found else "",
        reported_score=number_or_none(read_value(path, ["score"])),
    )


def rows(path: Path) -> Iterator[LogRow]:
    """Yield every example, the samples of a case counted in order; holds one example and the ids in memory."""
    seen: Counter[str] = Counter()
    for number, example in enumerate(iter_array(path, _EXAMPLES), start=1):
        place = f"{path.name}, example {number}"
        data = object_of(example, place)
        prompt_id = text_of(data.get("prompt_id"), f"{place}: prompt_id")
        seen[prompt_id] += 1
        items = data.get("rubric_items")
        yield LogRow(
            place=place,
            prompt_id=prompt_id,
            epoch=seen[prompt_id],
            completion=_completion(data.get("completion"), place),
            items=None if items is None else _items(items, place),
            prompt=turns_of(data.get("prompt")),
            reported_score=number_or_none(data.get("score")),
        )


def _completion(value: Any, place: str) -> str:
    """Return the answer's text: simple-evals writes a list with one assistant message."""
    if isinstance(value, list) and len(value) == 1 and part_of(value, 0, "role") == "assistant":
        value = part_of(value, 0, "content")
    return text_of(value, f"{place}: completion")


def _items(value: Any, place: str) -> tuple[VerdictItem, ...]:
    if not isinstance(value, list) or not value:
        raise BadInput(f"{place}: rubric_items: a list with one verdict per criterion was expected.")
    return tuple(_item(each, f"{place}: rubric_items[{index}]") for index, each in enumerate(value))


def _item(value: Any, place: str) -> VerdictItem:
    item = object_of(value, place)
    met = item.get("criteria_met")
    if met is not None and not isinstance(met, bool):
        raise BadInput(f"{place}.criteria_met: true or false was expected, not {met!r:.40}.")
    return VerdictItem(
        text_of(item.get("criterion"), f"{place}.criterion"),
        points_of(item.get("points"), f"{place}.points"),
        # Upstream asks the grader until it answers; a log without its answer is one that was cut or failed.
        "judge_failed" if met is None else "met" if met else "not_met",
        text_of(item.get("explanation") or "", f"{place}.explanation"),
    )


READER = Reader(
    recognises=recognises,
    header=header,
    rows=rows,
    files="healthbench_*_allresults.json, as simple-evals writes it",
)
