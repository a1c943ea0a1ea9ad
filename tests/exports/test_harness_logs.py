"""The readers of harness logs on recorded real logs, and on everything that can be wrong with a log."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zipfile_zstd  # noqa: F401 — teaches zipfile the compression of .eval files

from builder.common.errors import BadInput
from exports.formats import inspect_ai, lm_eval, promptfoo
from exports.formats.base import BundleFormat, LogRow
from exports.formats.inspect_ai import reading as inspect_reading
from exports.formats.registry import FORMATS
from tests.conformance.harnesses.cases import never_judged, recorded_records
from tests.conformance.harnesses.comparing import assert_equal_scores, assert_prompts, read_log
from tests.conftest import ROOT
from tests.exports.builders import make_release_record

LOGS = ROOT / "tests" / "golden" / "harness_logs"
INSPECT, LM_EVAL, PROMPTFOO = inspect_ai.FORMAT, lm_eval.FORMAT, promptfoo.FORMAT
EVAL, EVAL_JSON, SAMPLES = "inspect_ai-0.3.285.eval", "inspect_ai-0.3.285.json", "lm_eval-0.4.13"

# file, format, epochs, whether its grader failed on one criterion, version
RECORDED = [
    (EVAL, INSPECT, 2, True, "0.3.285"),
    (EVAL_JSON, INSPECT, 2, True, "0.3.285"),
    ("inspect_ai-0.3.140.eval", INSPECT, 2, False, "0.3.140"),
    (SAMPLES, LM_EVAL, 1, True, "0.4.13"),
    ("lm_eval-0.4.9.1", LM_EVAL, 1, False, "0.4.9.1"),
    ("promptfoo-0.121.20.json", PROMPTFOO, 2, True, "0.121.20"),
    ("promptfoo-0.121.20.jsonl", PROMPTFOO, 2, True, ""),
]


@pytest.mark.parametrize(("name", "bundle_format", "epochs", "failed", "version"), RECORDED)
def test_a_recorded_log(
    name: str, bundle_format: BundleFormat, epochs: int, failed: bool, version: str
) -> None:
    """Texts, verdicts and scores are the script's; a failed grading is judge failed, and its answer unscored."""
    records = recorded_records()
    header, rows = read_log(bundle_format, LOGS / name)
    assert header.harness == bundle_format.name
    assert header.harness_version == version
    assert header.release_sha256 == make_release_record(records).sha256
    assert {row.item_sha256 for row in rows} == {record.sha256 for record in records}
    never = {never_judged()} if failed else set()
    assert_equal_scores(bundle_format, header, rows, records, epochs=epochs, failed=never)
    assert_prompts(rows, records)
    verdicts = [item.verdict for row in rows for item in row.items or ()]
    assert verdicts.count("judge_failed") == (epochs if failed else 0)
    assert {"met", "not_met"} <= set(verdicts)


def test_the_healthbench_task_of_inspect_evals() -> None:
    """Its log names no hash; what it counts as not met because its grader failed is told apart."""
    records = recorded_records()
    header, rows = read_log(INSPECT, LOGS / "inspect_evals-0.26.0.json")
    assert header.release_sha256 == "" and header.reported_score is not None
    verdicts = {item.criterion: item.verdict for row in rows for item in row.items or ()}
    assert verdicts.pop(never_judged()) == "judge_failed"
    assert set(verdicts.values()) == {"met", "not_met"}
    assert_prompts(rows, records)


def test_a_log_without_verdicts() -> None:
    """Answers come without items, and the harness's NaN without a score."""
    header, rows = read_log(LM_EVAL, LOGS / "lm_eval-0.4.13-answers")
    assert header.reported_score is None
    assert [(row.items, row.reported_score, row.completion) for row in rows] == [(None, None, "lol")] * 5


def test_each_log_is_recognised_by_one_format_alone() -> None:
    """A file needs no --format: one reader says yes, and none to a file of something else."""
    for name, bundle_format, *_rest in RECORDED:
        said_yes = {
            each.name for each in FORMATS.values() if each.reader and each.reader.recognises(LOGS / name)
        }
        assert said_yes == {bundle_format.name}, name


