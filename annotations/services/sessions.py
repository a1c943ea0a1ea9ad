"""Setting a grading session up, opening it, ending and re-opening its grading, closing it."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import DecisionRule, GradingSession, SessionKind, SessionState
from annotations.selectors.calibration import choose_calibration, gold_progress
from annotations.selectors.grades import hash_of_grades
from annotations.selectors.session_checks import check_choices, check_graders, check_runs
from annotations.selectors.session_design import design_of, design_of_session, naming_of
from annotations.selectors.sessions import Undecided, count_undecided, letter_of
from annotations.services.label_studio.closing import enqueue_archive, require_last_pull
from annotations.services.label_studio.requests import recheck_set_aside
from annotations.services.session_rows import rater_for_person, write_assignments, write_items, write_members
from annotations.session_choices import CalibrationPlan, GraderPlan, SessionChoices
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, NotReady
from builder.models import User
from builder.services.audit import record
from exports.models import Release, Run

__all__ = [
    "CalibrationPlan", "GraderPlan", "close_session", "discard_session", "end_grading", "open_session",
    "open_session_of", "rater_for_person", "reopen_session", "start_session",
]  # fmt: skip


def open_session(
    *, release: Release, runs: Sequence[Run], graders: Sequence[User | GraderPlan], by: User,
    overlap: int | None = None, safety_overlap: int | None = None, epochs: Sequence[int] = (), min_shared: int = 0,
    rule: str = DecisionRule.MAJORITY, seed: int = 0, show_reference: bool = True, show_evidence: bool | None = None,
    show_points: bool = True, deadline: date | None = None, allow_own_cases: bool = False,
    calibration: CalibrationPlan | None = None,
) -> GradingSession:  # fmt: skip
    """Open a session over the answers of some runs; see `open_session_of`. Graders may be named by person alone."""
    plans = [each if isinstance(each, GraderPlan) else GraderPlan(each) for each in graders]
    choices = SessionChoices(
        release=release, runs=runs, graders=plans, overlap=overlap, safety_overlap=safety_overlap,
        epochs=sorted(set(epochs)), min_shared=min_shared, rule=rule, seed=seed, show_reference=show_reference,
        show_evidence=show_reference if show_evidence is None else show_evidence, show_points=show_points,
        deadline=deadline, allow_own_cases=allow_own_cases, calibration=calibration,
    )  # fmt: skip
    return open_session_of(choices=choices, by=by)


def open_session_of(*, choices: SessionChoices, by: User) -> GradingSession:
    """Set a session up: every answer gets its graders (default: all), each grader an order of their own.

    It is open at once, but for calibration answers whose gold verdicts are still to be written: then it is a draft that
    `start_session` opens. Raises BadInput, with the conflict named, for choices that can't be, NotReady for a run that
    isn't ready and a withdrawn release. Cost: seconds for 20,000 answers; only writing holds other writers up.
    """
    access.require(by, Act.MANAGE_SESSIONS, choices.release.department)
    check_choices(choices)
    calibration = choose_calibration(choices)
    design = design_of(choices, calibration.answers)
    plan = design.plan()
    naming = naming_of([*calibration.answers, *(answer.pk for answer in design.answers)], choices.runs)
    with transaction.atomic():
        check_choices(choices)  # Again: a run may have been withdrawn while this was worked out.
        session = _create(choices, by)
        write_members(session, choices)
        write_items(session, design, calibration, naming, by)
        if calibration.gold or not calibration.answers:
            write_assignments(session, design, plan)
            _open(session)
        _record_opening(session, choices, len(calibration.answers), by)
    return session


@transaction.atomic
def start_session(*, session: GradingSession, by: User) -> GradingSession:
    """Open a planned session once what is right is written for all its calibration answers."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    locked = _lock(session)
    if locked.state != SessionState.DRAFT or locked.kind != SessionKind.GRADED:
        raise NotReady(_("Only a planned session can be opened."))
    if left := sum(not answer.is_done for answer in gold_progress(locked)):
        text = ngettext(
            "%(count)s practice answer still lacks a verdict on one of its criteria.",
            "%(count)s practice answers still lack a verdict on one of their criteria.",
            left,
        )
        raise NotReady(text % {"count": left})
    design = design_of_session(locked)
    check_runs(locked.release, list(locked.runs.all()))
    check_graders(locked.release, design.graders)
    write_assignments(locked, design, design.plan())
    _open(locked)
    record(by=by, verb="session:open", what=locked, department=session.release.department)
    return locked


@transaction.atomic
def discard_session(*, session: GradingSession, by: User) -> None:
    """Throw a planned session away: nobody has graded in it yet."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    locked = _lock(session)
    if locked.state != SessionState.DRAFT or locked.kind != SessionKind.GRADED:
        raise NotReady(_("Only a planned session can be thrown away; an open one is closed."))
    record(by=by, verb="session:discard", what=locked, department=session.release.department)
    locked.delete()


@transaction.atomic
def end_grading(*, session: GradingSession, by: User) -> GradingSession:
    """Stop grading: the lead now sees the graders' verdicts, still without knowing which system wrote what."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    locked = _lock(session)
    if locked.state != SessionState.OPEN:
        raise NotReady(_("Only an open session can be ended."))
    locked.state, locked.ended_at = SessionState.ADJUDICATING, timezone.now()
    locked.save(update_fields=["state", "ended_at"])
    record(by=by, verb="session:end-grading", what=locked, department=session.release.department)
    return locked


