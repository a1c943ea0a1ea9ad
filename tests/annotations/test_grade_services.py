"""Saving verdicts: one row per criterion, the same again changes nothing, and only while grading lasts."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.models import Grade, Verdict
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.sessions import close_session, end_grading
from builder.common.errors import BadInput, NotAllowed, NotReady
from tests.annotations.rows import assignment_of, give, make_session
from tests.cast import Cast

ALL_MET = {index: GivenVerdict("met") for index in range(3)}


def test_an_answer_is_done_when_every_criterion_has_a_verdict(cast: Cast) -> None:
    assignment = assignment_of(cast.gia, make_session(cast))
    assert save_grades(assignment=assignment, verdicts={0: GivenVerdict("met")}, by=cast.gia).done_at is None
    rest = {1: GivenVerdict("not_met"), 2: GivenVerdict("cannot_judge", " Cut off. ")}
    done = save_grades(assignment=assignment, verdicts=rest, by=cast.gia)
    assert done.done_at is not None
    assert list(assignment.grades.values_list("criterion_index", "verdict", "explanation")) == [
        (0, "met", ""), (1, "not_met", ""), (2, "cannot_judge", "Cut off."),
    ]  # fmt: skip


def test_the_same_again_changes_nothing(cast: Cast) -> None:
    assignment = assignment_of(cast.gia, make_session(cast))
    done_at = save_grades(assignment=assignment, verdicts=ALL_MET, by=cast.gia).done_at
    before = list(assignment.grades.values())
    again = save_grades(assignment=assignment, verdicts=ALL_MET, by=cast.gia)
    assert again.done_at == done_at
    assert list(assignment.grades.values()) == before


def test_a_changed_mind_replaces_the_verdict_and_an_empty_one_takes_it_back(cast: Cast) -> None:
    assignment = assignment_of(cast.gia, make_session(cast))
    save_grades(assignment=assignment, verdicts=ALL_MET, by=cast.gia)
    save_grades(assignment=assignment, verdicts={1: GivenVerdict("not_met", "Too vague.")}, by=cast.gia)
    assert Grade.objects.get(assignment=assignment, criterion_index=1).explanation == "Too vague."
    reopened = save_grades(assignment=assignment, verdicts={0: GivenVerdict("")}, by=cast.gia)
    assert reopened.done_at is None
    assert list(assignment.grades.values_list("criterion_index", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ({3: GivenVerdict("met")}, "no criterion 4"),
        ({-1: GivenVerdict("met")}, "no criterion 0"),
        ({0: GivenVerdict("good")}, "met, not_met or cannot_judge, not good"),
        ({0: GivenVerdict(Verdict.JUDGE_FAILED)}, "not judge_failed"),
        ({1: GivenVerdict("", "A thought")}, "Criterion 2 has a note but no verdict"),
    ],
)
def test_what_is_no_verdict_is_refused_and_nothing_is_saved(
    cast: Cast, verdicts: dict[int, GivenVerdict], sentence: str
) -> None:
    assignment = assignment_of(cast.gia, make_session(cast))
    with pytest.raises(BadInput, match=sentence):
        save_grades(assignment=assignment, verdicts={2: GivenVerdict("met"), **verdicts}, by=cast.gia)
    assert not Grade.objects.exists()


def test_another_persons_answer_is_refused(cast: Cast) -> None:
    assignment = assignment_of(cast.gus, make_session(cast))
    for person in (cast.gia, cast.lou, cast.ola):
        with pytest.raises(NotAllowed, match="somebody else"):
            save_grades(assignment=assignment, verdicts=ALL_MET, by=person)
    assert not Grade.objects.exists()


@pytest.mark.parametrize("ending", ["adjudicating", "closed"])
def test_after_the_end_nothing_is_saved(cast: Cast, ending: str) -> None:
    session = make_session(cast)
    if ending == "closed":
        close_session(session=session, reason="Done.", by=cast.lou)
    else:
        end_grading(session=session, by=cast.lou)
    with pytest.raises(NotReady, match="Grading has ended"):
        save_grades(assignment=assignment_of(cast.gia, session), verdicts=ALL_MET, by=cast.gia)
    assert not Grade.objects.exists()


def test_a_removed_grader_saves_nothing_more(cast: Cast) -> None:
    session = make_session(cast)
    give(cast.gia, session, positions=[1])
    session.session_raters.filter(rater__user=cast.gia).update(removed_at=timezone.now())
    with pytest.raises(NotReady, match="no longer grade in this session"):
        save_grades(assignment=assignment_of(cast.gia, session, 2), verdicts=ALL_MET, by=cast.gia)
    assert Grade.objects.count() == 3


def test_the_database_keeps_one_grade_per_criterion(cast: Cast) -> None:
    assignment = assignment_of(cast.gia, make_session(cast))
    save_grades(assignment=assignment, verdicts={0: GivenVerdict("met")}, by=cast.gia)
    with pytest.raises(IntegrityError), transaction.atomic():
        Grade.objects.create(assignment=assignment, criterion_index=0, verdict="not_met")