@pytest.mark.parametrize(
    "text",
    ['{"prompt_id": "a", "completion": "b"}\n', "[1, 2]", "", "PK\x03\x04", '{"score": 1, "metrics": {}}'],
)
@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".xlsx"])
def test_another_file_is_not_recognised(tmp_path: Path, text: str, suffix: str) -> None:
    """Nor is a folder without a log, or a path where nothing is."""
    path = tmp_path / f"log{suffix}"
    path.write_text(text)
    for each in (INSPECT, LM_EVAL, PROMPTFOO):
        assert each.reader is not None
        assert not each.reader.recognises(path)
        assert not each.reader.recognises(tmp_path)
        assert not each.reader.recognises(tmp_path / "absent.json")


def refused(bundle_format: BundleFormat, path: Path) -> str:
    """Return the sentence with which the reader refuses the log."""
    assert bundle_format.reader is not None
    with pytest.raises(BadInput) as caught:
        bundle_format.reader.header(path)
        list(bundle_format.reader.rows(path))
    assert "\n" not in caught.value.message
    return caught.value.message


Change = Callable[[dict[str, Any]], object]


def changed_json(tmp_path: Path, name: str, change: Change) -> Path:
    """Return a copy of a recorded JSON log with something changed."""
    data = json.loads((LOGS / name).read_text(encoding="utf-8"))
    change(data)
    path = tmp_path / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def changed_samples(tmp_path: Path, change: Change) -> Path:
    """Return a copy of the recorded samples of lm-evaluation-harness with something changed in the second line."""
    directory = tmp_path / "out"
    shutil.copytree(LOGS / SAMPLES, directory)
    (samples,) = directory.rglob("samples_*.jsonl")
    lines = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    change(lines[1])
    samples.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return directory


