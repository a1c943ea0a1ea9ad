"""Sessions of a special kind for the tests of the desk: with practice answers, with third opinions."""

from typing import Any

from annotations.models import Assignment, GradingSession, SessionItem
from annotations.selectors.calibration import Gold
from annotations.services.calibration import set_gold_verdicts
from annotations.services.sessions import open_session, start_session
from annotations.session_choices import CalibrationPlan
from builder.models import User
from tests.annotations.rows import assignment_of, cases, make_release, make_run
from tests.cast import Cast

WHY = "The answer never names it."


def practising(
    cast: Cast, *, n: int = 2, n_cases: int = 4, n_criteria: int = 3, **options: Any
) -> GradingSession:
    """Open a session whose first answers are practice; right is *not met* of the first criterion, else *met*."""
    release = make_release(cast, contents=cases(n_cases, n_criteria))
    session = open_session(
        release=release, runs=[make_run(release, "practised", by=cast.lou)], graders=[cast.gia, cast.gus],
        by=cast.lou, calibration=CalibrationPlan(n), **options,
    )  # fmt: skip
    for item in SessionItem.objects.filter(session=session, is_calibration=True):
        gold = {index: Gold("met", "") for index in range(1, n_criteria)}
        set_gold_verdicts(item=item, verdicts={0: Gold("not_met", WHY), **gold}, by=cast.lou)
    return start_session(session=session, by=cast.lou)


def ask_third(user: User, session: GradingSession, position: int, asked: list[int]) -> Assignment:
    """Make one of a grader's answers a third opinion on some criteria."""
    Assignment.objects.filter(pk=assignment_of(user, session, position).pk).update(asked=asked)
    return assignment_of(user, session, position)
