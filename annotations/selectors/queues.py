"""The grader's queue on My work."""

from collections.abc import Iterator

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from annotations.models import GradingSession
from builder.common.providers import WorkItem, WorkQueue
from builder.models import User


def grading_queue(user: User) -> Iterator[WorkQueue]:
    """Yield the person's open sessions with their own progress. Cost: one query; nothing names a system."""
    mine = Q(assignments__rater__user=user)
    sessions = (
        GradingSession.objects.graded_by(user)
        .select_related("release", "release__department")
        .annotate(
            n_mine=Count("assignments", filter=mine, distinct=True),
            n_done=Count("assignments", filter=mine & Q(assignments__done_at__isnull=False), distinct=True),
        )
    )
    items = [_item(session) for session in sessions]
    if items:
        yield WorkQueue("grade", _("To grade"), items, "", total=sum(1 for item in items if item.progress != 1))


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
