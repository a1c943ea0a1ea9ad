"""A department with something on every page, for the journeys that look at many of them."""

from dataclasses import dataclass

from annotations.models import Assignment, GradingSession, Verdict
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.sessions import close_session, end_grading, open_session
from builder.models import Case, User
from exports.models import Release
from tests.annotations.rows import make_run
from tests.cast import Cast
from tests.exports.builders import make_release
from tests.factories import make_draft, make_submitted

# What two graders say about the three criteria of a good and of a poor answer. They part on one criterion of the poor.
GOOD, POOR = "run-good", "run-poor"
SAID = {
    "gia": {GOOD: "met met not_met", POOR: "not_met met met"},
    "gus": {GOOD: "met met not_met", POOR: "not_met not_met met"},
}


@dataclass(frozen=True)
class House:
    """What stands on the pages."""

    draft: Case
    submitted: Case
    release: Release
    session: GradingSession
    open_session: GradingSession


def make_graded_session(cast: Cast, release: Release) -> GradingSession:
    """Open a session on two runs, in which Gia and Gus have judged everything."""
    runs = [make_run(release, name, by=cast.lou, model=f"model of {name}") for name in (GOOD, POOR)]
    session = open_session(release=release, runs=runs, graders=[cast.gia, cast.gus], by=cast.lou)
    for grader in (cast.gia, cast.gus):
        judge_everything(session, grader)
    return session


def judge_everything(session: GradingSession, grader: User) -> None:
    """Give every answer of a grader the verdicts of SAID."""
    said = SAID[grader.name.lower()]
    for assignment in Assignment.objects.filter(session=session, rater__user=grader).select_related(
        "response__run"
    ):
        words = said[assignment.response.run.name].split()
        verdicts = {index: GivenVerdict(Verdict(word)) for index, word in enumerate(words)}
        save_grades(assignment=assignment, verdicts=verdicts, by=grader)


def make_house(cast: Cast) -> House:
    """Fill the emergency department: cases in every state, a release, runs, a closed and an open session."""
    release = make_release(cast, cases=3)
    session = make_graded_session(cast, release)
    end_grading(session=session, by=cast.lou)
    close_session(session=session, reason="Every answer has two graders.", by=cast.lou)
    runs = [make_run(release, "run-new", by=cast.lou)]
    still_open = open_session(release=release, runs=runs, graders=[cast.gia, cast.gus], by=cast.lou)
    return House(
        draft=make_draft(cast, title="Dizziness after a new tablet"),
        submitted=make_submitted(cast, title="Chest pain with a normal first ECG"),
        release=release,
        session=session,
        open_session=still_open,
    )
