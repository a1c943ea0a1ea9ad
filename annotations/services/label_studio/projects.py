"""Our projects in a Label Studio: one for each grader of a session, made once, whatever dies in between."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.labelstudio.errors import LabelStudioError, Missing
from annotations.labelstudio.ports import LONGEST_TITLE, ProjectDraft, RemoteProject
from annotations.models import (
    Desk,
    GradingSession,
    LabelStudioConnection,
    LabelStudioProject,
    LabelStudioTask,
    ProjectState,
    SessionRater,
    TaskState,
)
from annotations.services.label_studio.grading import language_of
from annotations.services.label_studio.turns import Turn
from annotations.services.label_studio.webhooks import webhook_headers, webhook_url
from builder.common.canonical_json import sha256_text
from builder.common.errors import NotReady

# So long after a doubtful making a second project may still turn up.
DOUBT = timedelta(minutes=30)
# Gets the title, the marker and the grader's language.
Draft = Callable[[str, str, str], ProjectDraft]


def connection_of(session: GradingSession) -> LabelStudioConnection:
    """Return the Label Studio of the session's department."""
    found = LabelStudioConnection.objects.filter(department=session.release.department_id).first()
    if found is None or not found.token:
        raise NotReady(
            _(
                "This department has no Label Studio yet. Connect one on the page of the department’s settings."
            )
        )
    return found


def want_projects(session: GradingSession) -> list[LabelStudioProject]:
    """Return the projects of everybody who grades in Label Studio; one that is missing is wanted from now on."""
    raters = (
        session.session_raters.filter(desk=Desk.LABEL_STUDIO, removed_at=None, label_studio_project=None)
        .select_related("rater__user")
        .order_by("position")
    )
    connection = connection_of(session)
    LabelStudioProject.objects.bulk_create(
        [
            LabelStudioProject(connection=connection, session_rater=each, title=_title(session, each))
            for each in raters
        ],
        # Another synchronisation may have wanted it a moment before.
        ignore_conflicts=True,
    )
    return projects_of(session)


def projects_of(session: GradingSession) -> list[LabelStudioProject]:
    """Return the session's projects, in the order of its graders, with all that a synchronisation reads."""
    return list(
        LabelStudioProject.objects.filter(session_rater__session=session)
        .select_related(
            "connection", "session_rater__rater__user", "session_rater__session__release__department"
        )
        .defer("session_rater__session__release__manifest_text")
        .order_by("session_rater__position")
    )


def ensure_project(turn: Turn, draft: Draft) -> None:
    """Make the project if it isn't there; one that was made before we could note its number is found by its marker.

    A project that somebody deleted stays lost; should it be seen again (the account may have lost its rights for a
    while), it is active again.
    """
    project = turn.project
    if project.state == ProjectState.LOST:
        _look_again(turn)
    if project.state == ProjectState.ACTIVE and project.asked_at:
        put_aside_doubles(turn)
    if project.state != ProjectState.WANTED:
        return
    remote = _find(turn) if project.asked_at else None
    if remote is None:
        remote = _make(turn, draft(project.title, str(project.marker), language_of(project)))
    project.remote_id, project.state = remote.id, ProjectState.ACTIVE
    project.config_sha256 = sha256_text(remote.label_config)
    project.save(update_fields=["remote_id", "state", "config_sha256", "asked_at"])
    turn.note(_("The project “%(title)s” was made in Label Studio.") % {"title": remote.title})


def match_account(turn: Turn) -> None:
    """Find the grader's account there by their address; without one, keep the link under which they sign up."""
    project = turn.project
    if project.account_id is not None:
        return
    user = project.person
    found = turn.port.find_user(user.email) if user else None
    if found is not None:
        project.account_id, project.invite_url = found.id, ""
        project.save(update_fields=["account_id", "invite_url"])
        turn.note(_("%(person)s has an account in Label Studio.") % {"person": found.email})
    elif not project.invite_url:
        project.invite_url = turn.port.invite_link()
        project.save(update_fields=["invite_url"])
        turn.note(
            _("%(person)s has no account in Label Studio yet and has to be invited.") % {"person": user}
        )


