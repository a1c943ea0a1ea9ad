"""Logs that real harnesses wrote come home, and their scores are ours; so do HealthBench's published numbers."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from annotations.models import ComparisonFinding, Grade, Verdict
from annotations.selectors.comparison import TOLERANCE
from annotations.selectors.results import get_results
from annotations.selectors.scores import report_run
from annotations.services.results import ResultsImport, import_results
from builder.common.errors import BadInput
from builder.content import content_to_json
from builder.services.imports import import_cases
from exports.models import Release, ReleaseItem, ReleaseState, Response, Run, Stage
from exports.records import CaseRecord
from exports.services.releases import freeze_release
from tests.annotations.harness_logs import allresults
from tests.annotations.rows import make_release
from tests.cast import Cast
from tests.conformance.harnesses.cases import hard_records, recorded_records
from tests.conftest import ROOT
from tests.exports.builders import make_release_record
from tests.factories import make_draft

GOLDEN = ROOT / "tests" / "golden"
SIMPLE_EVALS = GOLDEN / "harness_logs" / "healthbench_mock-model_20261122_230800_allresults.json"
# The log, its format, answers per case, and whether the grader failed on one criterion of each of a case's answers.
LOGS = [
    ("inspect_ai-0.3.285.eval", "inspect_ai", 2, True),
    ("inspect_ai-0.3.285.json", "inspect_ai", 2, True),
    ("inspect_ai-0.3.140.eval", "inspect_ai", 2, False),
    ("lm_eval-0.4.13", "lm_eval", 1, True),
    ("lm_eval-0.4.9.1", "lm_eval", 1, False),
    ("promptfoo-0.121.20.json", "promptfoo", 2, True),
    ("promptfoo-0.121.20.jsonl", "promptfoo", 2, True),
]


def release_of(records: list[CaseRecord], cast: Cast) -> Release:
    """Make the release that the log was recorded from."""
    record, revision = make_release_record(records), make_draft(cast).revisions.get()
    release = Release.objects.create(
        department=cast.department, name=record.name, version=record.version, n_items=len(records),
        manifest_text="{}", sha256=record.sha256, frozen_by=cast.lou,
    )  # fmt: skip
    ReleaseItem.objects.bulk_create(
        ReleaseItem(
            release=release, position=each.position, prompt_id=each.prompt_id, sha256=each.sha256,
            content_text=content_to_json(each.content), revision=revision,
        )
        for each in records
    )  # fmt: skip
    ReleaseState.objects.create(release=release, stage=Stage.FINAL, by=cast.lou)
    return release


def bring(path: Path, release: Release, cast: Cast) -> ResultsImport:
    """Import the log as run m1; the format is recognised."""
    return import_results(path=path, release=release, run_name="m1", by=cast.ana)


@pytest.mark.parametrize(("name", "file_format", "epochs", "failed"), LOGS)
def test_a_recorded_log_scores_as_its_harness_says(
    cast: Cast, name: str, file_format: str, epochs: int, failed: bool
) -> None:
    records = recorded_records()
    result = bring(GOLDEN / "harness_logs" / name, release_of(records, cast), cast)
    assert result.run.log_format == file_format and result.session is not None
    assert (result.responses, result.unanswered) == (epochs * len(records), 0)
    n_failed = Grade.objects.filter(verdict=Verdict.JUDGE_FAILED).count()
    assert n_failed == (epochs if failed else 0)
    assert report_run(result.run).counts["incomplete"] == n_failed
    found = get_results(result.run)
    assert found["finding"] == ComparisonFinding.SAME and found["n_unexplained"] == found["n_other"] == 0
    assert found["n_reported"] == result.responses - n_failed
    if found["reported_score"] is not None:
        assert found["our_score"] == pytest.approx(found["reported_score"], abs=TOLERANCE)


def test_simple_evals_log_scores_as_it_says(cast: Cast) -> None:
    result = bring(SIMPLE_EVALS, release_of(hard_records(), cast), cast)
    assert result.session is not None and result.session.raters.get().name == "healthbench"
    assert (result.responses, result.run.model, result.run.harness) == (20, "mock-model", "simple-evals")
    found = get_results(result.run)
    assert found["finding"] == ComparisonFinding.SAME and found["n_reported"] == 20
    # As the recorded log says; two samples a case.
    assert found["reported_score"] == pytest.approx(0.3208974358974359, abs=1e-15)
    assert found["our_score"] == pytest.approx(0.3208974358974359, abs=1e-12)


def test_a_log_of_the_healthbench_task_of_inspect_evals(cast: Cast) -> None:
    """Its grader's failure counts there as not met: the answer is told as one that the formula doesn't explain."""
    result = bring(
        GOLDEN / "harness_logs" / "inspect_evals-0.26.0.json", release_of(recorded_records(), cast), cast
    )
    assert Grade.objects.filter(verdict=Verdict.JUDGE_FAILED).exists()
    assert report_run(result.run).counts["incomplete"] == Grade.objects.filter(verdict="judge_failed").count()
    assert get_results(result.run)["finding"] == ComparisonFinding.UNEXPLAINED


@pytest.mark.parametrize("name", [name for name, *_rest in LOGS])
def test_a_recorded_log_of_another_release_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(BadInput, match="is the log of another release"):
        bring(GOLDEN / "harness_logs" / name, make_release(cast), cast)
    assert not Run.objects.exists()


@pytest.mark.parametrize("kept", [100, 5_000, -40], ids=["the beginning", "a part", "almost all"])
def test_a_truncated_eval_file_is_refused(cast: Cast, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.eval"
    path.write_bytes((GOLDEN / "harness_logs" / "inspect_ai-0.3.285.eval").read_bytes()[:kept])
    with pytest.raises(BadInput, match=r"^cut\.eval: not a whole \.eval file"):
        bring(path, release_of(recorded_records(), cast), cast)
    assert not Run.objects.exists()


def test_a_bomb_in_an_eval_file_is_refused(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "bomb.eval"
    source = zipfile.ZipFile(GOLDEN / "harness_logs" / "inspect_ai-0.3.285.eval")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", source.read("header.json"))
        archive.writestr("samples/a_epoch_1.json", b'{"id": "' + b"x" * 50 * 2**20 + b'"}')
    with pytest.raises(
        BadInput, match=r"^bomb\.eval, samples/a_epoch_1\.json: unpacked, it is unreasonably large"
    ):
        bring(path, release_of(recorded_records(), cast), cast)
    assert not Run.objects.exists()


def test_published_healthbench_numbers_come_home(cast: Cast, shared_data: Path, tmp_path: Path) -> None:
    """The hundred judged answers as simple-evals writes them reproduce the 69 published metrics."""
    data = shared_data / "healthbench"
    import_cases(
        path=data / "cases_100.jsonl", file_format="healthbench", department=cast.department, by=cast.lou,
        approved_elsewhere="HealthBench",
    )  # fmt: skip
    release = freeze_release(
        department=cast.department, name="hb100", version="1.0.0", stage="final", by=cast.lou
    )
    published = json.loads((data / "judged_100_metrics.json").read_text())
    path = tmp_path / "healthbench_some-model_20250508_000000_allresults.json"
    log = allresults(judged_rows(data), score=0.48529782446506947)
    path.write_text(json.dumps(log, ensure_ascii=False), encoding="utf-8")
    result = bring(path, release, cast)
    assert (result.responses, result.judged, result.unanswered) == (100, 100, 0)
    assert (result.run.log_format, result.run.model) == ("healthbench", "some-model")
    found = report_run(result.run).to_dict()
    wanted = {name for name in published if f"{name}:n_samples" in published and name != "score"}
    assert len(wanted) == 69 and set(found["metrics"]) == wanted
    for name in wanted:
        assert found["metrics"][name]["mean"] == pytest.approx(published[name], abs=1e-12, rel=0), name
        assert found["metrics"][name]["n"] == published[f"{name}:n_samples"], name
    assert found["metrics"]["overall_score"]["mean"] == pytest.approx(0.48529782446506947, abs=1e-12, rel=0)
    assert found["harness"]["finding"] == ComparisonFinding.SAME
    assert Response.objects.filter(reported_score=None).count() == 0


def judged_rows(data: Path) -> list[dict[str, Any]]:
    """Return the published answers with their conversation and verdicts, each with A / P as simple-evals scores it."""
    prompts = {row["prompt_id"]: row["prompt"] for row in read_rows(data / "cases_100.jsonl")}
    verdicts = {row["prompt_id"]: row["rubric_items"] for row in read_rows(data / "verdicts_100.jsonl")}
    rows = []
    for answer in read_rows(data / "responses_100.jsonl"):
        items = verdicts[answer["prompt_id"]]
        met = sum(item["points"] for item in items if item["criteria_met"])
        possible = sum(item["points"] for item in items if item["points"] > 0)
        rows.append(
            {**answer, "prompt": prompts[answer["prompt_id"]], "rubric_items": items, "score": met / possible}
        )
    return rows


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
