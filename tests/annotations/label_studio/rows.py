"""A department's Label Studio and sessions graded there, as rows and through the services."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from annotations.labelstudio.gateway import connect
from annotations.labelstudio.ports import LabelStudio
from annotations.labelstudio.wire import Limits
from annotations.models import (
    Assignment,
    Desk,
    Grade,
    GradingSession,
    LabelStudioAnnotation,
    LabelStudioConnection,
    LabelStudioProject,
    LabelStudioTask,
    ProjectState,
    TaskState,
)
from annotations.services.label_studio.holding import Holder
from annotations.services.label_studio.sync import Means
from annotations.services.label_studio.turns import Patience
from annotations.session_choices import GraderPlan
from builder.common.remote_addresses import AddressGuard
from builder.common.secret_text import seal
from builder.models import Department, User
from tests.annotations.rows import make_session
from tests.cast import Cast

LOOPBACK = AddressGuard(frozenset({"127.0.0.1"}), allow_private=True)
SHORT = Limits(connect=2.0, read=5.0, total=20.0, attempts=3, first_wait=0.02, longest_wait=0.2)
SIGNS = {"+": "met", "o": "not_met", "?": "cannot_judge"}


def make_connection(department: Department, url: str, token: str, *, by: User) -> LabelStudioConnection:
    """Make a connection that was checked before; hints have no way to us."""
    return LabelStudioConnection.objects.create(
        department=department, url=url, token=seal(token), webhook_secret=seal("hush"), version="1.23.2",
        account="admin@example.org", saved_by=by,
    )  # fmt: skip


def make_there(
    cast: Cast, graders: Sequence[User] = (), *, here: Sequence[User] = (), **options: Any
) -> GradingSession:
    """Open a session in which these people (Gia, unless others are named) grade in Label Studio."""
    plans = [
        *(GraderPlan(each, Desk.LABEL_STUDIO) for each in graders or [cast.gia]),
        *(GraderPlan(each) for each in here),
    ]
    return make_session(cast, graders=plans, **options)


def means(port_of: Any, *, name: str = "test", attempt: int = 1, patience: Patience | None = None) -> Means:
    """Return means that lose no time, over this opener of a port."""
    return Means(
        Holder(name, attempt),
        patience=patience or Patience((0.05, 0.1, 0.2, 0.4), longest=0.2),
        gateway=port_of,
    )


def port(url: str, token: str, limits: Limits = SHORT) -> LabelStudio:
    """Return a Label Studio on this machine."""
    return connect(url, token, guard=LOOPBACK, limits=limits)


def verdicts(signs: str, notes: dict[int, str] | None = None) -> list[dict[str, Any]]:
    """Return what Label Studio's page writes for these verdicts: + met, o not met, ? cannot judge, . none."""
    result: list[dict[str, Any]] = []
    for index, sign in enumerate(signs):
        if sign != ".":
            result.append(
                {
                    "from_name": f"verdict_{index}", "to_name": f"crit_{index}", "type": "choices",
                    "value": {"choices": [SIGNS[sign]]},
                }
            )  # fmt: skip
    for index, note in (notes or {}).items():
        result.append(
            {
                "from_name": f"note_{index}",
                "to_name": f"crit_{index}",
                "type": "textarea",
                "value": {"text": [note]},
            }
        )
    return result


def everything(session: GradingSession) -> list[tuple[Any, ...]]:
    """Return all grades of a session, without what counts rows."""
    grades = Grade.objects.filter(assignment__session=session)
    return sorted(
        grades.values_list(
            "assignment__rater__user__email",
            "assignment__position",
            "criterion_index",
            "verdict",
            "explanation",
        )
    )


def project_of(session: GradingSession, user: User) -> LabelStudioProject:
    """Return a grader's project."""
    return LabelStudioProject.objects.get(session_rater__session=session, session_rater__rater__user=user)


def assignments_of(session: GradingSession, user: User) -> list[Assignment]:
    """Return a grader's answers in their order."""
    return list(Assignment.objects.filter(session=session, rater__user=user).order_by("position"))


def connected(cast: Cast) -> LabelStudioConnection:
    """Return the emergency department's connection, made if need be; nobody answers at its address."""
    found = LabelStudioConnection.objects.filter(department=cast.department).first()
    return found or make_connection(cast.department, "https://ls.example.org", "token", by=cast.lou)


def make_shown(cast: Cast, session: GradingSession) -> GradingSession:
    """Fill the page of a session whose first grader is in Label Studio: what to mend, what was set aside, a log."""
    connection = connected(cast)
    member = session.session_raters.filter(desk=Desk.LABEL_STUDIO).order_by("position")[0]
    project = LabelStudioProject.objects.create(
        connection=connection, session_rater=member, title="Session", state=ProjectState.ACTIVE, remote_id=7,
        invite_url="https://ls.example.org/user/signup/?token=0123456789abcdef0123456789abcdef", remote_tasks=9,
        remote_annotations=4, pulled_at=timezone.now(), problem="Somebody changed the labelling configuration there.",
    )  # fmt: skip
    waiting = Assignment.objects.filter(session=session, rater=member.rater).order_by("position")
    tasks = [
        LabelStudioTask(
            project=project, assignment=each, ext_id=f"key-{each.pk}", criteria_hash="0" * 64, data_sha256="0" * 64,
            remote_id=each.pk, state=TaskState.LOST if place == 0 else TaskState.CONFIRMED,
        )
        for place, each in enumerate(waiting)
    ]  # fmt: skip
    LabelStudioTask.objects.bulk_create(tasks)
    LabelStudioAnnotation.objects.create(
        task=tasks[-1], remote_id=1, updated_at=timezone.now(), account="gus@example.org", state="quarantined",
        reason="There is no verdict on criterion 3. Ask the grader to add it and submit again.",
    )  # fmt: skip
    project.log.create(text="1 annotation was set aside.", is_problem=True)
    project.log.create(text="3 tasks were sent.")
    return session
