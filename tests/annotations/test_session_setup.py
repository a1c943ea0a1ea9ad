"""Setting a session up: what may be chosen, what becomes of it, and what is refused in a sentence."""

from collections import Counter
from datetime import timedelta
from io import StringIO
from itertools import combinations
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotations.models import (
    Assignment,
    DecisionRule,
    Desk,
    GradingSession,
    LabelStudioConnection,
    SessionItem,
    SessionRater,
    SessionState,
)
from annotations.naming import names_of, names_system
from annotations.selectors.session_plan import plan_session
from annotations.selectors.sessions import naming_answers, rater_progress
from annotations.services.grades import save_grades
from annotations.services.sessions import (
    GraderPlan,
    close_session,
    discard_session,
    end_grading,
    open_session,
    reopen_session,
)
from annotations.session_choices import SessionChoices
from builder.common import clock
from builder.common.errors import BadInput, DomainError, NotAllowed, NotReady
from builder.models import AuditEvent, Membership, Role
from builder.services.cases import save_revision
from exports.models import Release, Response, Run
from exports.services.runs import withdraw_run
from tests.annotations.graded import answered, case
from tests.annotations.rows import cases, freeze, give, make_release, make_run, make_session
from tests.cast import Cast
from tests.factories import make_approved, make_content


@pytest.fixture
def release(cast: Cast) -> Release:
    """Six cases, two of them without a red line, answered by two runs."""
    plain = [case(f"Plain {n}", (5, "accuracy"), (3, "accuracy")) for n in range(2)]
    made = make_release(
        cast,
        contents=[
            *(make_content(content.title, kind="practice", rubrics=content.rubrics) for content in plain),
            *cases(4, 3),
        ],
    )
    for name in ("run-one", "run-two"):
        make_run(made, name, by=cast.lou)
    return made


def trio(cast: Cast) -> list[Any]:
    """Return the three graders."""
    return [cast.gia, cast.gus, cast.geo]


def opened(cast: Cast, release: Release, **options: Any) -> GradingSession:
    """Open a session of the three graders over both runs."""
    given = {"runs": list(release.runs.order_by("pk")), "graders": trio(cast), "overlap": 2, **options}
    return open_session(release=release, by=cast.lou, **given)


def assigned(session: GradingSession) -> dict[int, set[int]]:
    """Return the people by the answer they grade."""
    found: dict[int, set[int]] = {}
    for response, person in Assignment.objects.filter(session=session).values_list("response", "rater__user"):
        found.setdefault(response, set()).add(person)
    return found


def test_answers_to_safety_cases_get_more_graders(cast: Cast, release: Release) -> None:
    """Two cases have neither the kind nor a red line: 4 answers with 2 graders, 8 with 3."""
    session = opened(cast, release, overlap=2, safety_overlap=3)
    counts = Counter(len(people) for people in assigned(session).values())
    assert counts == {2: 4, 3: 8}
    items = SessionItem.objects.filter(session=session)
    assert {(item.overlap, item.taken) for item in items} == {(2, 2), (3, 3)}
    for item in items.select_related("response__item"):
        content = item.response.item.content
        risky = content.kind == "safety" or any(criterion.red_line for criterion in content.rubrics)
        assert item.overlap == (3 if risky else 2)


def test_quotas_say_how_many_each(cast: Cast, release: Release) -> None:
    """12 answers × 2 graders = 24: Gia 10, the others share 14."""
    graders = [GraderPlan(cast.gia, quota=10), GraderPlan(cast.gus), GraderPlan(cast.geo)]
    session = opened(cast, release, graders=graders)
    loads = [session.assignments.filter(rater__user=person).count() for person in trio(cast)]
    assert loads == [10, 7, 7]
    quotas = SessionRater.objects.filter(session=session).order_by("position").values_list("quota", flat=True)
    assert list(quotas) == [10, None, None]


def test_every_pair_shares_what_was_asked_and_runs_are_mixed(cast: Cast, release: Release) -> None:
    session = opened(cast, release, min_shared=4)
    shared = Counter(
        pair for people in assigned(session).values() for pair in combinations(sorted(people), 2)
    )
    assert set(shared.values()) == {4} and len(shared) == 3
    for person in trio(cast):
        rows = session.assignments.filter(rater__user=person).order_by("position")
        assert list(rows.values_list("position", flat=True)) == list(range(1, 9))
        assert Counter(rows.values_list("response__run__name", flat=True)) == {"run-one": 4, "run-two": 4}


