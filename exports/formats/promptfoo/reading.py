"""promptfoo's results: one JSON document (`-o x.json`) or a line per answer (`-o x.jsonl`)."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder.common.errors import BadInput
from builder.common.jsonl import read_jsonl
from exports.formats import log_json
from exports.formats.base import LogHeader, LogRow, Reader
from exports.formats.json_stream import iter_array, read_value
from exports.formats.log_json import number_or_none, object_of, part_of, text_of
from exports.formats.promptfoo.escaping import unescape
from exports.records import Verdict, VerdictItem

FAILED = "grading failed: "
REDACTED = "[REDACTED]"
_VALUE = re.compile(r"#(\d{1,9}) \[(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\] (.*)", re.DOTALL | re.ASCII)


def recognises(path: Path) -> bool:
    """Whether this is a results file of promptfoo, or a folder that holds one."""
    if path.is_dir():
        return any(_is_results(each) for each in path.iterdir())
    return _is_results(path)


def _is_results(path: Path) -> bool:
    if path.suffix == ".json":
        return log_json.begins_with(path, b'"evalId"', b'"results"')
    return path.suffix == ".jsonl" and log_json.begins_with(path, b'"promptIdx"', b'"testCase"')


def header(path: Path) -> LogHeader:
    """Return what the results say of their run; raises BadInput with file and place."""
    path = _results_in(path)
    _place, first = next(_results(path), ("", {}))
    components = part_of(first, "gradingResult", "componentResults")
    graders = (
        [part_of(each, "metadata", "grader") for each in components] if isinstance(components, list) else []
    )
    version = read_value(path, ["metadata", "promptfooVersion"]) if path.suffix == ".json" else None
    return LogHeader(
        harness="promptfoo",
        harness_version=_told(version),
        model=_model(first),
        grader=next((each for each in graders if isinstance(each, str)), ""),
        release_sha256=_hash(first, "release_sha256"),
    )


def rows(path: Path) -> Iterator[LogRow]:
    """Yield each answer with its verdicts, one result in memory; raises BadInput with file and place.

    promptfoo numbers no samples of a case: they are counted as they come.
    """
    seen: Counter[str] = Counter()
    model = None
    for place, result in _results(_results_in(path)):
        model = _model(result) if model is None else model
        if _model(result) != model:
            raise BadInput(
                f"{place}: the results hold answers of {model} and of {_model(result)}; run one model."
            )
        prompt_id = text_of(part_of(result, "vars", "prompt_id"), f"{place}, vars.prompt_id")
        seen[prompt_id] += 1
        yield _row(result, place, prompt_id, seen[prompt_id])


def _results_in(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = sorted(each for each in path.iterdir() if _is_results(each))
    if len(found) != 1:
        raise BadInput(
            f"{path.name}: the folder holds {len(found)} results of promptfoo; give the path of one of them."
        )
    return found[0]


def _results(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.suffix == ".jsonl":
        for line in read_jsonl(path):
            yield f"{path.name}, line {line.number}", line.data
        return
    log_json.refuse_cut(path)
    for index, result in enumerate(iter_array(path, ["results", "results"])):
        place = f"{path.name}, results[{index}]"
        yield place, object_of(result, place)


def _row(result: dict[str, Any], place: str, prompt_id: str, epoch: int) -> LogRow:
    components = part_of(result, "gradingResult", "componentResults")
    items = _items(components, place) if components else None
    decided = items is not None and all(each.verdict in ("met", "not_met") for each in items)
    error = "" if items is not None else _told(result.get("error"))
    completion = _completion(result, place, error)
    if completion == REDACTED:
        error = "promptfoo took this answer for a secret and did not keep its text"
    return LogRow(
        place=place,
        prompt_id=prompt_id,
        epoch=log_json.epoch_of(epoch, f"{place}, vars.prompt_id"),
        completion=completion,
        items=items,
        item_sha256=_hash(result, "item_sha256"),
        prompt=_prompt(result),
        # While a grading has failed promptfoo still says 0, and 1 of a case without assertions.
        reported_score=number_or_none(result.get("score")) if decided else None,
        error=error,
    )


def _completion(result: dict[str, Any], place: str, error: str) -> str:
    output = part_of(result, "response", "output")
    if output is None and error:
        return ""
    return text_of(output, f"{place}, response.output")


def _items(components: Any, place: str) -> tuple[VerdictItem, ...]:
    """Return the verdicts in the rubric's order, which the numbers in the assertions must keep."""
    if not isinstance(components, list):
        raise BadInput(f"{place}, componentResults: a list was expected.")
    found = []
    for index, each in enumerate(components):
        where = f"{place}, componentResults[{index}]"
        number, item = _item(object_of(each, where), where)
        if number != index + 1:
            raise BadInput(f"{where}: criterion {number} stands at place {index + 1}; the list is shifted.")
        found.append(item)
    return tuple(found)


def _item(component: dict[str, Any], place: str) -> tuple[int, VerdictItem]:
    assertion = object_of(component.get("assertion"), f"{place}.assertion")
    value = _VALUE.fullmatch(text_of(assertion.get("value"), f"{place}.assertion.value"))
    if value is None:
        raise BadInput(f"{place}.assertion.value: '#NUMBER [POINTS] criterion' was expected.")
    points = float(value[2])
    reason = text_of(component.get("reason") or "", f"{place}.reason")
    item = VerdictItem(
        unescape(value[3]),
        int(points) if points.is_integer() else points,
        _verdict(component, assertion, reason, place),
        reason,
    )
    return int(value[1]), item


def _verdict(component: dict[str, Any], assertion: dict[str, Any], reason: str, place: str) -> Verdict:
    """Return what the grader said: a `not-` assertion passes when its criterion is not met."""
    if part_of(component, "metadata", "graderError") is True or reason.startswith(FAILED):
        return "judge_failed"
    passed = component.get("pass")
    if not isinstance(passed, bool):
        raise BadInput(f"{place}.pass: true or false was expected, not {passed!r:.40}.")
    is_harm = text_of(assertion.get("type"), f"{place}.assertion.type").startswith("not-")
    return "met" if passed != is_harm else "not_met"


def _prompt(result: dict[str, Any]) -> tuple[dict[str, Any], ...] | None:
    """Return the conversation; None where promptfoo may have written it otherwise than it was.

    On the way into its results promptfoo spells JSON inside a text anew and takes out what looks like a secret.
    """
    raw = part_of(result, "prompt", "raw")
    if not isinstance(raw, str) or REDACTED in raw:
        return None
    try:
        found = log_json.turns_of(log_json.decode(raw.encode(), "prompt"))
    except BadInput:
        return None  # a prompt of another kind, such as one text
    return None if any(_is_json(turn["content"]) for turn in found or ()) else found


def _is_json(text: str) -> bool:
    try:
        return isinstance(log_json.decode(text.encode(), "turn"), dict | list)
    except BadInput:
        return False


def _model(result: dict[str, Any]) -> str:
    return _told(part_of(result, "provider", "id"))


def _hash(result: dict[str, Any], name: str) -> str:
    return _told(part_of(result, "testCase", "metadata", name)).removeprefix("sha256:")


def _told(value: Any) -> str:
    return value if isinstance(value, str) else ""


READER = Reader(
    recognises=recognises,
    header=header,
    rows=rows,
    files="the results as .json or .jsonl (promptfoo's option -o), or the folder that holds just one",
)
