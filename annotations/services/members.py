"""Who grades in a session and which runs it holds, changed while it lasts."""

from secrets import SystemRandom

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.models import (
    Assignment,
    Desk,
    GradingSession,
    Rater,
    ReleaseCause,
    SessionItem,
    SessionKind,
    SessionRater,
    SessionRun,
    SessionState,
)
from annotations.selectors.calibration import gold_authors
from annotations.services.places import release_assignments
from annotations.services.session_rows import rater_for_person
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict, NotReady
from builder.models import Membership, Role, User
from builder.services.audit import record
from exports.models import Run

CHANGEABLE = (SessionState.DRAFT, SessionState.OPEN)


@transaction.atomic
def remove_grader(*, session: GradingSession, rater: Rater, reason: str, by: User) -> int:
    """Take a grader out: answers they didn't finish go back to the rest, finished ones count. Return how many went.

    Their verdicts stay in the history. Raises BadInput without a reason or for somebody who doesn't grade here,
    NotReady when grading has ended.
    """
    locked = _lock(session, by=by)
    reason = _checked(reason, _("Say why the grader is removed."))
    member = SessionRater.objects.filter(session=locked, rater=rater).first()
    if member is None or rater.user_id is None:
        raise BadInput(_("This person doesn’t grade in this session."), field="rater")
    if member.removed_at is not None:
        raise Conflict(_("This grader was removed already."))
    now = timezone.now()
    SessionRater.objects.filter(pk=member.pk).update(removed_at=now)
    unfinished = Assignment.objects.filter(session=locked, rater=rater).waiting()
    n_released = release_assignments(unfinished, cause=ReleaseCause.REMOVED, at=now)
    record(
        by=by, verb="session:remove-grader", what=locked, department=locked.release.department, why=reason,
        grader=rater.user_id, released=n_released,
    )  # fmt: skip
    return n_released


@transaction.atomic
def add_grader(
    *, session: GradingSession, user: User, by: User, desk: str = Desk.IN_APP, reason: str = ""
) -> SessionRater:
    """Let somebody else grade: they take answers from the rest. Who was removed gets back what nobody else took.

    In a session that isn't open yet they get a share like everybody's when it opens.

    Raises BadInput for people without the role of grader and for another desk, Conflict for who grades here already,
    NotReady when grading has ended.
    """
    locked = _lock(session, by=by)
    if desk != Desk.IN_APP:
        raise BadInput(
            _(
                "Whoever joins later grades in these pages: Label Studio’s answers are handed out at the start."
            ),
            field="desk",
        )
    _check_role(locked, user)
    rater = rater_for_person(user)
    member = SessionRater.objects.filter(session=locked, rater=rater).first()
    if member is not None and member.removed_at is None:
        raise Conflict(_("%(person)s grades in this session already.") % {"person": user}, field="grader")
    if member is None:
        last = locked.session_raters.aggregate(last=Max("position"))["last"] or 0
        member = SessionRater.objects.create(session=locked, rater=rater, desk=desk, position=last + 1)
        _assign_calibration(member, user)
    else:
        member.removed_at = None
        member.save(update_fields=["removed_at"])
        _give_back(member)
    record(
        by=by, verb="session:add-grader", what=locked, department=locked.release.department, why=reason.strip(),
        grader=user.pk,
    )  # fmt: skip
    return member


@transaction.atomic
def withdraw_session_run(*, session: GradingSession, run: Run, reason: str, by: User) -> SessionRun:
    """Take a run out of the session: nobody grades its answers any more, and they count for nothing. Grades are kept.

    Raises BadInput without a reason, for a run that isn't in the session and for its last one, NotReady when grading
    has ended.
    """
    locked = _lock(session, by=by)
    reason = _checked(reason, _("Say why the run is withdrawn."))
    runs = SessionRun.objects.filter(session=locked)
    entry = runs.filter(run=run).first()
    if entry is None:
        raise BadInput(_("This run isn’t part of this session."), field="run")
    if entry.withdrawn_at is not None:
        raise Conflict(_("This run was withdrawn from the session already."))
    if not runs.filter(withdrawn_at=None).exclude(pk=entry.pk).exists():
        raise BadInput(_("This is the session’s last run. Close the session instead."), field="run")
    entry.withdrawn_at = timezone.now()
    entry.save(update_fields=["withdrawn_at"])
    record(
        by=by, verb="session:withdraw-run", what=locked, department=locked.release.department, why=reason,
        run=run.pk,
    )  # fmt: skip
    return entry


def _lock(session: GradingSession, *, by: User) -> GradingSession:
    """Hold the session against every grader and against its end; check that its members may change."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    rows = GradingSession.objects.select_related("release__department").defer("release__manifest_text")
    locked = rows.select_for_update(of=("self",), no_key=True).get(pk=session.pk)
    if locked.kind != SessionKind.GRADED or locked.state not in CHANGEABLE:
        raise NotReady(_("Grading has ended, so who grades and what is graded stay as they are."))
    return locked


def _check_role(session: GradingSession, user: User) -> None:
    department = session.release.department
    holds = Membership.objects.filter(
        department=department, role=Role.GRADER, user=user, user__is_active=True
    )
    if not holds.exists():
        raise BadInput(
            _("%(person)s doesn't have the role of grader in %(department)s.")
            % {"person": user.email, "department": department.code},
            field="grader",
        )


def _assign_calibration(member: SessionRater, user: User) -> None:
    """Let a newcomer grade the calibration answers first, as everybody did; not who wrote what is right in them.

    A session that isn't open yet plans for everybody when it opens.
    """
    session = member.session
    if session.state != SessionState.OPEN or user.pk in gold_authors(session):
        return
    items = SessionItem.objects.filter(session=session, is_calibration=True)
    chosen = list(items.values_list("pk", "response_id"))
    SystemRandom().shuffle(chosen)
    # A place of its own for each: there may be more graders now than when the session was planned.
    items.update(overlap=F("overlap") + 1, taken=F("taken") + 1)
    Assignment.objects.bulk_create(
        Assignment(
            session=session, rater_id=member.rater_id, response_id=response_id, position=place, is_calibration=True
        )
        for place, (_pk, response_id) in enumerate(chosen, start=1)
    )  # fmt: skip


def _give_back(member: SessionRater) -> None:
    """Let who returns go on with the answers that nobody else took meanwhile. Cost: three queries."""
    gone = Assignment.objects.filter(
        session=member.session_id, rater=member.rater_id, released_cause=ReleaseCause.REMOVED, asked=[]
    )
    items = SessionItem.objects.filter(session=member.session_id, taken__lt=F("overlap"))
    # The session is held against everybody: what is free now stays free until this is written.
    free = list(items.filter(response__in=gone.values("response")).values_list("response_id", flat=True))
    items.filter(response__in=gone.filter(response__in=free).values("response")).update(taken=F("taken") + 1)
    gone.filter(response__in=free).update(released_at=None, released_cause="", lease_until=None)


def _checked(reason: str, missing: str) -> str:
    if not reason.strip():
        raise BadInput(missing, field="reason")
    return reason.strip()
