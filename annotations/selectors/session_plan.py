"""What a new session would be: who could grade which runs, and what a plan asks of each grader."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from django.db.models import Count, OuterRef, QuerySet
from django.utils.translation import gettext as _

from annotations.models import Assignment, Desk
from annotations.selectors.calibration import ChosenCalibration, choose_calibration
from annotations.selectors.session_checks import check_choices
from annotations.selectors.session_design import AnswerTexts, SessionDesign, design_of, read_texts
from annotations.session_choices import GraderPlan, SessionChoices
from builder.access import Act, departments_for
from builder.common.counting import count_of
from builder.models import Department, Role, User
from exports.access import visible_runs
from exports.models import Release, Response, Run, RunState, Stage

SECONDS_PER_CRITERION, WORDS_PER_MINUTE = 20, 200
LEAST_TIMED, MOST_TIMED = 20, 2_000


@dataclass(frozen=True, slots=True)
class GraderLoad:
    """What a new session would ask of one grader; `calibration` answers come first and are among `answers`."""

    person: User
    desk: str
    answers: int
    calibration: int
    units: int
    minutes: int

    @property
    def time(self) -> str:
        """How long it takes, in words."""
        return minutes_text(self.minutes)


@dataclass(frozen=True, slots=True)
class SharedAnswers:
    """How many answers pairs of graders share: the least, the most, and who shares the least."""

    least: int
    most: int
    pair: tuple[User, User]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a verdict takes: measured on so many answers graded before, or guessed (0)."""

    seconds_per_criterion: float
    answers_timed: int


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What a new session would be; `digest` changes with every choice that changes it."""

    cases: int
    answers: int
    units: int
    verdicts: int
    safety_answers: int
    loads: Sequence[GraderLoad]
    shared: SharedAnswers | None
    calibration: ChosenCalibration
    naming: int
    pace: Pace
    digest: str

    @property
    def uses_label_studio(self) -> bool:
        """Whether anybody would grade there."""
        return any(load.desk == Desk.LABEL_STUDIO for load in self.loads)


def releases_to_grade(user: User) -> QuerySet[Release]:
    """Return the releases the person may open a session for, with `n_ready` runs they may choose from."""
    departments = departments_for(user, Act.MANAGE_SESSIONS)
    ready = visible_runs(user).filter(release=OuterRef("pk"), state=RunState.READY)
    return (
        Release.objects.with_stage()
        .filter(department__in=departments)
        .exclude(states__stage=Stage.WITHDRAWN)
        .select_related("department")
        .defer("manifest_text")
        .annotate(n_ready=count_of(ready))
        .order_by("-pk")
    )


def runs_to_grade(release: Release, user: User) -> list[Run]:
    """Return the ready runs of a release the person may choose: never one they grade blind."""
    runs = visible_runs(user).filter(release=release, state=RunState.READY)
    return list(runs.annotate(n_answers=count_of(Response.objects.filter(run=OuterRef("pk")))).order_by("pk"))


def graders_of(release: Release) -> list[User]:
    """Return the people who have the role of grader in the release's department, by name."""
    return list(
        User.objects.filter(
            is_active=True, memberships__department=release.department_id, memberships__role=Role.GRADER
        ).order_by("name", "email")
    )


def epochs_of(runs: Sequence[Run]) -> list[int]:
    """Return the samples the runs hold, in order. Cost: one query."""
    return list(
        Response.objects.filter(run__in=runs).order_by("epoch").values_list("epoch", flat=True).distinct()
    )


