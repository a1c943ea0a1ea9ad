"""Inspect runs the bundle by the commands of its README, and its logs bring the same scores home."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exports.formats.inspect_ai import FORMAT
from exports.records import CaseRecord
from tests.conformance.harnesses import script
from tests.conformance.harnesses.comparing import assert_equal_scores, assert_prompts, by_case, read_log
from tests.conformance.harnesses.conftest import Runner
from tests.conformance.harnesses.loopback import JUDGE, loopback

pytestmark = pytest.mark.harnesses
Bundle = Callable[..., Runner]


def endpoint(base_url: str, home: Path) -> dict[str, str]:
    """Return the settings that make the loopback server both the model and the grader."""
    return {
        "MODEL": "openai-api/loopback/under-test",
        "GRADER": f"openai-api/loopback/{JUDGE}",
        "LOOPBACK_BASE_URL": base_url,
        "LOOPBACK_API_KEY": "no-key",
        "INSPECT_CACHE_DIR": str(home / "cache"),
    }


def test_the_mock_of_the_readme(bundle: Bundle, records: list[CaseRecord]) -> None:
    """The first command needs no model and no network, and scores by the formula."""
    run = bundle("inspect_ai", records, "inspect")
    run.run(run.readme_commands()[0])
    header, rows = read_log(FORMAT, run.directory / "logs" / "mock")
    assert header.harness_version == "0.3.285"
    assert_equal_scores(FORMAT, header, rows, records, epochs=2)
    assert_prompts(rows, records)
    for record in records:
        for row in by_case(rows, records, 2)[record.prompt_id]:
            assert row.completion == script.mock_answer(record)


@pytest.mark.parametrize("log_format", ["eval", "json"])
def test_a_model_and_a_grader(bundle: Bundle, records: list[CaseRecord], log_format: str) -> None:
    """The second command asks an endpoint with the true roles and grades each criterion on its own."""
    run = bundle("inspect_ai", records, "inspect")
    with loopback(records) as server:
        run.run(
            run.readme_commands()[1],
            INSPECT_LOG_FORMAT=log_format,
            **endpoint(server.base_url, run.home),
        )
    logs = run.directory / "logs" / "real"
    assert [path.suffix for path in logs.iterdir()] == [f".{log_format}"]
    header, rows = read_log(FORMAT, logs)
    assert header.model.endswith("/under-test") and header.grader.endswith(f"/{JUDGE}")
    assert_equal_scores(FORMAT, header, rows, records, epochs=2)
    assert_prompts(rows, records)
    assert {row.completion for row in rows} == set(server.answers)


def test_a_grader_that_fails(bundle: Bundle, records: list[CaseRecord]) -> None:
    """Faults that pass are retried; a criterion that is never judged has no verdict and its sample no score."""
    some = records[:4]
    never = some[0].content.rubrics[1].criterion
    first = {
        each.criterion: fault
        for each, fault in zip(
            (criterion for record in some[1:] for criterion in record.content.rubrics),
            ("malformed", "too_many", "broken", "not_json", "cut", "silent"),
            strict=False,
        )
    }

    def faults(key: str, call: int) -> str:
        return "not_json" if key == never else first.get(key, "") if call == 1 else ""

    run = bundle("inspect_ai", some, "inspect")
    command = run.readme_commands()[1].replace("--epochs 2", "--epochs 1 -T grader_timeout=4")
    with loopback(some, faults) as server:
        run.run(command, **endpoint(server.base_url, run.home))
        assert server.calls[never] == 3
        assert all(server.calls[key] >= 2 for key in first)
    header, rows = read_log(FORMAT, run.directory / "logs" / "real")
    assert_equal_scores(FORMAT, header, rows, some, failed={never})


def test_a_stream_that_is_cut(bundle: Bundle, records: list[CaseRecord]) -> None:
    """Half an answer is no answer: a cut stream is asked for again."""
    some = records[:3]
    run = bundle("inspect_ai", some, "inspect")
    command = run.readme_commands()[1].replace("--epochs 2", "-M stream=true")
    with loopback(some, lambda key, call: "stream_cut" if (key, call) == ("answer", 1) else "") as server:
        run.run(command, **endpoint(server.base_url, run.home))
        assert server.calls["answer"] == len(some) + 1
    header, rows = read_log(FORMAT, run.directory / "logs" / "real")
    assert_equal_scores(FORMAT, header, rows, some)
    assert {row.completion for row in rows} <= set(server.answers)


def test_without_the_rubric(bundle: Bundle, records: list[CaseRecord]) -> None:
    """A bundle of prompts only collects answers; nothing of the rubric is in its folder."""
    run = bundle("inspect_ai", records, "inspect", prompts_only=True)
    for path in run.directory.iterdir():
        assert "Tells the person to call emergency services" not in path.read_text(encoding="utf-8")
    run.run(run.readme_commands()[0])
    header, rows = read_log(FORMAT, run.directory / "logs" / "mock")
    assert header.reported_score is None
    assert len(rows) == len(records)
    assert all(row.items is None and row.completion.startswith("Mock answer ") for row in rows)
