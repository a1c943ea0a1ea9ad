"""What the pages of releases and runs show of grading: the sessions, and what one can do next."""

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from annotations.models import GradingSession, SessionState
from builder.access import Act, may
from builder.common.providers import WorkItem, WorkQueue
from builder.models import User
from exports.models import Release, Run, RunState


def release_panels(release: Release, user: User) -> Iterator[WorkQueue]:
    """Yield the release's grading sessions. Cost: two or three queries."""
    sessions = GradingSession.objects.visible_to(user).filter(release=release)
    items = list(_sessions(sessions))
    if may(user, Act.MANAGE_SESSIONS, release.department):
        items.append(
            WorkItem(_("Open a grading session"), reverse("annotations:session-set-up", args=[release.pk]))
        )
    if items:
        yield WorkQueue("sessions", _("Grading"), items, "", total=len(items))


def run_panels(run: Run, user: User) -> Iterator[WorkQueue]:
    """Yield the sessions in which the run's answers were graded, and the way to bring in verdicts."""
    sessions = GradingSession.objects.visible_to(user).filter(session_runs__run=run)
    items = list(_sessions(sessions))
    if run.state == RunState.READY and may(user, Act.IMPORT_RUNS, run.release.department):
        items.append(
            WorkItem(
                _("Bring in another tool’s verdicts"), reverse("annotations:verdicts-new", args=[run.name])
            )
        )
    yield WorkQueue("sessions", _("Grading"), items, _("These answers aren’t graded yet."), total=len(items))


def _sessions(sessions: Iterable[GradingSession]) -> Iterator[WorkItem]:
    for session in sessions:
        name = "session-scores" if session.state == SessionState.CLOSED else "session-detail"
        yield WorkItem(
            title=_("Session %(number)s: scores") % {"number": session.pk}
            if session.state == SessionState.CLOSED
            else _("Session %(number)s") % {"number": session.pk},
            url=reverse(f"annotations:{name}", args=[session.pk]),
            detail=f"{session.get_kind_display()}, {session.get_state_display()}",
        )
