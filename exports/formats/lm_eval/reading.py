"""The harness's logs: `samples_TASK_TIME.jsonl` with a line per case, and `results_TIME.json` beside it.

A run without a grader writes NaN for its score, which is not JSON; it is read as no score.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder.common.errors import BadInput
from builder.common.jsonl import MAX_LINE_BYTES
from exports.formats import log_json
from exports.formats.base import LogHeader, LogRow, Reader
from exports.formats.log_json import number_or_none, object_of, part_of, text_of
from exports.records import VerdictItem

SCORE, ITEMS = "rubric_score", "rubric_items"
MAX_RESULTS_BYTES = 16 * 1024**2  # the summary repeats the configuration, not the samples
_DEEPEST = 3  # out/MODEL/file, and the folder above


def recognises(path: Path) -> bool:
    """Whether this is a log of samples, or a folder that holds one, in a folder of any name."""
    if path.is_dir():
        return bool(_samples_below(path))
    return path.suffix == ".jsonl" and log_json.begins_with(path, b'"doc_id"', b'"doc"', b'"prompt_id"')


def header(path: Path) -> LogHeader:
    """Return what the results beside the samples say of the run; without them little is known."""
    samples = _samples_in(path)
    results_path = _results_beside(samples)
    if results_path is None:
        return LogHeader(harness="lm_eval")
    with log_json.open_file(results_path) as source:
        raw = source.read(MAX_RESULTS_BYTES + 1)
    if len(raw) > MAX_RESULTS_BYTES:
        raise BadInput(f"{results_path.name}: larger than {MAX_RESULTS_BYTES // 1024**2} MiB.")
    return _header(object_of(log_json.decode(raw, results_path.name), results_path.name), samples)


def rows(path: Path) -> Iterator[LogRow]:
    """Yield each answer with its verdicts, a line at a time; raises BadInput with file and line."""
    samples = _samples_in(path)
    with log_json.open_file(samples) as source:
        number = 0
        while raw := source.readline(MAX_LINE_BYTES + 1):
            number += 1
            place = f"{samples.name}, line {number}"
            if len(raw) > MAX_LINE_BYTES:
                raise BadInput(f"{place}: the line is longer than {MAX_LINE_BYTES // 1024**2} MiB.")
            if raw.strip():
                yield from _rows(object_of(log_json.decode(raw, place), place), place)


def _samples_below(directory: Path) -> list[Path]:
    found: list[Path] = []
    for depth in range(_DEEPEST):
        found += directory.glob("*/" * depth + "samples_*.jsonl")
    return sorted(found)


def _samples_in(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = _samples_below(path)
    if len(found) != 1:
        raise BadInput(
            f"{path.name}: the folder holds {len(found)} logs of samples; give the path of one of them."
        )
    return found[0]


def _results_beside(samples: Path) -> Path | None:
    """Return the results of the same run: they bear the time that ends the samples' name."""
    time = samples.stem.rpartition("_")[2]
    same = samples.with_name(f"results_{time}.json")
    if same.is_file():
        return same
    found = sorted(samples.parent.glob("results_*.json"))
    return found[0] if len(found) == 1 else None


def _header(results: dict[str, Any], samples: Path) -> LogHeader:
    task = samples.stem.removeprefix("samples_").rpartition("_")[0]
    metadata = part_of(results, "configs", task, "metadata")
    return LogHeader(
        harness="lm_eval",
        harness_version=_told(results.get("lm_eval_version")),
        model=_model(results),
        grader=_told(part_of(metadata, "grader")),
        release_sha256=_told(part_of(metadata, "release_sha256")),
        reported_score=number_or_none(part_of(results, "results", task, f"{SCORE},none")),
        parameters=_parameters(part_of(results, "configs", task, "generation_kwargs"), results),
    )


def _model(results: dict[str, Any]) -> str:
    named = part_of(results, "config", "model_args")
    if isinstance(named, dict) and isinstance(named.get("model"), str):
        return str(named["model"])
    if isinstance(named, str):
        pairs = dict(pair.partition("=")[::2] for pair in named.split(","))
        if pairs.get("model"):
            return pairs["model"]
    return _told(results.get("model_name")) or _told(part_of(results, "config", "model"))


def _parameters(generation: Any, results: dict[str, Any]) -> dict[str, str]:
    found = {
        key: str(value)
        for key, value in (generation if isinstance(generation, dict) else {}).items()
        if isinstance(value, str | int | float)
    }
    source = part_of(results, "config", "model")
    return {**found, "model_class": source} if isinstance(source, str) else found


def _rows(sample: dict[str, Any], place: str) -> Iterator[LogRow]:
    """Yield the answers of one line; the harness scores the first, further ones come without verdicts."""
    doc = object_of(sample.get("doc"), f"{place}, doc")
    completions = _completions(sample, place)
    items = _items(sample, doc, place)
    for index, completion in enumerate(completions):
        first = index == 0
        yield LogRow(
            place=place,
            prompt_id=text_of(doc.get("prompt_id"), f"{place}, doc.prompt_id"),
            epoch=log_json.epoch_of(index + 1, f"{place}, resps"),
            completion=completion,
            items=items if first else None,
            item_sha256=_told(doc.get("item_sha256")),
            prompt=log_json.turns_of(doc.get("prompt")),
            reported_score=number_or_none(sample.get(SCORE)) if first else None,
        )


def _completions(sample: dict[str, Any], place: str) -> list[str]:
    """Return the answers; the first is the filtered one, which is what was graded."""
    filtered = part_of(sample, "filtered_resps", 0)
    if isinstance(filtered, list):
        filtered = part_of(filtered, 0)
    raw = part_of(sample, "resps", 0)
    others = raw[1:] if isinstance(raw, list) else []
    return [text_of(each, f"{place}, resps") for each in [filtered, *others]]


def _items(sample: dict[str, Any], doc: dict[str, Any], place: str) -> tuple[VerdictItem, ...] | None:
    if not sample.get(ITEMS):
        return None
    items = log_json.rubric_items(sample[ITEMS], f"{place}, {ITEMS}")
    log_json.refuse_other_rubric(items, doc.get("rubrics"), place)
    return items


def _told(value: Any) -> str:
    return value if isinstance(value, str) else ""


READER = Reader(
    recognises=recognises,
    header=header,
    rows=rows,
    files="samples_*.jsonl with results_*.json beside it, or the folder that holds them",
)
