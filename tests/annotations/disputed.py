"""A session whose graders disagree, ready to be adjudicated."""

from collections.abc import Sequence

from annotations.models import Assignment, Grade, GradingSession
from annotations.selectors.disagreements import answer_numbers
from annotations.services.sessions import end_grading
from builder.models import User
from exports.models import Response
from tests.annotations.graded import Grades, answered, case, graded
from tests.annotations.rows import make_release
from tests.cast import Cast

# Of case A (3, −6, and a red line of −10 points) criteria 1 and 3 are tied; of case B (10 and 4) criterion 1 is.
TIED: Grades = {(0, 1): ["+o+", "ooo"], (1, 1): ["+?", "o+"]}
# With a third: criterion 1 of A is met by 2 to 1, the red line not met by 2 to 1, criterion 1 of B met by 2 to 1.
OUTVOTED: Grades = {(0, 1): ["+o+", "ooo", "+oo"], (1, 1): ["+?", "o+", "++"]}


def disputed(
    cast: Cast,
    *,
    grades: Grades = TIED,
    graders: Sequence[User] = (),
    rule: str = "majority",
    ended: bool = True,
    name: str = "chest-pain",
) -> GradingSession:
    """Return a session of one run on two cases that is being adjudicated; Gia and Gus graded unless others did."""
    contents = [
        case("A", (3, "accuracy"), (-6, "accuracy"), (-10, "accuracy"), red=[2]),
        case("B", (10, "accuracy"), (4, "accuracy")),
    ]
    release = make_release(cast, contents=contents, name=name)
    run = "m1" if name == "chest-pain" else f"{name}-run"
    answered(release, run, {0: 1, 1: 1}, by=cast.lou)
    session = graded(cast, release, {run: grades}, graders=graders or [cast.gia, cast.gus], close=False)
    GradingSession.objects.filter(pk=session.pk).update(rule=rule)
    session.refresh_from_db()
    if ended:
        session = end_grading(session=session, by=cast.lou)
    return session


def answer_to(session: GradingSession, place: int) -> Response:
    """Return the answer to the case at a place."""
    return Response.objects.get(run__release=session.release_id, item__position=place)


def number_of(session: GradingSession, place: int) -> int:
    """Return the number by which that answer goes."""
    return answer_numbers(session)[answer_to(session, place).pk]


def annotate(session: GradingSession, user: User, place: int, index: int, **fields: str) -> None:
    """Add a note or a quote to a verdict."""
    given = Assignment.objects.get(session=session, rater__user=user, response=answer_to(session, place))
    Grade.objects.filter(assignment=given, criterion_index=index).update(**fields)
