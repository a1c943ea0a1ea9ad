"""Disagreements: units that one grader at least calls met and one not met, and what was ruled on them.

Nothing here says which system wrote an answer: answers go by a number that is drawn for the session.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from annotations.models import (
    Assignment,
    DecisionRule,
    GradingSession,
    Resolution,
    Ruling,
    SessionItem,
    SessionState,
    Verdict,
)
from annotations.selectors.counted import counted_grades
from builder.common.errors import NotFound, NotReady
from builder.content import Criterion
from exports.models import ReleaseItem, Response

Unit = tuple[int, int]  # the response's key, and the criterion's place from 0
Counts = tuple[int, int, int]  # met, not met, cannot judge
_ITEM = ("prompt_id", "content_text", "position", "revision__case_id")
ENDED = (SessionState.ADJUDICATING, SessionState.CLOSED)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One unit in dispute: how many said what, and whether the session's rule decides it all the same."""

    response_id: int
    criterion_index: int
    answer: int
    prompt_id: str
    criterion: Criterion
    met: int
    not_met: int
    cannot_judge: int
    is_decided: bool
    waits_for_third: bool

    @property
    def number(self) -> int:
        """The criterion's place as people count."""
        return self.criterion_index + 1

    @property
    def weight(self) -> tuple[bool, float, float, int, int]:
        """What it is ordered by: red lines first, then points, then how close the vote is."""
        closeness = abs(self.met - self.not_met) / (self.met + self.not_met)
        points = -abs(self.criterion.points)
        return not self.criterion.red_line, points, closeness, self.answer, self.criterion_index


@dataclass(frozen=True, slots=True)
class Disagreements:
    """What nobody ruled on: to decide, out with a third grader, and decided by the majority all the same."""

    to_decide: Sequence[Disagreement]
    waiting: Sequence[Disagreement]
    decided: Sequence[Disagreement]

    @property
    def everything(self) -> list[Disagreement]:
        """All of them, in the order in which they are taken."""
        return [*self.to_decide, *self.waiting, *self.decided]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A ruling with what it is about."""

    resolution: Resolution
    answer: int
    prompt_id: str
    title: str
    case_id: int
    criterion: Criterion

    @property
    def number(self) -> int:
        """The criterion's place as people count."""
        return self.resolution.criterion_index + 1

    @property
    def stands(self) -> bool:
        """Whether it wasn't taken back."""
        return self.resolution.withdrawn_at is None


def require_ended(session: GradingSession) -> None:
    """Raise NotReady while graders work: till then nobody sees what colleagues said, nor where they differ."""
    if session.state not in ENDED:
        raise NotReady(_("Disagreements are shown when grading has ended: until then nobody sees them."))


def list_disagreements(session: GradingSession) -> Disagreements:
    """Return the disagreements nobody ruled on, by weight.

    Cost: six queries whatever the size; the database counts the grades. Raises NotReady while graders work.
    """
    require_ended(session)
    ruled = set(standing_rulings(session).values_list("response_id", "criterion_index"))
    found = {unit: counts for (_pk, unit), counts in _votes([session]).items() if unit not in ruled}
    items = _items_of({response for response, _index in found})
    asked = _asked([session])
    numbers = answer_numbers(session) if found else {}
    rows = sorted(
        (
            _disagreement(
                session, unit, counts, items[unit[0]], numbers[unit[0]], (session.pk, unit) in asked
            )
            for unit, counts in found.items()
        ),
        key=lambda row: row.weight,
    )
    return Disagreements(
        to_decide=[row for row in rows if not row.waits_for_third and not row.is_decided],
        waiting=[row for row in rows if row.waits_for_third],
        decided=[row for row in rows if not row.waits_for_third and row.is_decided],
    )


def next_to_decide(found: Disagreements, unit: Unit) -> Disagreement | None:
    """Return what to decide after a unit: the one after it in the list, else the first; None when there is no other."""
    rows = found.to_decide
    places = [place for place, row in enumerate(rows) if (row.response_id, row.criterion_index) == unit]
    others = [*rows[places[0] + 1 :], *rows[: places[0]]] if places else list(rows)
    return others[0] if others else None


def rows_around(found: Disagreements, unit: Unit, number: int) -> Sequence[Disagreement]:
    """Return so many of what is to decide: the first, or those that end with the unit where it comes later."""
    rows = found.to_decide
    place = next((at for at, row in enumerate(rows) if (row.response_id, row.criterion_index) == unit), 0)
    first = max(0, place - number + 1)
    return rows[first : first + number]


def count_to_decide(sessions: Sequence[GradingSession]) -> dict[int, int]:
    """Return by session how many disagreements wait for a ruling. Cost: four queries, whatever the number."""
    rules = {session.pk: session.rule for session in sessions}
    rulings = Resolution.objects.filter(session__in=sessions, withdrawn_at=None)
    settled = _asked(sessions) | {
        (session, (response, index))
        for session, response, index in rulings.values_list("session_id", "response_id", "criterion_index")
    }
    found = Counter(
        session
        for (session, unit), counts in _votes(sessions).items()
        if (session, unit) not in settled and not _is_decided(rules[session], counts)
    )
    return {session.pk: found[session.pk] for session in sessions}


def disputed_criteria(session: GradingSession, response: Response) -> list[int]:
    """Return the criteria of one answer that graders disagree about, ruled on or not. Cost: two queries."""
    grades = counted_grades([session]).filter(assignment__response=response)
    said: dict[int, set[str]] = {}
    for index, verdict in grades.order_by().values_list("criterion_index", "verdict"):
        said.setdefault(index, set()).add(verdict)
    return sorted(index for index, verdicts in said.items() if {Verdict.MET, Verdict.NOT_MET} <= verdicts)


