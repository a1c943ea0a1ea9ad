"""What of a session wants its lead's attention: places nobody has taken, and what graders flagged or skipped."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from annotations.access import blinded_run_ids
from annotations.models import Assignment, GradingSession, ReleaseCause, SessionItem, SessionState
from annotations.selectors.disagreements import answer_numbers
from builder.common.markdown import CleanHtml, render_markdown
from builder.models import User

SHOWN = 50


@dataclass(frozen=True, slots=True)
class SetAside:
    """An answer that a grader flagged or skipped, and why; who that was and what wrote it isn't told.

    `answer` is the number it goes by among the disagreements; None for a practice answer.
    """

    answer: int | None
    prompt_id: str
    case_id: int
    is_skipped: bool
    note: str
    text: str

    @property
    def html(self) -> CleanHtml:
        """The answer, laid out as graders see it."""
        return render_markdown(self.text)


@dataclass(frozen=True, slots=True)
class ForTheLead:
    """`rest` counts the places nobody has taken while people grade; `hidden` is true where the reader grades, too."""

    rest: int
    total: int
    set_aside: Sequence[SetAside]
    hidden: bool


def free_places(session: GradingSession) -> int:
    """Count the places nobody has taken, or whose taker ran out of time. Cost: two queries."""
    free = SessionItem.objects.free(session).aggregate(n=Sum(F("overlap") - F("taken")))["n"] or 0
    return free + Assignment.objects.live_in(session).lapsed(timezone.now()).count()


def for_the_lead(session: GradingSession, reader: User) -> ForTheLead:
    """Return what wants attention; of what graders say the first 50, newest last.

    Somebody who grades these runs reads no colleague's words before grading has ended. Cost: five queries, and
    another where anything was flagged or skipped.
    """
    is_open = session.state == SessionState.OPEN
    hidden = is_open and session.session_runs.filter(run__in=blinded_run_ids(reader)).exists()
    rows = Assignment.objects.filter(
        Q(released_cause=ReleaseCause.SKIPPED) | Q(released_at=None, flagged_at__isnull=False),
        session=session,
    )
    total = rows.count()
    found = () if hidden or not total else _set_aside(session, rows.order_by("pk")[:SHOWN])
    return ForTheLead(free_places(session) if is_open else 0, total, found, hidden)


def _set_aside(session: GradingSession, rows: QuerySet[Assignment]) -> list[SetAside]:
    numbers = answer_numbers(session)
    fields = (
        "response_id", "response__item__prompt_id", "response__item__revision__case_id", "released_cause",
        "skip_reason", "flag_note", "response__completion",
    )  # fmt: skip
    return [
        SetAside(numbers.get(response), prompt_id, case_id, bool(cause), reason if cause else note, text)
        for response, prompt_id, case_id, cause, reason, note, text in rows.values_list(*fields)
    ]
