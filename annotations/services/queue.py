"""The rest of a session: answers with a free place, taken one at a time and given back when nobody grades them."""

from secrets import SystemRandom

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.models import (
    Assignment,
    GradingSession,
    ReleaseCause,
    SessionRater,
    SessionState,
)
from annotations.selectors.rest import free_for, waiting_answers
from annotations.services.grades import lease_end
from annotations.services.places import release_assignments, take_place
from builder.common.errors import NotReady
from builder.common.row_locks import hold_shared
from builder.models import User

__all__ = ["claim_assignment", "release_expired", "waiting_answers"]


def claim_assignment(*, session: GradingSession, by: User) -> Assignment | None:
    """Take an answer from the session's rest for a grader; None when there is nothing left that they may grade.

    Never an answer they had, nor one to a case they wrote unless the session allows it. Who has taken one and isn't
    done gets that one again. It stays theirs for as long as settings say, and every verdict renews that. Raises
    NotReady when grading has ended or the person no longer grades here.
    """
    release_expired(session=session)
    with transaction.atomic():
        return _claim(session, by)


def release_expired(*, session: GradingSession) -> int:
    """Give answers back whose time ran out before they were done; return how many. Cost: one query when there are none.

    Their verdicts stay: who comes back goes on with them while the place is free.
    """
    open_now = Assignment.objects.filter(session=session, session__state=SessionState.OPEN)
    lapsed = open_now.lapsed(timezone.now())
    if not lapsed.exists():
        return 0
    with transaction.atomic():
        hold_shared(GradingSession.objects.filter(pk=session.pk))
        # Whoever is being saved at this moment isn't out of time any more.
        rows = lapsed.select_for_update(of=("self",), no_key=True, skip_locked=True).order_by("pk")
        held = [row.pk for row in rows[:500]]
        return release_assignments(Assignment.objects.filter(pk__in=held), cause=ReleaseCause.EXPIRED)


def _claim(session: GradingSession, by: User) -> Assignment | None:
    hold_shared(GradingSession.objects.filter(pk=session.pk))
    if not GradingSession.objects.filter(pk=session.pk, state=SessionState.OPEN).exists():
        raise NotReady(_("Grading has ended: this session is no longer open."))
    if not GradingSession.objects.of_member(by).filter(pk=session.pk).exists():
        raise NotReady(_("You no longer grade in this session. Ask the person who leads it."))
    # One after the other: two windows of one person get the same answer, and places of their order stay unique.
    member = SessionRater.objects.select_for_update(no_key=True).get(session=session, rater__user=by)
    own = Assignment.objects.filter(session=session, rater=member.rater_id)
    until = lease_end(timezone.now())
    taken = own.live().waiting().filter(lease_until__isnull=False).order_by("position").first()
    if taken is not None:
        own.filter(pk=taken.pk).update(lease_until=until)
        return taken
    free = list(free_for(member, by).values_list("pk", "response_id"))
    SystemRandom().shuffle(free)  # so that the order tells nothing of who wrote them
    for item_id, response_id in free:
        if take_place(item_id):
            last = own.aggregate(last=Max("position"))["last"] or 0
            return own.create(
                session=session, rater_id=member.rater_id, response_id=response_id, position=last + 1,
                lease_until=until,
            )  # fmt: skip
    return None
