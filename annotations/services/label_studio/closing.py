"""The end of a session in Label Studio: a last pull before, the projects put away after. Nothing is deleted."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.labelstudio.errors import Missing
from annotations.models import GradingSession, LabelStudioProject, ProjectState, SessionState
from annotations.services.label_studio.holding import take_hold
from annotations.services.label_studio.projects import connection_of, mark_lost, projects_of
from annotations.services.label_studio.sync import Means, Step, default_means, said_plainly, sync_session
from annotations.services.label_studio.turns import Turn
from builder import access
from builder.access import Act
from builder.common.errors import NotReady
from builder.models import Job, User
from builder.services.audit import record
from builder.services.jobs import enqueue_job

ARCHIVE = "label-studio:archive"


def require_last_pull(session: GradingSession, *, waived: bool = False) -> None:
    """Raise NotReady while grades may wait in Label Studio, unless the lead closes without them.

    Pulled must have been since grading ended: while people still grade, no pull is the last one.
    """
    behind = [] if waived else projects_behind(session)
    if behind and session.ended_at is None:
        raise NotReady(
            _(
                "Graders in Label Studio can still give verdicts. End grading first, then pull their last grades, or "
                "close without the last pull: what is only there then doesn’t count."
            )
        )
    if behind:
        text = ngettext(
            "Label Studio has not been asked for its last grades: %(count)s project. Pull them on the session’s page "
            "about Label Studio, or close without the last pull: what is only there then doesn’t count.",
            "Label Studio has not been asked for its last grades: %(count)s projects. Pull them on the session’s page "
            "about Label Studio, or close without the last pull: what is only there then doesn’t count.",
            len(behind),
        )
        raise NotReady(text % {"count": len(behind)})


def projects_behind(session: GradingSession) -> list[LabelStudioProject]:
    """Return the session's projects that were not pulled since grading ended. Cost: one query."""
    due = session.ended_at
    rows = LabelStudioProject.objects.filter(session_rater__session=session, state=ProjectState.ACTIVE)
    return [each for each in rows if due is None or each.pulled_at is None or each.pulled_at < due]


def pull_last(*, session: GradingSession, by: User, means: Means | None = None) -> int:
    """Bring the last grades home where that wasn't done since grading ended; return how many answers got theirs."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    if not projects_behind(session):
        return 0
    return sync_session(session=session, by=by, steps=(Step.PULL,), means=means).graded


def enqueue_archive(session: GradingSession, *, by: User) -> Job | None:
    """Ask for the projects of a closed session to be put away; None where there are none."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    if not LabelStudioProject.objects.filter(
        session_rater__session=session, state=ProjectState.ACTIVE
    ).exists():
        return None
    return enqueue_job(
        kind=ARCHIVE, arguments={"session": session.pk}, by=by, department=session.release.department,
        key=f"session:{session.pk}",
    )  # fmt: skip


def archive_projects(*, session: GradingSession, by: User, means: Means | None = None) -> int:
    """Put away the projects of a closed session, and take their webhooks away; return how many. Again does no harm."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    session.refresh_from_db(fields=["state"])
    if session.state != SessionState.CLOSED:
        raise NotReady(_("Only the projects of a closed session are put away."))
    means, archived = means or default_means(), 0
    projects = [each for each in projects_of(session) if each.state == ProjectState.ACTIVE]
    if not projects:
        return 0
    with said_plainly(), means.gateway(connection_of(session)) as port:
        for project in projects:
            hold = take_hold(project, means.holder)
            try:
                archived += _archive(Turn(project, port, hold, means.tell, means.patience))
            finally:
                hold.release()
    record(
        by=by, verb="label-studio:archive", what=session, department=session.release.department, projects=archived,
    )  # fmt: skip
    return archived


def _archive(turn: Turn) -> bool:
    project = turn.project
    try:
        turn.port.archive_project(turn.remote_id)
    except Missing:
        mark_lost(turn)
        return False
    if project.webhook_id is not None:
        turn.port.delete_webhook(project.webhook_id)
    project.state, project.webhook_id = ProjectState.ARCHIVED, None
    project.save(update_fields=["state", "webhook_id"])
    turn.note(
        _("The session is closed. The project was put away in Label Studio; nothing in it was deleted.")
    )
    return True
