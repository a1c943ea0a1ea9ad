"""What the grading desk shows: one answer, its criteria and what the grader said so far. Never who wrote it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from annotations.models import HUMAN_VERDICTS, Assignment, Grade, GradingSession
from builder.common.markdown import render_markdown
from builder.content import CaseContent, Criterion, Turn
from builder.models import User
from builder.vocabulary import axis_label

Said = tuple[str, str]  # a verdict, or an empty text, and a note


@dataclass(frozen=True, slots=True)
class Source:
    """A passage or guideline that criteria cite; `number` is its place in the list beside the answer."""

    number: int
    title: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class DeskCriterion:
    """One criterion and what the grader says of it."""

    index: int
    text: str
    points: int | float | None
    red_line: bool
    axis: str
    sources: Sequence[Source]
    verdict: str
    note: str
    error: str
    is_current: bool

    @property
    def number(self) -> int:
        """Its place as people count."""
        return self.index + 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the grader's own answers are done."""

    done: int
    total: int

    @property
    def left(self) -> int:
        """How many still have an open criterion."""
        return self.total - self.done


@dataclass(frozen=True, slots=True)
class DeskPage:
    """Everything on the desk for one answer."""

    session: GradingSession
    position: int
    progress: Progress
    turns: Sequence[Turn]
    answer: Mapping[str, str]
    criteria: Sequence[DeskCriterion]
    reference_answer: str
    sources: Sequence[Source]

    @property
    def judged(self) -> int:
        """How many criteria have a verdict."""
        return sum(1 for criterion in self.criteria if criterion.verdict)

    @property
    def previous(self) -> int | None:
        """The position before this one."""
        return self.position - 1 if self.position > 1 else None

    @property
    def following(self) -> int | None:
        """The position after this one."""
        return self.position + 1 if self.position < self.progress.total else None


def desk_page(
    assignment: Assignment,
    *,
    typed: Mapping[int, Said] | None = None,
    errors: Mapping[int, str] | None = None,
) -> DeskPage:
    """Return the desk for one answer; what was typed and not saved stands before what is stored.

    Cost: two queries, whatever the number of criteria and answers.
    """
    content = assignment.response.item.content
    session = assignment.session
    sources = _sources(content, with_evidence=session.show_reference)
    words = len(assignment.response.completion.split())
    return DeskPage(
        session=session,
        position=assignment.position,
        progress=progress_of(session, assignment.rater_id),
        turns=content.prompt,
        answer={
            "content": assignment.response.completion,
            "html": render_markdown(assignment.response.completion),
            "aside": _("%(number)s words") % {"number": words},
        },
        criteria=_criteria(assignment, content, sources, typed or {}, errors or {}),
        reference_answer=content.reference_answer if session.show_reference else "",
        sources=list(sources.values()),
    )


def progress_of(session: GradingSession, rater_id: int) -> Progress:
    """Return one grader's progress. Cost: one query."""
    counted = Assignment.objects.filter(session=session, rater=rater_id).aggregate(
        total=Count("pk"), done=Count("pk", filter=Q(done_at__isnull=False))
    )
    return Progress(counted["done"], counted["total"])


def progress_of_person(session: GradingSession, user: User) -> Progress:
    """Return the person's own progress. Cost: two queries."""
    return progress_of(session, session.raters.get(user=user).pk)


def next_position(session: GradingSession, user: User, *, after: int = 0) -> int | None:
    """Return the person's next answer with an open criterion, from `after` on, then from the start.

    None when all are done. Cost: one query, or two.
    """
    waiting = Assignment.objects.filter(session=session, rater__user=user, done_at=None)
    positions = waiting.order_by("position").values_list("position", flat=True)
    return positions.filter(position__gt=after).first() or positions.first()


def verdict_counts(session: GradingSession, user: User) -> dict[str, int]:
    """Return how often the person gave each verdict. Cost: one query."""
    rows = Grade.objects.filter(assignment__session=session, assignment__rater__user=user)
    given = dict(rows.order_by().values_list("verdict").annotate(n=Count("pk")))
    return {verdict: given.get(verdict, 0) for verdict in HUMAN_VERDICTS}


def count_judged(assignment: Assignment) -> tuple[int, int]:
    """Return how many criteria of one answer have a verdict, and how many there are. Cost: one query."""
    return assignment.grades.count(), len(assignment.response.item.content.rubrics)


def _criteria(
    assignment: Assignment, content: CaseContent, sources: Mapping[str, Source], typed: Mapping[int, Said],
    errors: Mapping[int, str],
) -> list[DeskCriterion]:  # fmt: skip
    stored = {grade.criterion_index: (grade.verdict, grade.explanation) for grade in assignment.grades.all()}
    said = {**stored, **typed}
    indices = range(len(content.rubrics))
    current = next(
        (index for index in (*errors, *indices) if index in errors or not said.get(index, ("",))[0]), 0
    )
    shows_points = assignment.session.show_points
    return [
        DeskCriterion(
            index=index,
            text=criterion.criterion,
            points=criterion.points if shows_points else None,
            red_line=criterion.red_line and shows_points,
            axis=axis_label(criterion.axis) if criterion.axis else "",
            sources=[sources[key] for key in _cited(criterion) if key in sources],
            verdict=said.get(index, ("", ""))[0],
            note=said.get(index, ("", ""))[1],
            error=errors.get(index, ""),
            is_current=index == current,
        )
        for index, criterion in enumerate(content.rubrics)
    ]


def _sources(content: CaseContent, *, with_evidence: bool) -> dict[str, Source]:
    """Return what the criteria cite by key: evidence passages first, then guidelines that no passage comes from."""
    sources: dict[str, Source] = {}
    if with_evidence:
        for passage in content.evidence:
            title = _joined(passage.source, passage.edition, passage.jurisdiction)
            sources[f"evidence:{passage.evidence_id}"] = Source(len(sources) + 1, title, passage.quote)
    for criterion in content.rubrics:
        key = _guideline_key(criterion)
        if key and not any(found in sources for found in _evidence_keys(criterion)):
            title = _joined(criterion.guideline, criterion.jurisdiction)
            sources.setdefault(key, Source(len(sources) + 1, title))
    return sources


def _cited(criterion: Criterion) -> list[str]:
    return [*_evidence_keys(criterion), _guideline_key(criterion)]


def _evidence_keys(criterion: Criterion) -> list[str]:
    return [f"evidence:{evidence_id}" for evidence_id in criterion.evidence]


def _guideline_key(criterion: Criterion) -> str:
    return f"guideline:{criterion.guideline}:{criterion.jurisdiction}" if criterion.guideline else ""


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
