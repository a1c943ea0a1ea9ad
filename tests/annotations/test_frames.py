"""Rows become arrays: each unit in its place, each verdict where it was given."""

import numpy as np
import pytest
from django.utils import timezone

from annotations.frames import (
    agreement_units,
    count_abstentions,
    session_ratings,
    session_units,
    units_of_runs,
)
from annotations.models import (
    Assignment,
    Grade,
    GradingSession,
    Rater,
    Resolution,
    SessionItem,
    SessionRater,
    SessionRun,
)
from annotations.selectors.agreement import report_agreement
from annotations.selectors.grades import hash_of_grades
from annotations.selectors.scores import find_session, report_session
from builder.common.errors import NotFound
from exports.models import Response, Run
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
    assert units.undecided_counts() == {
        "unresolved": 1, "cannot_judge": 1, "judge_failed": 0, "missing": 0, "ruled_cannot_judge": 0,
        "ruled_unclear": 0,
    }  # fmt: skip


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


def answer_of(session: GradingSession, run: str, place: int, epoch: int = 1) -> Response:
    """Return one answer of the fixture's release."""
    return Response.objects.get(
        run__release=session.release, run__name=run, item__position=place, epoch=epoch
    )


def rule(session: GradingSession, response: Response, index: int, verdict: str) -> Resolution:
    """Rule on a unit."""
    return Resolution.objects.create(
        session=session, response=response, criterion_index=index, verdict=verdict, reason="Read again.",
        by=session.created_by,
    )  # fmt: skip


def of_grader(session: GradingSession, response: Response, place: int) -> Assignment:
    """Return what the grader at a place (from 1) was given."""
    return Assignment.objects.get(
        session=session, response=response,
        rater__in=session.raters.filter(session_raters__session=session, session_raters__position=place),
    )  # fmt: skip


def test_calibration_answers_count_for_nothing(session: GradingSession) -> None:
    first = answer_of(session, "m1", 0)
    SessionItem.objects.filter(session=session, response=first).update(is_calibration=True)
    Assignment.objects.filter(session=session, response=first).update(is_calibration=True)
    units = session_units(session)
    # What is left of the fixture: m1's second answer to A (both not met; one ?, one !), and the two answers to B.
    assert units.votes.tolist() == [[0, 2, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0], [0, 2, 0, 0]]
    assert units.sample.tolist() == [2, 2, 1, 1]
    assert session_ratings([session], units).matrix(4).tolist() == [[0, 0], [-1, -1], [1, -1], [0, 0]]
    found = count_abstentions([session], agreement_units([session]))
    assert (found.cannot_judge, found.judge_failed, found.missing) == ([1, 0], [0, 1], 1)


def test_a_case_with_only_a_calibration_answer_is_not_a_case_without_one(session: GradingSession) -> None:
    SessionItem.objects.filter(session=session, response=answer_of(session, "m2", 1)).update(
        is_calibration=True
    )
    counts = {report.run.name: report.counts for report in report_session(session)}
    # m2 answered only B, which is for calibration now: A has no answer of it.
    assert (counts["m2"]["calibration"], counts["m2"]["no_response"]) == (1, 1)
    assert (counts["m1"]["calibration"], counts["m1"]["no_response"]) == (0, 0)


def test_a_released_assignment_counts_for_nothing(session: GradingSession) -> None:
    released = of_grader(session, answer_of(session, "m1", 0), 1)  # grader 1 said: met, not met
    Assignment.objects.filter(pk=released.pk).update(released_at=timezone.now(), released_cause="skipped")
    units = session_units(session)
    assert units.votes[:2].tolist() == [[1, 0, 0, 0], [1, 0, 0, 0]]
    assert units.met.tolist() == [1, 1, 0, -1, 1, 0]
    assert session_ratings([session], units).matrix(6)[:2].tolist() == [[-1, 1], [-1, 1]]
    # It asks for nothing either: one verdict (grader 2 on m1's B) is missing, as before.
    assert count_abstentions([session], units).missing == 1


def test_a_withdrawn_run_counts_for_nothing(session: GradingSession) -> None:
    SessionRun.objects.filter(session=session, run__name="m1").update(withdrawn_at=timezone.now())
    units = session_units(session)
    assert units.votes.tolist() == [[0, 2, 0, 0]]
    assert len(units_of_runs(session, [Run.objects.get(name="m1")])) == 0
    assert [report.run.name for report in report_session(session)] == ["m2"]
    report = report_agreement(session)
    assert (report.n_units, report.n_verdicts, report.abstentions.missing) == (1, 2, 0)
    with pytest.raises(NotFound, match="no closed session"):
        find_session(Run.objects.get(name="m1"))


def test_a_run_withdrawn_from_one_session_still_counts_in_another(
    cast: Cast, session: GradingSession
) -> None:
    other = graded(cast, session.release, {"m2": {(1, 1): ["+"]}}, graders=[cast.geo])
    SessionRun.objects.filter(session=session, run__name="m2").update(withdrawn_at=timezone.now())
    pooled = agreement_units([session, other])
    # m2's answer to B: the first session's two "not met" are gone, the other's "met" stays.
    assert session_ratings([session, other], pooled).matrix(6)[-1].tolist() == [-1, -1, 1]


