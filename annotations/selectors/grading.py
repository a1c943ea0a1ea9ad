"""What the grading desk shows: one answer, its criteria and what the grader said so far. Never who wrote it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from django.db.models import Case, Count, Max, Min, Q, QuerySet, When
from django.utils.translation import gettext as _

from annotations.models import HUMAN_VERDICTS, Assignment, Grade, GradingSession, ReleaseCause, SessionState
from annotations.models.sessions import AssignmentQuerySet
from builder.common.markdown import render_markdown
from builder.common.prepared import Given, Prepared
from builder.content import CaseContent, Criterion
from builder.models import User
from builder.selectors.turns import LaidOutTurn, lay_out
from builder.vocabulary import axis_label

# How many answers the desk fetches ahead, so that a grader can go on while the server is away.
AHEAD = 5


_GRADED = Q(is_calibration=False)


class Said(NamedTuple):
    """What a grader says of a criterion; an empty verdict is none."""

    verdict: str = ""
    note: str = ""
    quote: str = ""


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
    quote: str
    error: str
    is_current: bool

    @property
    def number(self) -> int:
        """Its place as people count."""
        return self.index + 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the grader's own answers are done; practice answers aren't among them."""

    done: int
    total: int

    @property
    def left(self) -> int:
        """How many still have an open criterion."""
        return self.total - self.done


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer stands among the grader's own: `number` of `total`, and the positions around it.

    A practice answer is counted among the `practice` ones alone. Positions may have gaps.
    """

    progress: Progress
    number: int
    practice: int
    previous: int | None
    following: int | None


@dataclass(frozen=True, slots=True)
class DeskPage:
    """Everything on the desk for one answer."""

    session: GradingSession
    assignment: Assignment
    place: Place
    turns: Sequence[LaidOutTurn]
    answer: Mapping[str, str]
    criteria: Sequence[DeskCriterion]
    reference_answer: str
    sources: Sequence[Source]
    upcoming: Sequence[int]

    @property
    def position(self) -> int:
        """Its place in the grader's own order, by which it is addressed."""
        return self.assignment.position

    @property
    def progress(self) -> Progress:
        """How many of the grader's own answers are done."""
        return self.place.progress

    @property
    def is_practice(self) -> bool:
        """Whether the right verdicts are shown afterwards."""
        return self.assignment.is_calibration

    @property
    def is_settled(self) -> bool:
        """Whether the right verdicts may have been shown, so that these stay as they are."""
        return self.is_practice and self.assignment.done_at is not None

    @property
    def is_partial(self) -> bool:
        """Whether only some of the criteria are asked for."""
        return bool(self.assignment.asked)

    @property
    def judged(self) -> int:
        """How many criteria have a verdict."""
        return sum(1 for criterion in self.criteria if criterion.verdict)


def desk_page(
    assignment: Assignment,
    *,
    typed: Mapping[int, Sequence[str]] | None = None,
    errors: Mapping[int, str] | None = None,
) -> DeskPage:
    """Return the desk for one answer; what was typed and not saved stands before what is stored.

    Cost: three queries, whatever the number of criteria and answers.
    """
    content = assignment.response.item.content
    session = assignment.session
    sources = _sources(content, with_evidence=session.show_evidence)
    words = len(assignment.response.completion.split())
    return DeskPage(
        session=session,
        assignment=assignment,
        place=place_of(assignment),
        turns=lay_out(content.prompt),
        answer={
            "content": assignment.response.completion,
            "html": render_markdown(assignment.response.completion),
            "aside": _("%(number)s words") % {"number": words},
        },
        criteria=_criteria(assignment, content, sources, typed or {}, errors or {}),
        reference_answer=content.reference_answer if session.show_reference else "",
        sources=list(sources.values()),
        upcoming=upcoming_positions(assignment),
    )


def asked_criteria(assignment: Assignment) -> Sequence[int]:
    """Return the places of the criteria that want a verdict: those of a third opinion, else all."""
    return assignment.asked or range(len(assignment.response.item.content.rubrics))


def own_answers(session: GradingSession, **grader: object) -> AssignmentQuerySet:
    """Return a grader's answers of a session; once grading has ended only third opinions are left to give."""
    return _own_answers(session, thirds_alone=session.state == SessionState.ADJUDICATING, **grader)


def _own_answers(
    session: GradingSession | Given, *, thirds_alone: bool, **grader: object
) -> AssignmentQuerySet:
    own = Assignment.objects.filter(**grader).live_in(session)
    return own.third_opinions() if thirds_alone else own


def place_of(assignment: Assignment) -> Place:
    """Return where an answer stands among the grader's own. Cost: one query."""
    here, alike = assignment.position, Q(is_calibration=assignment.is_calibration)
    counted = own_answers(assignment.session, rater=assignment.rater_id).aggregate(
        done=Count("pk", filter=_GRADED & Q(done_at__isnull=False)),
        total=Count("pk", filter=_GRADED),
        number=Count("pk", filter=alike & Q(position__lte=here)),
        practice=Count("pk", filter=~_GRADED),
        previous=Max("position", filter=Q(position__lt=here)),
        following=Min("position", filter=Q(position__gt=here)),
    )
    return Place(
        Progress(counted["done"], counted["total"]), max(1, counted["number"]), counted["practice"],
        counted["previous"], counted["following"],
    )  # fmt: skip


