"""Who may see and do what in a grading session; everybody else gets "no such thing"."""

from django.utils.translation import gettext as _

from annotations.models import Assignment, GradingSession
from builder import access
from builder.access import Act
from builder.common.errors import NotFound
from builder.models import User


def get_session_to_read(user: User, session_id: int) -> GradingSession:
    """Return a session of a department the person leads or analyses."""
    session = (
        GradingSession.objects.visible_to(user)
        .select_related("release", "release__department", "created_by", "closed_by")
        .filter(pk=session_id)
        .first()
    )
    if session is None:
        raise NotFound(_("There is no such grading session, or it belongs to a department you have no role in."))
    return session


def get_session_to_manage(user: User, session_id: int) -> GradingSession:
    """Return a session the person may open, end and close."""
    session = get_session_to_read(user, session_id)
    access.require(user, Act.MANAGE_SESSIONS, session.release.department)
    return session


def get_session_to_grade(user: User, session_id: int) -> GradingSession:
    """Return an open session in which the person grades in these pages."""
    session = GradingSession.objects.graded_by(user).select_related("release").filter(pk=session_id).first()
    if session is None:
        raise NotFound(_("There is no open grading session of yours at this address."))
    return session


def get_assignment_to_grade(user: User, session_id: int, position: int) -> Assignment:
    """Return one of the person's own assignments, by its place in their order."""
    assignment = (
        Assignment.objects.of_grader(user)
        .select_related("session", "response", "response__item", "rater")
        .filter(session_id=session_id, position=position)
        .first()
    )
    if assignment is None:
        raise NotFound(_("There is no such answer in your queue, or grading has ended."))
    return assignment


def is_blinded(user: User, session: GradingSession) -> bool:
    """Whether the person grades in this session while identities are hidden, whatever other roles they hold."""
    return session.is_blind and session.session_raters.filter(rater__user=user).exists()


def blinded_run_ids(user: User) -> list[int]:
    """Return the runs whose identity the person must not learn now. Cost: one query."""
    return list(
        GradingSession.objects.blinding(user).values_list("session_runs__run_id", flat=True).distinct()
    )