def plan_session(choices: SessionChoices, by: User) -> SessionPlan:
    """Return what `open_session` would make of the same choices by the same person; raises what it would raise.

    Cost: a constant number of queries, one more for every 500 answers, and reading every case and answer once.
    """
    check_choices(choices)
    calibration = choose_calibration(choices)
    design = design_of(choices, calibration.answers)
    made = design.plan()
    texts = read_texts([*(answer.pk for answer in design.answers), *calibration.answers], choices.runs)
    pace = pace_of(choices.release.department)
    first = _calibration_cases(calibration)
    loads = []
    for grader, order in zip(choices.graders, made.orders, strict=True):
        # Who takes over a closed session's verdicts is who answers for them, and so isn't calibrated by them.
        calibrates = grader.desk == Desk.IN_APP and not (calibration.gold and grader.user == by)
        loads.append(_load(design, grader, order, texts, pace, first if calibrates else {}))
    return SessionPlan(
        cases=len({answer.item_id for answer in design.answers}),
        answers=len(design.answers),
        units=sum(design.cases[answer.item_id].criteria for answer in design.answers),
        verdicts=sum(load.units for load in loads),
        safety_answers=sum(design.cases[answer.item_id].is_safety for answer in design.answers),
        loads=loads,
        shared=_shared(made.shared, choices),
        calibration=calibration,
        naming=len(texts.naming),
        pace=pace,
        digest=_digest(choices),
    )


def pace_of(department: Department) -> Pace:
    """Return the department's median seconds for a verdict in the latest answers, where enough were timed.

    Cost: one query. An answer's time counts evenly for each of its verdicts, reading included.
    """
    rows = (
        Assignment.objects.filter(
            session__release__department=department, done_at__isnull=False, active_seconds__gt=0, asked=[]
        )
        .annotate(n=Count("grades"))
        .filter(n__gt=0)
        .order_by("-pk")
        .values_list("active_seconds", "n")[:MOST_TIMED]
    )
    times = [seconds / n for seconds, n in rows]
    if len(times) < LEAST_TIMED:
        return Pace(SECONDS_PER_CRITERION, 0)
    return Pace(median(times), len(times))


def _calibration_cases(calibration: ChosenCalibration) -> dict[int, int]:
    """Return the case of every calibration answer. Cost: one query, none without calibration."""
    if not calibration.answers:
        return {}
    return dict(Response.objects.filter(pk__in=calibration.answers).values_list("pk", "item_id"))


def _load(
    design: SessionDesign, grader: GraderPlan, order: Sequence[int], texts: AnswerTexts, pace: Pace,
    first: Mapping[int, int],
) -> GraderLoad:  # fmt: skip
    answers = [(design.answers[each].pk, design.answers[each].item_id) for each in order]
    calibration = list(first.items())
    units = sum(design.cases[item_id].criteria for _pk, item_id in (*calibration, *answers))
    seconds = units * pace.seconds_per_criterion
    if not pace.answers_timed:
        words = sum(texts.words[pk] + design.cases[item_id].words for pk, item_id in (*calibration, *answers))
        seconds += words * 60 / WORDS_PER_MINUTE
    return GraderLoad(
        person=grader.user,
        desk=grader.desk,
        answers=len(answers) + len(calibration),
        calibration=len(calibration),
        units=units,
        minutes=max(1, round(seconds / 60)),
    )


def _shared(shared: Mapping[tuple[int, int], int], choices: SessionChoices) -> SharedAnswers | None:
    """Return the least and most that pairs share; None with one grader, and where every answer has one grader."""
    if not shared or choices.largest_overlap == 1:
        return None
    (one, other), least = min(shared.items(), key=lambda item: item[1])
    pair = (choices.graders[one].user, choices.graders[other].user)
    return SharedAnswers(least, max(shared.values()), pair)


def _digest(choices: SessionChoices) -> str:
    calibration = choices.calibration
    chosen = (
        choices.release.pk, [run.pk for run in choices.runs],
        [(grader.user.pk, grader.desk, grader.quota) for grader in choices.graders],
        choices.usual_overlap, choices.largest_overlap, list(choices.epochs), choices.min_shared, choices.seed,
        choices.allow_own_cases,
        calibration and (calibration.n, calibration.source and calibration.source.pk),
    )  # fmt: skip
    return hashlib.sha256(repr(chosen).encode()).hexdigest()[:16]


def minutes_text(minutes: int) -> str:
    """Return a length of work in words: minutes, or hours to the half."""
    if minutes < 90:
        return _("about %(minutes)s minutes") % {"minutes": minutes}
    return _("about %(hours)s hours") % {"hours": f"{round(minutes / 30) / 2:g}"}
