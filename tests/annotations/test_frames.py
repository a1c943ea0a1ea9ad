"""Rows become arrays: each unit in its place, each verdict where it was given."""

import numpy as np
import pytest

from annotations.frames import (
    agreement_units,
    count_abstentions,
    session_ratings,
    session_units,
    units_of_runs,
)
from annotations.models import GradingSession
from exports.models import Run
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import make_release
from tests.cast import Cast


@pytest.fixture
def session(cast: Cast) -> GradingSession:
    """Two cases with two and one criteria, two runs (the first answers the first case twice), two graders."""
    release = make_release(
        cast, contents=[case("A", (3, "accuracy"), (-2, "completeness"), red=[1]), case("B", (5, "accuracy"))]
    )
    answered(release, "m1", {0: 2, 1: 1}, by=cast.lou)
    answered(release, "m2", {1: 1}, by=cast.lou)
    grades = {
        "m1": {(0, 1): ["+o", "++"], (0, 2): ["o?", "o!"], (1, 1): ["+", "."]},
        "m2": {(1, 1): ["o", "o"]},
    }
    return graded(cast, release, grades, graders=[cast.gia, cast.gus])


def test_units_are_every_criterion_of_every_answer_in_order(session: GradingSession) -> None:
    units = session_units(session)
    assert units.case.tolist() == [0, 0, 0, 0, 1, 1]
    assert units.sample.tolist() == [1, 1, 2, 2, 1, 1]
    assert units.criterion.tolist() == [0, 1, 0, 1, 0, 0]
    assert units.points.tolist() == [3, -2, 3, -2, 5, 5]
    assert units.red_line.tolist() == [False, True, False, True, False, False]
    names = {run.pk: run.name for run in Run.objects.all()}
    assert [names[run] for run in units.run.tolist()] == ["m1", "m1", "m1", "m1", "m1", "m2"]


def test_votes_and_majority(session: GradingSession) -> None:
    units = session_units(session)
    # met, not met, cannot judge, failed
    assert units.votes.tolist() == [
        [2, 0, 0, 0], [1, 1, 0, 0], [0, 2, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0], [0, 2, 0, 0],
    ]  # fmt: skip
    assert units.met.tolist() == [1, -1, 0, -1, 1, 0]
    assert units.undecided_counts() == {"unresolved": 1, "cannot_judge": 1, "judge_failed": 0, "missing": 0}


def test_one_runs_units(session: GradingSession) -> None:
    run = Run.objects.get(name="m2")
    assert session_units(session).of_run(run).votes.tolist() == units_of_runs(session, [run]).votes.tolist()


def test_ratings_are_met_and_not_met_only(session: GradingSession) -> None:
    units = session_units(session)
    ratings = session_ratings([session], units)
    assert ratings.labels == ["grader-1", "grader-2"]
    assert ratings.matrix(len(units)).tolist() == [[1, 1], [0, 1], [0, 0], [-1, -1], [1, -1], [0, 0]]
    table = ratings.table(units)
    assert (table.n_units, table.n_units_pairable, table.n_ratings) == (5, 4, 9)
    assert ratings.table(units, units.points < 0).n_ratings == 2


def test_abstentions_by_rater_and_missing_grades(session: GradingSession) -> None:
    units = agreement_units([session])
    found = count_abstentions([session], units)
    assert (found.cannot_judge, found.judge_failed, found.missing) == ([1, 0], [0, 1], 1)


def test_grades_of_another_session_do_not_count(cast: Cast, session: GradingSession) -> None:
    other = graded(cast, session.release, {"m2": {(1, 1): ["+"]}}, graders=[cast.geo])
    assert session_units(session).met.tolist() == [1, -1, 0, -1, 1, 0]
    assert session_units(other).met.tolist() == [1]
    pooled = agreement_units([session, other])
    ratings = session_ratings([session, other], pooled)
    assert ratings.labels == ["grader-1", "grader-2", "grader-3"]
    assert ratings.matrix(len(pooled))[-1].tolist() == [0, 0, 1]


def test_tags_of_criteria_and_cases(session: GradingSession) -> None:
    grades = units_of_runs(session, [Run.objects.get(name="m1")]).rubric_grades()
    tags = {tag: rows.tolist() for tag, rows in grades.criterion_tags.items()}
    assert tags == {"axis:accuracy": [0, 2, 4], "axis:completeness": [1, 3]}
    assert {tag: places.tolist() for tag, places in grades.case_tags.items()} == {"theme:x": [0, 1]}


def test_a_session_without_grades_is_all_missing(cast: Cast) -> None:
    release = make_release(cast, contents=[case("A", (1, "accuracy"))])
    answered(release, "m1", {0: 1}, by=cast.lou)
    session = graded(cast, release, {"m1": {}}, graders=[cast.gia])
    units = session_units(session)
    assert units.undecided_counts()["missing"] == 1
    ratings = session_ratings([session], units)
    assert len(ratings.met) == 0 and ratings.table(units).n_units_pairable == 0
    assert np.array_equal(ratings.matrix(1), [[-1]])
