"""simple-evals' log comes home: recorded by the real program over the hard set, and broken in every way here."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from builder.common.errors import BadInput
from exports.formats import json_stream
from exports.formats.base import LogRow
from exports.formats.healthbench import FORMAT
from exports.formats.healthbench_log import header, recognises, rows
from tests.conformance.harnesses.cases import hard_records
from tests.conftest import ROOT

# Written by openai/simple-evals at ee3b031 with a scripted model and grader, two samples per case; its reports are
# left out. Its own jinja templates fail over criteria with template marks, so it holds the first ten cases without.
GOLDEN = ROOT / "tests" / "golden" / "harness_logs" / "healthbench_mock-model_20261122_230800_allresults.json"


def example(**changes: Any) -> dict[str, Any]:
    """Return one example as simple-evals writes it."""
    item = {"criterion": "Greets.", "points": 5, "tags": [], "criteria_met": True, "explanation": "It does."}
    values = {
        "score": 1.0,
        "rubric_items": [item],
        "prompt": [{"role": "user", "content": "Hello"}],
        "completion": [{"role": "assistant", "content": "Hi."}],
        "prompt_id": "case-0",
        "completion_id": "x",
    }
    return {**values, **changes}


def write_log(path: Path, *examples: Any) -> Path:
    """Write a log of these examples, with reports before them as simple-evals does."""
    data = {
        "score": 0.5,
        "metrics": {"overall_score:bootstrap_std": float("nan")},
        "htmls": ["<p>a</p>"] * 3,
        "convos": [[{"role": "user", "content": "x"}]],
        "metadata": {"other": [1, {"deep": []}], "example_level_metadata": list(examples)},
    }
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_recorded_log_scores_as_simple_evals_says() -> None:
    """Per case and overall, to 1e-9, from the verdicts alone."""
    found = list(rows(GOLDEN))
    assert recognises(GOLDEN)
    assert (header(GOLDEN).model, len(found)) == ("mock-model", 20)
    formula = FORMAT.formula
    assert formula and formula.overall
    scores = []
    for row in found:
        marks = [(item.points, item.verdict == "met") for item in row.items]
        scores.append(formula.per_case(marks))
        assert row.reported_score == pytest.approx(scores[-1], abs=1e-9)
    assert 0 < (header(GOLDEN).reported_score or 0) < 1
    assert header(GOLDEN).reported_score == pytest.approx(formula.overall(scores), abs=1e-9)


def test_recorded_log_says_what_was_asked_and_judged() -> None:
    cases = {each.prompt_id: each.content for each in hard_records()}
    epochs: dict[str, list[int]] = {}
    for row in rows(GOLDEN):
        content = cases[row.prompt_id]
        assert [turn["content"] for turn in row.prompt] == [turn.content for turn in content.prompt]
        assert [item.criterion for item in row.items] == [each.criterion for each in content.rubrics]
        assert row.completion.startswith("Recorded answer ")
        epochs.setdefault(row.prompt_id, []).append(row.epoch)
    assert set(map(tuple, epochs.values())) == {(1, 2)}


def test_failed_or_missing_grading_is_never_not_met(tmp_path: Path) -> None:
    item = {"criterion": "Greets.", "points": 5, "criteria_met": None}
    path = write_log(
        tmp_path / "x_allresults.json",
        example(rubric_items=[item]),
        example(rubric_items=None, completion="Hi"),
    )
    first, second = rows(path)
    assert [item.verdict for item in first.items] == ["judge_failed"]
    assert (second.items, second.completion, second.epoch) == (None, "Hi", 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompt_id": None}, "example 1: prompt_id: a text was expected"),
        ({"completion": [{"role": "user", "content": "x"}]}, "example 1: completion: a text was expected"),
        ({"rubric_items": {}}, "example 1: rubric_items: a list"),
        (
            {"rubric_items": [{"criterion": "x", "criteria_met": "yes"}]},
            r"rubric_items\[0\].criteria_met: true",
        ),
        ({"rubric_items": [{"criterion": 1, "criteria_met": True}]}, r"rubric_items\[0\].criterion: a text"),
        ({"score": float("nan")}, "holds NaN where a finite number was expected"),
        ({"score": 1e999}, "holds Infinity where"),
        ({"completion": [{"role": "assistant", "content": "\x00"}]}, "NUL character"),
    ],
)
def test_each_fault_is_one_sentence_with_its_place(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    path = write_log(tmp_path / "x_allresults.json", example(**change))
    with pytest.raises(BadInput, match=words) as refused:
        list(rows(path))
    assert refused.value.message.startswith("x_allresults.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no list"),
        ("[]", "holds no list"),
        ('{"metadata": {"example_level_metadata": 3}}', "holds no list"),
        ('{"metadata": {}}', "holds no list"),
        ('{"metadata": {"example_level_metadata": [', "cut off or not JSON"),
        ('{"metadata": {"example_level_metadata": [{"a": 1, "b', "cut off or not JSON"),
        ('{"metadata": {"example_level_metadata": [{"a" 1}]}}', "cut off or not JSON"),
        ('{"htmls": ["x" "y"], "metadata": {"example_level_metadata": []}}', "cut off or not JSON"),
        ('{"metadata": {"example_level_metadata": [' + "[" * 5000 + "]" * 5000 + "]}}", "nested too deeply"),
        ('{"metadata": {"example_level_metadata": [' + "[" * 150 + "]" * 150 + "]}}", "nested too deeply"),
    ],
)
def test_each_broken_document_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x_allresults.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        list(rows(path))
    assert not recognises(path)


def test_invalid_utf8_and_oversized_files_and_values_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x_allresults.json"
    path.write_bytes(b'{"metadata": {"example_level_metadata": ["\xff"]}}')
    with pytest.raises(BadInput, match="not valid UTF-8"):
        list(rows(path))
    write_log(path, example(completion="x" * 9 * 2**20))
    with pytest.raises(BadInput, match="a value of more than 8 MiB"):
        list(rows(path))
    monkeypatch.setattr(json_stream, "MAX_FILE_BYTES", 1000)
    with pytest.raises(BadInput, match="is larger than"):
        list(rows(path))


def test_two_gibibytes_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x_allresults.json"
    with path.open("wb") as target:
        target.truncate(2 * 2**30)  # sparse: takes no room
    with pytest.raises(BadInput, match="is larger than 1024 MiB"):
        list(rows(path))


@pytest.mark.parametrize("chunk", [1, 7, 64, 2**18])
def test_any_window_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """Numbers, escapes and letters of several bytes may be cut anywhere."""
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    values = [1, -1.5e3, 12345, 'x,]}"\\', {"k": [{}]}, [], None, True, "한글🫀", 0.25]
    for indent in (None, 3):
        path = tmp_path / "x.json"
        path.write_text(
            json.dumps({"skip": [1, {"a": "]"}], "a": {"b": values}}, ensure_ascii=False, indent=indent),
            encoding="utf-8",
        )
        assert list(json_stream.iter_array(path, ("a", "b"))) == values
        assert json_stream.read_value(path, ("skip",)) == [1, {"a": "]"}]
        assert json_stream.read_value(path, ("a", "c")) is None


def test_log_of_any_length_takes_the_memory_of_one_example(tmp_path: Path) -> None:
    """24 MB of reports and examples, with less than 8 MB at the peak."""
    item = {"criterion": "c" * 300, "points": 1, "criteria_met": True, "explanation": "e" * 700}
    path = write_log(tmp_path / "x_allresults.json", *[example(rubric_items=[item] * 12)] * 2_000)
    assert path.stat().st_size > 24 * 10**6
    tracemalloc.start()
    last: LogRow | None = None
    for seen, row in enumerate(rows(path), start=1):  # noqa: B007 - the last number is the count
        last = row
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert last is not None and (seen, last.epoch) == (2_000, 2_000)
    assert peak < 8 * 10**6
