"""The HealthBench task of inspect-evals, somebody else's code, scores the bundle as we do."""

from collections.abc import Callable

import pytest

from exports.formats.inspect_ai import FORMAT
from exports.records import CaseRecord
from tests.conformance.harnesses.comparing import assert_equal_scores, assert_prompts, read_log
from tests.conformance.harnesses.conftest import Runner
from tests.conformance.harnesses.loopback import JUDGE, loopback
from tests.conformance.harnesses.test_inspect_ai import endpoint

pytestmark = pytest.mark.harnesses
Bundle = Callable[..., Runner]
COMMAND = """\
inspect eval inspect_evals/healthbench -T local_path="$PWD/healthbench.jsonl" -T judge_model="$GRADER" \\
    --model "$MODEL" --epochs {epochs} --log-dir logs --log-format {log_format} --display plain
"""


def test_it_scores_as_we_do(bundle: Bundle, records: list[CaseRecord]) -> None:
    """Per case and overall, with two answers to each case; its log names no hash, so the texts must agree."""
    run = bundle("healthbench", records, "inspect-evals")
    with loopback(records) as server:
        run.run(COMMAND.format(epochs=2, log_format="eval"), **endpoint(server.base_url, run.home))
    header, rows = read_log(FORMAT, run.directory / "logs")
    assert header.grader.endswith(f"/{JUDGE}") and not header.release_sha256
    assert_equal_scores(FORMAT, header, rows, records, epochs=2)
    assert_prompts(rows, records)
    assert {row.completion for row in rows} == set(server.answers)


def test_what_it_counts_as_not_met(bundle: Bundle, records: list[CaseRecord]) -> None:
    """That task counts a failed grading as not met; the reader says that the grading failed."""
    some = records[:2]
    never = some[0].content.rubrics[1].criterion
    run = bundle("healthbench", some, "inspect-evals")
    with loopback(some, lambda key, _call: "not_json" if key == never else "") as server:
        run.run(COMMAND.format(epochs=1, log_format="json"), **endpoint(server.base_url, run.home))
    _header, rows = read_log(FORMAT, run.directory / "logs")
    verdicts = {item.criterion: item.verdict for row in rows for item in row.items or ()}
    assert verdicts.pop(never) == "judge_failed"
    assert set(verdicts.values()) <= {"met", "not_met"}