def test_nobody_grades_a_case_they_wrote_unless_allowed(cast: Cast) -> None:
    """Gia saved a later revision of Ada's case; with three graders the other two grade its answers."""
    Membership.objects.create(user=cast.gia, department=cast.department, role=Role.AUTHOR)
    mine = make_approved(cast, title="Hers too")
    release = freeze(cast, n_cases=5)
    save_revision(case=mine, content=make_content("Hers too, again"), base_version=mine.version, by=cast.gia)
    run = make_run(release, "only", by=cast.lou)
    written = Response.objects.get(run=run, item__revision__case=mine).pk
    choices = {"release": release, "runs": [run], "by": cast.lou, "overlap": 2}
    session = open_session(graders=trio(cast), **choices)
    assert assigned(session)[written] == {cast.gus.pk, cast.geo.pk}
    with pytest.raises(BadInput, match="Only 1 of the chosen people may grade answers to case “Hers too”"):
        open_session(graders=[cast.gia, cast.gus], **choices)
    allowed = open_session(graders=[cast.gia, cast.gus], allow_own_cases=True, **choices)
    assert assigned(allowed)[written] == {cast.gia.pk, cast.gus.pk}


def test_only_the_chosen_samples_are_graded(cast: Cast) -> None:
    release = make_release(cast, n_cases=3)
    run = answered(release, "sampled", {0: 3, 1: 3, 2: 3}, by=cast.lou)
    session = open_session(release=release, runs=[run], graders=[cast.gia], epochs=[3, 1], by=cast.lou)
    epochs = Assignment.objects.filter(session=session).values_list("response__epoch", flat=True)
    assert Counter(epochs) == {1: 3, 3: 3}
    assert session.epochs == [1, 3]
    with pytest.raises(BadInput, match="hold no sample 4"):
        open_session(release=release, runs=[run], graders=[cast.gia], epochs=[1, 4], by=cast.lou)


def test_what_graders_see_and_who_decides_is_kept(cast: Cast, release: Release) -> None:
    day = clock.today() + timedelta(days=3)
    session = opened(
        cast, release, show_reference=False, rule="lead", deadline=day, show_evidence=True, show_points=False
    )
    session.refresh_from_db()
    assert (session.show_reference, session.show_evidence, session.show_points) == (False, True, False)
    assert (session.rule, session.deadline) == (DecisionRule.LEAD, day)
    assert not opened(cast, release, show_reference=False).show_evidence


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"safety_overlap": 1}, "from 2 to 3 graders, not 1"),
    ({"safety_overlap": 4}, "from 2 to 3 graders, not 4"),
    ({"min_shared": 5}, "pairs of graders share 4 answers at most; you asked for 5"),
    ({"min_shared": -1}, "fewer than 0"),
    ({"rule": "dice"}, "majority or lead, not dice"),
    ({"deadline": clock.today() - timedelta(days=1)}, "deadline is in the past"),
    ({"epochs": [2]}, "no sample 2"),
]


@pytest.mark.parametrize(("changed", "sentence"), REFUSED)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    cast: Cast, release: Release, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        opened(cast, release, **changed)
    assert not GradingSession.objects.exists() and not SessionItem.objects.exists()


@pytest.mark.parametrize(
    ("quotas", "sentence"),
    [
        ((8, 8, 9), "adds up to 25 answers, but 24 are needed"),
        ((8, 8, 7), "adds up to 23 answers, but 24 are needed"),
        ((13, None, None), "Gia is to grade 13 answers, but may grade only 12"),
        ((0, None, None), "Gia must get at least one answer"),
        ((1, None, None), "Gia would get 1 of the answers and so not see answers of two runs"),
    ],
)
def test_numbers_that_do_not_work_out_are_refused(
    cast: Cast, release: Release, quotas: tuple[int | None, ...], sentence: str
) -> None:
    graders = [GraderPlan(user, quota=quota) for user, quota in zip(trio(cast), quotas, strict=True)]
    with pytest.raises(BadInput, match=sentence):
        opened(cast, release, graders=graders)


def test_a_run_withdrawn_before_opening_is_refused(cast: Cast, release: Release) -> None:
    run = Run.objects.get(name="run-one")
    withdraw_run(run=run, reason="Wrong prompt.", by=cast.lou)
    with pytest.raises(NotReady, match="run-one is not ready"):
        opened(cast, release)


def test_a_grader_without_the_role_or_switched_off_is_refused(cast: Cast, release: Release) -> None:
    cast.geo.is_active = False
    cast.geo.save()
    with pytest.raises(BadInput, match=r"geo@example\.org doesn't have the role"):
        opened(cast, release)


