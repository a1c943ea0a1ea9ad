"""Opening a session, ending its grading, closing it: who may, when, and what is recorded."""

import pytest
from django.core.management import CommandError, call_command

from annotations.models import (
    Assignment,
    Grade,
    GradingSession,
    Resolution,
    SessionRater,
    SessionState,
    Verdict,
)
from annotations.selectors.grades import hash_of_grades
from annotations.selectors.sessions import count_undecided
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.sessions import close_session, end_grading, open_session
from builder.common.errors import BadInput, NotAllowed, NotReady
from builder.models import AuditEvent, Membership, Role
from builder.services.audit import verify_chain
from exports.models import ReleaseState, RunState, Stage
from tests.annotations.rows import assignment_of, give, make_release, make_run, make_session
from tests.cast import Cast


def test_every_answer_gets_every_grader_by_default(cast: Cast) -> None:
    session = make_session(cast, n_cases=3, n_runs=2)
    assert session.state == SessionState.OPEN
    assert session.overlap == 2
    assert Assignment.objects.filter(session=session).count() == 3 * 2 * 2
    labels = [member.label for member in SessionRater.objects.filter(session=session).select_related("rater")]
    assert labels == ["grader-1", "grader-2"]


def test_an_overlap_shares_the_answers_out(cast: Cast) -> None:
    session = make_session(cast, n_cases=3, n_runs=1, graders=[cast.gia, cast.gus, cast.geo], overlap=1)
    graders = (cast.gia, cast.gus, cast.geo)
    loads = [Assignment.objects.filter(session=session, rater__user=user).count() for user in graders]
    assert loads == [1, 1, 1]


def test_opening_and_closing_are_in_the_audit_trail(cast: Cast) -> None:
    session = make_session(cast)
    end_grading(session=session, by=cast.lou)
    close_session(session=session, reason="All done.", by=cast.lou)
    events = AuditEvent.objects.filter(object_type="annotations.gradingsession", object_id=str(session.pk))
    assert list(events.order_by("sequence").values_list("verb", flat=True)) == [
        "session:open", "session:end-grading", "session:close", "session:unblind",
    ]  # fmt: skip
    assert events.get(verb="session:close").why == "All done."
    assert verify_chain() is None


@pytest.mark.parametrize("name", ["ana", "gia", "eve", "ola"])
def test_only_a_lead_of_the_department_opens_ends_and_closes(cast: Cast, name: str) -> None:
    session, person = make_session(cast), getattr(cast, name)
    runs = list(session.runs.all())
    with pytest.raises(NotAllowed):
        open_session(release=session.release, runs=runs, graders=[cast.gia], by=person)
    with pytest.raises(NotAllowed):
        end_grading(session=session, by=person)
    with pytest.raises(NotAllowed):
        close_session(session=session, reason="No.", by=person)
    assert GradingSession.objects.get().state == SessionState.OPEN


def test_what_cannot_be_graded_is_refused(cast: Cast) -> None:
    release = make_release(cast)
    run, other = (
        make_run(release, "m1", by=cast.lou),
        make_run(make_release(cast, name="other"), "m2", by=cast.lou),
    )
    refusals = [
        ({"runs": []}, "at least one run"),
        ({"runs": [run, run]}, "named twice"),
        ({"runs": [other]}, "doesn't answer chest-pain==1.0.0"),
        ({"graders": []}, "at least one grader"),
        ({"graders": [cast.gia, cast.gia]}, "named twice"),
        ({"graders": [cast.ada]}, "ada@example.org doesn't have the role of grader"),
        ({"graders": [cast.eve]}, "role of grader in ED"),
        ({"overlap": 2}, "from 1 to 1 graders, not 2"),
        ({"overlap": 0}, "not 0"),
    ]
    for changed, sentence in refusals:
        with pytest.raises(BadInput, match=sentence):
            open_session(
                **{"release": release, "runs": [run], "graders": [cast.gia], "by": cast.lou, **changed}
            )
    assert not GradingSession.objects.exists()


