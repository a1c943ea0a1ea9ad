"""What the page and the API tell of a department's rubric reviews in Label Studio. No vote of anybody."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from annotations.models import (
    AnnotationState,
    LabelStudioAnnotation,
    LabelStudioLogLine,
    LabelStudioProject,
    ProjectState,
    TaskState,
)
from builder.models import Case, CaseState, Department, Role, User

LOG_LINES = 50


@dataclass(frozen=True, slots=True)
class ReviewsPage:
    """The department's reviewers in Label Studio, whoever else could be, and what waits for review."""

    projects: Sequence[LabelStudioProject]
    others: Sequence[User]
    cases_waiting: int
    set_aside: Sequence[LabelStudioAnnotation]
    log: Sequence[LabelStudioLogLine]


def reviews_page(department: Department) -> ReviewsPage:
    """Return what the page shows; each project has `n_sent`, `n_reviewed`, `n_aside`. Cost: five queries."""
    projects = list(list_review_projects(department))
    with_project = {project.reviewer_id for project in projects}
    aside = LabelStudioAnnotation.objects.filter(
        task__project__in=projects, state=AnnotationState.QUARANTINED
    ).select_related("task__project__reviewer", "task__revision__case")
    log = LabelStudioLogLine.objects.filter(project__in=projects).select_related("project__reviewer")
    return ReviewsPage(
        projects=projects,
        others=[person for person in reviewers_of(department) if person.pk not in with_project],
        cases_waiting=Case.objects.filter(department=department, state=CaseState.IN_REVIEW).count(),
        set_aside=list(aside.defer("result").order_by("-pk")[:LOG_LINES]),
        log=list(log.order_by("-pk")[:LOG_LINES]),
    )


def list_review_projects(department: Department) -> "QuerySet[LabelStudioProject]":
    """Return the projects of the department's reviewers with their counts. Cost: one query."""
    of_task = LabelStudioAnnotation.objects.filter(task=OuterRef("tasks"))
    accepted = Q(Exists(of_task.filter(state=AnnotationState.ACCEPTED)))
    aside = Q(Exists(of_task.filter(state=AnnotationState.QUARANTINED)))
    return (
        LabelStudioProject.objects.filter(connection__department=department, reviewer__isnull=False)
        .exclude(state=ProjectState.ARCHIVED)
        .select_related("reviewer", "connection")
        .annotate(
            n_sent=Count("tasks", filter=Q(tasks__state=TaskState.CONFIRMED)),
            n_reviewed=Count("tasks", filter=accepted),
            n_aside=Count("tasks", filter=aside & ~accepted),
        )
        .order_by("pk")
    )


def reviewers_of(department: Department) -> list[User]:
    """Return the people with the role of reviewer in the department, by name."""
    reviewers = User.objects.filter(
        is_active=True, memberships__department=department, memberships__role=Role.REVIEWER
    )
    return list(reviewers.distinct().order_by("name", "email"))
