"""Calibration answers: which ones everybody grades first, what is right about them, and the page it is written on."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from annotations.assignment import draw_secret
from annotations.frames import MET, UNDECIDED, session_units
from annotations.models import (
    Desk,
    GoldVerdict,
    Grade,
    GradingSession,
    Resolution,
    SessionItem,
    SessionKind,
    SessionState,
    Verdict,
)
from annotations.selectors.session_design import chosen_answers, own_cases
from annotations.session_choices import CalibrationPlan, SessionChoices
from builder.common.errors import BadInput, NotFound
from builder.common.markdown import render_markdown
from builder.content import Criterion, Turn
from builder.models import User
from builder.vocabulary import axis_label
from exports.models import Response

MOST = 100  # calibration answers of a session: more would be a study of its own


@dataclass(frozen=True, slots=True)
class Gold:
    """What is right about one criterion, and why."""

    verdict: str
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class ChosenCalibration:
    """The answers everybody grades first, and what is known to be right; `lost` of them would have counted."""

    answers: Sequence[int] = ()
    gold: Mapping[int, Mapping[int, Gold]] = field(default_factory=dict)
    lost: int = 0


@dataclass(frozen=True, slots=True)
class GoldCriterion:
    """One criterion on the page on which a lead writes what is right."""

    index: int
    text: str
    points: int | float
    red_line: bool
    axis: str
    verdict: str
    explanation: str

    @property
    def number(self) -> int:
        """Its place as people count."""
        return self.index + 1


@dataclass(frozen=True, slots=True)
class GoldProgress:
    """How many of a calibration answer's criteria have a gold verdict."""

    place: int
    criteria: int
    written: int

    @property
    def is_done(self) -> bool:
        """Whether all have."""
        return self.written >= self.criteria


@dataclass(frozen=True, slots=True)
class GoldPage:
    """One calibration answer, without a word of who wrote it."""

    item: SessionItem
    place: int
    total: int
    turns: Sequence[Turn]
    answer: Mapping[str, str]
    reference_answer: str
    criteria: Sequence[GoldCriterion]


def choose_calibration(choices: SessionChoices) -> ChosenCalibration:
    """Return the calibration answers of a session to come: of cases that none of its graders wrote, drawn by its seed.

    From a closed session come answers with every verdict decided, first those that aren't graded otherwise. Raises
    BadInput when there are too few, or nobody who would grade them. Cost: a few queries; a source is read whole.
    """
    wanted = choices.calibration
    if wanted is None:
        return ChosenCalibration()
    _check(wanted, choices)
    own = set().union(*own_cases(choices.release, choices.graders).values())
    in_session = set(chosen_answers(choices).values_list("pk", flat=True))
    decided = {} if wanted.source is None else _decided(wanted.source)
    offered = decided.keys() if wanted.source else in_session
    candidates = [
        (pk, item_id)
        for pk, item_id, prompt_id in Response.objects.filter(item__release=choices.release)
        .order_by("item__position", "run_id", "epoch")
        .values_list("pk", "item_id", "item__prompt_id")
        if pk in offered and prompt_id not in own
    ]
    if len(candidates) < wanted.n:
        raise BadInput(_too_few(wanted, len(candidates)), field="calibration_n")
    chosen = _spread(candidates, in_session if wanted.source else set(), wanted.n, choices.seed)
    gold = {pk: decided[pk] for pk in chosen} if wanted.source else {}
    if wanted.source:
        gold = _with_reasons(wanted.source, gold)
    return ChosenCalibration(chosen, gold, lost=sum(pk in in_session for pk in chosen))


def calibration_sources(release_id: int, user: User) -> QuerySet[GradingSession]:
    """Return the closed sessions of a release from which a person may take calibration answers, newest first."""
    sessions = GradingSession.objects.visible_to(user).filter(release=release_id, kind=SessionKind.GRADED)
    return sessions.filter(state=SessionState.CLOSED).order_by("-pk")


def calibration_items(session: GradingSession) -> QuerySet[SessionItem]:
    """Return a session's calibration answers in a fixed order that says nothing of their runs."""
    items = SessionItem.objects.filter(session=session, is_calibration=True)
    return items.select_related("response__item").order_by("pk")


def gold_progress(session: GradingSession) -> list[GoldProgress]:
    """Return how far every calibration answer is. Cost: two queries, and reading their cases."""
    written = dict(
        GoldVerdict.objects.filter(item__session=session)
        .order_by()
        .values_list("item_id")
        .annotate(n=Count("pk"))
    )
    return [
        GoldProgress(place, len(item.response.item.content.rubrics), written.get(item.pk, 0))
        for place, item in enumerate(calibration_items(session), start=1)
    ]


