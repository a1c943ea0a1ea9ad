"""What the dashboard counts: one query for each question, whatever the number of cases."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec
from django.db.models import Count, Max, Q
from django.utils import timezone

from builder.common.clock import day_of
from builder.content import AXIS_PREFIX
from builder.models import Case, CaseRevision, CaseState, Decision, Department

_BATCH = 200
RECENT = timedelta(days=30)


class Group(NamedTuple):
    """How many cases share these headings."""

    theme: str
    kind: str
    language: str
    state: str
    number: int


@dataclass(slots=True)
class AxisCount:
    """The criteria of one axis."""

    positive: int = 0
    negative: int = 0
    red_lines: int = 0
    earned: float = 0.0
    lost: float = 0.0
    cases: int = 0


@dataclass(slots=True)
class RubricCount:
    """The criteria of all heads, by axis, and how the cases are balanced."""

    axes: dict[str, AxisCount] = field(default_factory=dict)
    cases: int = 0
    without_positive: int = 0
    without_negative: int = 0


class Approval(NamedTuple):
    """An approved case: since when, and through which day."""

    case_id: int
    title: str
    since: date
    expires_on: date | None


@dataclass(slots=True)
class Load:
    """The cases one person began, by state, and the revisions they saved of late."""

    name: str
    states: Counter[str] = field(default_factory=Counter)
    revisions: int = 0


class _Criterion(msgspec.Struct):
    points: float
    tags: list[str] = msgspec.field(default_factory=list)
    red_line: bool = False


class _Rubric(msgspec.Struct):
    """The part of a content that is counted; decoding skips the rest."""

    rubrics: list[_Criterion]


_DECODER = msgspec.json.Decoder(_Rubric)


def count_headings(department: Department) -> list[Group]:
    """Return the cases by theme, kind, language and state. Cost: one query."""
    cases = Case.objects.filter(department=department).order_by()
    rows = cases.values_list("theme", "kind", "language", "state").annotate(number=Count("pk"))
    return [Group(*row) for row in rows]


def count_criteria(department: Department) -> RubricCount:
    """Return what the rubrics of the active cases hold. Cost: one query that reads every head, a few at a time."""
    count = RubricCount()
    for text in _heads(department):
        rubric = _DECODER.decode(text).rubrics
        count.cases += 1
        count.without_positive += not any(criterion.points > 0 for criterion in rubric)
        count.without_negative += not any(criterion.points < 0 for criterion in rubric)
        for axis in {_axis_of(criterion) for criterion in rubric}:
            count.axes.setdefault(axis, AxisCount()).cases += 1
        for criterion in rubric:
            _add(count.axes[_axis_of(criterion)], criterion)
    return count


def count_approvals(department: Department) -> list[Approval]:
    """Return the approved cases with the day of their last approval. Cost: one query."""
    given = Max("head__reviews__created_at", filter=Q(head__reviews__decision=Decision.APPROVE))
    cases = Case.objects.filter(department=department, state=CaseState.APPROVED).order_by("pk")
    rows = cases.annotate(given=given).values_list(
        "pk", "title", "prompt_id", "given", "head__external_approval__created_at", "updated_at", "expires_on"
    )
    return [
        Approval(pk, title or prompt_id, _first_day(given, elsewhere, updated), expires_on)
        for pk, title, prompt_id, given, elsewhere, updated, expires_on in rows
    ]


def count_load(department: Department) -> list[Load]:
    """Return who began the active cases, and who saved revisions of late. Cost: two queries."""
    loads: dict[int, Load] = {}
    cases = Case.objects.filter(department=department).active().order_by()
    names = ("created_by", "created_by__name", "created_by__email", "state")
    for person, name, email, state, number in cases.values_list(*names).annotate(number=Count("pk")):
        loads.setdefault(person, Load(name or email)).states[state] += number
    since = timezone.now() - RECENT
    saved = CaseRevision.objects.filter(case__department=department, created_at__gte=since).order_by()
    for person, name, email, number in saved.values_list("author", "author__name", "author__email").annotate(
        number=Count("pk")
    ):
        loads.setdefault(person, Load(name or email)).revisions += number
    return sorted(loads.values(), key=lambda load: (-load.states.total(), -load.revisions, load.name))


def _heads(department: Department) -> Iterator[str]:
    cases = Case.objects.filter(department=department, head__isnull=False).active().order_by()
    return cases.values_list("head__content_text", flat=True).iterator(chunk_size=_BATCH)


def _axis_of(criterion: _Criterion) -> str:
    return next((tag[len(AXIS_PREFIX) :] for tag in criterion.tags if tag.startswith(AXIS_PREFIX)), "")


def _add(axis: AxisCount, criterion: _Criterion) -> None:
    axis.red_lines += criterion.red_line
    if criterion.points > 0:
        axis.positive += 1
        axis.earned += criterion.points
    else:
        axis.negative += 1
        axis.lost -= criterion.points


def _first_day(*moments: datetime | None) -> date:
    return next(day_of(moment) for moment in moments if moment is not None)