def test_where_the_lead_decides_only_unanimous_units_are_decided(session: GradingSession) -> None:
    GradingSession.objects.filter(pk=session.pk).update(rule="lead")
    session.refresh_from_db()
    third = of_grader(session, answer_of(session, "m2", 1), 1)
    assert session_units(session).met.tolist() == [1, -1, 0, -1, 1, 0]
    # One of three says met: the majority would decide "not met"; here it waits for the lead.
    add_third(session, third.response, [0], "met")
    assert session_units(session).votes[-1].tolist() == [1, 2, 0, 0]
    assert session_units(session).met.tolist() == [1, -1, 0, -1, 1, -1]
    GradingSession.objects.filter(pk=session.pk).update(rule="majority")
    assert session_units(GradingSession.objects.get(pk=session.pk)).met.tolist() == [1, -1, 0, -1, 1, 0]


def add_third(session: GradingSession, response: Response, asked: list[int], verdict: str) -> None:
    """Let a third grader judge some criteria of an answer."""
    rater = Rater.objects.get_or_create(kind="external", name="third")[0]
    SessionRater.objects.get_or_create(session=session, rater=rater, position=3)
    third = Assignment.objects.create(
        session=session, response=response, rater=rater, position=1, asked=asked
    )
    Grade.objects.bulk_create(
        Grade(assignment=third, criterion_index=index, verdict=verdict) for index in asked
    )


def test_a_third_opinion_decides_but_counts_for_no_agreement(session: GradingSession) -> None:
    tied = answer_of(session, "m1", 0)  # criterion 1: one not met, one met
    before = report_agreement(session)
    add_third(session, tied, [1], "met")
    units = session_units(session)
    assert units.votes[:2].tolist() == [[2, 0, 0, 0], [2, 1, 0, 0]]
    assert units.met.tolist() == [1, 1, 0, -1, 1, 0]
    after = report_agreement(session)
    assert after.to_dict()["estimates"] == before.to_dict()["estimates"]
    # Only the criterion that was asked could be missing, and it isn't due as a planned verdict.
    assert (after.abstentions.missing, after.abstentions.third_opinions) == (1, 1)
    assert after.to_dict()["counts"]["third_opinions"] == 1


def test_rulings_decide_and_those_that_cannot_are_counted_apart(session: GradingSession) -> None:
    answers = [answer_of(session, "m1", 0), answer_of(session, "m1", 0, 2), answer_of(session, "m2", 1)]
    rule(session, answers[0], 1, "met")  # a tie
    rule(session, answers[1], 0, "unclear")  # both said not met
    rule(session, answers[1], 1, "cannot_judge")  # an abstention and a failure
    withdrawn = rule(session, answers[2], 0, "met")  # both said not met
    assert session_units(session).met.tolist() == [1, 1, -1, -1, 1, 1]
    withdrawn.withdrawn_at, withdrawn.withdrawn_reason = timezone.now(), "The wrong answer."
    withdrawn.save()
    units = session_units(session)
    assert units.met.tolist() == [1, 1, -1, -1, 1, 0]
    assert units.ruling.tolist() == [0, 1, 3, 2, 0, 0]
    assert units.undecided_counts() == {
        "unresolved": 0, "cannot_judge": 0, "judge_failed": 0, "missing": 0, "ruled_cannot_judge": 1,
        "ruled_unclear": 1,
    }  # fmt: skip
    # One rater's verdicts alone aren't touched by rulings.
    rater = session.raters.order_by("session_raters__position").first()
    assert session_units(session, rater=rater).met.tolist() == [1, 0, 0, -1, 1, 0]


def test_the_hash_covers_quotes_rulings_releases_and_withdrawn_runs(session: GradingSession) -> None:
    seen = [hash_of_grades(session)]
    tied = answer_of(session, "m1", 0)
    ruling = rule(session, tied, 1, "met")
    seen.append(hash_of_grades(session))
    Resolution.objects.filter(pk=ruling.pk).update(withdrawn_at=timezone.now(), withdrawn_reason="Wrong.")
    seen.append(hash_of_grades(session))
    Grade.objects.filter(assignment=of_grader(session, tied, 1)).update(quote="Record an ECG.")
    seen.append(hash_of_grades(session))
    Assignment.objects.filter(pk=of_grader(session, tied, 1).pk).update(
        released_at=timezone.now(), released_cause="removed"
    )
    seen.append(hash_of_grades(session))
    SessionRun.objects.filter(session=session, run__name="m2").update(withdrawn_at=timezone.now())
    seen.append(hash_of_grades(session))
    assert len(set(seen)) == len(seen) == 6


def test_reports_say_where_independence_could_not_be_enforced(session: GradingSession) -> None:
    assert report_agreement(session).independence_note == ""
    assert report_session(session)[0].to_dict()["independence_note"] == ""
    SessionRater.objects.filter(session=session, position=2).update(desk="label-studio")
    note = "1 grader worked in Label Studio"
    assert report_agreement(session).to_dict()["independence_note"].startswith(note)
    assert report_session(session)[0].to_dict()["independence_note"].startswith(note)
