"""A session and its projects in a Label Studio kept equal: made, pushed, pulled and compared, one project at a time."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from django.utils.translation import gettext as _

from annotations.labelstudio.errors import BadAnswer, LabelStudioError, Missing
from annotations.labelstudio.ports import LabelStudio
from annotations.models import (
    GradingSession,
    LabelStudioConnection,
    LabelStudioProject,
    ProjectState,
    SessionState,
    TaskState,
)
from annotations.services.label_studio.gateways import open_gateway
from annotations.services.label_studio.grading import Grading
from annotations.services.label_studio.handing_on import hand_on
from annotations.services.label_studio.holding import Holder, ProjectBusy, take_hold
from annotations.services.label_studio.projects import (
    connection_of,
    ensure_project,
    ensure_webhook,
    mark_lost,
    match_account,
    want_projects,
)
from annotations.services.label_studio.pull import annotations_here, pull
from annotations.services.label_studio.purposes import Purpose
from annotations.services.label_studio.push import push
from annotations.services.label_studio.reconcile import reconcile
from annotations.services.label_studio.taking import Taken
from annotations.services.label_studio.turns import Patience, Tell, Turn
from builder import access
from builder.access import Act
from builder.common.errors import NotReady
from builder.jobs import TryLater
from builder.models import User
from builder.services.audit import record

# A server that fails two projects is not asked about the others.
MOST_FAILURES = 2


class Step(StrEnum):
    """What may be done with a project."""

    PUSH = "push"
    PULL = "pull"
    RECONCILE = "reconcile"


WHOLE = (Step.PUSH, Step.PULL)


@dataclass(slots=True)
class Synced:
    """What a synchronisation came to, over all projects of a session."""

    projects: int = 0
    handed_on: int = 0
    sent: int = 0
    graded: int = 0
    quarantined: int = 0
    withdrawn: int = 0
    lost: int = 0
    doubles: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything is other than before."""
        return bool(
            self.handed_on
            or self.sent
            or self.graded
            or self.quarantined
            or self.withdrawn
            or self.lost
            or self.doubles
        )

    def count(self, taken: Taken) -> None:
        """Add what came over."""
        self.graded += taken.changed
        self.quarantined += taken.quarantined
        self.withdrawn += taken.withdrawn


@dataclass(frozen=True, slots=True)
class Means:
    """What a synchronisation works with; tests and commands bring their own."""

    holder: Holder
    tell: Tell = lambda _done, _total, _label: None
    patience: Patience = field(default_factory=Patience)
    gateway: Callable[[LabelStudioConnection], LabelStudio] = open_gateway


def default_means() -> Means:
    """Return what a command works with."""
    return Means(Holder(f"command:{uuid.uuid4()}"))


def sync_session(
    *, session: GradingSession, by: User, steps: Iterable[Step] = WHOLE, means: Means | None = None,
    only: int | None = None,
) -> Synced:  # fmt: skip
    """Make the session's projects and keep them equal with our rows; `only` names one project.

    Before anything is sent, answers that somebody left go to graders there if nobody here could take them. Run again
    after any interruption it goes on where it stopped. Raises NotReady with a sentence where a person has to act,
    TryLater where waiting helps; the projects that could be worked at were.
    """
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    means, synced = means or default_means(), Synced()
    session.refresh_from_db(fields=["state"])
    steps = _steps_now(session, tuple(steps))
    connection = connection_of(session)
    projects = [each for each in want_projects(session) if only is None or each.pk == only]
    if Step.PUSH in steps:
        synced.handed_on = hand_on(session)
    failures: list[LabelStudioError | ProjectBusy] = []
    try:
        with means.gateway(connection) as port:
            for project in projects:
                try:
                    work_at_project(project, port, Grading(session), steps, means, synced)
                except (LabelStudioError, ProjectBusy) as error:
                    failures.append(error)
                    if len(failures) == MOST_FAILURES:
                        break
    except LabelStudioError as error:
        failures.append(error)
    finally:
        if synced.changed:
            _record(session, by, synced)
    _tell_failures(failures)
    return synced