def upcoming_positions(assignment: Assignment) -> list[int]:
    """Return the grader's next answers with an open criterion, those after this one first. Cost: one query."""
    waiting = own_answers(assignment.session, rater=assignment.rater_id).waiting().exclude(pk=assignment.pk)
    later_first = Case(When(position__gt=assignment.position, then=0), default=1)
    return list(waiting.order_by(later_first, "position").values_list("position", flat=True)[:AHEAD])


def progress_of(session: GradingSession, rater_id: int) -> Progress:
    """Return one grader's progress. Cost: one query."""
    counts = _OWN_COUNTS[session.state == SessionState.ADJUDICATING]
    return _progress(counts.rows(session=session.pk, rater=rater_id))


def progress_of_person(session: GradingSession, user: User) -> Progress:
    """Return the person's own progress. Cost: two queries."""
    return progress_of(session, session.raters.get(user=user).pk)


def progress_at_end(session: GradingSession, user: User) -> Progress:
    """Return what the person graded in all, third opinions or not, once grading has ended. Cost: one query."""
    return _progress(_counts(Assignment.objects.filter(session=session, rater__user=user).live()))


def _counts(own: AssignmentQuerySet) -> QuerySet[Assignment, tuple[int, int]]:
    """Return how many answers of one session are done, and how many there are: a row, where there are any."""
    counted = own.order_by().values("session").annotate(
        done=Count("pk", filter=_GRADED & Q(done_at__isnull=False)), total=Count("pk", filter=_GRADED)
    )  # fmt: skip
    return counted.values_list("done", "total")


def _own_counts(*, thirds_alone: bool) -> QuerySet[Assignment, tuple[int, int]]:
    return _counts(_own_answers(Given("session"), thirds_alone=thirds_alone, rater=Given("rater")))


# A grader is told after every verdict. By whether third opinions alone are left to give.
_OWN_COUNTS = {each: Prepared(partial(_own_counts, thirds_alone=each)) for each in (False, True)}


def _progress(counts: Iterable[tuple[int, int]]) -> Progress:
    return next((Progress(done, total) for done, total in counts), Progress(0, 0))


def next_position(session: GradingSession, user: User, *, after: int = 0) -> int | None:
    """Return the person's next answer with an open criterion, from `after` on, then from the start.

    None when all are done. Cost: one query, or two.
    """
    waiting = Assignment.objects.of_grader(user).waiting().filter(session=session)
    positions = waiting.order_by("position").values_list("position", flat=True)
    return positions.filter(position__gt=after).first() or positions.first()


def first_position(session: GradingSession, user: User) -> int | None:
    """Return where the person's own answers begin. Cost: one query."""
    own = Assignment.objects.of_grader(user).filter(session=session)
    return own.order_by("position").values_list("position", flat=True).first()


def skipped_answers(session: GradingSession, user: User) -> list[Assignment]:
    """Return the answers the person gave back with a reason, in their own order. Cost: one query."""
    own = Assignment.objects.of_member(user).filter(session=session, released_cause=ReleaseCause.SKIPPED)
    return list(own.order_by("position"))


def verdict_counts(session: GradingSession, user: User) -> dict[str, int]:
    """Return how often the person gave each verdict, practice aside. Cost: one query."""
    own = own_answers(session, rater__user=user).filter(_GRADED)
    rows = Grade.objects.filter(assignment__in=own)
    given = dict(rows.order_by().values_list("verdict").annotate(n=Count("pk")))
    return {verdict: given.get(verdict, 0) for verdict in HUMAN_VERDICTS}


def count_judged(assignment: Assignment) -> tuple[int, int]:
    """Return how many criteria of one answer have a verdict, and how many there are.

    Cost: one query, unless a service has just counted them.
    """
    judged = assignment.grades.count() if assignment.n_judged is None else assignment.n_judged
    return judged, len(asked_criteria(assignment))


def _criteria(
    assignment: Assignment, content: CaseContent, sources: Mapping[str, Source], typed: Mapping[int, Sequence[str]],
    errors: Mapping[int, str],
) -> list[DeskCriterion]:  # fmt: skip
    said = {
        grade.criterion_index: Said(grade.verdict, grade.explanation, grade.quote)
        for grade in assignment.grades.all()
    }
    said |= {index: Said(*each) for index, each in typed.items()}
    indices = asked_criteria(assignment)
    current = next(
        (index for index in (*errors, *indices) if index in errors or not said.get(index, Said()).verdict),
        indices[0],
    )
    return [
        _criterion(index, content.rubrics[index], assignment.session, sources, said.get(index, Said()),
                   error=errors.get(index, ""), is_current=index == current)
        for index in indices
    ]  # fmt: skip


def _criterion(
    index: int, criterion: Criterion, session: GradingSession, sources: Mapping[str, Source], said: Said, *,
    error: str, is_current: bool,
) -> DeskCriterion:  # fmt: skip
    shows_points = session.show_points
    return DeskCriterion(
        index=index,
        text=criterion.criterion,
        points=criterion.points if shows_points else None,
        red_line=criterion.red_line and shows_points,
        axis=axis_label(criterion.axis) if criterion.axis else "",
        sources=[sources[key] for key in _cited(criterion) if key in sources],
        verdict=said.verdict,
        note=said.note,
        quote=said.quote,
        error=error,
        is_current=is_current,
    )


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
