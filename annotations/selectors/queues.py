"""The grader's queue on My work."""

from collections.abc import Iterator

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from annotations.access import UNREAD
from annotations.models import GradingSession
from builder.common.providers import WorkItem, WorkQueue
from builder.models import User


def sessions_to_grade(user: User) -> "QuerySet[GradingSession]":
    """Return the person's open sessions with `n_mine` and `n_done`, their own answers. Cost: one query."""
    mine = Q(assignments__rater__user=user)
    return (
        GradingSession.objects.graded_by(user)
        .select_related("release", "release__department")
        .defer(*UNREAD)
        .annotate(
            n_mine=Count("assignments", filter=mine, distinct=True),
            n_done=Count("assignments", filter=mine & Q(assignments__done_at__isnull=False), distinct=True),
        )
        .order_by("pk")
    )


def grading_queue(user: User) -> Iterator[WorkQueue]:
    """Yield the person's open sessions with their own progress. Cost: one query; nothing names a system."""
    sessions = sessions_to_grade(user)
    items = [_item(session) for session in sessions]
    if items:
        yield WorkQueue(
            "grade", _("To grade"), items, "", total=sum(1 for item in items if item.progress != 1)
        )


def _item(session: GradingSession) -> WorkItem:
    done, total = session.n_done, session.n_mine  # type: ignore[attr-defined]
    return WorkItem(
        title=_("Grading session %(number)s, %(department)s")
        % {"number": session.pk, "department": session.release.department.name},
        url=reverse("annotations:grade", args=[session.pk]),
        detail=_("%(done)s of %(total)s answers graded") % {"done": done, "total": total},
        status=_("Done") if done == total else _("To do"),
        progress=done / total if total else 1.0,
    )