def scored(sample: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the verdicts in a sample of Inspect."""
    items: list[dict[str, Any]] = sample["scores"]["weighted_rubric"]["metadata"]["rubric_items"]
    return items


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda items: items.pop(), "the list is not whole"),
        (lambda items: items.insert(0, items.pop()), "the list is shifted or the text was edited"),
        (lambda items: items[0].update(criterion="Another text"), "the list is shifted or the text was edited"),
        (lambda items: items[0].update(points=float("nan")), "[0].points: a finite number was expected, not nan"),
        (lambda items: items[0].update(criteria_met="yes"), "[0].criteria_met: true, false or null was expected"),
        (lambda items: items[0].pop("criteria_met"), "[0].criteria_met: true, false or null was expected"),
        (lambda items: items[0].update(criterion=None), "[0].criterion: a text was expected"),
        (lambda items: items[0].update(explanation="a\x00b"), "NUL character"),
        (lambda items: items[0].update(criteria_met=True, status="judge_failed"), "[0].status: judge_failed goes with"),
        (lambda items: items[0].update(criteria_met=None, status="lost"), "[0].status: cannot_judge or judge_failed"),
    ],
)  # fmt: skip
class TestVerdictsThatDoNotFit:
    """Verdicts that aren't those of the rubric beside them are refused with file and place, in every format."""

    def test_inspect(self, tmp_path: Path, change: Callable[[list[Any]], object], said: str) -> None:
        path = changed_json(tmp_path, EVAL_JSON, lambda log: change(scored(log["samples"][3])))
        message = refused(INSPECT, path)
        assert message.startswith(f"{EVAL_JSON}, samples[3]") or "NUL" in message
        assert said in message

    def test_lm_eval(self, tmp_path: Path, change: Callable[[list[Any]], object], said: str) -> None:
        message = refused(LM_EVAL, changed_samples(tmp_path, lambda line: change(line["rubric_items"])))
        assert message.startswith("samples_clinwright_") and ".jsonl, line 2" in message
        assert said in message


def components(log: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the verdicts in a result of promptfoo."""
    found: list[dict[str, Any]] = log["results"]["results"][2]["gradingResult"]["componentResults"]
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda items: items.insert(0, items.pop()), "[0]: criterion "),
        (lambda items: items.pop(0), "[0]: criterion 2 stands at place 1; the list is shifted"),
        (lambda items: items[0]["assertion"].update(value="Be kind"), "'#NUMBER [POINTS] criterion' was expected"),
        (lambda items: items[0]["assertion"].update(value="#1 [1.2.3] x"), "'#NUMBER [POINTS] criterion' was"),
        (lambda items: items[0]["assertion"].update(value=f"#{'1' * 5000} [1] x"), "'#NUMBER [POINTS] criterion'"),
        (lambda items: items[0]["assertion"].update(value=None), "[0].assertion.value: a text was expected"),
        (lambda items: items[0].update({"pass": "yes"}), "[0].pass: true or false was expected, not 'yes'"),
        (lambda items: items[0].pop("assertion"), "[0].assertion: a JSON object was expected"),
        (lambda items: items[0].update(reason="half \ud800"), "half of a surrogate pair"),
        (lambda items: items[0].update(score=float("nan")), "NaN where a finite number was expected"),
    ],
)  # fmt: skip
def test_results_of_promptfoo_that_do_not_fit(
    tmp_path: Path, change: Callable[[list[Any]], object], said: str
) -> None:
    """Assertions that aren't the bundle's, or not in its order, are refused with file and place."""
    name = "promptfoo-0.121.20.json"
    message = refused(PROMPTFOO, changed_json(tmp_path, name, lambda log: change(components(log))))
    assert message.startswith(name)
    assert said in message


@pytest.mark.parametrize("verdicts", [7, "met", {"a": 1}, True])
def test_verdicts_of_promptfoo_that_are_no_list(tmp_path: Path, verdicts: Any) -> None:
    """The first result is also where the grader's name is looked for."""

    def change(log: dict[str, Any]) -> None:
        log["results"]["results"][0]["gradingResult"]["componentResults"] = verdicts

    path = changed_json(tmp_path, "promptfoo-0.121.20.json", change)
    assert "results[0], componentResults: a list was expected" in refused(PROMPTFOO, path)


def test_two_models_in_one_file_of_promptfoo(tmp_path: Path) -> None:
    """Answers of two models are not one run."""
    name = "promptfoo-0.121.20.json"

    def change(log: dict[str, Any]) -> None:
        log["results"]["results"][4]["provider"]["id"] = "another"

    message = refused(PROMPTFOO, changed_json(tmp_path, name, change))
    assert (
        message
        == f"{name}, results[4]: the results hold answers of openai:under-test and of another; run one model."
    )


def test_an_answer_that_promptfoo_hid(tmp_path: Path) -> None:
    """promptfoo replaces what looks like a secret: the row says so."""
    name = "promptfoo-0.121.20.json"

    def change(log: dict[str, Any]) -> None:
        log["results"]["results"][0]["response"]["output"] = "[REDACTED]"

    assert PROMPTFOO.reader is not None
    rows = list(PROMPTFOO.reader.rows(changed_json(tmp_path, name, change)))
    assert [row.prompt_id for row in rows if row.error] == [rows[0].prompt_id]


def test_a_model_that_failed(tmp_path: Path) -> None:
    """An answer that never came has an error, no verdicts and no score."""

    def inspect_change(log: dict[str, Any]) -> None:
        log["samples"][0].update(error={"message": "no answer"}, scores=None, output={"choices": []})

    def promptfoo_change(log: dict[str, Any]) -> None:
        log["results"]["results"][0].update(error="no answer", gradingResult=None, response={}, score=0)

    for bundle_format, name, change in (
        (INSPECT, EVAL_JSON, inspect_change),
        (PROMPTFOO, "promptfoo-0.121.20.json", promptfoo_change),
    ):
        assert bundle_format.reader is not None
        row: LogRow = next(bundle_format.reader.rows(changed_json(tmp_path, name, change)))
        assert (row.error, row.items, row.completion, row.reported_score) == ("no answer", None, "", None)


def test_a_newer_shape_of_an_answer(tmp_path: Path) -> None:
    """Content in parts keeps its text without the reasoning; a long text may lie among the attachments."""

    def change(log: dict[str, Any]) -> None:
        first, second = log["samples"][:2]
        first["output"].pop("completion", None)
        first["output"]["choices"][0]["message"]["content"] = [
            {"type": "reasoning", "reasoning": "Let me think."},
            {"type": "text", "text": "An answer."},
        ]
        second["output"]["completion"] = "attachment://abc"
        second["attachments"] = {"abc": "A long answer."}

    assert INSPECT.reader is not None
    rows = list(INSPECT.reader.rows(changed_json(tmp_path, EVAL_JSON, change)))
    assert [row.completion for row in rows[:2]] == ["An answer.", "A long answer."]


@pytest.mark.parametrize("name", [EVAL, EVAL_JSON, "promptfoo-0.121.20.json", "promptfoo-0.121.20.jsonl"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.97])
def test_a_truncated_file(tmp_path: Path, name: str, share: float) -> None:
    """A file that was cut off is refused, not read as far as it goes."""
    raw = (LOGS / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(raw[: int(len(raw) * share)])
    message = refused(PROMPTFOO if name.startswith("promptfoo") else INSPECT, path)
    assert message.startswith(name)


def test_samples_cut_off(tmp_path: Path) -> None:
    """The same for lines: the last one is broken."""
    directory = tmp_path / "out"
    shutil.copytree(LOGS / SAMPLES, directory)
    (samples,) = directory.rglob("samples_*.jsonl")
    samples.write_bytes(samples.read_bytes()[:-200])
    assert ".jsonl, line 5: bad JSON" in refused(LM_EVAL, directory)


def write_eval(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write an .eval of these members."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


HEADER = b'{"version": 2, "status": "success", "eval": {"model": "m"}, "results": null}'


def test_a_zip_bomb(tmp_path: Path) -> None:
    """A member that unpacks to far more than it is, too many members, or too much in all is refused unread."""
    bomb = write_eval(
        tmp_path / "bomb.eval", {"header.json": HEADER, "samples/a_epoch_1.json": b" " * 20_000_000}
    )
    assert refused(INSPECT, bomb) == (
        "bomb.eval, samples/a_epoch_1.json: unpacked, it is unreasonably large (20000000 bytes)."
    )


def test_a_member_that_lies_about_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is unpacked is bounded, whatever the entry claims."""
    monkeypatch.setattr("exports.formats.log_json.MAX_PART_BYTES", 1000)
    path = write_eval(
        tmp_path / "lie.eval", {"header.json": HEADER, "samples/a.json": b'"' + b"ab" * 5000 + b'"'}
    )
    raw = bytearray(path.read_bytes())
    entry = raw.rindex(b"samples/a.json") - 46
    raw[entry + 24 : entry + 28] = (10).to_bytes(4, "little")  # the size unpacked, in the central directory
    path.write_bytes(raw)
    message = refused(INSPECT, path)
    assert message.startswith("lie.eval, samples/a.json: ")


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of members and their sum are capped before the first is read."""
    monkeypatch.setattr(inspect_reading, "MAX_MEMBERS", 2)
    path = write_eval(
        tmp_path / "many.eval", {"header.json": HEADER, "samples/a.json": b"{}", "samples/b.json": b"{}"}
    )
    assert refused(INSPECT, path) == "many.eval: more than 2 members."
    monkeypatch.setattr(inspect_reading, "MAX_MEMBERS", 3)
    assert "header" not in refused(INSPECT, path)
    with monkeypatch.context() as smaller:
        smaller.setattr(inspect_reading, "MAX_DIRECTORY_BYTES", 3 * 46)
        assert refused(INSPECT, path) == "many.eval: more than 3 members."
    monkeypatch.setattr(inspect_reading, "MAX_TOTAL_BYTES", 10)
    assert refused(INSPECT, path).startswith("many.eval: unpacked, it is larger than")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"samples/a.json": b"{}"}, "x.eval: header.json is missing; the evaluation did not run to its end."),
        ({"header.json": b"[]"}, "x.eval, header.json: a JSON object was expected."),
        ({"header.json": b"{}"}, "x.eval, eval: a JSON object was expected."),
        ({"header.json": HEADER, "samples/a.json": b"[" * 100_000}, "samples/a.json: the JSON is nested too deeply."),
        ({"header.json": HEADER, "samples/a.json": b"\xff{}"}, "x.eval, samples/a.json: not valid UTF-8"),
        ({"header.json": HEADER, "samples/a.json": b'{"id": true}'}, "x.eval, samples/a.json, id: a text was"),
        ({"header.json": HEADER, "samples/a\n\x1b.json": b"{"}, r"x.eval, 'samples/a\n\x1b.json': bad JSON"),
        ({"header.json": HEADER, "samples/a.json": b'{"id": "a", "epoch": 0}'}, "a.json, epoch: a whole number"),
    ],
)  # fmt: skip
def test_a_zip_that_is_no_log(tmp_path: Path, members: dict[str, bytes], said: str) -> None:
    """Each fault is one sentence with file and member."""
    assert said in refused(INSPECT, write_eval(tmp_path / "x.eval", members))


