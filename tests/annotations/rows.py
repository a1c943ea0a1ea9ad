"""Releases, runs and sessions for the tests of this room, as rows: how they come in is tested in rooms 1 and 2."""

from collections.abc import Sequence
from typing import Any

from annotations.models import Assignment, GradingSession
from annotations.selectors.calibration import Gold, calibration_items
from annotations.services.calibration import set_gold_verdicts
from annotations.services.grades import GivenVerdict, save_grades
from annotations.services.sessions import open_session
from builder.content import CaseContent, Criterion, content_to_json
from builder.models import User
from exports.models import Release, ReleaseItem, ReleaseState, Response, Run, RunState, Stage
from exports.records import item_hash
from exports.services.releases import freeze_release
from tests.cast import Cast
from tests.factories import make_approved, make_content, make_draft


def make_release(
    cast: Cast, *, n_cases: int = 2, name: str = "chest-pain", contents: Sequence[CaseContent] = ()
) -> Release:
    """Make a final release of some cases; by default each has three criteria."""
    contents = contents or [make_content(f"Case {place}") for place in range(1, n_cases + 1)]
    revision = make_draft(cast).revisions.get()
    release = Release.objects.create(
        department=cast.department, name=name, version="1.0.0", manifest_text="{}", sha256="0" * 64,
        n_items=len(contents), frozen_by=cast.lou,
    )  # fmt: skip
    ReleaseItem.objects.bulk_create(
        ReleaseItem(
            release=release, position=place, prompt_id=f"{name}-{place}", content_text=content_to_json(content),
            sha256=item_hash(f"{name}-{place}", content), revision=revision,
        )
        for place, content in enumerate(contents)
    )  # fmt: skip
    ReleaseState.objects.create(release=release, stage=Stage.FINAL, by=cast.lou)
    return release


def freeze(cast: Cast, *, n_cases: int = 2) -> Release:
    """Freeze a release of approved cases as a lead would: what reads its manifest needs a real one."""
    for place in range(1, n_cases + 1):
        make_approved(cast, title=f"Case {place}")
    return freeze_release(
        department=cast.department, name="chest-pain", version="1.0.0", stage=Stage.FINAL, by=cast.lou
    )


def make_run(release: Release, name: str, *, by: User, **fields: Any) -> Run:
    """Make a ready run with one answer to every case; no answer names the run."""
    run = Run.objects.create(
        release=release, name=name, state=RunState.READY, source_sha256="0" * 64, imported_by=by, **fields
    )
    Response.objects.bulk_create(
        Response(run=run, item=item, completion=f"Record an ECG now. ({item.prompt_id}, answer {run.pk})")
        for item in release.items.order_by("position")
    )
    return run


def make_session(
    cast: Cast,
    *,
    n_cases: int = 2,
    n_criteria: int = 3,
    n_runs: int = 2,
    graders: Sequence[User] = (),
    **options: Any,
) -> GradingSession:
    """Open a session of Lou's: Gia and Gus grade every answer, unless others are named."""
    release = make_release(cast, name=f"set-{Release.objects.count()}", contents=cases(n_cases, n_criteria))
    runs = [make_run(release, f"{release.name}-run-{n}", by=cast.lou) for n in range(1, n_runs + 1)]
    return open_session(
        release=release, runs=runs, graders=graders or [cast.gia, cast.gus], by=cast.lou, **options
    )


def cases(n_cases: int, n_criteria: int) -> list[CaseContent]:
    """Return cases with so many criteria; the last of each is a red line."""
    rubrics = [Criterion(f"Names step {n}.", n, ["axis:accuracy"]) for n in range(1, n_criteria)]
    rubrics.append(Criterion("Tells the patient to wait.", -10, ["axis:accuracy"], red_line=True))
    return [make_content(f"Case {place}", rubrics=rubrics) for place in range(1, n_cases + 1)]


def assignment_of(user: User, session: GradingSession, position: int = 1) -> Assignment:
    """Return one of a grader's assignments."""
    return Assignment.objects.get(session=session, rater__user=user, position=position)


def write_gold(session: GradingSession, verdict: str = "met", *, by: User) -> None:
    """Write the same verdict and reason for every criterion of a planned session's calibration answers."""
    for item in calibration_items(session):
        gold = {
            index: Gold(verdict, f"Because of line {index + 1}.")
            for index in range(len(item.response.item.content.rubrics))
        }
        set_gold_verdicts(item=item, verdicts=gold, by=by)


def give(user: User, session: GradingSession, verdict: str = "met", *, positions: Sequence[int] = ()) -> None:
    """Give every criterion of the grader's answers one verdict."""
    wanted = Assignment.objects.filter(session=session, rater__user=user).order_by("position")
    for assignment in wanted.filter(position__in=positions) if positions else wanted:
        n_criteria = len(assignment.response.item.content.rubrics)
        verdicts = {index: GivenVerdict(verdict) for index in range(n_criteria)}
        save_grades(assignment=assignment, verdicts=verdicts, by=user)
