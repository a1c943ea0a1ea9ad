"""Inspect's logs: `.eval` (a zip of JSON members, mostly compressed with Zstandard) and `.json` (one document).

Understood are the scores of our own task and those of the HealthBench task of inspect-evals. A log without either
still brings its answers.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zipfile_zstd  # noqa: F401 — teaches zipfile the compression that .eval files use

from builder.common.errors import BadInput
from builder.common.zip_directory import directory_bytes
from exports.formats import log_json
from exports.formats.base import LogHeader, LogRow, Reader
from exports.formats.json_stream import iter_array, read_value
from exports.formats.log_json import number_or_none, object_of, part_of, text_of
from exports.records import VerdictItem

OUR_SCORER = "weighted_rubric"
# What the HealthBench task of inspect-evals writes where its grader gave no verdict.
_FAILED_IN_HEALTHBENCH = ("Failed to parse judge response: ", "No explanation provided")
MAX_MEMBERS = 200_000
MAX_DIRECTORY_BYTES = 24 * 1024**2  # of the list of members, before it is read
MAX_TOTAL_BYTES = 16 * 1024**3
# No text of a log is as regular as this; a bomb is.
MAX_RATIO, RATIO_COUNTS_FROM = 500, 1024**2


def recognises(path: Path) -> bool:
    """Whether this is a log of Inspect, or a folder that holds one."""
    if path.is_dir():
        return any(_is_log(each) for each in path.iterdir())
    return _is_log(path)


def header(path: Path) -> LogHeader:
    """Return what the log says of its run; raises BadInput with file and place."""
    with _parts(_log_in(path)) as (head, _samples):
        place = _log_in(path).name
        run = object_of(head.get("eval"), f"{place}, eval")
        scores = part_of(head, "results", "scores")
        return LogHeader(
            harness="inspect_ai",
            harness_version=_told(part_of(run, "packages", "inspect_ai")),
            model=_told(run.get("model")),
            grader=_grader(run),
            release_sha256=_told(part_of(run, "metadata", "release_sha256")),
            reported_score=_reported(scores if isinstance(scores, list) else []),
            parameters=_parameters(head, run),
        )


def rows(path: Path) -> Iterator[LogRow]:
    """Yield each answer with its verdicts, holding one sample in memory; raises BadInput with file and place."""
    with _parts(_log_in(path)) as (_head, samples):
        for place, sample in samples:
            yield _row(object_of(sample, place), place)


def _is_log(path: Path) -> bool:
    if path.suffix == ".eval":
        return path.is_file()
    return path.suffix == ".json" and log_json.begins_with(path, b'"eval"', b'"eval_id"')


def _log_in(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = sorted(each for each in path.iterdir() if _is_log(each))
    if len(found) != 1:
        raise BadInput(
            f"{path.name}: the folder holds {len(found)} logs of Inspect; give the path of one of them."
        )
    return found[0]


@contextmanager
def _parts(path: Path) -> Iterator[tuple[dict[str, Any], Iterator[tuple[str, Any]]]]:
    """Give the log without its samples, and the samples with their places."""
    if path.suffix == ".eval":
        with log_json.open_file(path) as source, _archive(source, path.name) as archive:
            yield _zip_header(archive, path.name), _zip_samples(archive, path.name)
        return
    log_json.refuse_cut(path)
    head = {key: read_value(path, [key]) for key in ("status", "eval", "results")}
    yield head, _json_samples(path)


def _json_samples(path: Path) -> Iterator[tuple[str, Any]]:
    for index, sample in enumerate(iter_array(path, ["samples"], nan=True)):
        yield f"{path.name}, samples[{index}]", sample


@contextmanager
def _archive(source: Any, name: str) -> Iterator[zipfile.ZipFile]:
    too_many = BadInput(f"{name}: more than {MAX_MEMBERS} members.")
    try:
        if directory_bytes(source) > MAX_DIRECTORY_BYTES:
            raise too_many
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadInput(
            f"{name}: not a whole .eval file ({error}). Copy it again, or run it to its end."
        ) from error
    with archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise too_many
        if sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
            raise BadInput(f"{name}: unpacked, it is larger than {MAX_TOTAL_BYTES // 1024**3} GiB.")
        yield archive


def _zip_header(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    if "header.json" not in archive.namelist():
        raise BadInput(f"{name}: header.json is missing; the evaluation did not run to its end.")
    head = _member(archive, archive.getinfo("header.json"), name)
    return object_of(head, f"{name}, header.json")


def _zip_samples(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, Any]]:
    for member in archive.infolist():
        if member.filename.startswith("samples/") and member.filename.endswith(".json"):
            yield _place(member, name), _member(archive, member, name)


def _place(member: zipfile.ZipInfo, name: str) -> str:
    """Return file and member for a complaint; a name with line breaks or control characters is spelled out."""
    shown = member.filename if member.filename.isprintable() else ascii(member.filename)
    return f"{name}, {shown[:200]}"


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Any:
    """Read one member; what its entry claims is not believed, so at most one byte over the limit is unpacked."""
    place = _place(member, name)
    ratio = member.file_size / max(member.compress_size, 1)
    if member.file_size > log_json.MAX_PART_BYTES or (
        member.file_size > RATIO_COUNTS_FROM and ratio > MAX_RATIO
    ):
        raise BadInput(f"{place}: unpacked, it is unreasonably large ({member.file_size} bytes).")
    try:
        with archive.open(member) as source:
            raw = source.read(log_json.MAX_PART_BYTES + 1)
    except Exception as error:  # zlib, lzma and zstandard each have an error class of their own
        raise BadInput(f"{place}: damaged ({error}). Copy the file again.") from error
    return log_json.decode(raw, place)


def _row(sample: dict[str, Any], place: str) -> LogRow:
    raw_id = sample.get("id")
    prompt_id = str(raw_id) if isinstance(raw_id, int) and not isinstance(raw_id, bool) else raw_id
    score = _score(sample)
    items = _items(score, place)
    if items is not None:
        log_json.refuse_other_rubric(items, part_of(sample, "metadata", "rubrics"), place)
    return LogRow(
        place=place,
        prompt_id=text_of(prompt_id, f"{place}, id"),
        epoch=log_json.epoch_of(sample.get("epoch", 1), f"{place}, epoch"),
        completion=text_of(_completion(sample), f"{place}, output"),
        items=items,
        item_sha256=_told(part_of(sample, "metadata", "item_sha256")),
        prompt=_prompt(sample),
        reported_score=_value(score),
        error=_told(part_of(sample, "error", "message")),
    )


def _completion(sample: dict[str, Any]) -> str:
    """Return the text of the answer, without reasoning; long texts may lie among the attachments."""
    completion = part_of(sample, "output", "completion")
    if not isinstance(completion, str):
        content = part_of(sample, "output", "choices", 0, "message", "content")
        completion = _text_of_content(content)
    return _attached(sample, completion)


def _text_of_content(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(
        part["text"]
        for part in parts
        if part_of(part, "type") == "text" and isinstance(part.get("text"), str)
    )


def _attached(sample: dict[str, Any], text: str) -> str:
    if text.startswith("attachment://"):
        found = part_of(sample, "attachments", text.removeprefix("attachment://"))
        return found if isinstance(found, str) else text
    return text


def _prompt(sample: dict[str, Any]) -> tuple[dict[str, Any], ...] | None:
    asked = sample.get("input")
    if isinstance(asked, str):
        return ({"role": "user", "content": _attached(sample, asked)},)
    if not isinstance(asked, list):
        return None
    return log_json.turns_of(
        [
            {
                "role": part_of(turn, "role"),
                "content": _attached(sample, _text_of_content(part_of(turn, "content"))),
            }
            for turn in asked
        ]
    )


def _score(sample: dict[str, Any]) -> dict[str, Any] | None:
    """Return our scorer's score, else the first with verdicts per criterion."""
    scores = sample.get("scores")
    if not isinstance(scores, dict):
        return None
    candidates = [scores.get(OUR_SCORER), *scores.values()]
    return next(
        (
            each
            for each in candidates
            if isinstance(each, dict)
            and (part_of(each, "metadata", "rubric_items") or part_of(each, "metadata", "detailed_results"))
        ),
        None,
    )


