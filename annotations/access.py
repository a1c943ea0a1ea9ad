"""Who may see and do what in a grading session; everybody else gets "no such thing"."""

from django.db import DEFAULT_DB_ALIAS
from django.utils.translation import gettext as _

from annotations.models import (
    Assignment,
    GradingSession,
    LabelStudioConnection,
    LabelStudioProject,
    Resolution,
    SessionItem,
    SessionKind,
    SessionState,
)
from builder import access
from builder.access import Act
from builder.common.errors import NotFound
from builder.common.prepared import Given, Prepared
from builder.models import Department, Role, User
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


def get_session_graded_in(user: User, session_id: int) -> GradingSession:
    """Return a session in which the person grades or graded, at whatever desk, and wasn't removed."""
    session = (
        GradingSession.objects.filter(
            session_raters__rater__user=user, session_raters__removed_at=None,
            release__department__memberships__user=user, release__department__memberships__role=Role.GRADER,
        )
        .filter(pk=session_id, kind=SessionKind.GRADED)
        .exclude(state__in=(SessionState.DRAFT, SessionState.IMPORTING))
        .select_related("release")
        .defer(*UNREAD)
        .first()
    )  # fmt: skip
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


_PLACE = ("id", "session_id", "response_id")
_OWN_PLACE = Prepared(
    lambda: Assignment.objects.filter(
        session=Given("session"), position=Given("position"), rater__user=Given("user"),
        session__kind=SessionKind.GRADED, session__release__department__memberships__user=Given("user"),
        session__release__department__memberships__role=Role.GRADER,
    )
    .order_by()
    .values_list(*_PLACE)
)  # fmt: skip


def get_own_place(user: User, session_id: int, position: int) -> Assignment:
    """Return one of the person's own assignments for an act of theirs: as `get_own_assignment`, without the answer."""
    places = _OWN_PLACE.rows(user=user.pk, session=session_id, position=position)
    if not places:
        raise NotFound(_("There is no such answer in your queue."))
    return Assignment.from_db(DEFAULT_DB_ALIAS, _PLACE, places[0])


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
    """Return the runs whose identity the person must not learn now. Cost: one query.

    Those of the sessions in which they grade blind, and those whose answers calibrate there.
    """
    sessions = GradingSession.objects.blinding(user)
    of_calibration = SessionItem.objects.filter(session__in=sessions, is_calibration=True).order_by()
    runs = sessions.order_by().values_list("session_runs__run_id", flat=True)
    return list(runs.union(of_calibration.values_list("response__run_id", flat=True)))


def may_score(user: User, session: GradingSession) -> bool:
    """Whether somebody may learn what the session's runs score: not while they grade one of them blind elsewhere."""
    return not session.session_runs.filter(run__in=blinded_run_ids(user)).exists()


def get_session_to_score(user: User, session_id: int) -> GradingSession:
    """Return a session whose scores the person may read."""
    session = get_session_to_read(user, session_id)
    if not may_score(user, session):
        raise NotFound(
            _("There is no such grading session, or it belongs to a department you have no role in.")
        )
    return session


def get_session_to_export(user: User, session_id: int) -> GradingSession:
    """Return a session whose verdicts may leave the building in the person's name."""
    session = get_session_to_score(user, session_id)
    access.require(user, Act.EXPORT_RELEASES, session.release.department)
    return session


def find_connection(department: Department) -> LabelStudioConnection | None:
    """Return how the department's Label Studio is reached, if it has one."""
    return LabelStudioConnection.objects.filter(department=department).select_related("department").first()


def get_label_studio_project(connection: LabelStudioConnection, project_id: int) -> LabelStudioProject:
    """Return one of our projects by the address its Label Studio calls."""
    project = connection.projects.filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("There is no such project."))
    return project


def get_project_of_session(session: GradingSession, project_id: int) -> LabelStudioProject:
    """Return the project of one of the session's graders; the caller has checked who asks."""
    projects = LabelStudioProject.objects.select_related("session_rater__session__release__department")
    project = projects.filter(session_rater__session=session, pk=project_id).first()
    if project is None:
        raise NotFound(_("There is no such project in this session."))
    return project


def get_session_to_adjudicate(user: User, session_id: int) -> GradingSession:
    """Return a graded session whose disagreements the person decides, or whose rulings they read once it is closed."""
    session = get_session_to_read(user, session_id)
    if session.state != SessionState.CLOSED:
        access.require(user, Act.MANAGE_SESSIONS, session.release.department)
    if session.kind != SessionKind.GRADED:
        raise NotFound(_("Imported verdicts have nothing to decide."))
    return session


def get_ruling(session: GradingSession, ruling_id: int) -> Resolution:
    """Return one of a session's rulings."""
    ruling = Resolution.objects.select_related("by", "session").filter(session=session, pk=ruling_id).first()
    if ruling is None:
        raise NotFound(_("There is no such ruling in this session."))
    return ruling
