"""A frozen release leaves, a harness runs it, its log comes home: the score is the same number everywhere."""

import json
import shlex
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from exports.formats.registry import get_format
from exports.services.releases import freeze_release
from exports.snapshot import release_records
from tests.cast import Cast
from tests.conformance.harnesses import script
from tests.conformance.harnesses.cases import hard_contents
from tests.conformance.harnesses.comparing import read_log
from tests.conformance.harnesses.conftest import Runner, harness_programs
from tests.factories import make_approved

pytestmark = [pytest.mark.harnesses, pytest.mark.django_db]


def say(*arguments: str) -> str:
    """Run a command of ours; return what it printed."""
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("file_format", "harness", "log", "answers"),
    [
        ("inspect_ai", "inspect", "logs/mock", 46),
        ("lm_eval", "lm-eval", "out/mock", 23),
        ("promptfoo", "promptfoo", "mock.json", 23),
    ],
)
def test_there_and_back(
    cast: Cast, tmp_path: Path, record_property: Callable[[str, object], None],
    file_format: str, harness: str, log: str, answers: int,
) -> None:  # fmt: skip
    """Export by command, run by the README, import by the README's command, and score by command."""
    programs = harness_programs(harness)
    for content in hard_contents():
        make_approved(cast, **{field: getattr(content, field) for field in content.__struct_fields__})
    release = freeze_release(
        department=cast.department, name="trial", version="1.0.0", stage="final", by=cast.lou
    )
    directory = tmp_path / "bundle"
    say(
        "export_release",
        "trial==1.0.0",
        "--format",
        file_format,
        "--out",
        str(directory),
        "--by",
        cast.lou.email,
    )
    (tmp_path / "home").mkdir()
    run = Runner(directory, programs, tmp_path / "home", record_property)
    mock, _real, home = run.readme_commands()
    run.run(mock)
    words = shlex.split(home.replace("RUN", "trial-run").replace("EMAIL", cast.lou.email))
    words[3] = str(directory / log)
    said = say(*words[2:])
    assert f"Imported {answers} answers to trial==1.0.0" in said
    report = json.loads(say("score", "trial-run", "--json"))
    _header, rows = read_log(get_format(file_format), directory / log)
    records = {each.prompt_id: each for each in release_records(release, with_held_out=True)}
    scores = [script.score(records[row.prompt_id], row.completion) for row in rows if row.epoch == 1]
    assert report["metrics"]["overall_score"]["mean"] == pytest.approx(script.overall(scores), abs=1e-9)
    assert report["harness"]["finding"] == "same"