def ensure_webhook(turn: Turn) -> None:
    """Ask for a message at each change there, where the server can reach us; asking twice makes no second one."""
    project, url = turn.project, webhook_url(turn.project.connection, turn.project)
    if not url or project.webhook_id is not None:
        return
    same = [each for each in turn.port.list_webhooks(turn.remote_id) if each.url == url]
    try:
        headers = webhook_headers(project.connection)
        found = same[0] if same else turn.port.create_webhook(turn.remote_id, url=url, headers=headers)
    except LabelStudioError as error:
        # Polling brings the grades as well: without a webhook they only come later.
        turn.note(_("Label Studio takes no webhook: %(why)s") % {"why": error.sentence}, is_problem=True)
        return
    project.webhook_id = found.id
    project.save(update_fields=["webhook_id"])


def mark_lost(turn: Turn) -> None:
    """Note that somebody deleted the project: what came back is kept, and nothing is made again unasked."""
    project = turn.project
    project.state = ProjectState.LOST
    project.problem = _(
        "Somebody deleted this project in Label Studio, or its account may no longer see it. All grades that had come "
        "back are kept. To have the rest graded, make the project again: it gets the answers without a grade."
    )
    project.save(update_fields=["state", "problem"])
    turn.note(project.problem, is_problem=True)


def forget_lost(project: LabelStudioProject) -> int:
    """Prepare a lost project to be made again, and return how many answers it will hold: those without a grade.

    The graded ones stay with the project that is gone.
    """
    project.state, project.remote_id, project.webhook_id = ProjectState.WANTED, None, None
    project.asked_at, project.cursor, project.problem = None, None, ""
    project.save(update_fields=["state", "remote_id", "webhook_id", "asked_at", "cursor", "problem"])
    rows = LabelStudioTask.objects.filter(project=project).exclude(state=TaskState.WITHDRAWN)
    rows.filter(annotations__state="accepted").update(state=TaskState.LOST, remote_id=None)
    return rows.exclude(annotations__state="accepted").update(state=TaskState.PENDING, remote_id=None)


def _make(turn: Turn, draft: ProjectDraft) -> RemoteProject:
    """Ask for the project once, and look for it when nobody knows whether it was made."""
    project, tries = turn.project, 0
    while True:
        project.asked_at = timezone.now()
        project.save(update_fields=["asked_at"])
        try:
            made = turn.port.create_project(draft)
        except LabelStudioError as error:
            if error.permanent and not error.may_have_happened:
                raise
            tries += 1
            turn.patience.wait(tries, error)
            if error.may_have_happened and (found := _find(turn)):
                return found
        else:
            project.asked_at = project.asked_at if tries else None
            return made


def _find(turn: Turn) -> RemoteProject | None:
    """Return the oldest project that carries our marker."""
    return next(iter(_marked(turn)), None)


def put_aside_doubles(turn: Turn) -> None:
    """Take name and marker from a project that a late answer made as a second one.

    It holds no task, since only ours was ever sent any. Nothing is deleted, and nobody takes it for the grader's own.
    """
    project = turn.project
    for double in _marked(turn):
        if double.id != project.remote_id:
            turn.port.update_project(
                double.id,
                title=_("Not in use: made twice"),
                description=_("Made twice by a fault. It may be deleted."),
            )
            turn.note(_("A project was made twice; the second one, which is empty, was renamed."))
    if project.asked_at and timezone.now() - project.asked_at > DOUBT:
        project.asked_at = None
        project.save(update_fields=["asked_at"])


def _marked(turn: Turn) -> list[RemoteProject]:
    marker = str(turn.project.marker)
    return [each for each in turn.port.find_projects(turn.project.title) if marker in each.description]


def _look_again(turn: Turn) -> None:
    project = turn.project
    if project.remote_id is None:
        return
    try:
        turn.port.get_project(project.remote_id)
    except Missing:
        return
    project.state, project.problem = ProjectState.ACTIVE, ""
    project.save(update_fields=["state", "problem"])
    turn.note(_("The project is there again."))


def _title(session: GradingSession, member: SessionRater) -> str:
    """Name session and grader, so that people find their own; never a run or a model."""
    person = member.rater.user.name if member.rater.user else ""
    title = _("Session %(number)s: %(person)s") % {"number": session.pk, "person": person or member.label}
    return title[:LONGEST_TITLE]