def _items(score: dict[str, Any] | None, place: str) -> tuple[VerdictItem, ...] | None:
    if score is None:
        return None
    if part_of(score, "metadata", "rubric_items"):
        return log_json.rubric_items(part_of(score, "metadata", "rubric_items"), f"{place}, rubric_items")
    return _healthbench_items(part_of(score, "metadata", "detailed_results"), f"{place}, detailed_results")


def _healthbench_items(details: Any, place: str) -> tuple[VerdictItem, ...]:
    """Return the verdicts of the HealthBench task of inspect-evals."""
    if not isinstance(details, list):
        raise BadInput(f"{place}: a list with one verdict per criterion was expected.")
    return log_json.rubric_items([_healthbench_item(each) for each in details], place)


def _healthbench_item(detail: Any) -> Any:
    """Return the verdict under our names; that task counts a failed grading as not met, and only its text tells."""
    if not isinstance(detail, dict) or "met" not in detail:
        return detail
    explanation = detail.get("explanation")
    failed = not isinstance(detail["met"], bool) or (
        not detail["met"] and isinstance(explanation, str) and explanation.startswith(_FAILED_IN_HEALTHBENCH)
    )
    verdict = {"criteria_met": None, "status": "judge_failed"} if failed else {"criteria_met": detail["met"]}
    return {**detail, **verdict}


def _value(score: dict[str, Any] | None) -> float | None:
    value = part_of(score, "value")
    return number_or_none(part_of(value, "healthbench_score") if isinstance(value, dict) else value)


def _reported(scores: list[Any]) -> float | None:
    """Return the harness's number for the run: our metric, or the one of inspect-evals."""
    for score in scores:
        for metric in ("clipped_mean", "bootstrap_score"):
            if (value := number_or_none(part_of(score, "metrics", metric, "value"))) is not None:
                return value
    return None


def _grader(run: dict[str, Any]) -> str:
    role = part_of(run, "model_roles", "grader")
    if isinstance(role, list):  # newer versions allow several models in one role
        role = part_of(role, 0)
    return _told(part_of(role, "model")) or _told(part_of(run, "task_args", "judge_model"))


def _parameters(head: dict[str, Any], run: dict[str, Any]) -> dict[str, str]:
    found = {
        "status": head.get("status"),
        "task": run.get("task"),
        "epochs": part_of(run, "config", "epochs"),
    }
    asked = run.get("model_generate_config")
    found |= asked if isinstance(asked, dict) else {}
    return {key: str(value) for key, value in found.items() if isinstance(value, str | int | float)}


def _told(value: Any) -> str:
    return value if isinstance(value, str) else ""


READER = Reader(
    recognises=recognises,
    header=header,
    rows=rows,
    files="the .eval or .json log, or the folder that holds just one",
)
