"""Which rows of a session count: for scores, agreement and disagreements alike."""

from collections.abc import Mapping, Sequence

from django.db.models import QuerySet

from annotations.models import Assignment, Grade, GradingSession, SessionKind, SessionRun
from annotations.models.sessions import AssignmentQuerySet
from exports.models import Response, Run
from exports.selectors import answers_of


def counted_runs(session: GradingSession) -> list[Run]:
    """Return the session's runs that weren't withdrawn from it, in its order. Cost: one query."""
    return list(
        Run.objects.filter(session_runs__session=session, session_runs__withdrawn_at=None).order_by(
            "session_runs__position"
        )
    )


def counted_answers(session: GradingSession, runs: Sequence[Run]) -> QuerySet[Response]:
    """Return the answers of runs that count in the session: its items but for calibration, or all of an import.

    An answer of a run that was withdrawn from the session doesn't count.
    """
    if session.kind == SessionKind.IMPORTED:
        return answers_of(runs)
    return answers_of(runs).filter(
        session_items__session=session, session_items__is_calibration=False,
        run__session_runs__session=session, run__session_runs__withdrawn_at=None,
    )  # fmt: skip


def counted_assignments(
    sessions: Sequence[GradingSession], *, third_opinions: bool = True
) -> AssignmentQuerySet:
    """Return the assignments that count: not released, not for calibration, of no run that was withdrawn.

    Without `third_opinions` only those that were planned for every answer alike. Cost: one query now.
    """
    assignments = Assignment.objects.filter(session__in=sessions, released_at=None, is_calibration=False)
    for session_id, run_id in _withdrawn(sessions):
        assignments = assignments.exclude(session=session_id, response__run=run_id)
    return assignments if third_opinions else assignments.filter(asked=[])


def counted_grades(sessions: Sequence[GradingSession], *, third_opinions: bool = True) -> QuerySet[Grade]:
    """Return the grades of the assignments that count.

    Agreement is told without `third_opinions`: a third is asked just where the first graders disagree, so it would
    make them look further apart than they are. Cost: one query now, or two.
    """
    grades = Grade.objects.filter(
        assignment__session__in=sessions, assignment__released_at=None, assignment__is_calibration=False
    )
    for session_id, run_id in _withdrawn(sessions):
        grades = grades.exclude(assignment__session=session_id, assignment__response__run=run_id)
    # Cost: the exclusion reads another row for each grade, so a session without third opinions goes without it.
    if not third_opinions and (asked := _third_opinions(sessions)).exists():
        grades = grades.exclude(assignment__in=asked)
    return grades


def calibration_cases(session: GradingSession, run: Run) -> set[int]:
    """Return the release items whose answer by the run is there for calibration only. Cost: one query."""
    items = session.items.filter(is_calibration=True, response__run=run)
    return set(items.values_list("response__item", flat=True))


def count_third_opinions(sessions: Sequence[GradingSession]) -> int:
    """Count the verdicts that were given as third opinions. Cost: one query where there are none, else three."""
    asked = _third_opinions(sessions)
    return counted_grades(sessions).filter(assignment__in=asked).count() if asked.exists() else 0


def count_due(sessions: Sequence[GradingSession], criteria: Mapping[int, int]) -> int:
    """Count the verdicts that the planned assignments ask for; `criteria` says how many each answer has.

    Cost: two queries.
    """
    rows = counted_assignments(sessions, third_opinions=False).values_list("response_id", flat=True)
    return sum(criteria.get(response, 0) for response in rows.iterator(chunk_size=20_000))


def _withdrawn(sessions: Sequence[GradingSession]) -> list[tuple[int, int]]:
    rows = SessionRun.objects.filter(session__in=sessions, withdrawn_at__isnull=False)
    return list(rows.values_list("session_id", "run_id"))


def _third_opinions(sessions: Sequence[GradingSession]) -> QuerySet[Assignment]:
    """Return the assignments that were asked for on some criteria of an answer."""
    return Assignment.objects.filter(session__in=sessions).exclude(asked=[])