def standing_rulings(session: GradingSession) -> QuerySet[Resolution]:
    """Return the session's rulings that weren't taken back."""
    return Resolution.objects.filter(session=session, withdrawn_at=None).select_related("by")


def list_rulings(session: GradingSession, *, verdict: str = "") -> list[Ruled]:
    """Return the session's rulings, newest first, those that were taken back too; or the standing ones of a kind.

    Cost: three queries.
    """
    rulings = Resolution.objects.filter(session=session).select_related("by", "withdrawn_by").order_by("-pk")
    if verdict:
        rulings = rulings.filter(verdict=verdict, withdrawn_at=None)
    rows = list(rulings)
    items = _items_of({row.response_id for row in rows})
    numbers = answer_numbers(session) if rows else {}
    return [_ruled(row, items[row.response_id], numbers[row.response_id]) for row in rows]


def ruled_one(session: GradingSession, resolution: Resolution) -> Ruled:
    """Return one ruling with what it is about. Cost: three queries."""
    item = _items_of({resolution.response_id})[resolution.response_id]
    return _ruled(resolution, item, answer_numbers(session)[resolution.response_id])


def unclear_wordings(session: GradingSession) -> list[Ruled]:
    """Return the rulings that a criterion’s wording is unclear: its authors should mend it.

    Cost: none while graders work, else one query, or five where there are some.
    """
    if session.state not in ENDED:
        return []
    return list_rulings(session, verdict=Ruling.UNCLEAR)


def answer_numbers(session: GradingSession) -> dict[int, int]:
    """Return the number by which each answer goes in the session, from 1, by the response's key.

    The numbers are drawn, for the answers' keys follow their runs: they would tell which belong together. Cost: one
    query, and 20 ms for 20,000 answers.
    """
    items = SessionItem.objects.filter(session=session, is_calibration=False).order_by("response_id")
    answers = list(items.values_list("response_id", flat=True))
    secret = salted_hmac("annotations.disagreements", str(session.pk), algorithm="sha256").hexdigest()
    random.Random(secret).shuffle(answers)  # noqa: S311 - to be repeated by who knows the secret
    return {response: number for number, response in enumerate(answers, start=1)}


def find_answer(session: GradingSession, number: int) -> Response:
    """Return the answer that goes by a number, with its item and never its run; raises NotFound. Cost: two queries."""
    found = [pk for pk, drawn in answer_numbers(session).items() if drawn == number]
    if not found:
        raise NotFound(_("There is no such answer in this session."))
    return Response.objects.select_related("item", "item__revision").get(pk=found[0])


def _votes(sessions: Sequence[GradingSession]) -> dict[tuple[int, Unit], Counts]:
    """Return how many said met, not met and cannot judge, of each unit with both of the first. Cost: two queries."""
    rows = (
        counted_grades(sessions)
        .order_by()
        .values_list("assignment__session_id", "assignment__response_id", "criterion_index")
        .annotate(
            n_met=Count("pk", filter=Q(verdict=Verdict.MET)),
            n_not_met=Count("pk", filter=Q(verdict=Verdict.NOT_MET)),
            n_cannot=Count("pk", filter=Q(verdict=Verdict.CANNOT_JUDGE)),
        )
        .filter(n_met__gt=0, n_not_met__gt=0)
    )
    return {
        (session, (response, index)): (met, not_met, cannot)
        for session, response, index, met, not_met, cannot in rows
    }


def _is_decided(rule: str, counts: Counts) -> bool:
    """Whether the rule decides a unit in dispute: a strict majority does, and never where the lead decides."""
    return rule == DecisionRule.MAJORITY and counts[0] != counts[1]


def _asked(sessions: Sequence[GradingSession]) -> set[tuple[int, Unit]]:
    """Return the units that a third grader was asked about and didn't judge yet. Cost: one query."""
    waiting = (
        Assignment.objects.filter(session__in=sessions).third_opinions().waiting().filter(released_at=None)
    )
    rows = waiting.order_by().values_list("session_id", "response_id", "asked")
    return {(session, (response, index)) for session, response, asked in rows for index in asked}


def _items_of(responses: Iterable[int]) -> dict[int, ReleaseItem]:
    """Return each answer's case by the response's key. Cost: two queries."""
    item_of = dict(Response.objects.filter(pk__in=list(responses)).order_by().values_list("pk", "item_id"))
    items = ReleaseItem.objects.select_related("revision").only(*_ITEM).in_bulk(set(item_of.values()))
    return {response: items[item] for response, item in item_of.items()}


def _disagreement(
    session: GradingSession, unit: Unit, counts: Counts, item: ReleaseItem, answer: int, waits: bool
) -> Disagreement:
    response, index = unit
    return Disagreement(
        response_id=response, criterion_index=index, answer=answer, prompt_id=item.prompt_id,
        criterion=item.content.rubrics[index], met=counts[0], not_met=counts[1], cannot_judge=counts[2],
        is_decided=_is_decided(session.rule, counts), waits_for_third=waits,
    )  # fmt: skip


def _ruled(resolution: Resolution, item: ReleaseItem, answer: int) -> Ruled:
    content = item.content
    return Ruled(
        resolution=resolution, answer=answer, prompt_id=item.prompt_id, title=content.title or content.last_user_turn,
        case_id=item.revision.case_id, criterion=content.rubrics[resolution.criterion_index],
    )  # fmt: skip