def test_label_studio_needs_a_connection(cast: Cast, release: Release) -> None:
    graders = [GraderPlan(cast.gia, Desk.LABEL_STUDIO), GraderPlan(cast.gus), GraderPlan(cast.geo)]
    with pytest.raises(BadInput, match="Emergency has no Label Studio connected yet"):
        opened(cast, release, graders=graders)
    LabelStudioConnection.objects.create(
        department=cast.department,
        url="http://ls.example.org",
        token="t",
        webhook_secret="s",
        saved_by=cast.lou,
    )
    session = opened(cast, release, graders=graders)
    desks = SessionRater.objects.filter(session=session).order_by("position").values_list("desk", flat=True)
    assert list(desks) == ["label-studio", "in-app", "in-app"]
    with pytest.raises(BadInput, match="not paper"):
        opened(cast, release, graders=[GraderPlan(cast.gia, "paper"), GraderPlan(cast.gus)])


def test_answers_that_name_their_system_are_flagged_and_shown_to_who_grades_nothing(
    cast: Cast, release: Release
) -> None:
    run = Run.objects.get(name="run-one")
    first, second = Response.objects.filter(run=run).order_by("pk")[:2]
    Response.objects.filter(pk=first.pk).update(completion="As Run-One, I advise an ECG.")
    Response.objects.filter(pk=second.pk).update(completion="저는 ChatGPT입니다.")
    session = opened(cast, release)
    flagged = SessionItem.objects.filter(session=session, names_system=True)
    assert set(flagged.values_list("response", flat=True)) == {first.pk, second.pk}
    found = naming_answers(session, cast.lou)
    assert (found.total, {answer.pk for answer in found.shown}) == (2, {first.pk, second.pk})
    assert naming_answers(session, cast.gia).shown == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I am northlight.", True), ("NorthLight-large says", True), ("northlights are bright", False),
        ("Ask Claude about it", True), ("claudication of the leg", False), ("The M1 segment", False),
        ("as a large model", False), ("노스라이트 northlight입니다", True), ("", False),
    ],
)  # fmt: skip
def test_a_name_counts_as_a_word_of_its_own(text: str, names: bool) -> None:
    assert names_system(text, names_of("m1", "example/northlight-large")) is names


def test_the_plan_tells_what_the_session_then_is(cast: Cast, release: Release) -> None:
    choices = SessionChoices(
        release=release, runs=list(release.runs.order_by("pk")), graders=[GraderPlan(user) for user in trio(cast)],
        overlap=2, min_shared=2, seed=11,
    )  # fmt: skip
    plan = plan_session(choices, cast.lou)
    session = opened(cast, release, min_shared=2, seed=11)
    assert (plan.cases, plan.answers, plan.safety_answers, plan.calibration.lost) == (6, 12, 8, 0)
    # Two plain cases of 2 criteria, four of 3: 16 criteria a run, and every one is judged twice.
    assert (plan.units, plan.verdicts) == (32, 64)
    progress = rater_progress(session, cast.lou, with_names=True)
    assert [load.answers for load in plan.loads] == [rater.total for rater in progress] == [8, 8, 8]
    assert plan.shared is not None and (plan.shared.least, plan.shared.most) == (4, 4)


def test_the_time_is_guessed_then_measured(cast: Cast, release: Release) -> None:
    """A guess: 20 s a criterion, words at 200 a minute. Measured: the median of 24 answers, 12 s a criterion."""
    run = Run.objects.get(name="run-one")
    Response.objects.filter(run=run).update(completion="word " * 1_000)
    choices = SessionChoices(release=release, runs=[run], graders=[GraderPlan(cast.gia)])
    guess = plan_session(choices, cast.lou)
    prompt = len(["Case", "1:", "what", "should", "I", "do", "now?"])
    seconds = 16 * 20 + 6 * (1_000 + prompt) * 60 / 200
    assert (guess.pace.answers_timed, guess.loads[0].minutes) == (0, round(seconds / 60))
    timed = make_session(cast, n_cases=6, n_criteria=3, n_runs=2)
    for person in (cast.gia, cast.gus):
        give(person, timed)
    Assignment.objects.filter(session=timed).update(active_seconds=36)
    measured = plan_session(choices, cast.lou)
    assert (measured.pace.answers_timed, measured.pace.seconds_per_criterion) == (24, 12)
    assert measured.loads[0].minutes == round(16 * 12 / 60)


def test_reopening_needs_a_reason_and_an_ended_grading(cast: Cast) -> None:
    session = make_session(cast)
    with pytest.raises(NotReady, match="grading was ended"):
        reopen_session(session=session, reason="More time.", by=cast.lou)
    session = end_grading(session=session, by=cast.lou)
    assert session.ended_at is not None
    with pytest.raises(BadInput, match="Say why"):
        reopen_session(session=session, reason=" ", by=cast.lou)
    for person in (cast.ana, cast.gia, cast.eve, cast.ola):
        with pytest.raises(NotAllowed):
            reopen_session(session=session, reason="More time.", by=person)
    session = reopen_session(session=session, reason="More time.", by=cast.lou)
    assert (session.state, session.ended_at) == (SessionState.OPEN, None)
    assert AuditEvent.objects.get(verb="session:reopen").why == "More time."
    assignment = session.assignments.filter(rater__user=cast.gia).first()
    assert assignment is not None
    save_grades(assignment=assignment, verdicts={}, by=cast.gia)
    close_session(session=session, reason="Done.", by=cast.lou)
    with pytest.raises(NotReady, match="names are known"):
        reopen_session(session=session, reason="Again.", by=cast.lou)


