"""The grader's queue on My work."""

from collections.abc import Iterator

from django.db.models import OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.access import UNREAD
from annotations.models import Assignment, GradingSession, SessionState
from builder.common.counting import count_of
from builder.common.providers import WorkItem, WorkQueue
from builder.models import User


def sessions_to_grade(user: User) -> "QuerySet[GradingSession]":
    """Return the sessions in which the person grades now. Cost: one query.

    Each has `n_mine` and `n_done`, their own answers, and `n_practice`, the practice answers still to do. While a
    session is adjudicated only third opinions are theirs to give.
    """
    own = Assignment.objects.filter(session=OuterRef("pk"), rater__user=user).live().filter(
        Q(session__state=SessionState.OPEN) | ~Q(asked=[])
    )  # fmt: skip
    graded = own.filter(is_calibration=False)
    return (
        GradingSession.objects.graded_by(user)
        .select_related("release", "release__department")
        .defer(*UNREAD)
        .annotate(
            n_mine=count_of(graded),
            n_done=count_of(graded.filter(done_at__isnull=False)),
            n_practice=count_of(own.waiting().filter(is_calibration=True)),
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
    done, total, practice = session.n_done, session.n_mine, session.n_practice  # type: ignore[attr-defined]
    is_done = done == total and not practice
    return WorkItem(
        title=_("Grading session %(number)s, %(department)s")
        % {"number": session.pk, "department": session.release.department.name},
        url=reverse("annotations:grade", args=[session.pk]),
        detail=" · ".join(_details(session, done, total, practice)),
        status=_("Done") if is_done else _("To do"),
        # Practice is no progress, but while some is left it isn't the end either.
        progress=1.0 if is_done else min(done / max(1, total), 0.99),
    )


def _details(session: GradingSession, done: int, total: int, practice: int) -> Iterator[str]:
    yield _("%(done)s of %(total)s answers graded") % {"done": done, "total": total}
    if practice:
        yield ngettext(
            "%(number)s practice answer first", "%(number)s practice answers first", practice
        ) % {"number": practice}  # fmt: skip
    if session.deadline and (practice or done < total):
        yield _("until %(day)s") % {"day": date_format(session.deadline, "DATE_FORMAT")}
