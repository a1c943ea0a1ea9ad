"""Criteria to reuse: the library's, and those of the cases people may read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from msgspec.structs import replace

from builder.common.errors import BadInput
from builder.content import Criterion
from builder.models import Case, CaseIndex, CaseTemplate, Department, DepartmentTag, LibraryCriterion, User
from builder.search_text import index_text, matches, query_tokens
from builder.similarity import normalised
from builder.vocabulary import axis_label

# What a search box shows; whoever wants more types another word.
SHOWN = 12
# Cases whose rubric is read for criteria that aren't in the library.
READ_CASES = 40


@dataclass(frozen=True, slots=True)
class FoundCriterion:
    """A criterion somebody may insert, and where it comes from: `source` is what the insert button says."""

    source: str
    text: str
    points: float
    axis: str
    red_line: bool
    is_consensus: bool
    place: str


def holds(tokens: Sequence[str]) -> Q:
    """Return the condition that a `tokens` column begins a word with each of these."""
    return reduce(and_, (Q(tokens__contains=f" {token}") for token in tokens), Q())


def cases_with(text: str) -> QuerySet[CaseIndex]:
    """Return the indexes of the cases that hold every word of the text, for use as a subquery on `pk`."""
    tokens = query_tokens(text)
    return CaseIndex.objects.filter(holds(tokens)) if tokens else CaseIndex.objects.none()


def list_library(user: User, text: str = "", department: str = "") -> QuerySet[LibraryCriterion]:
    """Return the criteria of the library a person may read, consensus first; those that hold every searched word."""
    tokens = query_tokens(text)
    rows = LibraryCriterion.objects.visible_to(user).in_use().filter(holds(tokens))
    if text.strip() and not tokens:
        rows = rows.none()  # signs alone: they are no words to find
    if department:
        rows = rows.filter(department__code=department)
    return rows.select_related("department").order_by("-is_consensus", "pk")


def find_criteria(user: User, department: Department, text: str) -> list[FoundCriterion]:
    """Return criteria that hold every searched word: the library's, then those of the department's cases, each once.

    Cost: two queries and the contents of at most forty cases.
    """
    tokens = query_tokens(text)
    if not tokens:
        return []
    reachable = Q(department=department) | Q(department__isnull=True)
    library = list_library(user, text).filter(reachable)[:SHOWN]
    found = {normalised(row.criterion): _from_library(row) for row in library}
    for case, place, criterion in _criteria_of(_cases(department, text), tokens):
        if len(found) == SHOWN:
            break
        found.setdefault(normalised(criterion.criterion), _from_case(case, place, criterion))
    return list(found.values())


def criterion_to_insert(user: User, department: Department, source: str) -> Criterion:
    """Return the criterion a found one stands for; raises BadInput when it is gone meanwhile.

    The copy carries its points, axis, red line and references, but neither the passages of the other case nor its id.
    """
    kind, _dash, place = source.partition("-")
    found = None
    if kind == "library" and place.isdecimal():
        reachable = Q(department=department) | Q(department__isnull=True)
        row = LibraryCriterion.objects.visible_to(user).in_use().filter(reachable, pk=int(place[:15])).first()
        found = as_criterion(row) if row else None
    elif kind == "case":
        found = criterion_of_case(user, place, department)
    if found is None:
        raise BadInput(_("This criterion is no longer there. Find another one."))
    return found


def criterion_of_case(user: User, place: str, department: Department | None = None) -> Criterion | None:
    """Return a criterion of a case the person reads, by `CASE-INDEX`; None when there is none."""
    case_id, _dash, index = place.partition("-")
    if not (case_id.isdecimal() and index.isdecimal()):
        return None
    cases = Case.objects.visible_to(user).active().select_related("head").filter(pk=int(case_id[:15]))
    case = (cases.filter(department=department) if department else cases).first()
    rubrics = case.head.content.rubrics if case and case.head else []
    number = int(index[:15])
    if number >= len(rubrics):
        return None
    return replace(rubrics[number], criterion_id="", evidence=[], extra={})


def as_criterion(row: LibraryCriterion) -> Criterion:
    """Return the criterion as a case takes it."""
    return Criterion(
        criterion=row.criterion, points=row.amount, tags=list(row.tags), red_line=row.red_line, guideline=row.guideline,
        jurisdiction=row.jurisdiction,
    )  # fmt: skip


def uses_of(row: LibraryCriterion, user: User) -> list[Case]:
    """Return the cases a person may read whose newest revision has this criterion. Cost: one query."""
    wanted = normalised(row.criterion)
    cases = Case.objects.visible_to(user).active().filter(pk__in=cases_with(row.criterion).values("pk"))
    return [
        case
        for case in cases.select_related("head", "department").order_by("pk")
        if case.head and any(normalised(each.criterion) == wanted for each in case.head.content.rubrics)
    ]


def list_templates(departments: Iterable[Department]) -> QuerySet[CaseTemplate]:
    """Return the templates of these departments."""
    return CaseTemplate.objects.filter(department__in=list(departments)).select_related("department")


def vocabulary(department: Department) -> list[str]:
    """Return the department's tags. Cost: one query."""
    return list(DepartmentTag.objects.filter(department=department).values_list("tag", flat=True))


def _cases(department: Department, text: str) -> Iterable[Case]:
    cases = Case.objects.active().filter(department=department, pk__in=cases_with(text).values("pk"))
    return cases.select_related("head").order_by("-pk")[:READ_CASES]


def _criteria_of(cases: Iterable[Case], tokens: Sequence[str]) -> Iterable[tuple[Case, int, Criterion]]:
    for case in cases:
        for place, criterion in enumerate(case.head.content.rubrics if case.head else []):
            if matches(index_text([criterion.criterion, criterion.guideline]), tokens):
                yield case, place, criterion


def _from_library(row: LibraryCriterion) -> FoundCriterion:
    axis = next((tag.removeprefix("axis:") for tag in row.tags if tag.startswith("axis:")), "")
    place = row.department.name if row.department else ""
    return FoundCriterion(
        f"library-{row.pk}",
        row.criterion,
        row.amount,
        axis_label(axis),
        row.red_line,
        row.is_consensus,
        place,
    )


def _from_case(case: Case, place: int, criterion: Criterion) -> FoundCriterion:
    return FoundCriterion(
        f"case-{case.pk}-{place}", criterion.criterion, criterion.points, axis_label(criterion.axis),
        criterion.red_line, False, case.title or case.prompt_id,
    )  # fmt: skip
