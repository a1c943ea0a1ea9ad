"""The 69 published HealthBench metrics of 100 judged answers are reproduced.

Source: the third-party data described in ../shared/data/README.md; it is read here and never committed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotations.stats import RubricGrades, Score, case_scores, run_score, score_grades

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "healthbench"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/healthbench")


def read_lines(name: str) -> list[dict[str, Any]]:
    with (DATA / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def judged_grades() -> RubricGrades:
    """Join verdicts to rubrics by order, as HealthBench repeats a criterion within one case."""
    cases = read_lines("cases_100.jsonl")
    verdicts = {row["prompt_id"]: row["rubric_items"] for row in read_lines("verdicts_100.jsonl")}
    case: list[int] = []
    points: list[float] = []
    met: list[bool | None] = []
    criterion_tags: dict[str, list[int]] = defaultdict(list)
    case_tags: dict[str, list[int]] = defaultdict(list)
    for code, record in enumerate(cases):
        for tag in record["example_tags"]:
            case_tags[tag].append(code)
        for criterion, verdict in zip(record["rubrics"], verdicts[record["prompt_id"]], strict=True):
            assert criterion["criterion"] == verdict["criterion"]
            for tag in criterion["tags"]:
                criterion_tags[tag].append(len(points))
            case.append(code)
            points.append(criterion["points"])
            met.append(verdict["criteria_met"])
    return RubricGrades.from_arrays(case, points, met, criterion_tags=criterion_tags, case_tags=case_tags)


def published_metrics() -> dict[str, float]:
    published: dict[str, float] = json.loads((DATA / "judged_100_metrics.json").read_text())
    return published


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    return {score.name: score for score in score_grades(judged_grades())}


@needs_data
def test_all_published_means_and_counts_are_reproduced(scores: dict[str, Score]) -> None:
    published = published_metrics()
    names = [
        name for name in published if not name.endswith((":n_samples", ":bootstrap_std")) and name != "score"
    ]
    assert len(names) == 69
    assert set(names) == {name for name, score in scores.items() if score.n > 0}
    for name in names:
        mean = scores[name].mean
        assert mean is not None
        assert abs(mean - published[name]) <= 1e-12, name
        assert scores[name].n == published[f"{name}:n_samples"], name


@needs_data
def test_overall_score_clips_after_the_mean(scores: dict[str, Score]) -> None:
    assert scores["overall_score"].mean == pytest.approx(0.48529782446506947, abs=1e-12)
    per_case = case_scores(judged_grades()).score
    assert int((per_case < 0).sum()) == 1
    # Clipping each case first is the classic mistake and gives another number.
    assert run_score(np.clip(per_case, 0, 1)) == pytest.approx(0.48676841270036364, abs=1e-12)


@needs_data
def test_standard_errors_are_near_the_published_ones(scores: dict[str, Score]) -> None:
    # The published bootstrap is unseeded: the same metric is there twice, .02768 and .02833.
    published = published_metrics()
    for name, score in scores.items():
        theirs = published.get(f"{name}:bootstrap_std")
        if theirs is None or score.n < 2:
            continue
        assert score.std_error is not None
        assert score.std_error == pytest.approx(theirs, rel=0.2, abs=1e-9), name


@needs_data
def test_intervals_hold_their_means_and_never_collapse(scores: dict[str, Score]) -> None:
    for score in scores.values():
        if score.n < 2:
            assert score.ci_low is None and score.ci_high is None and score.std_error is None
            continue
        assert score.mean is not None
        assert score.ci_low is not None and score.ci_high is not None
        assert score.ci_low <= score.mean <= score.ci_high
        assert score.ci_low < score.ci_high, score


@needs_data
def test_repeated_criterion_is_really_there() -> None:
    repeats = [
        record["prompt_id"]
        for record in read_lines("cases_100.jsonl")
        if len({c["criterion"] for c in record["rubrics"]}) < len(record["rubrics"])
    ]
    assert repeats