def test_closing_records_which_letter_was_which_run(cast: Cast) -> None:
    session = make_session(cast)
    close_session(session=session, reason="Everything is judged.", by=cast.lou)
    event = AuditEvent.objects.get(verb="session:unblind")
    assert (event.why, event.actor) == ("Everything is judged.", cast.lou)
    assert '"A":"set-0-run-1","B":"set-0-run-2"' in event.details_text
    session.refresh_from_db()
    assert session.ended_at == session.closed_at


def test_an_open_session_is_not_thrown_away(cast: Cast) -> None:
    session = make_session(cast)
    with pytest.raises(NotReady, match="an open one is closed"):
        discard_session(session=session, by=cast.lou)
    assert GradingSession.objects.filter(pk=session.pk).exists()


def command(cast: Cast, release: Release, *more: str) -> tuple[GradingSession, str]:
    """Run open_session for both runs and three graders; return the session and what stderr said."""
    out, err = StringIO(), StringIO()
    words = ["--release", release.label, "--run", "run-one", "run-two", "--by", cast.lou.email, "--grader"]
    call_command("open_session", *words, *(user.email for user in trio(cast)), *more, stdout=out, stderr=err)
    return GradingSession.objects.get(pk=int(out.getvalue())), err.getvalue()


def test_the_command_takes_every_option(cast: Cast, release: Release) -> None:
    day = (clock.today() + timedelta(days=9)).isoformat()
    session, said = command(
        cast, release, "--overlap", "2", "--safety-overlap", "3", "--min-shared", "4", "--quota", "Gia@example.org=12",
        "--rule", "lead", "--deadline", day, "--samples", "1", "--allow-own-cases", "--seed", "5",
    )  # fmt: skip
    assert (session.safety_overlap, session.min_shared, session.rule) == (3, 4, "lead")
    assert (str(session.deadline), session.epochs, session.allow_own_cases) == (day, [1], True)
    assert session.assignments.filter(rater__user=cast.gia).count() == 12
    assert "is open: 32 answers to grade for 3 graders" in said


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--quota", "gia@example.org"], "EMAIL=N"),
        (["--quota", "gia@example.org=0"], "EMAIL=N"),
        (["--quota", "ada@example.org=3"], "none of the graders"),
        (["--deadline", "tomorrow"], "a day like 2027-01-31"),
        (["--deadline", "2020-01-31"], "in the past"),
        (["--overlap", "99999999"], "from 0 to 32767"),
        (["--samples", "0"], "--samples: numbers from 1"),
        (["--calibration-from", "1"], "say with --calibration how many"),
        (["--calibration", "2", "--calibration-from", "999"], "no such grading session"),
        (["--desk", "label-studio"], "no Label Studio connected"),
    ],
)
def test_the_command_refuses_in_a_sentence(
    cast: Cast, release: Release, more: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        command(cast, release, *more)
    assert not GradingSession.objects.exists()


def test_the_reopen_command(cast: Cast) -> None:
    session = end_grading(session=make_session(cast), by=cast.lou)
    out = StringIO()
    call_command(
        "reopen_session", str(session.pk), "--reason", "More time.", "--by", cast.lou.email, stdout=out
    )
    session.refresh_from_db()
    assert (session.state, out.getvalue().strip()) == (
        SessionState.OPEN,
        f"Session {session.pk} is open again.",
    )
    with pytest.raises(CommandError, match="grading was ended"):
        call_command("reopen_session", str(session.pk), "--reason", "Again.", "--by", cast.lou.email)


def test_every_refusal_of_a_design_is_a_domain_error(cast: Cast, release: Release) -> None:
    """No choice of numbers ends in anything but a session or a sentence."""
    for overlap in range(1, 4):
        for least in (0, 1, 4, 12, 13):
            for quota in (None, 2, 12, 24):
                graders = [GraderPlan(cast.gia, quota=quota), GraderPlan(cast.gus), GraderPlan(cast.geo)]
                try:
                    session = opened(cast, release, overlap=overlap, min_shared=least, graders=graders)
                except DomainError as error:
                    assert error.message.endswith(".")
                else:
                    assert session.assignments.count() == 12 * overlap
