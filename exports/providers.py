"""What this room shows in the rooms to its left."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from builder.access import Act, departments_for
from builder.common.providers import NAVIGATION, NavItem, registry
from builder.models import User


def register() -> None:
    """Add this room's providers to the registry."""
    registry.register(NAVIGATION, _navigation)


def _navigation(user: User) -> Iterator[NavItem]:
    """Releases and Runs, for people who may read them in at least one department."""
    if departments_for(user, Act.READ_RELEASES):
        yield NavItem(_("Releases"), reverse("exports:release-list"))
    if departments_for(user, Act.READ_RUNS):
        yield NavItem(_("Runs"), reverse("exports:run-list"))
