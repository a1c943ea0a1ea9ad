"""What the pages about sessions show: the list, one session's progress, and what a new one would ask of its graders."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from annotations.access import UNREAD, blinded_run_ids
from annotations.assignment import draw_secret, plan_assignments
from annotations.frames import session_units
from annotations.models import Assignment, Grade, GradingSession, SessionRater, SessionRun
from annotations.selectors.grading import Progress
from builder.access import Act, departments_for
from builder.common.counting import count_of
from builder.common.errors import NotFound
from builder.models import Role, User
from exports.access import visible_runs
from exports.models import Release, ReleaseItem, Response, Run, RunState, Stage
from exports.selectors import answers_of


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run of a session; name and model are empty where the reader grades blind."""

    letter: str
    name: str
    model: str
    n_answers: int

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
    is_reader: bool
    removed: bool
    done: int
    total: int
    verdicts: int


@dataclass(frozen=True, slots=True)
class GraderLoad:
    """What a new session would ask of one grader."""

    person: User
    answers: int
    units: int


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What a new session would be; `digest` changes with every choice that changes it."""

    cases: int
    answers: int
    units: int
    verdicts: int
    loads: Sequence[GraderLoad]
    digest: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """The units of a session without a verdict, counted by why."""

    unresolved: int
    cannot_judge: int
    judge_failed: int
    missing: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.unresolved + self.cannot_judge + self.judge_failed + self.missing


def list_sessions(user: User) -> "QuerySet[GradingSession]":
    """Return the sessions the person may read, newest first, each with its counts. Cost: one query."""
    assigned = Assignment.objects.filter(session=OuterRef("pk"))
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
    """Return every rater's progress, in their order. Cost: three queries."""
    assigned = {
        rater: Progress(done, total)
        for rater, done, total in Assignment.objects.filter(session=session)
        .order_by()
        .values_list("rater")
        .annotate(done=Count("pk", filter=Q(done_at__isnull=False)), total=Count("pk"))
    }
    nothing = Progress(0, 0)
    verdicts = dict(
        Grade.objects.filter(assignment__session=session)
        .order_by()
        .values_list("assignment__rater")
        .annotate(n=Count("pk"))
    )
    members = session.session_raters.select_related("rater__user").order_by("position")
    return [
        RaterProgress(
            label=member.label,
            person=str(member.rater.user) if with_names and member.rater.user else "",
            desk=member.get_desk_display(),
            is_reader=member.rater.user_id == reader.pk,
            removed=member.removed_at is not None,
            done=assigned.get(member.rater_id, nothing).done,
            total=assigned.get(member.rater_id, nothing).total,
            verdicts=verdicts.get(member.rater_id, 0),
        )
        for member in members
    ]


def run_lines(session: GradingSession, reader: User) -> list[RunLine]:
    """Return the session's runs; those the reader grades blind anywhere go by their letter. Cost: two queries."""
    hidden = set(blinded_run_ids(reader))
    entries = (
        session.session_runs.annotate(n_answers=count_of(Response.objects.filter(run=OuterRef("run"))))
        .annotate(run_name=F("run__name"), run_model=F("run__model"))
        .order_by("position")
    )
    return [
        RunLine(
            letter=letter_of(entry.position),
            name="" if entry.run_id in hidden else entry.run_name,
            model="" if entry.run_id in hidden else entry.run_model,
            n_answers=entry.n_answers,
        )
        for entry in entries
    ]


def letter_of(position: int) -> str:
    """Return A for the first run of a session, B for the second; after Z the number."""
    return chr(ord("A") + position - 1) if position <= 26 else str(position)


def releases_to_grade(user: User) -> "QuerySet[Release]":
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


def plan_session(
    release: Release, runs: Sequence[Run], graders: Sequence[User], *, overlap: int, seed: int
) -> SessionPlan:
    """Return what `open_session` would make of the same choices. Cost: two queries, and reading every case once."""
    sizes = {item.pk: len(item.content.rubrics) for item in ReleaseItem.objects.filter(release=release)}
    rows = list(answers_of(runs).values_list("pk", "item_id"))
    answers, secret = [item_id for _pk, item_id in rows], draw_secret(pk for pk, _item_id in rows)
    plan = plan_assignments(answers, graders, overlap, seed, secret=secret)
    loads = [
        GraderLoad(
            person,
            sum(1 for planned in plan if planned.grader == place),
            sum(sizes[answers[planned.response]] for planned in plan if planned.grader == place),
        )
        for place, person in enumerate(graders)
    ]
    return SessionPlan(
        cases=len(set(answers)),
        answers=len(answers),
        units=sum(sizes[item_id] for item_id in answers),
        verdicts=sum(load.units for load in loads),
        loads=loads,
        digest=_digest(release, runs, graders, overlap, seed),
    )


def _digest(release: Release, runs: Sequence[Run], graders: Sequence[User], overlap: int, seed: int) -> str:
    chosen = (release.pk, [run.pk for run in runs], [grader.pk for grader in graders], overlap, seed)
    return hashlib.sha256(repr(chosen).encode()).hexdigest()[:16]
