"""What the pages about sessions show: the list, and one session's progress, runs and answers that need a look."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.access import UNREAD, blinded_run_ids
from annotations.frames import session_units
from annotations.models import (
    Assignment,
    Desk,
    GradingSession,
    ReleaseCause,
    SessionItem,
    SessionKind,
    SessionRater,
    SessionRun,
    SessionState,
)
from annotations.selectors.counted import counted_grades
from builder.common import clock
from builder.common.counting import count_of
from builder.common.errors import NotFound
from builder.models import User
from exports.models import Response

SHOWN_NAMING = 20


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run of a session; name and model are empty where the reader grades blind."""

    letter: str
    name: str
    model: str
    n_answers: int
    is_withdrawn: bool = False

    @property
    def title(self) -> str:
        """The run's name, or its neutral letter."""
        return self.name or _("Run %(letter)s") % {"letter": self.letter}


@dataclass(frozen=True, slots=True)
class RaterProgress:
    """How far one rater of a session is; `person` is empty for readers who need no names."""

    label: str
    person: str
    desk: str
    desk_key: str
    is_reader: bool
    grades_here: bool
    removed: bool
    done: int
    total: int
    calibration_done: int
    calibration_total: int
    skipped: int
    flagged: int
    verdicts: int


@dataclass(frozen=True, slots=True)
class NamingAnswers:
    """Answers whose own text names their system: how many, and the first of them where the reader may see them."""

    total: int
    shown: Sequence[Response]


@dataclass(frozen=True, slots=True)
class Undecided:
    """The units of a session without a verdict, counted by why."""

    unresolved: int
    cannot_judge: int
    judge_failed: int
    missing: int
    ruled_cannot_judge: int = 0
    ruled_unclear: int = 0

    @property
    def ruled(self) -> int:
        """Those an adjudicator left undecided for good."""
        return self.ruled_cannot_judge + self.ruled_unclear

    @property
    def total(self) -> int:
        """All of them."""
        return self.unresolved + self.cannot_judge + self.judge_failed + self.missing + self.ruled


def list_sessions(user: User) -> "QuerySet[GradingSession]":
    """Return the sessions the person may read, newest first, each with its counts. Cost: one query."""
    live = Assignment.objects.live().held(timezone.now())
    assigned = live.filter(session=OuterRef("pk"), is_calibration=False)
    return (
        GradingSession.objects.visible_to(user)
        .select_related("release", "release__department")
        .defer(*UNREAD)
        .annotate(
            n_runs=count_of(SessionRun.objects.filter(session=OuterRef("pk"))),
            n_raters=count_of(SessionRater.objects.filter(session=OuterRef("pk"))),
            n_assigned=count_of(assigned),
            n_done=count_of(assigned.filter(done_at__isnull=False)),
        )
        .order_by("-pk")
    )


def find_sessions(session_ids: Sequence[int]) -> list[GradingSession]:
    """Return sessions in the order given, whoever asks: for commands, which act on the server itself.

    Raises NotFound for one that isn't there.
    """
    found = GradingSession.objects.select_related("release").in_bulk(session_ids)
    for session_id in session_ids:
        if session_id not in found:
            raise NotFound(f"There is no session {session_id}.")
    return [found[session_id] for session_id in session_ids]


def count_undecided(session: GradingSession) -> Undecided:
    """Return how many units of the session have no verdict, by why. Cost: four queries, one pass over the grades."""
    return Undecided(**session_units(session).undecided_counts())


