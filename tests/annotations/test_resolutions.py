"""Adjudication: rulings, taking them back, third opinions; and what never comes back to the list."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.frames import session_units
from annotations.models import (
    Assignment,
    GradingSession,
    Resolution,
    SessionItem,
    SessionRater,
    SessionRun,
)
from annotations.selectors.adjudication import letters, who_may_be_third
from annotations.selectors.disagreements import (
    answer_numbers,
    count_to_decide,
    list_disagreements,
    list_rulings,
    unclear_wordings,
)
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.resolutions import ask_third, resolve_unit, withdraw_resolution
from annotations.services.sessions import (
    close_session,
    count_undecided,
    end_grading,
    open_session,
    rater_for_person,
    reopen_session,
)
from builder.common.errors import BadInput, Conflict, NotAllowed, NotReady
from builder.models import AuditEvent, Membership, Role, User
from tests.annotations.disputed import OUTVOTED, answer_to, disputed
from tests.annotations.graded import answered, case, graded
from tests.annotations.rows import make_release, make_run
from tests.cast import Cast


@pytest.fixture
def session(cast: Cast) -> GradingSession:
    """Two graders, three ties."""
    return disputed(cast)


def units(session: GradingSession) -> list[tuple[int, int]]:
    """Return what is to decide as (case's place, criterion's place)."""
    place = {answer_to(session, place).pk: place for place in (0, 1)}
    return [(place[row.response_id], row.criterion_index) for row in list_disagreements(session).to_decide]


def rule(session: GradingSession, place: int, index: int, verdict: str = "met", *, by: User) -> Resolution:
    """Rule on a unit."""
    return resolve_unit(
        session=session, response=answer_to(session, place), criterion_index=index, verdict=verdict,
        reason="Read again.", by=by,
    )  # fmt: skip


def test_red_lines_come_first_then_points_then_the_closest_vote(cast: Cast, session: GradingSession) -> None:
    # Red line −10 of A, 10 points of B, 3 points of A.
    assert units(session) == [(0, 2), (1, 0), (0, 0)]
    assert count_to_decide([session]) == {session.pk: 3}


def test_the_closest_vote_comes_first_among_equals(cast: Cast) -> None:
    # Three criteria of 5 points: 2 to 1; 1 to 1 (a third could not judge); and one that nobody disputes.
    release = make_release(cast, contents=[case("C", (5, "accuracy"), (-5, "accuracy"), (5, "accuracy"))])
    answered(release, "m1", {0: 1}, by=cast.lou)
    session = graded(cast, release, {"m1": {(0, 1): ["+++", "+o+", "o?+"]}}, close=False)
    GradingSession.objects.filter(pk=session.pk).update(rule="lead", state="adjudicating")
    session.refresh_from_db()
    rows = list_disagreements(session).to_decide
    assert [(row.criterion_index, row.met, row.not_met, row.cannot_judge) for row in rows] == [
        (1, 1, 1, 1), (0, 2, 1, 0),
    ]  # fmt: skip


def test_what_the_majority_decides_may_wait_unless_the_lead_decides_everything(cast: Cast) -> None:
    session = disputed(cast, grades=OUTVOTED, graders=[cast.gia, cast.gus, cast.geo])
    found = list_disagreements(session)
    assert (len(found.to_decide), len(found.decided)) == (0, 3)
    assert count_to_decide([session]) == {session.pk: 0}
    GradingSession.objects.filter(pk=session.pk).update(rule="lead")
    session.refresh_from_db()
    found = list_disagreements(session)
    assert (len(found.to_decide), len(found.decided)) == (3, 0)
    assert count_to_decide([session]) == {session.pk: 3}


def test_a_ruling_decides_and_leaves_the_list(cast: Cast, session: GradingSession) -> None:
    # Units in order: A's three criteria, B's two. A1 and A3 tied, A2 not met; B1 tied, B2 met by one.
    assert session_units(session).met.tolist() == [-1, 0, -1, -1, 1]
    ruling = rule(session, 0, 2, "not_met", by=cast.lou)
    assert units(session) == [(1, 0), (0, 0)]
    assert session_units(session).met.tolist() == [-1, 0, 0, -1, 1]
    event = AuditEvent.objects.get(verb="resolution:rule")
    assert (event.why, event.actor) == ("Read again.", cast.lou)
    [ruled] = list_rulings(session)
    assert (ruled.resolution, ruled.number, ruled.prompt_id) == (ruling, 3, "chest-pain-0")


def test_rulings_that_decide_nothing_leave_the_list_and_are_counted_apart(
    cast: Cast, session: GradingSession
) -> None:
    rule(session, 0, 2, "cannot_judge", by=cast.lou)
    rule(session, 1, 0, "unclear", by=cast.lou)
    assert units(session) == [(0, 0)]
    undecided = count_undecided(session)
    assert (undecided.unresolved, undecided.ruled_cannot_judge, undecided.ruled_unclear) == (1, 1, 1)
    assert (undecided.ruled, undecided.total) == (2, 3)
    [unclear] = unclear_wordings(session)
    assert (unclear.prompt_id, unclear.number) == ("chest-pain-1", 1)


@pytest.mark.parametrize(
    ("verdict", "reason", "field"), [("perhaps", "Why not.", "verdict"), ("met", "  ", "reason")]
)
def test_a_ruling_needs_a_verdict_and_a_reason(
    cast: Cast, session: GradingSession, verdict: str, reason: str, field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        resolve_unit(
            session=session, response=answer_to(session, 0), criterion_index=0, verdict=verdict, reason=reason,
            by=cast.lou,
        )  # fmt: skip
    assert refused.value.data["field"] == field
    assert not Resolution.objects.exists()


@pytest.mark.parametrize(("place", "index"), [(0, 1), (1, 1), (0, 7)])
def test_only_disagreements_are_ruled_on(cast: Cast, session: GradingSession, place: int, index: int) -> None:
    with pytest.raises(NotReady, match="no disagreement"):
        rule(session, place, index, by=cast.lou)


def test_only_leads_rule(cast: Cast, session: GradingSession) -> None:
    for person in (cast.gia, cast.ana, cast.ola):
        with pytest.raises(NotAllowed):
            rule(session, 0, 0, by=person)


def test_nobody_rules_before_grading_ends_nor_after_closing(cast: Cast) -> None:
    session = disputed(cast, ended=False)
    with pytest.raises(NotReady, match="Grading has to end"):
        rule(session, 0, 0, by=cast.lou)
    with pytest.raises(NotReady, match="when grading has ended"):
        list_disagreements(session)
    end_grading(session=session, by=cast.lou)
    ruling = rule(session, 0, 0, by=cast.lou)
    close_session(session=session, reason="Done.", by=cast.lou)
    with pytest.raises(NotReady, match="final"):
        rule(session, 0, 2, by=cast.lou)
    with pytest.raises(NotReady, match="final"):
        withdraw_resolution(resolution=ruling, reason="No.", by=cast.lou)


def test_the_second_of_two_is_told_what_the_first_decided(cast: Cast, session: GradingSession) -> None:
    rule(session, 0, 2, "not_met", by=cast.lou)
    Membership.objects.create(user=cast.ana, department=cast.department, role=Role.LEAD)
    with pytest.raises(
        Conflict, match=r"Lou decided this before you: Not met\. Reason: Read again\."
    ) as refused:
        rule(session, 0, 2, "met", by=cast.ana)
    assert refused.value.data["ruling"]["verdict"] == "not_met"


def test_the_database_keeps_one_standing_ruling_a_unit(cast: Cast, session: GradingSession) -> None:
    first = rule(session, 0, 2, by=cast.lou)
    row = {
        "session": session, "response": first.response, "criterion_index": 2, "verdict": "not_met", "reason": "No.",
        "by": cast.lou,
    }  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Resolution.objects.create(**row)
    Resolution.objects.create(
        **row, withdrawn_at=timezone.now(), withdrawn_by=cast.lou, withdrawn_reason="Old."
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Resolution.objects.create(**{**row, "criterion_index": 0, "reason": ""})


def test_a_ruling_that_is_taken_back_stays_on_record(cast: Cast, session: GradingSession) -> None:
    ruling = rule(session, 0, 2, "met", by=cast.lou)
    with pytest.raises(BadInput, match="Say why"):
        withdraw_resolution(resolution=ruling, reason=" ", by=cast.lou)
    withdraw_resolution(resolution=ruling, reason="The wrong answer.", by=cast.lou)
    assert units(session) == [(0, 2), (1, 0), (0, 0)]
    assert session_units(session).met.tolist() == [-1, 0, -1, -1, 1]
    [ruled] = list_rulings(session)
    assert not ruled.stands and ruled.resolution.withdrawn_reason == "The wrong answer."
    assert AuditEvent.objects.filter(verb="resolution:withdraw", why="The wrong answer.").count() == 1
    with pytest.raises(Conflict, match="already"):
        withdraw_resolution(resolution=ruling, reason="Again.", by=cast.lou)
    assert rule(session, 0, 2, "not_met", by=cast.lou).verdict == "not_met"


def test_reopening_and_new_verdicts_never_bring_back_what_was_ruled(
    cast: Cast, session: GradingSession
) -> None:
    rule(session, 0, 2, "not_met", by=cast.lou)
    rule(session, 0, 0, "unclear", by=cast.lou)
    reopen_session(session=session, reason="Two answers were skipped.", by=cast.lou)
    given = Assignment.objects.get(session=session, rater__user=cast.gus, response=answer_to(session, 0))
    # Gus now says the opposite of everything: the ruled criteria stay ruled, criterion 2 is a new disagreement.
    save_grades(assignment=given, verdicts={index: GivenVerdict("met") for index in range(3)}, by=cast.gus)
    save_grades(assignment=given, verdicts={2: GivenVerdict("not_met")}, by=cast.gus)
    session.refresh_from_db()
    end_grading(session=session, by=cast.lou)
    session.refresh_from_db()
    assert units(session) == [(1, 0), (0, 1)]
    assert session_units(session).met.tolist() == [-1, -1, 0, -1, 1]


def ask(session: GradingSession, place: int, criteria: list[int], whom: User, *, by: User) -> Assignment:
    """Ask a third grader."""
    return ask_third(
        session=session,
        response=answer_to(session, place),
        criteria=criteria,
        rater=rater_for_person(whom),
        by=by,
    )


def test_a_third_is_asked_about_what_is_in_dispute_and_then_decides(
    cast: Cast, session: GradingSession
) -> None:
    third = ask(session, 0, [2, 0], cast.geo, by=cast.lou)
    assert (third.asked, third.position) == ([0, 2], 1)
    item = SessionItem.objects.get(session=session, response=third.response)
    assert (item.overlap, item.taken) == (3, 3)
    found = list_disagreements(session)
    assert [row.criterion_index for row in found.waiting] == [2, 0] and units(session) == [(1, 0)]
    assert count_to_decide([session]) == {session.pk: 1}
    save_grades(
        assignment=third, verdicts={0: GivenVerdict("met"), 2: GivenVerdict("cannot_judge")}, by=cast.geo
    )
    # Criterion 1 is met by 2 to 1 now; the red line is still tied, back in the list.
    assert session_units(session).met.tolist() == [1, 0, -1, -1, 1]
    assert units(session) == [(0, 2), (1, 0)]
    event = AuditEvent.objects.get(verb="resolution:ask-third")
    assert event.object_id == str(third.pk)


def test_a_third_opinion_never_brings_back_what_was_ruled_meanwhile(
    cast: Cast, session: GradingSession
) -> None:
    third = ask(session, 0, [0], cast.geo, by=cast.lou)
    rule(session, 0, 0, "not_met", by=cast.lou)
    save_grades(assignment=third, verdicts={0: GivenVerdict("met")}, by=cast.geo)
    assert session_units(session).met.tolist()[0] == 0
    assert units(session) == [(0, 2), (1, 0)]


def test_who_can_be_asked(cast: Cast, session: GradingSession) -> None:
    assert who_may_be_third(session, answer_to(session, 0), cast.lou) == [cast.geo]
    with pytest.raises(Conflict, match="this answer already"):
        ask(session, 0, [0], cast.gia, by=cast.lou)
    for person in (cast.ada, cast.eve):
        with pytest.raises(BadInput, match="doesn’t grade in this department"):
            ask(session, 0, [0], person, by=cast.lou)
    Membership.objects.create(user=cast.lou, department=cast.department, role=Role.GRADER)
    assert cast.lou not in who_may_be_third(session, answer_to(session, 0), cast.lou)
    with pytest.raises(BadInput, match="You have seen"):
        ask(session, 0, [0], cast.lou, by=cast.lou)
    SessionRater.objects.create(
        session=session, rater=rater_for_person(cast.geo), position=9, removed_at=timezone.now()
    )
    assert who_may_be_third(session, answer_to(session, 0), cast.lou) == []
    with pytest.raises(BadInput, match="in these pages"):
        ask(session, 0, [0], cast.geo, by=cast.lou)


def test_nobody_is_asked_about_a_case_they_wrote(cast: Cast, session: GradingSession) -> None:
    # The helper's cases are Ada's.
    Membership.objects.create(user=cast.ada, department=cast.department, role=Role.GRADER)
    assert cast.ada not in who_may_be_third(session, answer_to(session, 0), cast.lou)
    with pytest.raises(BadInput, match="wrote the case"):
        ask(session, 0, [0], cast.ada, by=cast.lou)
    GradingSession.objects.filter(pk=session.pk).update(allow_own_cases=True)
    session.refresh_from_db()
    assert cast.ada in who_may_be_third(session, answer_to(session, 0), cast.lou)
    assert ask(session, 0, [0], cast.ada, by=cast.lou).asked == [0]


def test_a_third_is_asked_only_about_open_disagreements(cast: Cast, session: GradingSession) -> None:
    for criteria in ([1], [0, 1], []):
        with pytest.raises(NotReady, match="no disagreement"):
            ask(session, 0, criteria, cast.geo, by=cast.lou)
    rule(session, 0, 0, by=cast.lou)
    with pytest.raises(Conflict, match="before you"):
        ask(session, 0, [0, 2], cast.geo, by=cast.lou)


def test_numbers_and_letters_tell_nothing_and_stay(cast: Cast, session: GradingSession) -> None:
    before, named = answer_numbers(session), letters(session)
    assert sorted(before.values()) == [1, 2] and sorted(named.values()) == ["A", "B"]
    ask(session, 0, [0], cast.geo, by=cast.lou)
    assert answer_numbers(session) == before
    assert letters(session) == {**named, rater_for_person(cast.geo).pk: "C"}


def test_numbers_and_letters_follow_neither_runs_nor_people(cast: Cast) -> None:
    """Over 40 sessions both orders occur: letters and numbers are drawn for each."""
    release = make_release(cast, n_cases=1)
    make_run(release, "m1", by=cast.lou)
    make_run(release, "m2", by=cast.lou)
    runs = list(release.runs.order_by("pk"))
    seen_letters, seen_numbers = set(), set()
    for _place in range(40):
        one = open_session(release=release, runs=runs, graders=[cast.gia, cast.gus], by=cast.lou)
        seen_letters.add(letters(one)[rater_for_person(cast.gia).pk])
        seen_numbers.add(next(number for _pk, number in sorted(answer_numbers(one).items())))
    assert seen_letters == {"A", "B"} and seen_numbers == {1, 2}


def test_answers_that_do_not_count_are_in_no_list(cast: Cast, session: GradingSession) -> None:
    SessionRun.objects.filter(session=session).update(withdrawn_at=timezone.now())
    assert list_disagreements(session).everything == []
    with pytest.raises(NotReady, match="no disagreement"):
        rule(session, 0, 0, by=cast.lou)


def test_the_cost_does_not_grow(cast: Cast, session: GradingSession, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(7):
        assert len(list_disagreements(session).to_decide) == 3
    rule(session, 0, 0, by=cast.lou)
    rule(session, 0, 2, by=cast.lou)
    with django_assert_num_queries(4):
        list_rulings(session)
    with django_assert_num_queries(4):
        count_to_decide([session])
