"""Real HealthBench rows go through room 2 unchanged."""

import json
from pathlib import Path

import pytest

from builder.importers import read_cases
from builder.services.imports import import_cases
from exports.formats import verify
from exports.models import Release
from exports.services.bundles import export_release
from exports.services.releases import freeze_release
from exports.services.runs import import_responses
from tests.cast import Cast


@pytest.fixture
def release(cast: Cast, shared_data: Path) -> Release:
    """The hundred published cases, frozen."""
    path = shared_data / "healthbench" / "cases_100.jsonl"
    import_cases(
        path=path,
        file_format="healthbench",
        department=cast.department,
        by=cast.lou,
        approved_elsewhere="HealthBench",
    )
    return freeze_release(
        department=cast.department, name="hb100", version="1.0.0", stage="final", by=cast.lou
    )


def test_every_field_of_every_row_equals_the_input_in_order(
    release: Release, cast: Cast, shared_data: Path, tmp_path: Path
) -> None:
    export_release(release=release, file_format="healthbench", directory=tmp_path / "out", by=cast.lou)
    source = (shared_data / "healthbench" / "cases_100.jsonl").read_text(encoding="utf-8")
    exported = (tmp_path / "out" / "healthbench.jsonl").read_text(encoding="utf-8")
    assert len(exported.splitlines()) == 100
    for before, after in zip(source.splitlines(), exported.splitlines(), strict=True):
        assert json.dumps(json.loads(after), sort_keys=True) == json.dumps(json.loads(before), sort_keys=True)
    assert verify.check(tmp_path / "out", release.sha256).startswith(
        "OK: hb100==1.0.0 (final, healthbench), 100 cases"
    )


def test_canonical_comes_back_identical(
    release: Release, cast: Cast, shared_data: Path, tmp_path: Path
) -> None:
    export_release(release=release, file_format="canonical", directory=tmp_path / "out", by=cast.lou)
    source = read_cases(shared_data / "healthbench" / "cases_100.jsonl", "healthbench")
    again = read_cases(tmp_path / "out" / "canonical.jsonl")
    assert [(case.prompt_id, case.content) for case in again] == [
        (case.prompt_id, case.content) for case in source
    ]


def test_release_shows_who_vouched_and_what_was_found(release: Release) -> None:
    assert release.manifest["approved_elsewhere"] == {"HealthBench": 100}
    assert release.manifest["findings"]["export.repeated_criterion"]["cases"] == 1
    assert "export.ideal_completions_data" in release.manifest["findings"]


def test_recorded_answers_come_in(release: Release, cast: Cast, shared_data: Path) -> None:
    path = shared_data / "healthbench" / "responses_100.jsonl"
    result = import_responses(path=path, release=release, run_name="m1", by=cast.lou)
    assert (result.responses, result.unanswered) == (100, 0)
    assert import_responses(path=path, release=release, run_name="m1", by=cast.lou).created is False
