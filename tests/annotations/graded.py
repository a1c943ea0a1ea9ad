"""Graded sessions in a shorthand: one sign per criterion, so that a test shows its numbers at a glance."""

from collections.abc import Mapping, Sequence

from annotations.models import Assignment, Grade, GradingSession, Verdict
from annotations.services.sessions import close_session, open_session
from builder.content import CaseContent, Criterion
from builder.models import User
from exports.models import Release, Response, Run, RunState
from tests.cast import Cast
from tests.factories import make_content

SIGNS = {"+": Verdict.MET, "o": Verdict.NOT_MET, "?": Verdict.CANNOT_JUDGE, "!": Verdict.JUDGE_FAILED}
MISSING = "."
Grades = Mapping[tuple[int, int], Sequence[str]]


def case(title: str, *criteria: tuple[int, str], theme: str = "x", red: Sequence[int] = ()) -> CaseContent:
    """Return a case with criteria of (points, axis); `red` are the places of red lines, from 0."""
    rubrics = [
        Criterion(f"{title}, criterion {place}.", points, [f"axis:{axis}"], red_line=place in red)
        for place, (points, axis) in enumerate(criteria)
    ]
    return make_content(title, rubrics=rubrics, example_tags=[f"theme:{theme}"])


def answered(release: Release, name: str, answers: Mapping[int, int], *, by: User) -> Run:
    """Make a ready run with so many answers (epochs) to the cases at these places of the release."""
    run = Run.objects.create(
        release=release, name=name, state=RunState.READY, source_sha256="0" * 64, imported_by=by
    )
    items = {item.position: item for item in release.items.all()}
    Response.objects.bulk_create(
        Response(run=run, item=items[place], epoch=epoch, completion="Record an ECG.")
        for place, epochs in answers.items()
        for epoch in range(1, epochs + 1)
    )
    return run


def graded(
    cast: Cast,
    release: Release,
    grades: Mapping[str, Grades],
    *,
    graders: Sequence[User] = (),
    close: bool = True,
) -> GradingSession:
    """Open a session, give the grades, and close it.

    `grades` holds, by run name and (case's place, epoch), one text per grader with one sign per criterion: + met,
    o not met, ? cannot judge, ! failed, . missing.
    """
    graders = graders or [cast.gia, cast.gus, cast.geo]
    runs = [Run.objects.get(name=name) for name in grades]
    session = open_session(release=release, runs=runs, graders=graders, by=cast.lou)
    rows = Assignment.objects.filter(session=session).select_related(
        "response__item", "response__run", "rater__user"
    )
    given = []
    for assignment in rows:
        response = assignment.response
        texts = grades[response.run.name].get((response.item.position, response.epoch))
        if texts is None:
            continue
        text = texts[graders.index(assignment.rater.user)]
        given += [
            Grade(assignment=assignment, criterion_index=index, verdict=SIGNS[sign])
            for index, sign in enumerate(text)
            if sign != MISSING
        ]
    Grade.objects.bulk_create(given)
    if close:
        close_session(session=session, reason="All graded.", by=cast.lou)
    return session