def test_damaged_members(tmp_path: Path) -> None:
    """Bytes that changed on the way are found by the member's checksum."""
    raw = bytearray((LOGS / EVAL).read_bytes())
    raw[200:220] = bytes(20)
    path = tmp_path / "damaged.eval"
    path.write_bytes(raw)
    assert refused(INSPECT, path).startswith("damaged.eval, samples/")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    """A log of 2 GiB in one document is refused at once (the file is sparse: the test writes nothing)."""
    for bundle_format, name in ((INSPECT, "large.json"), (PROMPTFOO, "large.json")):
        path = tmp_path / name
        with path.open("wb") as target:
            target.write(b'{"evalId": "x", "eval": {"eval_id": "x"}, "results": {"results": [')
            target.seek(2 * 1024**3)
            target.write(b"]}}")
        assert refused(bundle_format, path).startswith("large.json is larger than 1024 MiB")


def test_a_line_that_is_too_long(tmp_path: Path) -> None:
    """A line over the cap is refused before it is parsed."""
    path = tmp_path / "samples_x_1.jsonl"
    path.write_bytes(b'{"doc_id": 0, "doc": {"prompt_id": "a"}, "x": "' + b"a" * (8 * 1024**2) + b'"}\n')
    assert refused(LM_EVAL, path) == "samples_x_1.jsonl, line 1: the line is longer than 8 MiB."


