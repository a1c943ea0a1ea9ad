"""Who may see and do what in a grading session; everybody else gets "no such thing"."""

from django.utils.translation import gettext as _

from annotations.models import Assignment, GradingSession, SessionKind, SessionState
from builder import access
from builder.access import Act
from builder.common.errors import NotFound
from builder.models import Role, User
from exports.models import Release

# A release's manifest lists every item: no page of this room reads it, so none pays for it.
UNREAD = ("release__manifest_text",)


# Never the run: what isn't loaded can't be shown.
_WITH_ANSWER = ("session", "session__release", "response", "response__item", "rater")


def get_session_to_read(user: User, session_id: int) -> GradingSession:
    """Return a session of a department the person leads or analyses."""
    session = (
        GradingSession.objects.visible_to(user)
        .select_related("release", "release__department", "created_by", "closed_by")
        .defer(*UNREAD)
        .filter(pk=session_id)
        .first()
    )
    if session is None:
        raise NotFound(
            _("There is no such grading session, or it belongs to a department you have no role in.")
        )
    return session


def get_session_to_manage(user: User, session_id: int) -> GradingSession:
    """Return a session the person may open, end and close."""
    session = get_session_to_read(user, session_id)
    access.require(user, Act.MANAGE_SESSIONS, session.release.department)
    return session


def get_session_to_grade(user: User, session_id: int) -> GradingSession:
    """Return an open session in which the person grades in these pages."""
    sessions = GradingSession.objects.graded_by(user).select_related("release").defer(*UNREAD)
    session = sessions.filter(pk=session_id).first()
    if session is None:
        raise NotFound(_("There is no open grading session of yours at this address."))
    return session


def get_assignment_to_grade(user: User, session_id: int, position: int) -> Assignment:
    """Return one of the person's own assignments, by its place in their order."""
    assignment = (
        Assignment.objects.of_grader(user)
        .select_related(*_WITH_ANSWER)
        .defer("session__release__manifest_text")
        .filter(session_id=session_id, position=position)
        .first()
    )
    if assignment is None:
        raise NotFound(_("There is no such answer in your queue, or grading has ended."))
    return assignment


def get_own_session(user: User, session_id: int) -> GradingSession:
    """Return a session in which the person grades, or graded until it ended, in these pages."""
    session = (
        GradingSession.objects.of_member(user)
        .filter(pk=session_id, kind=SessionKind.GRADED)
        .exclude(state__in=(SessionState.DRAFT, SessionState.IMPORTING))
        .select_related("release")
        .defer(*UNREAD)
        .first()
    )
    if session is None:
        raise NotFound(_("There is no grading session of yours at this address."))
    return session


def get_own_assignment(user: User, session_id: int, position: int) -> Assignment:
    """Return one of the person's own assignments even if grading has ended: what they typed can be shown again."""
    assignment = (
        Assignment.objects.select_related(*_WITH_ANSWER)
        .defer("session__release__manifest_text")
        .filter(session_id=session_id, position=position, rater__user=user, session__kind=SessionKind.GRADED)
        .filter(
            session__release__department__memberships__user=user,
            session__release__department__memberships__role=Role.GRADER,
        )
        .first()
    )
    if assignment is None:
        raise NotFound(_("There is no such answer in your queue."))
    return assignment


def get_release_to_grade(user: User, release_id: int) -> Release:
    """Return a release of a department in which the person may open sessions; `present_stage` is annotated."""
    releases = (
        Release.objects.visible_to(user).with_stage().select_related("department").defer("manifest_text")
    )
    release = releases.filter(pk=release_id).first()
    if release is None:
        raise NotFound(_("There is no such release, or it belongs to a department you have no role in."))
    access.require(user, Act.MANAGE_SESSIONS, release.department)
    return release


def is_blinded(user: User, session: GradingSession) -> bool:
    """Whether the person grades in this session while identities are hidden, whatever other roles they hold."""
    return session.is_blind and session.session_raters.filter(rater__user=user).exists()


def blinded_run_ids(user: User) -> list[int]:
    """Return the runs whose identity the person must not learn now. Cost: one query."""
    return list(
        GradingSession.objects.blinding(user).values_list("session_runs__run_id", flat=True).distinct()
    )


def get_session_to_score(user: User, session_id: int) -> GradingSession:
    """Return a session whose scores the person may read: not while they grade one of its runs blind elsewhere."""
    session = get_session_to_read(user, session_id)
    if session.session_runs.filter(run__in=blinded_run_ids(user)).exists():
        raise NotFound(
            _("There is no such grading session, or it belongs to a department you have no role in.")
        )
    return session
