"""lm-evaluation-harness runs the bundle by the commands of its README, and its logs bring the same scores home."""

from collections.abc import Callable

import pytest

from exports.formats.lm_eval import FORMAT
from exports.records import CaseRecord
from tests.conformance.harnesses.comparing import assert_equal_scores, assert_prompts, read_log
from tests.conformance.harnesses.conftest import Runner
from tests.conformance.harnesses.loopback import JUDGE, loopback

pytestmark = pytest.mark.harnesses
Bundle = Callable[..., Runner]


def endpoint(base_url: str) -> dict[str, str]:
    """Return the settings that make the loopback server both the model and the grader."""
    return {"MODEL": "under-test", "BASE_URL": base_url, "GRADER": JUDGE, "GRADER_BASE_URL": base_url}


def test_the_mock_of_the_readme(bundle: Bundle, records: list[CaseRecord]) -> None:
    """The first command needs no model and no network, and scores by the formula."""
    run = bundle("lm_eval", records, "lm-eval")
    run.run(run.readme_commands()[0])
    header, rows = read_log(FORMAT, run.directory / "out" / "mock")
    assert header.harness_version == "0.4.13"
    assert header.grader == "mock" and header.release_sha256
    assert_equal_scores(FORMAT, header, rows, records)
    assert_prompts(rows, records)
    assert {row.completion for row in rows} == {"lol"}  # what the harness's dummy always says


def test_a_model_and_a_grader(bundle: Bundle, records: list[CaseRecord]) -> None:
    """The second command sends every turn with its true role and grades each criterion on its own."""
    run = bundle("lm_eval", records, "lm-eval")
    with loopback(records) as server:
        run.run(run.readme_commands()[1], **endpoint(server.base_url))
        asked = [[(turn["role"], turn["content"]) for turn in each] for each in server.conversations]
    assert sorted(asked) == sorted(
        [(turn.role, turn.content) for turn in each.content.prompt] for each in records
    )
    header, rows = read_log(FORMAT, run.directory / "out" / "real")
    assert header.model == "under-test" and header.grader == JUDGE
    assert_equal_scores(FORMAT, header, rows, records)
    assert {row.completion for row in rows} == set(server.answers)


def test_a_grader_that_fails(bundle: Bundle, records: list[CaseRecord]) -> None:
    """Faults that pass are retried; a criterion that is never judged has no verdict and its case no score."""
    some = records[:4]
    never = some[0].content.rubrics[1].criterion
    kinds = ("malformed", "too_many", "broken", "not_json", "cut", "silent")
    others = [each.criterion for record in some[1:] for each in record.content.rubrics]
    first = dict(zip(others, kinds, strict=False))
    assert len(first) == len(kinds)

    def faults(key: str, call: int) -> str:
        return "not_json" if key == never else first.get(key, "") if call == 1 else ""

    run = bundle("lm_eval", some, "lm-eval")
    with loopback(some, faults) as server:
        run.run(run.readme_commands()[1], RUBRIC_GRADER_TIMEOUT="4", **endpoint(server.base_url))
        assert server.calls[never] == 4
        assert all(server.calls[key] == 2 for key in first)
    header, rows = read_log(FORMAT, run.directory / "out" / "real")
    assert_equal_scores(FORMAT, header, rows, some, failed={never})


def test_without_the_rubric(bundle: Bundle, records: list[CaseRecord]) -> None:
    """A bundle of prompts only collects answers; the harness's NaN is read as no score."""
    run = bundle("lm_eval", records, "lm-eval", prompts_only=True)
    texts = [path.read_text(encoding="utf-8") for path in run.directory.rglob("*") if path.is_file()]
    assert not any("Tells the person to call emergency services" in each for each in texts)
    run.run(run.readme_commands()[0])
    header, rows = read_log(FORMAT, run.directory / "out" / "mock")
    assert header.reported_score is None
    assert [(row.items, row.completion, row.reported_score) for row in rows] == [(None, "lol", None)] * len(
        records
    )