def test_a_run_that_is_not_ready_and_a_withdrawn_release_are_refused(cast: Cast) -> None:
    release = make_release(cast)
    run = make_run(release, "m1", by=cast.lou)
    for state in (RunState.IMPORTING, RunState.WITHDRAWN):
        run.state = state
        run.save()
        with pytest.raises(NotReady, match="is not ready"):
            open_session(release=release, runs=[run], graders=[cast.gia], by=cast.lou)
    run.state = RunState.READY
    run.save()
    ReleaseState.objects.create(release=release, stage=Stage.WITHDRAWN, by=cast.lou)
    with pytest.raises(NotReady, match="is withdrawn"):
        open_session(release=release, runs=[run], graders=[cast.gia], by=cast.lou)


def test_states_only_go_forward(cast: Cast) -> None:
    session = make_session(cast)
    end_grading(session=session, by=cast.lou)
    with pytest.raises(NotReady, match="Only an open session"):
        end_grading(session=session, by=cast.lou)
    with pytest.raises(BadInput, match="Say why"):
        close_session(session=session, reason=" ", by=cast.lou)
    close_session(session=session, reason="Done.", by=cast.lou)
    with pytest.raises(NotReady, match="already closed"):
        close_session(session=session, reason="Again.", by=cast.lou)
    assert (session.close_reason, session.closed_by) == ("Done.", cast.lou)


def test_a_tie_an_abstention_and_a_missing_verdict_are_three_things(cast: Cast) -> None:
    """One answer with four criteria: agreed, tied, not judged by anybody, and without any verdict."""
    session = make_session(cast, n_cases=1, n_criteria=4, n_runs=1)
    said = {cast.gia: ("met", "met", "cannot_judge"), cast.gus: ("met", "not_met", "cannot_judge")}
    for person, verdicts in said.items():
        given = {index: GivenVerdict(verdict) for index, verdict in enumerate(verdicts)}
        save_grades(assignment=assignment_of(person, session), verdicts=given, by=person)
    undecided = count_undecided(session)
    assert (undecided.unresolved, undecided.cannot_judge, undecided.judge_failed, undecided.missing) == (
        1,
        1,
        0,
        1,
    )
    response = assignment_of(cast.gia, session).response
    Resolution.objects.create(
        session=session,
        response=response,
        criterion_index=1,
        verdict="met",
        reason="Looked again.",
        by=cast.lou,
    )
    assert close_session(session=session, reason="Done.", by=cast.lou).total == 2


def test_a_fully_judged_session_leaves_nothing_undecided(cast: Cast) -> None:
    session = make_session(cast)
    give(cast.gia, session)
    give(cast.gus, session)
    assert count_undecided(session).total == 0


def test_a_grader_who_lost_the_role_is_not_chosen_again(cast: Cast) -> None:
    session = make_session(cast)
    Membership.objects.filter(user=cast.gia, role=Role.GRADER).delete()
    with pytest.raises(BadInput, match=r"gia@example\.org"):
        open_session(release=session.release, runs=list(session.runs.all()), graders=[cast.gia], by=cast.lou)


def test_closing_puts_a_hash_of_the_grades_into_the_audit_trail(cast: Cast) -> None:
    """A grade changed behind the product's back no longer gives the hash that closing wrote down."""
    session = make_session(cast)
    give(cast.gia, session)
    close_session(session=session, reason="Done", by=cast.lou)
    written = AuditEvent.objects.get(verb="session:close").after_hash
    assert written == hash_of_grades(session)
    grade = Grade.objects.filter(assignment__session=session).first()
    assert grade is not None
    Grade.objects.filter(pk=grade.pk).update(verdict=Verdict.CANNOT_JUDGE)
    assert hash_of_grades(session) != written


@pytest.mark.parametrize("seed", [10**18, -(10**18), 9**99])
def test_command_refuses_a_seed_no_column_holds(cast: Cast, seed: int) -> None:
    with pytest.raises(CommandError, match="--seed: a whole number of up to 18 digits"):
        call_command(
            "open_session",
            release="ed==1.0.0",
            runs=["m1"],
            graders=[cast.gia.email],
            by=cast.lou.email,
            seed=seed,
        )
    assert not GradingSession.objects.exists()
