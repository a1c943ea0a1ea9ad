"""promptfoo runs the bundle by the commands of its README, and its results bring the same scores home."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from exports.formats.promptfoo import FORMAT
from exports.formats.promptfoo.scoring import DEFAULT, ours_from_default
from exports.records import CaseRecord
from tests.conformance.harnesses import script
from tests.conformance.harnesses.comparing import assert_equal_scores, assert_prompts, read_log
from tests.conformance.harnesses.conftest import Runner
from tests.conformance.harnesses.loopback import JUDGE, loopback

pytestmark = pytest.mark.harnesses
Bundle = Callable[..., Runner]


def json_inside(records: list[CaseRecord]) -> list[str]:
    """Return the cases with JSON for a turn: promptfoo spells it anew in its results, so the reader doesn't show it."""
    return [each.prompt_id for each in records if each.content.prompt[-1].content.startswith('{"role"')]


def endpoint(base_url: str) -> dict[str, str]:
    """Return the settings that make the loopback server both the model and the grader."""
    return {
        "MODEL": "openai:chat:under-test", "OPENAI_BASE_URL": base_url,
        "GRADER": JUDGE, "GRADER_BASE_URL": base_url,
    }  # fmt: skip


def test_the_mock_of_the_readme(bundle: Bundle, records: list[CaseRecord]) -> None:
    """The first command needs no model and no network, and scores by the formula."""
    run = bundle("promptfoo", records, "promptfoo")
    run.run(run.readme_commands()[0])
    header, rows = read_log(FORMAT, run.directory / "mock.json")
    assert (header.harness_version, header.model, header.grader) == ("0.121.20", "mock", "mock")
    assert header.release_sha256
    assert_equal_scores(FORMAT, header, rows, records)
    assert_prompts(rows, records, unsaid=json_inside(records))
    answers = {record.prompt_id: script.mock_answer(record) for record in records}
    assert {row.prompt_id: row.completion for row in rows} == answers


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_a_model_and_a_grader(bundle: Bundle, records: list[CaseRecord], suffix: str) -> None:
    """The second command sends every turn with its true role and grades each criterion on its own."""
    run = bundle("promptfoo", records, "promptfoo")
    with loopback(records) as server:
        command = run.readme_commands()[1].replace("real.json", f"real.{suffix}")
        run.run(command, **endpoint(server.base_url))
        asked = [[(turn["role"], turn["content"]) for turn in each] for each in server.conversations]
    assert sorted(asked) == sorted(
        [(turn.role, turn.content) for turn in each.content.prompt] for each in [*records, *records]
    )
    header, rows = read_log(FORMAT, run.directory / f"real.{suffix}")
    assert (header.model, header.grader) == ("openai:under-test", JUDGE)
    assert_equal_scores(FORMAT, header, rows, records, epochs=2)
    assert_prompts(rows, records, unsaid=json_inside(records))
    assert {row.completion for row in rows} == set(server.answers)


def test_its_own_formula(bundle: Bundle, records: list[CaseRecord]) -> None:
    """Without the scoring function promptfoo's number is the documented one, and maps exactly onto ours."""
    run = bundle("promptfoo", records, "promptfoo")
    config = run.directory / "promptfooconfig.yaml"
    config.write_text(config.read_text().replace("  assertScoringFunction: file://score.cjs\n", ""))
    run.run(run.readme_commands()[0], ok=(100,))
    header, rows = read_log(FORMAT, run.directory / "mock.json")
    assert_equal_scores(replace(FORMAT, formula=DEFAULT), header, rows, records)
    known = {record.prompt_id: record for record in records}
    for row in rows:
        marks = script.marks(known[row.prompt_id], row.completion)
        ours = script.score(known[row.prompt_id], row.completion)
        assert row.reported_score is not None
        assert ours_from_default(row.reported_score, marks) == pytest.approx(ours, abs=1e-9)


def test_a_grader_that_fails(bundle: Bundle, records: list[CaseRecord]) -> None:
    """Faults that pass are retried; a criterion that is never judged has no verdict and its case no score."""
    some = records[:5]
    never = {
        some[0].content.rubrics[1].criterion,
        some[0].content.rubrics[2].criterion,
    }  # one to gain, one to lose
    kinds = ("malformed", "too_many", "broken", "not_json", "cut", "silent")
    others = [each.criterion for record in some[1:] for each in record.content.rubrics]
    first = dict(zip(others, kinds, strict=False))

    def faults(key: str, call: int) -> str:
        return "not_json" if key in never else first.get(key, "") if call == 1 else ""

    run = bundle("promptfoo", some, "promptfoo")
    command = run.readme_commands()[1].replace(" --repeat 2", "")
    with loopback(some, faults) as server:
        run.run(command, ok=(100,), RUBRIC_GRADER_TIMEOUT="4", **endpoint(server.base_url))
        assert all(server.calls[key] == 4 for key in never)
        assert all(server.calls[key] == 2 for key in first)
    header, rows = read_log(FORMAT, run.directory / "real.json")
    assert_equal_scores(FORMAT, header, rows, some, failed=never)


def test_without_the_rubric(bundle: Bundle, records: list[CaseRecord]) -> None:
    """A bundle of prompts only collects answers; promptfoo's 1 for a case without assertions is no score."""
    run = bundle("promptfoo", records, "promptfoo", prompts_only=True)
    texts = [path.read_text(encoding="utf-8") for path in run.directory.rglob("*") if path.is_file()]
    assert not any("Tells the person to call emergency services" in each for each in texts)
    run.run(run.readme_commands()[0])
    _header, rows = read_log(FORMAT, run.directory / "mock.json")
    assert len(rows) == len(records)
    assert all(row.items is None and row.reported_score is None for row in rows)
    assert_prompts(rows, records, unsaid=json_inside(records))
