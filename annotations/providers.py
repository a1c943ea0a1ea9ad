"""What this room shows in the rooms to its left."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from annotations.access import blinded_run_ids
from annotations.selectors.adjudication_queue import adjudication_queue
from annotations.selectors.panels import release_panels, run_panels
from annotations.selectors.queues import grading_queue
from builder.access import Act, departments_for
from builder.common.providers import (
    BLINDED_RUNS,
    DEPARTMENT_LINKS,
    NAVIGATION,
    RELEASE_PANELS,
    RUN_PANELS,
    WORK_QUEUES,
    NavItem,
    registry,
)
from builder.models import Department, User


def register() -> None:
    """Add this room's providers to the registry."""
    registry.register(NAVIGATION, _navigation)
    registry.register(WORK_QUEUES, grading_queue)
    registry.register(WORK_QUEUES, adjudication_queue)
    registry.register(RELEASE_PANELS, release_panels)
    registry.register(RUN_PANELS, run_panels)
    registry.register(DEPARTMENT_LINKS, _department_links)
    registry.register(BLINDED_RUNS, blinded_run_ids)


def _navigation(user: User) -> Iterator[NavItem]:
    if departments_for(user, Act.READ_SESSIONS):
        yield NavItem(_("Grading sessions"), reverse("annotations:session-list"))


def _department_links(department: Department) -> Iterator[NavItem]:
    yield NavItem("Label Studio", reverse("annotations:label-studio-connection", args=[department.code]))
