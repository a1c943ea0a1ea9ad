"""What the pages and the API tell of a session's graders in Label Studio. No verdict, and nothing of a run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from annotations.models import (
    AnnotationState,
    Assignment,
    Desk,
    GradingSession,
    LabelStudioAnnotation,
    LabelStudioConnection,
    LabelStudioLogLine,
    LabelStudioProject,
    LabelStudioTask,
    ProjectState,
    SessionRater,
    TaskState,
)
from builder.models import Job, JobState

LOG_LINES = 50
JOB_KINDS = ("label-studio:sync", "label-studio:pull", "label-studio:reconcile", "label-studio:recheck")


@dataclass(frozen=True, slots=True)
class Sums:
    """One project's rows, counted."""

    assigned: int = 0
    pushed: int = 0
    lost: int = 0
    annotated: int = 0
    quarantined: int = 0
    here: int = 0
    tasks_here: int = 0


@dataclass(frozen=True, slots=True)
class GraderLine:
    """One grader in Label Studio: their project and how far it is."""

    member: SessionRater
    project: LabelStudioProject | None
    sums: Sums
    address: str

    @property
    def label(self) -> str:
        """What reports call the grader."""
        return self.member.label

    @property
    def person(self) -> str:
        """Who it is."""
        return str(self.member.rater.user or self.member.rater)

    @property
    def removed(self) -> bool:
        """Whether they grade no more."""
        return self.member.removed_at is not None

    @property
    def state(self) -> str:
        """Where the project stands."""
        return self.project.state if self.project else ProjectState.WANTED

    @property
    def state_label(self) -> str:
        """The same for people."""
        return str(ProjectState(self.state).label)

    @property
    def invite_url(self) -> str:
        """Where the grader signs up, as long as no account has their address."""
        return self.project.invite_url if self.project and self.project.account_id is None else ""

    @property
    def missing(self) -> int:
        """How many of their answers have no grades yet."""
        return max(self.sums.assigned - self.sums.annotated, 0)

    @property
    def may_send_again(self) -> bool:
        """Whether something was deleted there that can be sent once more."""
        return self.state == ProjectState.LOST or self.sums.lost > 0

    @property
    def drift(self) -> list[str]:
        """What Label Studio's own counts say otherwise than ours, in sentences; empty when they agree."""
        project = self.project
        if project is None or project.remote_tasks is None or project.state != ProjectState.ACTIVE:
            return []
        found = []
        if project.remote_tasks != self.sums.tasks_here:
            found.append(
                _("Label Studio counts %(there)s tasks, we sent %(here)s.")
                % {"there": project.remote_tasks, "here": self.sums.tasks_here}
            )
        if project.remote_annotations != self.sums.here:
            found.append(
                _("Label Studio counts %(there)s annotations, %(here)s are here.")
                % {"there": project.remote_annotations, "here": self.sums.here}
            )
        return found


@dataclass(frozen=True, slots=True)
class LabelStudioPage:
    """Everything about a session's graders in Label Studio."""

    connection: LabelStudioConnection | None
    graders: Sequence[GraderLine]
    log: Sequence[LabelStudioLogLine]
    jobs: Sequence[Job]

    @property
    def last_pull(self) -> datetime | None:
        """The oldest of the projects' last pulls: everybody's grades are known up to then."""
        moments = [
            line.project.pulled_at if line.project else None for line in self.graders if not line.removed
        ]
        return min((each for each in moments if each), default=None) if all(moments) else None

    @property
    def last_webhook(self) -> datetime | None:
        """When Label Studio called last."""
        moments = [
            line.project.webhook_at for line in self.graders if line.project and line.project.webhook_at
        ]
        return max(moments, default=None)

    @property
    def last_comparison(self) -> datetime | None:
        """When everything was compared last."""
        moments = [
            line.project.reconciled_at for line in self.graders if line.project and line.project.reconciled_at
        ]
        return max(moments, default=None)


