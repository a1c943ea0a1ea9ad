"""One writer a project: a lease in its row, which every step renews."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.models import LabelStudioProject
from builder.common.errors import Conflict

# Longer than one request to a Label Studio may take: between two requests the lease is renewed.
LENGTH = timedelta(minutes=6)


class ProjectBusy(Conflict):
    """Somebody else works at this project just now."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who wants to hold: a job or a command. A later attempt of the same one takes over what the earlier one held."""

    name: str
    attempt: int = 1

    @property
    def token(self) -> str:
        """The text in the row."""
        return f"{self.name}/{self.attempt}"


@dataclass(frozen=True, slots=True)
class Hold:
    """One holder's hold of one project."""

    project: int
    holder: Holder

    def renew(self) -> None:
        """Keep the project for another lease; raises ProjectBusy when it was taken over meanwhile."""
        held = LabelStudioProject.objects.filter(pk=self.project, held_by=self.holder.token)
        if not held.update(held_until=timezone.now() + LENGTH):
            raise _busy()

    def release(self) -> None:
        """Let the project go, if it is still held."""
        held = LabelStudioProject.objects.filter(pk=self.project, held_by=self.holder.token)
        held.update(held_by="", held_until=None)


def take_hold(project: LabelStudioProject, holder: Holder, *, now: datetime | None = None) -> Hold:
    """Hold the project alone from now on; raises ProjectBusy while another one does.

    One conditional UPDATE, so of many one gets it. Who died holding is waited for until the lease is over, unless it
    is a job whose next attempt asks: the table of jobs sees to it that only one attempt runs.
    """
    now = now or timezone.now()
    free = Q(held_by="") | Q(held_until__isnull=True) | Q(held_until__lt=now)
    own = Q(held_by__startswith=f"{holder.name}/")
    taken = LabelStudioProject.objects.filter(free | own, pk=project.pk).update(
        held_by=holder.token, held_until=now + LENGTH
    )
    if not taken:
        raise _busy()
    return Hold(project.pk, holder)


def _busy() -> ProjectBusy:
    return ProjectBusy(
        _("Another synchronisation works at this project just now. It is tried again when that has ended.")
    )
