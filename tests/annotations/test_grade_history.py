"""What a grader said, in the order it was said: sending twice, old pages, two windows, wrong clocks, wrong times."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.models import Assignment, GradeEvent, GradingSession, SessionItem
from annotations.services.grade_rows import write_many
from annotations.services.grades import GivenVerdict, open_assignment, save_grades
from annotations.services.sessions import end_grading
from builder.common.errors import BadInput, NotReady
from tests.annotations.rows import assignment_of, make_session
from tests.cast import Cast
from tests.costs import queries_in

MET, NOT = GivenVerdict("met"), GivenVerdict("not_met")


def said(assignment: Assignment) -> list[tuple[int, str]]:
    """Return the history: criterion and verdict."""
    return list(assignment.events.order_by("pk").values_list("criterion_index", "verdict"))


def stands(assignment: Assignment) -> dict[int, str]:
    """Return what the history comes to."""
    return dict(assignment.grades.values_list("criterion_index", "verdict"))


def keyed(verdict: str, key: str, **fields: str) -> GivenVerdict:
    """Return an act with a name of its own."""
    return GivenVerdict(verdict, key=key, **fields)


def test_every_change_is_kept_in_order_and_the_same_again_isnt_news(cast: Cast) -> None:
    row = assignment_of(cast.gia, make_session(cast))
    for verdicts in ({0: MET}, {0: MET}, {0: NOT, 1: MET}, {0: GivenVerdict("")}, {0: GivenVerdict("")}):
        save_grades(assignment=row, verdicts=verdicts, by=cast.gia)
    assert said(row) == [(0, "met"), (0, "not_met"), (1, "met"), (0, "")]
    assert stands(row) == {1: "met"}


def test_a_note_or_a_quote_alone_is_a_change(cast: Cast) -> None:
    row = assignment_of(cast.gia, make_session(cast))
    for given in (MET, GivenVerdict("met", "Said so."), GivenVerdict("met", "Said so.", " wait at home ")):
        save_grades(assignment=row, verdicts={2: given}, by=cast.gia)
    assert list(row.events.values_list("explanation", "quote")) == [
        ("", ""), ("Said so.", ""), ("Said so.", "wait at home"),
    ]  # fmt: skip
    grade = row.grades.get()
    assert (grade.explanation, grade.quote) == ("Said so.", "wait at home")
    with pytest.raises(BadInput, match="Criterion 3 has a note but no verdict"):
        save_grades(assignment=row, verdicts={2: GivenVerdict("", quote="wait")}, by=cast.gia)


def test_what_is_sent_twice_under_one_key_is_said_once(cast: Cast) -> None:
    """A page that lost the answer to its first send sends again, when another verdict may stand already."""
    row = assignment_of(cast.gia, make_session(cast))
    first = [(0, keyed("met", "a")), (1, keyed("met", "b"))]
    save_grades(assignment=row, verdicts=first, by=cast.gia)
    save_grades(assignment=row, verdicts=[(0, keyed("not_met", "c"))], by=cast.gia)
    save_grades(assignment=row, verdicts=[*first, (2, keyed("met", "d"))], by=cast.gia)
    assert said(row) == [(0, "met"), (1, "met"), (0, "not_met"), (2, "met")]
    assert stands(row) == {0: "not_met", 1: "met", 2: "met"}


def test_a_key_counts_even_where_it_repeats_what_stands(cast: Cast) -> None:
    """Two windows say the same; then the mind changes; then the second window sends its own again."""
    row = assignment_of(cast.gia, make_session(cast))
    for given in (keyed("met", "one"), keyed("met", "two"), keyed("not_met", "three"), keyed("met", "two")):
        save_grades(assignment=row, verdicts=[(0, given)], by=cast.gia)
    assert said(row) == [(0, "met"), (0, "met"), (0, "not_met")]
    assert stands(row) == {0: "not_met"}


def test_one_criterion_may_be_named_more_than_once_in_the_order_it_was_said(cast: Cast) -> None:
    row = assignment_of(cast.gia, make_session(cast))
    acts = [(0, MET), (1, MET), (0, NOT), (1, GivenVerdict("")), (0, MET), (0, NOT)]
    save_grades(assignment=row, verdicts=acts, by=cast.gia)
    assert said(row) == [(index, given.verdict) for index, given in acts]
    assert stands(row) == {0: "not_met"}


def test_the_same_key_on_two_answers_is_two_acts(cast: Cast) -> None:
    session = make_session(cast)
    for position in (1, 2):
        row = assignment_of(cast.gia, session, position)
        save_grades(assignment=row, verdicts=[(0, keyed("met", "a"))], by=cast.gia)
    assert GradeEvent.objects.count() == 2


def test_the_history_can_only_grow(cast: Cast) -> None:
    row = assignment_of(cast.gia, make_session(cast))
    save_grades(assignment=row, verdicts={0: keyed("met", "a"), 1: MET, 2: MET}, by=cast.gia)
    for act in (
        lambda: row.events.update(verdict="not_met"),
        lambda: row.events.all().delete(),
        lambda: GradeEvent.objects.create(assignment=row, criterion_index=0, key="a", at=timezone.now()),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    assert said(row) == [(0, "met"), (1, "met"), (2, "met")]


def test_a_third_opinion_is_done_when_what_was_asked_is_judged(cast: Cast) -> None:
    session = make_session(cast)
    row = assignment_of(cast.gia, session)
    Assignment.objects.filter(pk=row.pk).update(asked=[0, 2])
    with pytest.raises(BadInput, match="aren’t asked about criterion 2"):
        save_grades(assignment=row, verdicts={1: MET}, by=cast.gia)
    end_grading(session=session, by=cast.lou)
    assert save_grades(assignment=row, verdicts={0: MET}, by=cast.gia).done_at is None
    assert save_grades(assignment=row, verdicts={2: MET}, by=cast.gia).done_at is not None
    with pytest.raises(NotReady, match="Grading has ended"):
        save_grades(assignment=assignment_of(cast.gia, session, 2), verdicts={0: MET}, by=cast.gia)


def test_verdicts_on_a_calibration_answer_stay_once_the_right_ones_were_shown(cast: Cast) -> None:
    row = assignment_of(cast.gia, make_session(cast))
    Assignment.objects.filter(pk=row.pk).update(is_calibration=True)
    save_grades(assignment=row, verdicts={0: MET, 1: MET}, by=cast.gia)
    save_grades(assignment=row, verdicts={0: NOT}, by=cast.gia)
    save_grades(assignment=row, verdicts={2: MET}, by=cast.gia)
    with pytest.raises(NotReady, match="yours stay as you gave them"):
        save_grades(assignment=row, verdicts={0: MET}, by=cast.gia)
    assert save_grades(assignment=row, verdicts={0: NOT}, by=cast.gia).done_at is not None
    assert stands(row) == {0: "not_met", 1: "met", 2: "met"}


@pytest.mark.parametrize(("told", "kept"), [(12, 12), (0, 0), (-5, 0), (40, 30), (10**9, 30)], ids=str)
def test_a_page_tells_no_more_time_than_passed(cast: Cast, told: int, kept: int) -> None:
    """The answer was opened half a minute ago; a page's clock may say what it likes."""
    row = assignment_of(cast.gia, make_session(cast))
    Assignment.objects.filter(pk=row.pk).update(opened_at=timezone.now() - timedelta(seconds=30.5))
    saved = save_grades(assignment=row, verdicts={0: MET}, by=cast.gia, seconds=told)
    assert saved.active_seconds == kept


