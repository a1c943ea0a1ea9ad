"""A department with something on every page, for the journeys that look at many of them."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from annotations.models import Assignment, Desk, GradingSession, Resolution, Verdict
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.resolutions import resolve_unit
from annotations.services.results import import_results
from annotations.services.sessions import (
    CalibrationPlan,
    GraderPlan,
    close_session,
    end_grading,
    open_session,
)
from builder.content import Criterion
from builder.jobs import register_job
from builder.models import Case, Job, LibraryCriterion, ReviewThread, User
from builder.services.jobs import enqueue_job
from builder.services.library import add_to_library
from builder.services.threads import open_thread, reply_to_thread
from exports.models import Release
from tests.annotations.disputed import answer_to, disputed
from tests.annotations.harness_logs import log_rows, write_log
from tests.annotations.label_studio.rows import connected, make_shown
from tests.annotations.rows import make_run
from tests.cast import Cast
from tests.exports.builders import make_release
from tests.factories import make_draft, make_submitted

# What two graders say about the three criteria of a good and of a poor answer. They part on one criterion of the poor.
GOOD, POOR = "run-good", "run-poor"
LOGGED = "run-from-a-log"
SAID = {
    "gia": {GOOD: "met met not_met", POOR: "not_met met met"},
    "gus": {GOOD: "met met not_met", POOR: "not_met not_met met"},
}


@dataclass(frozen=True)
class House:
    """What stands on the pages."""

    draft: Case
    submitted: Case
    point: ReviewThread
    release: Release
    session: GradingSession
    open_session: GradingSession
    planned: GradingSession
    there: GradingSession
    disputed: GradingSession
    ruling: Resolution
    job: Job
    kept: LibraryCriterion


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


def bring_log(release: Release, by: User) -> None:
    """Bring a log home whose harness reports scores that its formula doesn't give."""
    rows = [
        row | {"score": 0.123} for row in log_rows(release, {(0, 1): "++o", (1, 1): "+oo", (2, 2): "oo+"})
    ]
    with TemporaryDirectory() as folder:
        path = write_log(Path(folder) / "log.jsonl", rows)
        import_results(path=path, release=release, run_name=LOGGED, by=by)


def make_job(by: User) -> Job:
    """Ask for a job that nobody does."""
    register_job("errand", "Import of cases", lambda _context: {})
    return enqueue_job(kind="errand", arguments={}, by=by)


def make_house(cast: Cast) -> House:
    """Fill the emergency department: cases in every state, a release, runs, a closed and an open session."""
    release = make_release(cast, cases=3)
    session = make_graded_session(cast, release)
    end_grading(session=session, by=cast.lou)
    close_session(session=session, reason="Every answer has two graders.", by=cast.lou)
    bring_log(release, cast.lou)
    runs = [make_run(release, "run-new", by=cast.lou)]
    still_open = open_session(release=release, runs=runs, graders=[cast.gia, cast.gus], by=cast.lou)
    planned = open_session(
        release=release, runs=runs, graders=[cast.gia, cast.gus], calibration=CalibrationPlan(1), by=cast.lou
    )
    connected(cast)
    dispute = disputed(cast, name="settled")
    ruling = resolve_unit(
        session=dispute, response=answer_to(dispute, 0), criterion_index=0, verdict="unclear", reason="When?",
        by=cast.lou,
    )  # fmt: skip
    submitted = make_submitted(cast, title="Chest pain with a normal first ECG")
    point = open_thread(case=submitted, text="Within how many minutes?", criterion_index=0, by=cast.ada)
    reply_to_thread(thread=point, text="", proposed_wording="Asks for an ECG within 5 minutes.", by=cast.ada)
    return House(
        draft=make_draft(cast, title="Dizziness after a new tablet"),
        submitted=submitted,
        point=point,
        release=release,
        session=session,
        open_session=still_open,
        planned=planned,
        there=make_shown(
            cast,
            open_session(
                release=release,
                runs=runs,
                by=cast.lou,
                graders=[GraderPlan(cast.geo, Desk.LABEL_STUDIO), GraderPlan(cast.gus, Desk.LABEL_STUDIO)],
            ),
        ),
        disputed=dispute,
        ruling=ruling,
        job=make_job(cast.ada),
        kept=add_to_library(
            criterion=Criterion(criterion="Asks for an ECG.", points=5),
            department=cast.department,
            by=cast.ada,
        ),
    )
