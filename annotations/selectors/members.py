"""Who grades in a session, which runs it holds, and what of it is left: for the page on which that changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.access import blinded_run_ids
from annotations.models import (
    Assignment,
    Desk,
    GradingSession,
    SessionRater,
    SessionRun,
    SessionState,
)
from annotations.selectors.for_the_lead import free_places
from annotations.selectors.session_plan import graders_of
from annotations.selectors.sessions import letter_of
from builder.common.errors import BadInput, NotFound
from builder.models import User


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One grader of a session, with their answers: done, not yet done, skipped."""

    position: int
    label: str
    person: str
    desk: str
    removed: bool
    done: int
    waiting: int
    skipped: int


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One run of a session; without a name where the reader grades blind."""

    position: int
    title: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class People:
    """Everything on the page; `rest` counts the places nobody has taken."""

    members: Sequence[MemberLine]
    runs: Sequence[RunEntry]
    rest: int
    may_change: bool


def people_page(session: GradingSession, reader: User) -> People:
    """Return who grades and what is left. Cost: six queries, whatever the number of answers."""
    hidden = set(blinded_run_ids(reader))
    return People(
        members=_members(session),
        runs=[run_entry(entry, hidden) for entry in session.session_runs.select_related("run")],
        rest=free_places(session),
        may_change=session.state in (SessionState.DRAFT, SessionState.OPEN),
    )


def run_entry(entry: SessionRun, hidden: set[int]) -> RunEntry:
    """Return a run by its name, or by its letter to who must not learn it."""
    letter = _("Run %(letter)s") % {"letter": letter_of(entry.position)}
    title = letter if entry.run_id in hidden else entry.run.name
    return RunEntry(entry.position, title, entry.withdrawn_at is not None)


def run_title(entry: SessionRun, reader: User) -> str:
    """Return what a reader may call a run. Cost: one query."""
    return run_entry(entry, set(blinded_run_ids(reader))).title


def session_rater_at(session: GradingSession, position: int) -> SessionRater:
    """Return a person who grades, by their place: grader-N. Raises NotFound."""
    member = session.session_raters.filter(position=position, rater__user__isnull=False)
    found = member.select_related("rater__user").first()
    if found is None:
        raise NotFound(_("There is no such grader in this session."))
    return found


def session_run_at(session: GradingSession, position: int) -> SessionRun:
    """Return a run of the session by its place: 1 is run A. Raises NotFound."""
    entry = session.session_runs.filter(position=position).select_related("run").first()
    if entry is None:
        raise NotFound(_("There is no such run in this session."))
    return entry


def unfinished_of(member: SessionRater) -> tuple[int, int]:
    """Return how many of a grader's answers are done and how many aren't. Cost: one query."""
    live = Assignment.objects.live().held(timezone.now())
    own = live.filter(session=member.session_id, rater=member.rater_id)
    counted = own.aggregate(done=Count("pk", filter=Q(done_at__isnull=False)), total=Count("pk"))
    return counted["done"], counted["total"] - counted["done"]


def people_to_add(session: GradingSession) -> list[User]:
    """Return the people with the role of grader who don't grade here now, by name. Cost: two queries."""
    here = set(session.session_raters.filter(removed_at=None).values_list("rater__user_id", flat=True))
    return [person for person in graders_of(session.release) if person.pk not in here]


def find_grader(session: GradingSession, email: str) -> User:
    """Return somebody with the role of grader in the session's department by their address; raises BadInput."""
    for person in graders_of(session.release):
        if person.email.lower() == email.lower():
            return person
    raise BadInput(
        _("%(person)s doesn't have the role of grader in %(department)s.")
        % {"person": email, "department": session.release.department.code},
        field="grader",
    )


def _members(session: GradingSession) -> list[MemberLine]:
    live, withdrawn = Q(released_at=None), session.session_runs.filter(withdrawn_at__isnull=False)
    counted = {
        rater: (done, waiting, skipped)
        for rater, done, waiting, skipped in Assignment.objects.held(timezone.now())
        .filter(session=session)
        .exclude(response__run__in=withdrawn.values("run"))
        .order_by()
        .values_list("rater")
        .annotate(
            done=Count("pk", filter=live & Q(done_at__isnull=False)),
            waiting=Count("pk", filter=live & Q(done_at=None)),
            skipped=Count("pk", filter=Q(released_cause="skipped")),
        )
    }
    members = session.session_raters.filter(rater__user__isnull=False).select_related("rater__user")
    return [
        MemberLine(
            member.position, member.label, str(member.rater.user), str(Desk(member.desk).label),
            member.removed_at is not None, *counted.get(member.rater_id, (0, 0, 0)),
        )
        for member in members.order_by("position")
    ]  # fmt: skip
