"""Rubrics under review, sent to reviewers who work in Label Studio; their votes come back as reviews."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from django.db import transaction
from django.utils.translation import gettext as _

from annotations.labelstudio.errors import LabelStudioError
from annotations.labelstudio.ports import LONGEST_TITLE
from annotations.models import LabelStudioConnection, LabelStudioProject, ProjectState
from annotations.services.label_studio.holding import ProjectBusy
from annotations.services.label_studio.requests import REVIEWS
from annotations.services.label_studio.reviewing import Reviewing
from annotations.services.label_studio.sync import WHOLE, Means, Step, Synced, default_means, work_at_project
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, NotReady
from builder.jobs import TryLater
from builder.models import Department, Job, Membership, Role, User
from builder.services.audit import record
from builder.services.jobs import enqueue_job


@transaction.atomic
def choose_reviewers(*, department: Department, reviewers: Sequence[User], by: User, key: str = "") -> Job:
    """Have these people's rubrics to review sent to Label Studio, and their votes fetched; one more starts empty.

    Who reviewed there before and isn't named keeps the project; nothing new is sent to it. Returns the job that does
    it. Raises BadInput for somebody who doesn't review in the department.
    """
    access.require(by, Act.MANAGE_SESSIONS, department)
    connection = connection_to(department)
    allowed = set(
        Membership.objects.filter(
            department=department, role=Role.REVIEWER, user__is_active=True
        ).values_list("user_id", flat=True)
    )
    for person in reviewers:
        if person.pk not in allowed:
            raise BadInput(
                _("%(person)s doesn't have the role of reviewer in %(department)s.")
                % {"person": person.email, "department": department.code},
                field="reviewers",
            )
    LabelStudioProject.objects.bulk_create(
        [
            LabelStudioProject(connection=connection, reviewer=person, title=_title(person))
            for person in reviewers
        ],
        ignore_conflicts=True,
    )
    return request_reviews(department=department, by=by, key=key)


def request_reviews(*, department: Department, by: User, key: str = "") -> Job:
    """Ask for rubrics to be sent and votes to be fetched; the same `key` returns the first job."""
    access.require(by, Act.MANAGE_SESSIONS, department)
    connection_to(department)
    return enqueue_job(
        kind=REVIEWS, arguments={"department": department.code}, by=by, department=department,
        key=f"{by.pk}:{key}" if key else None,
    )  # fmt: skip


def sync_reviews(
    *, department: Department, by: User, steps: Iterable[Step] = WHOLE, means: Means | None = None
) -> Synced:
    """Send the rubrics under review to the department's projects and take the votes over.

    Run again after any interruption it goes on where it stopped. Raises NotReady where a person has to act, TryLater
    where waiting helps.
    """
    access.require(by, Act.MANAGE_SESSIONS, department)
    means, synced, steps = means or default_means(), Synced(), tuple(steps)
    reviewing = Reviewing(department)
    try:
        with means.gateway(connection_to(department)) as port:
            for project in review_projects(department):
                work_at_project(project, port, reviewing, steps, means, synced)
    except ProjectBusy as busy:
        raise TryLater(busy.message) from busy
    except LabelStudioError as error:
        raise (NotReady if error.permanent else TryLater)(error.sentence) from error
    finally:
        synced.quarantined += reviewing.refused
        if synced.changed:
            counts = {name: value for name, value in asdict(synced).items() if name != "problems" and value}
            record(by=by, verb="label-studio:reviews", what=department, department=department, **counts)
    return synced


def connection_to(department: Department) -> LabelStudioConnection:
    """Return the department's Label Studio; raises NotReady when there is none."""
    found = LabelStudioConnection.objects.filter(department=department).exclude(token="").first()
    if found is None:
        raise NotReady(
            _(
                "This department has no Label Studio yet. Connect one on the page of the department’s settings."
            )
        )
    return found


def review_projects(department: Department) -> list[LabelStudioProject]:
    """Return the projects in which the department's reviewers vote."""
    projects = LabelStudioProject.objects.filter(connection__department=department, reviewer__isnull=False)
    return list(
        projects.exclude(state=ProjectState.ARCHIVED).select_related("connection", "reviewer").order_by("pk")
    )


def _title(person: User) -> str:
    return (_("Rubric review: %(person)s") % {"person": person.name or person.email})[:LONGEST_TITLE]
