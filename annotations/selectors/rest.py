"""The rest of a session: answers with a free place, for whoever may take them."""

from datetime import datetime

from django.utils import timezone

from annotations.models import Assignment, GradingSession, SessionItem, SessionRater, SessionState
from annotations.models.sessions import ItemQuerySet
from builder.models import User


def waiting_answers(session: GradingSession, by: User) -> int:
    """Return how many answers of the rest the person could take now, those that ran out of time too.

    Cost: two queries.
    """
    member = session.session_raters.filter(rater__user=by, removed_at=None).first()
    if member is None or session.state != SessionState.OPEN:
        return 0
    member.session = session
    return free_for(member, by, at=timezone.now()).count()


def free_for(member: SessionRater, user: User, *, at: datetime | None = None) -> ItemQuerySet:
    """Return the answers with a free place that a member may grade and never had."""
    items = SessionItem.objects.free(member.session, at=at).exclude(
        response__in=Assignment.objects.filter(session=member.session_id, rater=member.rater_id).values(
            "response"
        )
    )
    return items if member.session.allow_own_cases else items.not_written_by(user)
