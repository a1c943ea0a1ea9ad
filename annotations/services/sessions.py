"""Opening a grading session, ending its grading, closing it."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.assignment import draw_secret, plan_assignments
from annotations.models import (
    Assignment,
    Desk,
    GradingSession,
    Rater,
    RaterKind,
    SessionRater,
    SessionRun,
    SessionState,
)
from annotations.selectors.grades import hash_of_grades
from annotations.selectors.sessions import Undecided, count_undecided
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, NotReady
from builder.models import Membership, Role, User
from builder.services.audit import record
from exports.access import require_ready, stage_of
from exports.models import Release, Run, Stage
from exports.selectors import answers_of

BATCH = 1_000


@transaction.atomic
def open_session(
    *, release: Release, runs: Sequence[Run], graders: Sequence[User], by: User, overlap: int | None = None,
    seed: int = 0, show_reference: bool = True, show_points: bool = True,
) -> GradingSession:  # fmt: skip
    """Open a session: every answer of the runs gets `overlap` graders (default: all), each in an order of their own.

    Raises BadInput for runs of another release, for people without the role of grader, or an overlap that can't be.
    """
    access.require(by, Act.MANAGE_SESSIONS, release.department)
    _check_runs(release, runs)
    _check_graders(release, graders)
    overlap = len(graders) if overlap is None else overlap
    if not 1 <= overlap <= len(graders):
        raise BadInput(
            _("Each answer can have from 1 to %(most)s graders, not %(overlap)s.")
            % {"most": len(graders), "overlap": overlap},
            field="overlap",
        )
    session = GradingSession.objects.create(
        release=release, state=SessionState.OPEN, overlap=overlap, seed=seed, show_reference=show_reference,
        show_points=show_points, created_by=by, opened_at=timezone.now(),
    )  # fmt: skip
    SessionRun.objects.bulk_create(
        SessionRun(session=session, run=run, position=place) for place, run in enumerate(runs, start=1)
    )
    _assign(session, runs, graders)
    record(
        by=by, verb="session:open", what=session, department=release.department, overlap=overlap, seed=seed,
        runs=[run.pk for run in runs], graders=[grader.pk for grader in graders],
    )  # fmt: skip
    return session


@transaction.atomic
def end_grading(*, session: GradingSession, by: User) -> GradingSession:
    """Stop grading: the lead now sees the graders' verdicts, still without knowing which system wrote what."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    locked = _lock(session)
    if locked.state != SessionState.OPEN:
        raise NotReady(_("Only an open session can be ended."))
    locked.state = SessionState.ADJUDICATING
    locked.save(update_fields=["state"])
    record(by=by, verb="session:end-grading", what=locked, department=session.release.department)
    return locked


@transaction.atomic
def close_session(*, session: GradingSession, reason: str, by: User) -> Undecided:
    """Close a session for good: its grades are final and the systems' names are shown. Counts what is undecided."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    if not reason.strip():
        raise BadInput(_("Say why the session is closed."), field="reason")
    locked = _lock(session)
    if locked.state not in (SessionState.OPEN, SessionState.ADJUDICATING):
        raise NotReady(_("This session is already closed."))
    undecided = count_undecided(locked)
    locked.state, locked.closed_at, locked.closed_by = SessionState.CLOSED, timezone.now(), by
    locked.close_reason = reason.strip()
    locked.save(update_fields=["state", "closed_at", "closed_by", "close_reason"])
    record(
        by=by, verb="session:close", what=locked, department=session.release.department, why=reason.strip(),
        after=hash_of_grades(locked), undecided=undecided.total,
    )  # fmt: skip
    session.refresh_from_db()
    return undecided


def rater_for_person(user: User) -> Rater:
    """Return the person's row among the raters."""
    rater, _created = Rater.objects.get_or_create(user=user, defaults={"kind": RaterKind.PERSON})
    return rater


def _check_runs(release: Release, runs: Sequence[Run]) -> None:
    if not runs:
        raise BadInput(_("Choose at least one run."), field="runs")
    if len({run.pk for run in runs}) < len(runs):
        raise BadInput(_("A run is named twice."), field="runs")
    for run in runs:
        if run.release_id != release.pk:
            raise BadInput(
                _("Run %(run)s doesn't answer %(release)s.") % {"run": run.name, "release": release.label},
                field="runs",
            )
        require_ready(run)
    if stage_of(release) == Stage.WITHDRAWN:
        raise NotReady(_("%(release)s is withdrawn.") % {"release": release.label})


def _check_graders(release: Release, graders: Sequence[User]) -> None:
    if not graders:
        raise BadInput(_("Choose at least one grader."), field="graders")
    if len({grader.pk for grader in graders}) < len(graders):
        raise BadInput(_("A grader is named twice."), field="graders")
    holders = set(
        Membership.objects.filter(
            department=release.department, role=Role.GRADER, user__in=graders, user__is_active=True
        ).values_list("user_id", flat=True)
    )
    for grader in graders:
        if grader.pk not in holders:
            raise BadInput(
                _("%(person)s doesn't have the role of grader in %(department)s.")
                % {"person": grader.email, "department": release.department.code},
                field="graders",
            )


def _assign(session: GradingSession, runs: Sequence[Run], graders: Sequence[User]) -> None:
    responses = list(answers_of(runs).values_list("pk", flat=True))
    if not responses:
        raise NotReady(_("These runs hold no answers."))
    raters = [rater_for_person(grader) for grader in graders]
    SessionRater.objects.bulk_create(
        SessionRater(session=session, rater=rater, desk=Desk.IN_APP, position=place)
        for place, rater in enumerate(raters, start=1)
    )
    plan = plan_assignments(responses, raters, session.overlap, session.seed, secret=draw_secret(responses))
    Assignment.objects.bulk_create(
        (
            Assignment(
                session=session, rater=raters[planned.grader], response_id=responses[planned.response],
                position=planned.position,
            )
            for planned in plan
        ),
        batch_size=BATCH,
    )  # fmt: skip


def _lock(session: GradingSession) -> GradingSession:
    return GradingSession.objects.select_for_update(no_key=True).get(pk=session.pk)
