"""What the pages of releases and runs show of grading: the sessions, and what one can do next."""

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from annotations.models import GradingSession, SessionState
from annotations.selectors import results
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
    if may(user, Act.IMPORT_RUNS, release.department):
        bring = WorkItem(
            _("Bring a harness’s log home"),
            reverse("annotations:results-new", args=[release.name, release.version]),
            detail=_("Answers and verdicts at once."),
        )
        yield WorkQueue("results", _("Results"), [bring], "", total=1)


def run_panels(run: Run, user: User) -> Iterator[WorkQueue]:
    """Yield a harness's score beside ours, the sessions that graded the run, and the way to bring in verdicts."""
    if run.log_format:
        yield _results_panel(run)
    sessions = GradingSession.objects.visible_to(user).filter(session_runs__run=run)
    items = list(_sessions(sessions))
    if run.state == RunState.READY and may(user, Act.IMPORT_RUNS, run.release.department):
        items.append(
            WorkItem(
                _("Bring in another tool’s verdicts"), reverse("annotations:verdicts-new", args=[run.name])
            )
        )
    yield WorkQueue("sessions", _("Grading"), items, _("These answers aren’t graded yet."), total=len(items))


def _results_panel(run: Run) -> WorkQueue:
    """Return our score, what the harness reported, and what became of the difference. Cost: one query."""
    found = results.get_results(run)
    items = []
    if found["session"] is not None:
        items.append(
            WorkItem(
                _("Our score: %(score)s") % {"score": results.rounded(found["our_score"])},
                reverse("annotations:session-scores", args=[found["session"]]),
                detail=results.interval_words(found),
            )
        )
    items.append(
        WorkItem(
            _("Reported by the harness: %(score)s") % {"score": results.rounded(found["reported_score"])},
            reverse("annotations:results", args=[run.name]),
            detail=results.finding_label(found),
        )
    )
    return WorkQueue("results", _("Results of the harness"), items, "", total=len(items))


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
