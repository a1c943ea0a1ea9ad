"""Looking again at what was set aside, after somebody mended its cause."""

from django.utils.translation import gettext as _

from annotations.models import (
    AnnotationState,
    GradingSession,
    LabelStudioProject,
    LabelStudioTask,
    ProjectState,
    SessionState,
)
from annotations.services.label_studio.grading import Grading
from annotations.services.label_studio.holding import take_hold
from annotations.services.label_studio.projects import connection_of, match_account, projects_of
from annotations.services.label_studio.pull import author_of, fetch_tasks, tell_taken
from annotations.services.label_studio.sync import Means, default_means, said_plainly
from annotations.services.label_studio.taking import Taken, take_tasks
from annotations.services.label_studio.turns import Turn
from builder import access
from builder.access import Act
from builder.common.errors import NotReady
from builder.models import User
from builder.services.audit import record


def recheck(*, session: GradingSession, by: User, means: Means | None = None) -> Taken:
    """Fetch every task with something set aside and judge it anew; what fits now counts. Again does no harm."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    session.refresh_from_db(fields=["state"])
    if session.state not in (SessionState.OPEN, SessionState.ADJUDICATING):
        raise NotReady(_("Only a session that is open, or whose disagreements are decided, is synchronised."))
    means, taken = means or default_means(), Taken()
    projects = [each for each in projects_of(session) if each.state == ProjectState.ACTIVE]
    with said_plainly(), means.gateway(connection_of(session)) as port:
        for project in projects:
            hold = take_hold(project, means.holder)
            try:
                taken.add(_recheck(Turn(project, port, hold, means.tell, means.patience), Grading(session)))
            finally:
                hold.release()
    record(
        by=by, verb="label-studio:recheck", what=session, department=session.release.department,
        annotations=taken.annotations, graded=taken.changed,
    )  # fmt: skip
    return taken


def _recheck(turn: Turn, purpose: Grading) -> Taken:
    taken, rows = Taken(), _rows(turn.project)
    if not rows:
        return taken
    match_account(turn)
    author = author_of(turn)
    for page in fetch_tasks(turn, rows):
        taken.add(take_tasks(turn, page, author, purpose, again=True))
    tell_taken(turn, taken)
    return taken


def _rows(project: LabelStudioProject) -> list[LabelStudioTask]:
    rows = project.tasks.filter(annotations__state=AnnotationState.QUARANTINED, remote_id__isnull=False)
    return list(rows.distinct().order_by("remote_id"))
