"""The adjudicator's queue on My work."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.access import UNREAD
from annotations.models import GradingSession, SessionKind, SessionState
from annotations.selectors.disagreements import count_to_decide
from builder.access import Act, departments_for
from builder.common.providers import WorkItem, WorkQueue
from builder.models import User


def sessions_to_adjudicate(user: User) -> QuerySet[GradingSession]:
    """Return the sessions whose disagreements the person decides."""
    return (
        GradingSession.objects.filter(
            state=SessionState.ADJUDICATING, kind=SessionKind.GRADED,
            release__department__in=departments_for(user, Act.MANAGE_SESSIONS),
        )
        .select_related("release", "release__department")
        .defer(*UNREAD)
        .order_by("pk")
    )  # fmt: skip


def adjudication_queue(user: User) -> Iterator[WorkQueue]:
    """Yield the sessions with disagreements to decide. Cost: one query, with such a session five more."""
    sessions = list(sessions_to_adjudicate(user))
    counts = count_to_decide(sessions) if sessions else {}
    items = [_to_decide(session, counts[session.pk]) for session in sessions if counts[session.pk]]
    if items:
        yield WorkQueue("adjudicate", _("To settle"), items, "", total=sum(counts.values()))


def _to_decide(session: GradingSession, number: int) -> WorkItem:
    return WorkItem(
        title=_("Disagreements of session %(number)s, %(department)s")
        % {"number": session.pk, "department": session.release.department.name},
        url=reverse("annotations:session-disagreements", args=[session.pk]),
        detail=ngettext("%(count)s to decide", "%(count)s to decide", number) % {"count": number},
        status=_("To do"),
    )
