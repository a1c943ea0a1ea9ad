"""What the bundles of Inspect, lm-evaluation-harness and promptfoo hold, without running them."""

import ast
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.management.commands.import_results import Command
from exports.formats import inspect_ai, lm_eval, promptfoo
from exports.formats.base import BundleFormat, Marks
from exports.formats.formulas import healthbench_case_score
from exports.formats.promptfoo.escaping import escape, unescape
from exports.formats.promptfoo.scoring import DEFAULT, ours_from_default
from tests.conformance.harnesses.cases import hard_records
from tests.exports.builders import make_release_record, read_jsonl_rows, write_bundle

FORMATS = [inspect_ai.FORMAT, lm_eval.FORMAT, promptfoo.FORMAT]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
Points = st.integers(-10, 10).filter(bool) | st.floats(-10, 10).filter(lambda points: abs(points) >= 0.25)


def write(directory: Path, bundle_format: BundleFormat, **options: bool) -> Path:
    """Write the hard set in a format."""
    records = hard_records()
    write_bundle(
        records, directory, release=make_release_record(records), bundle_format=bundle_format, **options
    )
    return directory


@pytest.mark.parametrize("bundle_format", FORMATS, ids=lambda each: each.name)
@pytest.mark.parametrize("prompts_only", [False, True])
class TestTheReadme:
    """The README's commands: a mock, the real thing, and the way home."""

    def commands(self, tmp_path: Path, bundle_format: BundleFormat, prompts_only: bool) -> list[str]:
        directory = write(tmp_path / "bundle", bundle_format, prompts_only=prompts_only)
        return BLOCK.findall((directory / "README.md").read_text(encoding="utf-8"))

    def test_each_is_shell(self, tmp_path: Path, bundle_format: BundleFormat, prompts_only: bool) -> None:
        commands = self.commands(tmp_path, bundle_format, prompts_only)
        assert len(commands) == 3
        for command in commands:
            subprocess.run(["sh", "-n"], input=command, text=True, check=True)

    def test_the_first_names_no_model(
        self, tmp_path: Path, bundle_format: BundleFormat, prompts_only: bool
    ) -> None:
        mock, real, _home = self.commands(tmp_path, bundle_format, prompts_only)
        assert "$MODEL" not in mock and "$GRADER" not in mock
        assert "$MODEL" in real
        assert ("$GRADER" in real) != prompts_only

    def test_the_last_is_a_command_of_ours(
        self, tmp_path: Path, bundle_format: BundleFormat, prompts_only: bool
    ) -> None:
        home = self.commands(tmp_path, bundle_format, prompts_only)[2].split()
        assert home[:3] == ["python", "manage.py", "import_results"]
        parser = Command().create_parser("manage.py", "import_results")
        options = parser.parse_args([each.strip('"') for each in home[3:]])
        assert options.release == "trial==1.0.0"


def test_the_rows_of_inspect(tmp_path: Path) -> None:
    """A row is a sample: id, input with its roles, target, metadata with the rubric and the frozen item's hash."""
    rows = read_jsonl_rows(write(tmp_path / "bundle", inspect_ai.FORMAT) / "cases.jsonl")
    for row, record in zip(rows, hard_records(), strict=True):
        assert row["id"] == record.prompt_id
        assert [(turn["role"], turn["content"]) for turn in row["input"]] == [
            (turn.role, turn.content) for turn in record.content.prompt
        ]
        assert row["target"] == record.content.reference_answer
        assert row["metadata"]["item_sha256"] == record.sha256
        assert [each["criterion"] for each in row["metadata"]["rubrics"]] == [
            each.criterion for each in record.content.rubrics
        ]


def test_the_tests_of_promptfoo(tmp_path: Path) -> None:
    """An assertion per criterion, in order; one with negative points is inverted and weighs their amount."""
    rows = read_jsonl_rows(write(tmp_path / "bundle", promptfoo.FORMAT) / "tests.jsonl")
    for row, record in zip(rows, hard_records(), strict=True):
        assert row["vars"] == {"prompt_id": record.prompt_id}
        for assertion, criterion in zip(row["assert"], record.content.rubrics, strict=True):
            assert assertion["type"] == ("llm-rubric" if criterion.points > 0 else "not-llm-rubric")
            assert assertion["weight"] == abs(criterion.points)
            assert unescape(assertion["value"]).endswith(f"[{criterion.points}] {criterion.criterion}")


def test_promptfoo_reads_no_text_of_a_case(tmp_path: Path) -> None:
    """No test begins with what promptfoo would load (file://) or hides (a bare hash)."""
    for line in (write(tmp_path / "bundle", promptfoo.FORMAT) / "tests.jsonl").read_text().splitlines():
        for text in texts(json.loads(line)):
            assert not text.startswith(("file://", "package:"))
            assert not re.fullmatch(r"[a-zA-Z0-9+/=_-]{64,}", text)


def texts(value: Any) -> list[str]:
    """Return every text in a JSON value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in texts(each)]


@pytest.mark.parametrize("bundle_format", FORMATS, ids=lambda each: each.name)
def test_the_scripts_run_on_older_pythons(tmp_path: Path, bundle_format: BundleFormat) -> None:
    """A harness may live in an environment of Python 3.10."""
    for path in write(tmp_path / "bundle", bundle_format).rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))


@given(st.text(alphabet="{}%#'a \n") | st.text())
def test_an_escaped_text_is_no_template(text: str) -> None:
    """What is left opens no expression, block or comment but the ones that give a brace, and comes back as it was."""
    escaped = escape(text)
    assert unescape(escaped) == text
    written = escaped.replace("{{'{'}}", "\0").replace("{{'}'}}", "\0")
    assert not any(mark in written for mark in ("{{", "{%", "{#", "#}"))


@given(st.lists(st.tuples(Points, st.booleans()), min_size=1, max_size=20))
def test_the_formula_of_promptfoo_maps_onto_ours(marks: Marks) -> None:
    """(s · (P + N) − N) / P is HealthBench's score of the same verdicts, wherever there is something to win."""
    ours, theirs = healthbench_case_score(marks), DEFAULT.per_case(marks)
    assert theirs is not None and -1e-9 <= theirs <= 1 + 1e-9
    if ours is not None:
        assert ours_from_default(theirs, marks) == pytest.approx(ours, abs=1e-9)


def test_the_formula_of_promptfoo_by_hand() -> None:
    """Points 10 met, 5 not met, −8 met: A = 2, P = 15, N = 8, so s = 10/23, and ours is 2/15."""
    marks = [(10.0, True), (5.0, False), (-8.0, True)]
    assert DEFAULT.per_case(marks) == pytest.approx(10 / 23)
    assert ours_from_default(10 / 23, marks) == pytest.approx(2 / 15)
    assert DEFAULT.per_case([(10.0, None)]) is None
