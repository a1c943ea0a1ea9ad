"""Asking for synchronisations: by a person, by a hint from Label Studio, and what a person may set right."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.models import (
    GradingSession,
    LabelStudioAnnotation,
    LabelStudioProject,
    LabelStudioTask,
    ProjectState,
    SessionState,
    TaskState,
)
from annotations.services.label_studio.judging import judge_anew_later
from annotations.services.label_studio.projects import connection_of, forget_lost
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, NotReady
from builder.models import Job, JobState, User
from builder.services.audit import record
from builder.services.jobs import enqueue_job

PULL, REVIEWS = "label-studio:pull", "label-studio:reviews"
ACTS = ("sync", "pull", "reconcile", "recheck")


def request_sync(*, session: GradingSession, act: str, by: User, key: str = "") -> Job:
    """Ask for one of ACTS (sync: send and pull); the same person's same `key` returns the first job."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    if session.state not in (SessionState.OPEN, SessionState.ADJUDICATING):
        raise NotReady(_("Only a session that is open, or whose disagreements are decided, is synchronised."))
    connection_of(session)
    if act not in ACTS:
        raise BadInput(_("A session can’t be asked for this: %(act)s.") % {"act": act}, field="act")
    if not session.session_raters.filter(desk="label-studio").exists():
        raise NotReady(_("Nobody grades this session in Label Studio."))
    return enqueue_job(
        kind=f"label-studio:{act}", arguments={"session": session.pk}, by=by, department=session.release.department,
        key=f"{by.pk}:{key}" if key else None,
    )  # fmt: skip


def recheck_set_aside(session: GradingSession, *, by: User) -> Job | None:
    """Have what was set aside judged anew, now that grading goes on, and ask for it; None where there is nothing.

    What was written after grading had ended counts once the session is open again. Whatever pull or comparison comes
    next does it, also where no worker runs and a command polls.
    """
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    aside = LabelStudioAnnotation.objects.filter(task__project__session_rater__session=session)
    if not judge_anew_later(aside):
        return None
    return enqueue_job(
        kind=PULL, arguments={"session": session.pk}, by=by, department=session.release.department
    )


def hint_pull(project: LabelStudioProject) -> Job | None:
    """Ask for a pull because Label Studio said that something changed; None when one waits already, or none may be.

    It acts in the name of who opened the session or saved the connection, whoever may still manage sessions.
    Cost: three queries when one waits.
    """
    if project.state != ProjectState.ACTIVE:
        return None
    if project.session_rater is None:
        return _hint_reviews(project)
    session = project.session_rater.session
    if session.state not in (SessionState.OPEN, SessionState.ADJUDICATING):
        return None
    arguments = {"session": session.pk, "project": project.pk}
    if Job.objects.filter(kind=PULL, state=JobState.READY, arguments=arguments).exists():
        return None
    department = session.release.department
    for person in (session.created_by, project.connection.saved_by):
        if access.may(person, Act.MANAGE_SESSIONS, department):
            return enqueue_job(kind=PULL, arguments=arguments, by=person, department=department)
    return None


def _hint_reviews(project: LabelStudioProject) -> Job | None:
    department, person = project.connection.department, project.connection.saved_by
    arguments = {"department": department.code}
    waiting = Job.objects.filter(kind=REVIEWS, state=JobState.READY, arguments=arguments)
    if waiting.exists() or not access.may(person, Act.MANAGE_SESSIONS, department):
        return None
    return enqueue_job(kind=REVIEWS, arguments=arguments, by=person, department=department)


def note_webhook(project: LabelStudioProject) -> None:
    """Note that Label Studio called."""
    LabelStudioProject.objects.filter(pk=project.pk).update(webhook_at=timezone.now())


@transaction.atomic
def send_again(*, project: LabelStudioProject, by: User) -> int:
    """Have the tasks that somebody deleted sent again, as far as their answers have no grade; return how many.

    A project that was deleted as a whole is made again.
    """
    session = _session_of(project)
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    if session.state != SessionState.OPEN:
        raise NotReady(_("Grading has ended: no more tasks are sent. Grades can still be pulled."))
    locked = LabelStudioProject.objects.select_for_update(no_key=True).get(pk=project.pk)
    if locked.state == ProjectState.LOST:
        again = forget_lost(locked)
    else:
        lost = LabelStudioTask.objects.filter(project=locked, state=TaskState.LOST)
        again = lost.exclude(annotations__state="accepted").update(state=TaskState.PENDING, remote_id=None)
    record(
        by=by, verb="label-studio:send-again", what=locked, department=session.release.department, tasks=again
    )
    return again


def _session_of(project: LabelStudioProject) -> GradingSession:
    if project.session_rater is None:
        raise NotReady(_("This project belongs to no grading session."))
    return project.session_rater.session
