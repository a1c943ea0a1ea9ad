"""Sessions that anything may happen to, compared with a plain model after every step.

25 sessions of 50 steps in the suite; SESSION_MACHINE_EXAMPLES sets another number of sessions.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from annotations.models import Assignment, Grade, GradeEvent, GradingSession, Rater, SessionItem
from annotations.selectors.counted import counted_grades
from annotations.selectors.disagreements import list_disagreements
from annotations.services.grades import GivenVerdict, save_grades, skip_assignment, undo_skip
from annotations.services.members import add_grader, remove_grader, withdraw_session_run
from annotations.services.queue import claim_assignment, release_expired
from annotations.services.resolutions import ask_third, resolve_unit, standing_rulings, withdraw_resolution
from annotations.services.session_rows import rater_for_person
from annotations.services.sessions import close_session, end_grading, open_session, reopen_session
from builder.common.errors import DomainError
from builder.models import User
from builder.services.audit import verify_chain
from exports.models import Response, Run
from tests.annotations.rows import cases, make_release, make_run
from tests.annotations.session_model import ADJUDICATING, CLOSED, OPEN, Model, Row
from tests.cast import Cast

EXAMPLES, STEPS, CRITERIA = int(os.environ.get("SESSION_MACHINE_EXAMPLES", "25")), 50, 2
PEOPLE = ("gia", "gus", "geo")
WORDS = ("met", "not_met", "cannot_judge", "")
ACTS = st.lists(
    st.tuples(st.integers(0, CRITERIA), st.sampled_from(WORDS), st.sampled_from(("", "", "k1", "k2", "k3"))),
    min_size=1, max_size=4,
)  # fmt: skip
EVERY_ACT = "grade finish skip undo claim remove add withdraw end reopen close decide undecide ask"
ANY = st.integers(0, 999)  # which of what there is


class SessionMachine(RuleBasedStateMachine):
    """One session, three people who may grade, a lead; the test sets `cast` and reads what `came`."""

    cast: Cast
    came: Counter[tuple[str, str]]

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.rollback = transaction.atomic()
        self.rollback.__enter__()

    def teardown(self) -> None:
        """Leave nothing behind."""
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)

    @initialize(
        n_cases=st.integers(1, 3), n_runs=st.integers(1, 2), n_people=st.integers(2, 3),
        overlap=st.sampled_from((1, 2, 2, 3)), seed=st.integers(0, 99),
    )  # fmt: skip
    def set_up(self, n_cases: int, n_runs: int, n_people: int, overlap: int, seed: int) -> None:
        """Open a session."""
        release = make_release(self.cast, contents=cases(n_cases, CRITERIA))
        runs = [make_run(release, f"run-{place}", by=self.cast.lou) for place in range(n_runs)]
        people = PEOPLE[:n_people]
        # Everybody is to see answers of every run: where these are too few for that, all grade all.
        overlap = overlap if n_people <= n_cases * overlap and overlap < n_people else n_people
        self.session = open_session(
            release=release, runs=runs, graders=[self.person(name) for name in people],
            overlap=overlap, seed=seed, by=self.cast.lou,
        )  # fmt: skip
        answers = dict(Response.objects.filter(run__in=runs).values_list("pk", "run_id"))
        self.model = Model(answers, dict.fromkeys(answers, overlap), CRITERIA)
        self.model.members = dict.fromkeys(people, False)
        for row in Assignment.objects.select_related("rater__user"):
            self.model.rows[self.name_of(row), row.response_id] = Row()

    def person(self, name: str) -> User:
        """Return somebody of the cast."""
        found: User = getattr(self.cast, name)
        return found

    def name_of(self, row: Assignment) -> str:
        """Return whose it is."""
        return next(name for name in PEOPLE if self.person(name).pk == row.rater.user_id)

    def rater(self, name: str) -> Rater:
        """Return the person's row among the raters."""
        return rater_for_person(self.person(name))

    def fresh(self) -> GradingSession:
        """Return the session as a page would load it."""
        return GradingSession.objects.select_related("release__department").get(pk=self.session.pk)

    def stored(self, which: int) -> tuple[str, int, Assignment]:
        """Return one of the assignments."""
        keys = sorted(self.model.rows)
        name, answer = keys[which % len(keys)]
        return name, answer, Assignment.objects.get(response=answer, rater__user=self.person(name))

    def unit(self, which: int) -> tuple[int, int]:
        """Return a unit, one in dispute where there is one."""
        every = [(answer, index) for answer in sorted(self.model.runs) for index in range(CRITERIA)]
        chosen = sorted(self.model.disputes()) or every
        return chosen[which % len(chosen)]

    def same(self, name: str, act: Callable[[], Any], expected: str) -> Any:
        """Do it; what comes of it must be what the model says."""
        self.steps += 1
        self.came[name, expected] += 1
        try:
            done = act()
        except DomainError as error:
            assert type(error).__name__ == expected, error
            return None
        assert expected == ""
        return done

    @rule(which=ANY, verdicts=ACTS)
    def grade(self, which: int, verdicts: list[tuple[int, str, str]]) -> None:
        """Somebody judges criteria of one of their answers; there is one criterion fewer than they may name."""
        name, answer, row = self.stored(which)
        given = [(index, GivenVerdict(verdict, key=key)) for index, verdict, key in verdicts]
        expected = self.model.grade(name, answer, verdicts)
        self.same(
            "grade", lambda: save_grades(assignment=row, verdicts=given, by=self.person(name)), expected
        )

    @rule(which=ANY, verdict=st.sampled_from(("met", "not_met")))
    def finish(self, which: int, verdict: str) -> None:
        """Somebody judges all that is asked of one answer."""
        name, answer, row = self.stored(which)
        indices = row.asked or range(CRITERIA)
        expected = self.model.grade(name, answer, [(index, verdict, "") for index in indices])
        given = {index: GivenVerdict(verdict) for index in indices}
        self.same(
            "finish", lambda: save_grades(assignment=row, verdicts=given, by=self.person(name)), expected
        )

    @precondition(lambda self: self.model.state == OPEN)
    @rule(
        which=ANY,
        decides=st.booleans(),
        takes_back=st.booleans(),
        goes_on=st.booleans(),
        name=st.sampled_from(PEOPLE),
    )
    def dispute(self, which: int, decides: bool, takes_back: bool, goes_on: bool, name: str) -> None:
        """Graders of one answer disagree; grading ends, and the lead decides, or asks somebody; grading may go on.

        Left to chance this would hardly ever happen.
        """
        answers = sorted(self.model.runs)
        answer = answers[which % len(answers)]
        for who, verdict in zip(sorted(self.model.members), ("met", "not_met", "met"), strict=False):
            if answer in self.model.queue_of(who):
                row = Assignment.objects.get(response=answer, rater__user=self.person(who))
                indices = row.asked or range(CRITERIA)
                expected = self.model.grade(who, answer, [(index, verdict, "") for index in indices])
                given = {index: GivenVerdict(verdict) for index in indices}
                user = self.person(who)
                self.same("grade", partial(save_grades, assignment=row, verdicts=given, by=user), expected)
        self.end()
        if decides:
            self.decide(which, "met")
        else:
            self.ask(which, name)
        if takes_back and self.model.rulings:
            self.undecide(which)
        if goes_on:
            self.reopen()

    @rule(which=ANY)
    def skip(self, which: int) -> None:
        """Somebody puts an answer down."""
        name, answer, row = self.stored(which)
        expected = self.model.skip(name, answer)
        self.same(
            "skip", lambda: skip_assignment(assignment=row, reason="Unsure.", by=self.person(name)), expected
        )

    @rule(which=ANY)
    def undo(self, which: int) -> None:
        """Somebody takes an answer up again."""
        name, answer, row = self.stored(which)
        expected = self.model.undo_skip(name, answer)
        self.same("undo", lambda: undo_skip(assignment=row, by=self.person(name)), expected)

    @rule(name=st.sampled_from(PEOPLE))
    def claim(self, name: str) -> None:
        """Somebody takes an answer from the rest."""
        expected, answers = self.model.may_claim(name)
        claimed = self.same(
            "claim", lambda: claim_assignment(session=self.fresh(), by=self.person(name)), expected
        )
        assert (claimed.response_id in answers) if claimed else not answers
        if claimed:
            self.model.claim(name, claimed.response_id)

    @rule(which=ANY, looks=st.booleans())
    def lapse(self, which: int, looks: bool) -> None:
        """The time for a taken answer is over; somebody looks at the session, or nobody does."""
        name, answer, row = self.stored(which)
        if row.lease_until is not None:
            self.model.rows[name, answer].lapsed = True
            Assignment.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        if looks:
            self.model.expire()
            release_expired(session=self.fresh())

    @rule(name=st.sampled_from(PEOPLE))
    def remove(self, name: str) -> None:
        """The lead removes a grader."""
        expected = self.model.remove(name)
        act = lambda: remove_grader(  # noqa: E731
            session=self.fresh(), rater=self.rater(name), reason="Away.", by=self.cast.lou
        )
        self.same("remove", act, expected)

    @rule(name=st.sampled_from(PEOPLE))
    def add(self, name: str) -> None:
        """The lead adds a grader, or lets one return."""
        expected = self.model.add(name)
        self.same(
            "add",
            lambda: add_grader(session=self.fresh(), user=self.person(name), by=self.cast.lou),
            expected,
        )

    @precondition(lambda self: self.steps > 10)
    @rule(which=ANY)
    def withdraw(self, which: int) -> None:
        """The lead takes a run out."""
        runs = sorted(set(self.model.runs.values()))
        run = Run.objects.get(pk=runs[which % len(runs)])
        expected = self.model.withdraw(run.pk)
        act = lambda: withdraw_session_run(  # noqa: E731
            session=self.fresh(), run=run, reason="Wrong.", by=self.cast.lou
        )
        self.same("withdraw", act, expected)

    @rule()
    def end(self) -> None:
        """The lead ends the grading."""
        expected = self.model.move({OPEN}, ADJUDICATING)
        self.same("end", lambda: end_grading(session=self.fresh(), by=self.cast.lou), expected)

    @rule()
    def reopen(self) -> None:
        """The lead opens it again."""
        expected = self.model.move({ADJUDICATING}, OPEN)
        self.same(
            "reopen", lambda: reopen_session(session=self.fresh(), reason="More.", by=self.cast.lou), expected
        )

    @precondition(lambda self: self.steps > 40)
    @rule()
    def close(self) -> None:
        """The lead closes the session for good."""
        expected = self.model.move({OPEN, ADJUDICATING}, CLOSED)
        self.same(
            "close", lambda: close_session(session=self.fresh(), reason="Done.", by=self.cast.lou), expected
        )

    @rule(which=ANY, ruling=st.sampled_from(("met", "not_met", "cannot_judge", "unclear")))
    def decide(self, which: int, ruling: str) -> None:
        """The lead rules on a unit."""
        unit = self.unit(which)
        expected = self.model.rule(unit, ruling)
        act = lambda: resolve_unit(  # noqa: E731
            session=self.fresh(), response=Response.objects.get(pk=unit[0]), criterion_index=unit[1],
            verdict=ruling, reason="The answer says so.", by=self.cast.lou,
        )  # fmt: skip
        self.same("decide", act, expected)

    @precondition(lambda self: self.model.rulings)
    @rule(which=ANY)
    def undecide(self, which: int) -> None:
        """The lead takes a ruling back."""
        units = sorted(self.model.rulings)
        unit = units[which % len(units)]
        row = standing_rulings(self.session).get(response=unit[0], criterion_index=unit[1])
        expected = self.model.unrule(unit)
        self.same(
            "undecide", lambda: withdraw_resolution(resolution=row, reason="No.", by=self.cast.lou), expected
        )

    @rule(which=ANY, name=st.sampled_from(PEOPLE))
    def ask(self, which: int, name: str) -> None:
        """The lead asks one more grader."""
        unit = self.unit(which)
        expected = self.model.ask(unit, name)
        act = lambda: ask_third(  # noqa: E731
            session=self.fresh(), response=Response.objects.get(pk=unit[0]), criteria=[unit[1]],
            rater=self.rater(name), by=self.cast.lou,
        )  # fmt: skip
        self.same("ask", act, expected)

    @invariant()
    def places_are_kept(self) -> None:
        """Nobody too many, and the count of those who hold a place is right."""
        items = {item.response_id: (item.overlap, item.taken) for item in SessionItem.objects.all()}
        model = self.model
        assert items == {answer: (places, model.taken(answer)) for answer, places in model.overlap.items()}
        assert not SessionItem.objects.filter(taken__gt=F("overlap")).exists()

    @invariant()
    def everybody_has_what_the_model_says(self) -> None:
        """Assignments, their grades and what of them counts."""
        rows = list(Assignment.objects.select_related("rater__user").prefetch_related("grades"))
        found = {(self.name_of(row), row.response_id): row for row in rows}
        assert found.keys() == self.model.rows.keys()
        for key, row in found.items():
            expected = self.model.rows[key]
            said = [(grade.criterion_index, grade.verdict) for grade in row.grades.all()]
            assert (row.released_cause, dict(said), len(said)) == (
                expected.released,
                expected.said,
                len(expected.said),
            )
            assert (row.done_at is not None) == self.model.is_done(expected)
        counting = {found[key].pk for key, row in self.model.counting().items() if row.said}
        grades = counted_grades([self.session])
        assert set(grades.values_list("assignment", flat=True)) == counting

    @invariant()
    def the_history_comes_to_the_grades(self) -> None:
        """Replaying what was said gives what stands, and nothing was said twice."""
        replayed: dict[int, dict[int, str]] = {}
        told: dict[int, list[tuple[int, str]]] = {}
        for event in GradeEvent.objects.order_by("pk"):
            replayed.setdefault(event.assignment_id, {})[event.criterion_index] = event.verdict
            told.setdefault(event.assignment_id, []).append((event.criterion_index, event.verdict))
        stands: dict[int, dict[int, str]] = {}
        for grade in Grade.objects.all():
            stands.setdefault(grade.assignment_id, {})[grade.criterion_index] = grade.verdict
        assert stands == {
            owner: kept for owner, said in replayed.items() if (kept := {i: v for i, v in said.items() if v})
        }
        assert sorted(told.values()) == sorted(row.history for row in self.model.rows.values() if row.history)

    @invariant()
    def queues_hold_what_is_to_be_done(self) -> None:
        """Graders' queues; and in adjudication every dispute that nobody ruled on, and none that somebody did."""
        for name in PEOPLE:
            queue = Assignment.objects.of_grader(self.person(name)).values_list("response_id", flat=True)
            assert set(queue) == self.model.queue_of(name)
        rulings = {
            (row.response_id, row.criterion_index): row.verdict for row in standing_rulings(self.session)
        }
        assert rulings == self.model.rulings
        if self.model.state in (ADJUDICATING, CLOSED):
            listed = {
                (each.response_id, each.criterion_index)
                for each in list_disagreements(self.fresh()).everything
            }
            assert listed == self.model.disputes() - self.model.rulings.keys()


@pytest.mark.django_db
def test_whatever_happens_a_session_stays_what_the_model_says(cast: Cast) -> None:
    machine = type("Machine", (SessionMachine,), {"cast": cast, "came": Counter()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
        ),
    )  # fmt: skip
    assert verify_chain() is None
    # What never happens is never compared.
    assert set(EVERY_ACT.split()) - {name for name, outcome in machine.came if not outcome} == set()
    assert {"NotReady", "Conflict", "BadInput"} <= {outcome for _name, outcome in machine.came}
