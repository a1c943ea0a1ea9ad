"""inspect_evals runs the HealthBench file by the commands of its README and scores as we do."""

from collections.abc import Callable

import pytest

from exports.formats.healthbench import FORMAT as HEALTHBENCH
from exports.formats.inspect_ai import FORMAT as INSPECT
from exports.records import CaseRecord
from tests.conformance.harnesses import script
from tests.conformance.harnesses.comparing import assert_equal_scores, assert_prompts, read_log
from tests.conformance.harnesses.conftest import Runner

pytestmark = pytest.mark.harnesses
Bundle = Callable[..., Runner]


def test_the_mock_of_the_readme(bundle: Bundle, records: list[CaseRecord]) -> None:
    """Its log is Inspect's; texts, verdicts and both scores are the script's."""
    run = bundle("healthbench", records, "inspect-evals")
    run.run(run.readme_commands()[0])
    header, rows = read_log(INSPECT, run.directory / "logs" / "mock")
    assert HEALTHBENCH.formula == INSPECT.formula
    assert header.reported_score == pytest.approx(
        script.overall([script.score(record, script.mock_answer(record)) for record in records]), abs=1e-9
    )
    assert_equal_scores(INSPECT, header, rows, records)
    assert_prompts(rows, records)
    assert {row.prompt_id: row.completion for row in rows} == {
        record.prompt_id: script.mock_answer(record) for record in records
    }