def gold_page(session: GradingSession, place: int) -> GoldPage:
    """Return one calibration answer by its place from 1; raises NotFound. Cost: three queries."""
    keys = list(calibration_items(session).values_list("pk", flat=True))
    if not 1 <= place <= len(keys):
        raise NotFound(_("There is no such practice answer."))
    item = calibration_items(session).get(pk=keys[place - 1])
    content, text = item.response.item.content, item.response.completion
    given = {gold.criterion_index: gold for gold in item.gold.all()}
    return GoldPage(
        item=item,
        place=place,
        total=len(keys),
        turns=content.prompt,
        answer={"content": text, "html": render_markdown(text), "aside": ""},
        reference_answer=content.reference_answer,
        criteria=[
            _criterion(index, criterion, given.get(index)) for index, criterion in enumerate(content.rubrics)
        ],
    )


def gold_authors(session: GradingSession) -> set[int]:
    """Return who wrote gold verdicts of a session: they know what is right. Cost: one query."""
    rows = (
        GoldVerdict.objects.filter(item__session=session)
        .order_by()
        .values_list("by_id")
        .annotate(n=Count("pk"))
    )
    return {author for author, _n in rows}


def _criterion(index: int, criterion: Criterion, gold: GoldVerdict | None) -> GoldCriterion:
    return GoldCriterion(
        index=index,
        text=criterion.criterion,
        points=criterion.points,
        red_line=criterion.red_line,
        axis=axis_label(criterion.axis) if criterion.axis else "",
        verdict=gold.verdict if gold else "",
        explanation=gold.explanation if gold else "",
    )


def _check(wanted: CalibrationPlan, choices: SessionChoices) -> None:
    if not 1 <= wanted.n <= MOST:
        raise BadInput(
            _("There can be from 1 to %(most)s practice answers.") % {"most": MOST}, field="calibration_n"
        )
    if all(grader.desk != Desk.IN_APP for grader in choices.graders):
        raise BadInput(
            _("Practice answers are graded in these pages, but everybody here grades in Label Studio."),
            field="calibration",
        )
    source = wanted.source
    if source is not None and (
        source.release_id != choices.release.pk
        or source.kind != SessionKind.GRADED
        or source.state != SessionState.CLOSED
    ):
        raise BadInput(
            _(
                "Practice answers can’t come from session %(number)s: it isn’t a closed session of this release."
            )
            % {"number": source.pk},
            field="calibration_from",
        )


def _too_few(wanted: CalibrationPlan, found: int) -> str:
    values = {"found": found, "wanted": wanted.n}
    if wanted.source is None:
        return (
            _(
                "Only %(found)s answers can be used for practice: those to cases that none of the graders wrote; "
                "you asked for %(wanted)s."
            )
            % values
        )
    return _(
        "Session %(number)s has only %(found)s answers with every verdict decided, to cases none of the graders wrote; "
        "you asked for %(wanted)s."
    ) % (values | {"number": wanted.source.pk})


def _decided(source: GradingSession) -> dict[int, dict[int, Gold]]:
    """Return the answers of a session in which every criterion is decided, with what was decided."""
    units = session_units(source)
    found: dict[int, dict[int, Gold]] = {}
    open_answers = set(units.response[units.met == UNDECIDED].tolist())
    rows = zip(units.response.tolist(), units.criterion.tolist(), units.met.tolist(), strict=True)
    for response, criterion, met in rows:
        if response not in open_answers:
            verdict = Verdict.MET if met == MET else Verdict.NOT_MET
            found.setdefault(response, {})[criterion] = Gold(verdict)
    return found


def _with_reasons(
    source: GradingSession, gold: Mapping[int, Mapping[int, Gold]]
) -> dict[int, dict[int, Gold]]:
    """Add why: the adjudicator's reason, else the first note of a grader who said the same. Cost: two queries."""
    said: dict[tuple[int, int, str], str] = {}
    rulings = Resolution.objects.filter(session=source, response__in=gold, withdrawn_at=None)
    grades = Grade.objects.filter(
        assignment__session=source, assignment__response__in=gold, assignment__released_at=None
    ).exclude(explanation="")
    rows = [
        *rulings.values_list("response_id", "criterion_index", "verdict", "reason"),
        *grades.order_by("pk").values_list(
            "assignment__response_id", "criterion_index", "verdict", "explanation"
        ),
    ]
    for response, criterion, verdict, reason in rows:
        said.setdefault((response, criterion, verdict), reason)
    return {
        pk: {
            index: Gold(each.verdict, said.get((pk, index, each.verdict), ""))
            for index, each in verdicts.items()
        }
        for pk, verdicts in gold.items()
    }


def _spread(candidates: Sequence[tuple[int, int]], later: set[int], wanted: int, seed: int) -> list[int]:
    """Return so many answers, drawn: first those that aren't in `later`, and of every case one before a second."""
    drawn = list(candidates)
    secret = draw_secret(pk for pk, _item_id in candidates)
    random.Random(f"calibration:{seed}:{secret}").shuffle(drawn)  # noqa: S311 - to be repeated from the seed
    times: dict[int, int] = {}
    ranked: list[tuple[bool, int, int, int]] = []
    for pk, item_id in sorted(drawn, key=lambda row: row[0] in later):
        times[item_id] = times.get(item_id, 0) + 1
        ranked.append((pk in later, times[item_id], len(ranked), pk))
    return [row[-1] for row in sorted(ranked)[:wanted]]
