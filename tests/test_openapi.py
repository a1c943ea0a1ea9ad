"""The API's description is committed, so that a change of it is seen and meant."""

from pathlib import Path

from django.core.management import call_command

from tests.conftest import ROOT

SNAPSHOT = ROOT / "tests" / "golden" / "openapi.yaml"


def test_the_description_is_the_committed_one(tmp_path: Path) -> None:
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(made), validate=True, fail_on_warn=True)
    assert made.read_text(encoding="utf-8") == SNAPSHOT.read_text(encoding="utf-8"), (
        "The API changed. When that is meant, run `make openapi` and commit tests/golden/openapi.yaml."
    )