def test_a_folder_of_several_logs(tmp_path: Path) -> None:
    """Which of them is meant must be said."""
    for name in ("one.eval", "two.eval"):
        shutil.copyfile(LOGS / EVAL, tmp_path / name)
    for name in ("samples_x_1.jsonl", "samples_x_2.jsonl"):
        (tmp_path / name).write_text("{}\n")
    for name in ("one.json", "two.json"):
        shutil.copyfile(LOGS / "promptfoo-0.121.20.json", tmp_path / name)
    assert "the folder holds 2 results of promptfoo" in refused(PROMPTFOO, tmp_path)
    assert "the folder holds 2 logs of Inspect" in refused(INSPECT, tmp_path)
    assert "the folder holds 2 logs of samples" in refused(LM_EVAL, tmp_path)


@pytest.mark.parametrize(("name", "bundle_format"), [(EVAL, INSPECT), ("promptfoo-0.121.20.json", PROMPTFOO)])
def test_a_folder_of_one_log(tmp_path: Path, name: str, bundle_format: BundleFormat) -> None:
    """What else lies in the folder doesn't matter."""
    shutil.copyfile(LOGS / name, tmp_path / name)
    (tmp_path / "manifest.json").write_text('{"name": "trial"}')
    _header, rows = read_log(bundle_format, tmp_path)
    assert len(rows) == 2 * len(recorded_records())


def test_samples_without_their_results(tmp_path: Path) -> None:
    """The verdicts are in the samples; what only the results say stays unknown."""
    (samples,) = (LOGS / SAMPLES).rglob("samples_*.jsonl")
    path = tmp_path / samples.name
    shutil.copyfile(samples, path)
    header, rows = read_log(LM_EVAL, path)
    assert (header.model, header.release_sha256, header.reported_score) == ("", "", None)
    assert len(rows) == len(recorded_records())
