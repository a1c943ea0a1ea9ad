"""The places of an answer: how many graders it has, never more than it may have.

Who takes or gives back a place changes `SessionItem.taken` in the same transaction. Everybody holds rows in one order:
session, member, assignment, item.
"""

from datetime import datetime

from django.db.models import F, QuerySet
from django.utils import timezone

from annotations.models import Assignment, ReleaseCause, SessionItem


def take_place(item_id: int) -> bool:
    """Take a place at an answer; False when all are taken. Cost: one query, which holds the row if it succeeds."""
    free = SessionItem.objects.filter(pk=item_id, taken__lt=F("overlap"))
    return free.update(taken=F("taken") + 1) == 1


def release_assignments(
    assignments: QuerySet[Assignment], *, cause: ReleaseCause, at: datetime | None = None, reason: str = ""
) -> int:
    """Give the places of live assignments of one session back; return how many there were.

    The place of a third opinion goes with it: it was made for that one person. The caller holds the assignments, or
    the session against everybody. Cost: four queries, whatever the number.
    """
    live = assignments.filter(released_at=None).order_by()
    items = SessionItem.objects.filter(session__in=live.values("session"))
    # In one order, so that two who give places back never wait for each other.
    list(items.filter(response__in=live.values("response")).order_by("pk").select_for_update(no_key=True))
    thirds = live.exclude(asked=[]).values("response")
    items.filter(response__in=thirds).update(taken=F("taken") - 1, overlap=F("overlap") - 1)
    items.filter(response__in=live.filter(asked=[]).values("response")).update(taken=F("taken") - 1)
    return live.update(released_at=at or timezone.now(), released_cause=cause, skip_reason=reason)


def retake_place(assignment: Assignment, *, lease_until: datetime | None = None) -> bool:
    """Take a released assignment's place again, if it is free; the caller holds the assignment and saves nothing."""
    items = SessionItem.objects.filter(session=assignment.session_id, response=assignment.response_id)
    if assignment.asked:
        found = items.update(taken=F("taken") + 1, overlap=F("overlap") + 1)
    else:
        found = items.filter(taken__lt=F("overlap")).update(taken=F("taken") + 1)
    if not found:
        return False
    assignment.released_at, assignment.released_cause, assignment.skip_reason = None, "", ""
    if assignment.lease_until is not None:
        assignment.lease_until = lease_until
    assignment.save(update_fields=["released_at", "released_cause", "skip_reason", "lease_until"])
    return True