@transaction.atomic
def reopen_session(*, session: GradingSession, reason: str, by: User) -> GradingSession:
    """Let people grade again in a session whose grading was ended. What was ruled stays ruled.

    What graders wrote in Label Studio after the end is looked at again.

    Raises NotReady for a closed session: the systems' names are out.
    """
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    if not reason.strip():
        raise BadInput(_("Say why grading begins again."), field="reason")
    locked = _lock(session)
    if locked.state == SessionState.CLOSED:
        raise NotReady(_("A closed session can’t be opened again: the systems’ names are known."))
    if locked.state != SessionState.ADJUDICATING:
        raise NotReady(_("Only a session whose grading was ended can be opened again."))
    locked.state, locked.ended_at = SessionState.OPEN, None
    locked.save(update_fields=["state", "ended_at"])
    record(
        by=by, verb="session:reopen", what=locked, department=session.release.department, why=reason.strip()
    )
    recheck_set_aside(locked, by=by)
    return locked


@transaction.atomic
def close_session(
    *, session: GradingSession, reason: str, by: User, without_last_pull: bool = False
) -> Undecided:
    """Close a session for good: its grades are final and the systems' names are shown. Counts what is undecided.

    The un-blinding is an event of its own in the audit trail: who learnt when and why which letter was which run.
    Raises NotReady while grades may wait in Label Studio, unless told to close `without_last_pull`.
    """
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    if not reason.strip():
        raise BadInput(_("Say why the session is closed."), field="reason")
    locked = _lock(session)
    if locked.state not in (SessionState.OPEN, SessionState.ADJUDICATING):
        raise NotReady(
            _("This session isn’t open yet.")
            if locked.state == SessionState.DRAFT
            else _("This session is already closed.")
        )
    require_last_pull(locked, waived=without_last_pull)
    undecided = count_undecided(locked)
    locked.state, locked.closed_at, locked.closed_by = SessionState.CLOSED, timezone.now(), by
    locked.ended_at = locked.ended_at or locked.closed_at
    locked.close_reason = reason.strip()
    locked.save(update_fields=["state", "ended_at", "closed_at", "closed_by", "close_reason"])
    record(
        by=by, verb="session:close", what=locked, department=session.release.department, why=reason.strip(),
        after=hash_of_grades(locked), undecided=undecided.total,
    )  # fmt: skip
    _record_unblinding(locked, reason.strip(), by)
    enqueue_archive(locked, by=by)
    session.refresh_from_db()
    return undecided


def _record_unblinding(session: GradingSession, reason: str, by: User) -> None:
    """Write down which letter was which run, for a session that was blind."""
    if session.kind == SessionKind.GRADED:
        runs = session.session_runs.select_related("run").order_by("position")
        record(
            by=by, verb="session:unblind", what=session, department=session.release.department, why=reason,
            runs={letter_of(entry.position): entry.run.name for entry in runs},
        )  # fmt: skip


def _open(session: GradingSession) -> None:
    session.state, session.opened_at = SessionState.OPEN, timezone.now()
    session.save(update_fields=["state", "opened_at"])


def _record_opening(session: GradingSession, choices: SessionChoices, n_calibration: int, by: User) -> None:
    source = choices.calibration.source if choices.calibration else None
    record(
        by=by, verb="session:open" if session.state == SessionState.OPEN else "session:plan", what=session,
        department=choices.release.department, overlap=session.overlap, safety_overlap=session.safety_overlap,
        min_shared=session.min_shared, seed=session.seed, epochs=list(choices.epochs), rule=session.rule,
        allow_own_cases=session.allow_own_cases, runs=[run.pk for run in choices.runs],
        graders=[grader.user.pk for grader in choices.graders], calibration=n_calibration,
        calibration_from=source.pk if source else None,
    )  # fmt: skip


def _create(choices: SessionChoices, by: User) -> GradingSession:
    return GradingSession.objects.create(
        release=choices.release, state=SessionState.DRAFT, overlap=choices.usual_overlap,
        safety_overlap=choices.safety_overlap, min_shared=choices.min_shared, epochs=list(choices.epochs),
        seed=choices.seed, rule=choices.rule, show_reference=choices.show_reference,
        show_evidence=choices.show_evidence, show_points=choices.show_points, deadline=choices.deadline,
        allow_own_cases=choices.allow_own_cases, created_by=by,
    )  # fmt: skip


def _lock(session: GradingSession) -> GradingSession:
    return GradingSession.objects.select_for_update(no_key=True).get(pk=session.pk)