def rater_progress(session: GradingSession, reader: User, *, with_names: bool) -> list[RaterProgress]:
    """Return every rater's progress, in their order; what was released, ran out of time or was withdrawn is nobody's.

    Cost: five queries.
    """
    counts = _counts_by_rater(session)
    verdicts = dict(
        counted_grades([session]).order_by().values_list("assignment__rater").annotate(n=Count("pk"))
    )
    members = session.session_raters.select_related("rater__user").order_by("position")
    return [
        RaterProgress(
            label=member.label,
            person=str(member.rater.user) if with_names and member.rater.user else "",
            desk=member.get_desk_display(),
            desk_key=member.desk,
            is_reader=member.rater.user_id == reader.pk,
            grades_here=member.rater.user_id == reader.pk
            and member.desk == Desk.IN_APP
            and member.removed_at is None,
            removed=member.removed_at is not None,
            verdicts=verdicts.get(member.rater_id, 0),
            **counts.get(member.rater_id, dict.fromkeys(_COUNTS, 0)),
        )
        for member in members
    ]


_OWN, _FIRST = Q(released_at=None, is_calibration=False), Q(released_at=None, is_calibration=True)
_DONE = Q(done_at__isnull=False)
_COUNTS = {
    "done": _OWN & _DONE, "total": _OWN, "calibration_done": _FIRST & _DONE, "calibration_total": _FIRST,
    "skipped": Q(released_cause=ReleaseCause.SKIPPED), "flagged": Q(released_at=None, flagged_at__isnull=False),
}  # fmt: skip


def _counts_by_rater(session: GradingSession) -> dict[int, dict[str, int]]:
    withdrawn = session.session_runs.filter(withdrawn_at__isnull=False).values_list("run_id", flat=True)
    rows = (
        Assignment.objects.held(timezone.now())
        .filter(session=session)
        .exclude(response__run__in=list(withdrawn))
        .order_by()
        .values_list("rater_id")
        .annotate(**{name: Count("pk", filter=wanted) for name, wanted in _COUNTS.items()})
    )
    return {rater: dict(zip(_COUNTS, counts, strict=True)) for rater, *counts in rows}


def session_habits(raters: Sequence[RaterProgress]) -> dict[str, bool]:
    """Return what of a session's pages concerns it at all: Label Studio, calibration, skips and flags."""
    return {
        "uses_label_studio": any(rater.desk_key == Desk.LABEL_STUDIO for rater in raters),
        "calibrates": any(rater.calibration_total for rater in raters),
        "apart": any(rater.skipped or rater.flagged for rater in raters),
    }


def is_late(session: GradingSession) -> bool:
    """Whether people still grade after the deadline."""
    return (
        session.state == SessionState.OPEN
        and session.deadline is not None
        and session.deadline < clock.today()
    )


def naming_answers(session: GradingSession, reader: User) -> NamingAnswers:
    """Return the answers that name their system; which ones only to who grades none of the runs.

    Cost: three queries.
    """
    named = SessionItem.objects.filter(session=session, names_system=True)
    total = named.count()
    if not total or session.session_runs.filter(run__in=blinded_run_ids(reader)).exists():
        return NamingAnswers(total, ())
    answers = Response.objects.filter(session_items__in=named).select_related("run", "item")
    return NamingAnswers(total, list(answers.order_by("item__position", "run_id", "epoch")[:SHOWN_NAMING]))


def run_lines(session: GradingSession, reader: User) -> list[RunLine]:
    """Return the session's runs; those the reader grades blind anywhere go by their letter. Cost: two queries."""
    hidden = set(blinded_run_ids(reader))
    of_run = Response.objects.filter(run=OuterRef("run"))
    if session.kind == SessionKind.GRADED:
        of_run = of_run.filter(session_items__session=session, session_items__is_calibration=False)
    entries = (
        session.session_runs.annotate(n_answers=count_of(of_run))
        .annotate(run_name=F("run__name"), run_model=F("run__model"))
        .order_by("position")
    )
    return [
        RunLine(
            letter=letter_of(entry.position),
            name="" if entry.run_id in hidden else entry.run_name,
            model="" if entry.run_id in hidden else entry.run_model,
            n_answers=entry.n_answers,
            is_withdrawn=entry.withdrawn_at is not None,
        )
        for entry in entries
    ]


def letter_of(position: int) -> str:
    """Return A for the first run of a session, B for the second; after Z the number."""
    return chr(ord("A") + position - 1) if position <= 26 else str(position)
