"""Rubric scores: by hand, with unresolved verdicts, and with several samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.stats import (
    CaseScores,
    RubricGrades,
    Score,
    bounds,
    case_scores,
    rubric_score,
    run_score,
    score_grades,
    score_of_cases,
)


def grades(case: Any, points: Any, met: Any, **options: Any) -> RubricGrades:
    return RubricGrades.from_arrays(case, points, met, **options)


@pytest.mark.parametrize(
    "points, met, expected",
    [
        # The unit test of simple-evals: (7 + 10 - 6) / (7 + 5 + 10).
        ([7, 5, 10, -6], [True, False, True, True], 0.5),
        # HealthBench definitions: (5 - 4 + 2) / 10.
        ([5, 3, -4, 2], [1, 0, 1, 1], 0.3),
        # Not clipped: -8 / 2.
        ([2, -8], [0, 1], -4.0),
        ([1, -1], [1, 0], 1.0),
    ],
)
def test_rubric_score(points: list[float], met: list[Any], expected: float) -> None:
    assert rubric_score(points, met) == expected


def test_rubric_score_is_none_without_a_positive_criterion_or_with_an_unresolved_one() -> None:
    assert rubric_score([-3, -1], [1, 0]) is None
    assert rubric_score([], []) is None
    assert rubric_score([3, 1], [1, -1]) is None
    assert rubric_score([3, 1], [1, None]) is None


def test_unresolved_is_never_not_met() -> None:
    # Case 0: 5 met, -3 unresolved. Counting it as not met would flatter the run with 1.0.
    scores = case_scores(grades([0, 0, 1], [5, -3, 2], [1, -1, 0]))
    assert np.isnan(scores.score[0]) and scores.score[1] == 0.0
    assert scores.n == 1
    assert scores.responses_incomplete == 1
    # Worst: the negative criterion met, (5 - 3) / 5; best: not met, 5 / 5.
    assert scores.worst.tolist() == [0.4, 0.0]
    assert scores.best.tolist() == [1.0, 0.0]
    assert bounds(scores) == (0.2, 0.5)


def test_case_with_several_samples_scores_the_mean_of_the_complete_ones() -> None:
    # Samples of case 0: 1.0, incomplete, 0.5; the case scores 0.75. Bounds average over all three samples:
    # worst (1 + .5 + .5) / 3, best (1 + 1 + .5) / 3, as the incomplete one has 1 of 2 points and 1 open.
    scores = case_scores(grades([0] * 6, [1] * 6, [1, 1, 1, -1, 1, 0], sample=[0, 0, 1, 1, 2, 2]))
    assert scores.score.tolist() == [0.75]
    assert (scores.n_complete.tolist(), scores.n_incomplete.tolist()) == ([2], [1])
    assert scores.worst[0] == pytest.approx(2 / 3)
    assert scores.best[0] == pytest.approx(2.5 / 3)


def test_case_without_a_positive_criterion_is_left_out() -> None:
    scores = case_scores(grades([0, 1, 1], [-5, 2, -1], [1, 1, 0]))
    assert scores.case.tolist() == [1]
    assert scores.floor.tolist() == [-0.5]


def test_clip_is_after_the_mean() -> None:
    assert run_score([1.0, -0.5]) == 0.25
    assert run_score([-1.0, 0.5]) == 0.0
    assert run_score([None, float("nan")]) is None


def test_tag_scores_use_only_their_criteria_and_only_cases_with_a_positive_one() -> None:
    # axis:a covers rows 0, 2, 3. Case 0: 4 of 4 met. Case 1: only a negative criterion is tagged, so it is
    # left out. axis:b covers rows 1 and 4: case 0 -2 has no positive; case 1 scores 1 / 3 of its points...
    # row 4 not met: 0.
    made = grades(
        [0, 0, 1, 2, 1],
        [4, -2, -1, 5, 3],
        [1, 1, 1, 0, 0],
        criterion_tags={"axis:a": [0, 2, 3], "axis:b": np.array([False, True, False, False, True])},
        case_tags={"theme:x": [0, 2], "theme:none": []},
    )
    found: dict[str, Any] = {score.name: (score.mean, score.n) for score in score_grades(made)}
    # Whole scores: case 0 (4 - 2) / 4 = .5, case 1 -1 / 3, case 2 0.
    assert found["overall_score"] == (pytest.approx((0.5 - 1 / 3) / 3), 3)
    assert found["axis:a"] == (0.5, 2)
    assert found["axis:b"] == (0.0, 1)
    assert found["theme:x"] == (0.25, 2)
    assert found["theme:none"] == (None, 0)


def test_response_incomplete_overall_still_counts_for_a_tag_it_is_complete_in() -> None:
    made = grades(
        [0, 0, 1, 1], [1, 1, 1, 1], [1, -1, 0, 1], criterion_tags={"axis:a": [0, 2], "axis:b": [1, 3]}
    )
    overall, a, b = score_grades(made)
    assert (overall.n, overall.n_incomplete, overall.mean) == (1, 1, 0.5)
    assert (a.n, a.n_incomplete, a.mean) == (2, 0, 0.5)
    assert (b.n, b.n_incomplete, b.worst, b.best) == (1, 1, 0.5, 1.0)


def test_interval_matches_plain_resampling_and_is_clipped_in_each_resample() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0.02, 0.5, 40)
    scores = as_scores(values)
    score = score_of_cases("overall_score", scores, n_boot=4000)
    plain = np.array([np.clip(rng.choice(values, 40).mean(), 0, 1) for _ in range(4000)])
    assert score.std_error == pytest.approx(plain.std(), rel=0.08)
    assert score.ci_low == 0.0
    assert score.ci_high == pytest.approx(np.quantile(plain, 0.975), abs=0.02)


def as_scores(values: Any) -> CaseScores:
    scores = np.asarray(values, dtype=float)
    ones = np.ones(scores.size, dtype=int)
    return CaseScores(
        np.arange(scores.size), scores, scores, scores, np.full(scores.size, -0.5), ones, 0 * ones
    )


def test_one_case_has_no_interval() -> None:
    score = score_of_cases("x", as_scores([0.5]))
    assert (score.mean, score.n, score.std_error, score.ci_low, score.ci_high) == (0.5, 1, None, None, None)


def test_equal_scores_get_a_bound_with_a_width() -> None:
    # Five cases score 1: at 95 % up to 1 - .05^(1/5) = .4507 of cases could score the least (-0.5), a loss of
    # 1.5 each.
    score = score_of_cases("x", as_scores([1.0] * 5))
    assert score.ci_low == pytest.approx(1 - (1 - 0.05 ** (1 / 5)) * 1.5)
    assert score.ci_high == 1.0
    # In the middle both sides are open, each at 2.5 %.
    middle = score_of_cases("x", as_scores([0.5] * 30))
    share = 1 - 0.025 ** (1 / 30)
    assert (middle.ci_low, middle.ci_high) == pytest.approx((0.5 - share, 0.5 + share * 0.5))


def test_same_seed_same_interval_whatever_else_is_scored() -> None:
    rng = np.random.default_rng(0)
    case = np.repeat(np.arange(20), 4)
    points = rng.integers(1, 9, case.size)
    met = rng.integers(0, 2, case.size)
    alone = score_grades(grades(case, points, met))[0]
    tagged = score_grades(grades(case, points, met, criterion_tags={"axis:a": np.arange(0, 80, 2)}))
    assert tagged[0] == alone
    assert isinstance(tagged[1], Score)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([0, 1], [1.0], [1]), "same length"),
        (([-1], [1.0], [1]), "case column"),
        (([0.5], [1.0], [1]), "case column"),
        (([0], [float("nan")], [1]), "Row 0 has points"),
        (([0, 0], [1.0, 2.0], [1, 2]), "Row 1 has the verdict 2"),
    ],
)
def test_bad_rows_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RubricGrades.from_arrays(*arguments)


def test_mask_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="'axis:a' has 1 rows"):
        grades([0, 0], [1, 1], [1, 1], criterion_tags={"axis:a": np.array([True])})


def test_no_rows_at_all() -> None:
    [score] = score_grades(grades(np.zeros(0, dtype=int), [], []))
    assert (score.mean, score.n, score.worst) == (None, 0, None)


rows = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(0, 2), st.integers(-10, 10).filter(bool), st.sampled_from([1, 0, -1])
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_arrays_agree_with_scoring_response_by_response_in_any_order(drawn: Any, random: Any) -> None:
    expected: dict[int, list[float]] = {}
    responses = sorted({(case, sample) for case, sample, _, _ in drawn})
    for case, sample in responses:
        mine = [(p, m) for c, s, p, m in drawn if (c, s) == (case, sample)]
        score = rubric_score([p for p, _ in mine], [m for _, m in mine])
        if score is not None:
            expected.setdefault(case, []).append(score)
    random.shuffle(drawn)
    case, sample, points, met = (np.array(column) for column in zip(*drawn, strict=True))
    scores = case_scores(grades(case, points, met, sample=sample))
    assert scores.by_case() == pytest.approx({c: float(np.mean(s)) for c, s in expected.items()})
    defined = ~np.isnan(scores.score)
    resolved = defined & (scores.n_incomplete == 0)
    assert (scores.worst <= scores.best + 1e-12).all()
    assert scores.worst[resolved] == pytest.approx(scores.score[resolved])
    assert scores.best[resolved] == pytest.approx(scores.score[resolved])


@pytest.mark.parametrize("scale", [0.5, 1.0, 1000.0])
def test_points_that_cannot_be_packed_score_the_same(scale: float) -> None:
    # Halves, and sums beyond 8,191, take the path of plain sums; the score has no unit of points.
    rng = np.random.default_rng(2)
    case, sample = np.repeat(np.arange(30), 12), np.tile(np.repeat([0, 1], 6), 30)
    points = rng.choice([-9, -5, -1, 1, 4, 10], 360)
    met = rng.integers(-1, 2, 360)
    met[rng.random(360) < 0.8] = 1
    plain = case_scores(grades(case, points, met, sample=sample))
    scaled = case_scores(grades(case, points * scale, met, sample=sample))
    for field in ("score", "worst", "best", "floor"):
        assert getattr(scaled, field).tolist() == pytest.approx(getattr(plain, field).tolist(), nan_ok=True)
    assert scaled.n_incomplete.tolist() == plain.n_incomplete.tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint64])
def test_narrow_and_unsigned_case_codes_do_not_overflow(dtype: Any) -> None:
    case, sample = np.repeat(np.arange(200), 4), np.tile([0, 1, 2, 3], 200)
    met = np.random.default_rng(0).integers(0, 2, 800)
    wide = case_scores(grades(case, np.ones(800), met, sample=sample))
    narrow = case_scores(grades(case.astype(dtype), np.ones(800), met, sample=sample.astype(dtype)))
    assert narrow.score.tolist() == wide.score.tolist()