def test_time_adds_up_and_sending_again_adds_none(cast: Cast) -> None:
    row = assignment_of(cast.gia, make_session(cast))
    Assignment.objects.filter(pk=row.pk).update(opened_at=timezone.now() - timedelta(minutes=5))
    for verdicts, seconds, total in (
        ([(0, keyed("met", "a"))], 10, 10), ([(0, keyed("met", "a"))], 10, 10), ([(1, keyed("met", "b"))], 20, 30),
        ([], 7, 37), ([(2, keyed("met", "c"))], 500, 300),
    ):  # fmt: skip
        saved = save_grades(assignment=row, verdicts=verdicts, by=cast.gia, seconds=seconds)
        assert saved.active_seconds == total


def test_an_answer_that_was_graded_without_the_server_was_opened_after_the_one_before(cast: Cast) -> None:
    session = make_session(cast)
    first, second = assignment_of(cast.gia, session), assignment_of(cast.gia, session, 2)
    GradingSession.objects.update(opened_at=timezone.now() - timedelta(hours=1))
    opened = timezone.now() - timedelta(seconds=20.5)
    Assignment.objects.filter(pk=first.pk).update(opened_at=opened)
    saved = save_grades(assignment=second, verdicts={0: MET}, by=cast.gia, seconds=60)
    assert (saved.opened_at, saved.active_seconds) == (opened, 20)
    third = save_grades(
        assignment=assignment_of(cast.gia, session, 3), verdicts={0: MET}, by=cast.gia, seconds=5
    )
    assert third.active_seconds == 5
    assert third.opened_at is not None and third.opened_at > opened


def test_the_first_look_counts(cast: Cast) -> None:
    row = assignment_of(cast.gia, make_session(cast))
    open_assignment(assignment=row, by=cast.gus)
    row.refresh_from_db()
    assert row.opened_at is None
    open_assignment(assignment=row, by=cast.gia)
    row.refresh_from_db()
    first = row.opened_at
    open_assignment(assignment=row, by=cast.gia)
    row.refresh_from_db()
    assert row.opened_at == first


def test_many_assignments_are_written_at_once_each_at_its_own_time(cast: Cast) -> None:
    session = make_session(cast, n_cases=6)
    rows = list(Assignment.objects.filter(session=session).select_related("response__item"))
    times = [timezone.now() - timedelta(minutes=place) for place in range(len(rows))]
    given = [
        (row, {index: GivenVerdict("met", at=at) for index in range(3)})
        for row, at in zip(rows, times, strict=True)
    ]
    few, many = given[:2], given[2:]
    cost = queries_in(lambda: write_many(few, desk="label-studio"))
    assert queries_in(lambda: write_many(many, desk="label-studio")) == cost <= 5
    assert write_many(given, desk="label-studio") == 0
    stored = Assignment.objects.filter(session=session).order_by("pk")
    assert {row.pk: row.done_at for row in stored} == {
        row.pk: at for row, at in zip(rows, times, strict=True)
    }
    assert set(GradeEvent.objects.values_list("desk", flat=True)) == {"label-studio"}
    assert SessionItem.objects.filter(session=session, taken=2).count() == 12
