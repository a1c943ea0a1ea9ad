"""Answers that somebody left, given to graders in Label Studio: they can't take them from the rest by themselves."""

from collections import Counter
from collections.abc import Sequence
from secrets import SystemRandom

from django.db import transaction
from django.db.models import Count, F, Max
from django.utils.translation import ngettext

from annotations.models import (
    Assignment,
    Desk,
    GradingSession,
    LabelStudioLogLine,
    LabelStudioProject,
    ProjectState,
    SessionItem,
    SessionRater,
    SessionState,
)
from annotations.models.sessions import MemberQuerySet
from annotations.selectors.rest import free_for
from annotations.services.queue import release_expired
from builder.models import Role

BATCH = 500


def hand_on(session: GradingSession) -> int:
    """Give free places that nobody in these pages could take to graders in Label Studio; return how many.

    The rules are the rest's: never an answer somebody had, nor one to a case they wrote unless the session allows it.
    Besides, since nobody asked for it: no more than their quota, the least busy first, and only to graders who have an
    account there. Cost, when there is nothing to give: two queries; else some for each grader.
    """
    release_expired(session=session)
    if not SessionItem.objects.free(session).exists():
        return 0
    with transaction.atomic():
        # Who takes an answer from the rest, or gives a verdict, waits: what is free here stays free.
        locked = GradingSession.objects.select_for_update(no_key=True).get(pk=session.pk)
        return _hand_on(locked) if locked.state == SessionState.OPEN else 0


def _hand_on(session: GradingSession) -> int:
    graders = _graders(session).filter(desk=Desk.LABEL_STUDIO).select_for_update(of=("self",), no_key=True)
    there = list(
        graders.filter(
            label_studio_project__state=ProjectState.ACTIVE, label_studio_project__account_id__isnull=False
        ).order_by("pk")
    )
    if not there:
        return 0
    places = _places(session)
    given = _choose(list(places), places, session, there)
    _write(session, given)
    return sum(len(items) for items in given.values())


def _graders(session: GradingSession) -> MemberQuerySet:
    """Return who grades now, with the person; each holds the role of grader and may sign in."""
    department = session.release.department_id
    return SessionRater.objects.filter(
        session=session, removed_at=None, rater__user__is_active=True,
        rater__user__memberships__department=department, rater__user__memberships__role=Role.GRADER,
    ).select_related("rater__user")  # fmt: skip


def _places(session: GradingSession) -> dict[int, int]:
    """Return the free places of each answer, less those that graders in these pages could take."""
    places = Counter(dict(SessionItem.objects.free(session).values_list("pk", F("overlap") - F("taken"))))
    for member in _graders(session).filter(desk=Desk.IN_APP):
        places.subtract(_may_grade(member, session))
    return {item: n for item, n in places.items() if n > 0}


def _may_grade(member: SessionRater, session: GradingSession) -> set[int]:
    member.session = session
    user = member.rater.user
    return set(free_for(member, user).values_list("pk", flat=True)) if user else set()


def _choose(
    items: list[int], places: dict[int, int], session: GradingSession, graders: Sequence[SessionRater]
) -> dict[SessionRater, list[int]]:
    """Return who gets which answers, in an order that tells nothing of who wrote them."""
    own = Assignment.objects.filter(session=session, rater__in=[each.rater_id for each in graders]).live()
    load = Counter(dict(own.order_by().values_list("rater").annotate(Count("pk"))))
    may = {member: _may_grade(member, session) for member in graders}
    given: dict[SessionRater, list[int]] = {member: [] for member in graders}
    SystemRandom().shuffle(items)
    for item in items:
        fit = [
            member for member in graders
            if item in may[member] and (member.quota is None or load[member.rater_id] < member.quota)
        ]  # fmt: skip
        for member in sorted(fit, key=lambda each: load[each.rater_id])[: places[item]]:
            given[member].append(item)
            load[member.rater_id] += 1
    return {member: chosen for member, chosen in given.items() if chosen}


def _write(session: GradingSession, given: dict[SessionRater, list[int]]) -> None:
    projects = LabelStudioProject.objects.in_bulk([each.pk for each in given], field_name="session_rater_id")
    for member, chosen in given.items():
        own = Assignment.objects.filter(session=session, rater=member.rater_id)
        last = own.aggregate(last=Max("position"))["last"] or 0
        for start in range(0, len(chosen), BATCH):
            some = chosen[start : start + BATCH]
            SessionItem.objects.filter(pk__in=some).update(taken=F("taken") + 1)
            answers = SessionItem.objects.in_bulk(some)
            Assignment.objects.bulk_create(
                Assignment(
                    session=session, rater_id=member.rater_id, response_id=answers[item].response_id,
                    position=last + start + place,
                )
                for place, item in enumerate(some, start=1)
            )  # fmt: skip
        text = ngettext(
            "This grader was given %(count)s answer that somebody else had left.",
            "This grader was given %(count)s answers that others had left.",
            len(chosen),
        )
        LabelStudioLogLine.objects.create(project=projects[member.pk], text=text % {"count": len(chosen)})