def work_at_project(
    project: LabelStudioProject, port: LabelStudio, purpose: Purpose, steps: Iterable[Step], means: Means,
    synced: Synced,
) -> None:  # fmt: skip
    """Hold one project and do these steps; raises ProjectBusy, or what Label Studio said, which the log tells too."""
    hold = take_hold(project, means.holder)
    try:
        project.refresh_from_db()
        turn = Turn(project, port, hold, means.tell, means.patience)
        try:
            _work(turn, purpose, tuple(steps), synced)
        except Missing:
            if not _is_gone(turn):
                raise
            mark_lost(turn)
            synced.problems.append(project.problem)
    except LabelStudioError as error:
        turn.note(error.sentence, is_problem=True)
        raise
    finally:
        hold.release()


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn what Label Studio says into NotReady where a person has to act, TryLater where waiting helps."""
    try:
        yield
    except LabelStudioError as error:
        raise (NotReady if error.permanent else TryLater)(error.sentence) from error


def _work(turn: Turn, purpose: Purpose, steps: tuple[Step, ...], synced: Synced) -> None:
    project = turn.project
    if Step.PUSH in steps or project.state == ProjectState.LOST:
        ensure_project(turn, purpose.draft)
    if project.state == ProjectState.LOST:
        synced.problems.append(project.problem)
    if project.state != ProjectState.ACTIVE:
        return
    synced.projects += 1
    match_account(turn)
    if Step.PUSH in steps:
        ensure_webhook(turn)
        synced.sent += push(turn, purpose)
    if Step.PULL in steps:
        taken = pull(turn, purpose)
        synced.count(taken)
    if Step.RECONCILE in steps or (Step.PULL in steps and _differs(project, taken)):
        findings = reconcile(turn, purpose)
        synced.count(findings.taken)
        synced.lost += findings.lost
        synced.doubles += findings.doubles
    if project.problem:
        synced.problems.append(project.problem)


def _differs(project: LabelStudioProject, taken: Taken) -> bool:
    """Whether the server's counts tell of what no poll shows: something deleted, doubled, or passed over.

    More annotations there than here may have been written a moment ago; they are news for the next poll, unless this
    one brought nothing.
    """
    there, here = project.remote_annotations or 0, annotations_here(project)
    ours = project.tasks.filter(state__in=(TaskState.CONFIRMED, TaskState.WITHDRAWN), remote_id__isnull=False)
    return there < here or (there > here and not taken.annotations) or project.remote_tasks != ours.count()


def _is_gone(turn: Turn) -> bool:
    """Whether the project itself isn't there any more, and not only a task of it."""
    if turn.project.remote_id is None:
        return False
    try:
        turn.port.get_project(turn.project.remote_id)
    except Missing:
        return _is_there(turn)
    return False


def _is_there(turn: Turn) -> bool:
    """Whether a Label Studio answers at all; raises BadAnswer where something else does, which has no projects."""
    try:
        turn.port.whoami()
    except Missing:
        raise BadAnswer(permanent=True) from None
    return True


def _steps_now(session: GradingSession, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return which of the steps the session's state allows: once grading has ended nothing more is sent."""
    if session.state == SessionState.OPEN:
        return steps
    if session.state != SessionState.ADJUDICATING:
        raise NotReady(_("Only a session that is open, or whose disagreements are decided, is synchronised."))
    allowed = tuple(step for step in steps if step != Step.PUSH)
    if not allowed:
        raise NotReady(_("Grading has ended: no more tasks are sent. Grades can still be pulled."))
    return allowed


def _tell_failures(failures: list[LabelStudioError | ProjectBusy]) -> None:
    """Raise what went wrong: what waiting mends comes first, since another try may then end well."""
    for error in failures:
        if isinstance(error, ProjectBusy):
            raise TryLater(error.message)
        if not error.permanent:
            raise TryLater(error.sentence)
    if failures:
        raise NotReady(str(failures[0]))


def _record(session: GradingSession, by: User, synced: Synced) -> None:
    counts = {name: value for name, value in asdict(synced).items() if name != "problems" and value}
    record(by=by, verb="label-studio:sync", what=session, department=session.release.department, **counts)