def uses_label_studio(session: GradingSession) -> bool:
    """Whether anybody grades, or graded, the session in Label Studio. Cost: one query."""
    return session.session_raters.filter(desk=Desk.LABEL_STUDIO).exists()


def label_studio_page(session: GradingSession) -> LabelStudioPage:
    """Return what the session's page about Label Studio shows. Cost: eight queries, whatever the numbers."""
    connection = LabelStudioConnection.objects.filter(department=session.release.department_id).first()
    members = (
        session.session_raters.filter(desk=Desk.LABEL_STUDIO)
        .select_related("rater__user", "label_studio_project__connection")
        .order_by("position")
    )
    sums = _sums(session)
    graders = []
    for member in members:
        project = getattr(member, "label_studio_project", None)
        graders.append(GraderLine(member, project, sums.get(member.pk, Sums()), _address(project)))
    log = LabelStudioLogLine.objects.filter(project__session_rater__session=session)
    jobs = Job.objects.filter(
        kind__in=JOB_KINDS, arguments__session=session.pk, state__in=(JobState.READY, JobState.RUNNING)
    )
    return LabelStudioPage(
        connection=connection,
        graders=graders,
        log=list(log.select_related("project__session_rater__rater__user").order_by("-pk")[:LOG_LINES]),
        jobs=list(jobs.select_related("created_by").order_by("-pk")[:5]),
    )


def quarantined(session: GradingSession) -> "QuerySet[LabelStudioAnnotation]":
    """Return the annotations that were set aside, with why and whose project it is; the newest first."""
    return (
        LabelStudioAnnotation.objects.filter(
            task__project__session_rater__session=session, state=AnnotationState.QUARANTINED
        )
        .select_related("task__project__session_rater__rater__user", "task__project__connection")
        .defer("result")
        .order_by("-updated_at", "-pk")
    )


def _address(project: LabelStudioProject | None) -> str:
    if project is None or project.remote_id is None or project.state == ProjectState.LOST:
        return ""
    return f"{project.connection.url}/projects/{project.remote_id}/data"


def _sums(session: GradingSession) -> Mapping[int, Sums]:
    """Count by grader. Cost: four queries."""
    waiting = Assignment.objects.filter(session=session, released_at=None, is_calibration=False)
    assigned = dict(waiting.order_by().values_list("rater").annotate(Count("pk")))
    tasks, annotations = _task_sums(session), _annotation_sums(session)
    members = session.session_raters.filter(desk=Desk.LABEL_STUDIO).values_list("pk", "rater")
    return {
        pk: Sums(assigned=assigned.get(rater, 0), **tasks.get(pk, {}), **annotations.get(pk, {}))
        for pk, rater in members
    }


def _task_sums(session: GradingSession) -> dict[int, dict[str, int]]:
    there = Q(state__in=(TaskState.CONFIRMED, TaskState.WITHDRAWN), remote_id__isnull=False)
    rows = LabelStudioTask.objects.filter(project__session_rater__session=session).order_by()
    counted = rows.values(member=F("project__session_rater")).annotate(
        pushed=Count("pk", filter=Q(state=TaskState.CONFIRMED)),
        lost=Count("pk", filter=Q(state=TaskState.LOST)),
        tasks_here=Count("pk", filter=there),
    )
    return _by_member(counted)


def _annotation_sums(session: GradingSession) -> dict[int, dict[str, int]]:
    rows = LabelStudioAnnotation.objects.filter(task__project__session_rater__session=session).order_by()
    counted = rows.values(member=F("task__project__session_rater")).annotate(
        annotated=Count("pk", filter=Q(state=AnnotationState.ACCEPTED)),
        quarantined=Count("pk", filter=Q(state=AnnotationState.QUARANTINED)),
        here=Count("pk", filter=~Q(state=AnnotationState.WITHDRAWN)),
    )
    return _by_member(counted)


def _by_member(counted: Iterable[Mapping[str, Any]]) -> dict[int, dict[str, int]]:
    return {row["member"]: {name: n for name, n in row.items() if name != "member"} for row in counted}
