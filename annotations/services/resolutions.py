"""Adjudication: ruling on what graders disagree about, taking a ruling back, and asking a third grader."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.models import (
    Assignment,
    Desk,
    GradingSession,
    Rater,
    Resolution,
    Ruling,
    SessionItem,
    SessionKind,
    SessionRater,
    SessionState,
)
from annotations.selectors.disagreements import disputed_criteria, standing_rulings
from builder import access
from builder.access import Act
from builder.common.errors import BadInput, Conflict, NotReady
from builder.models import Membership, Role, User
from builder.services.audit import record
from exports.models import Response


@transaction.atomic
def resolve_unit(
    *, session: GradingSession, response: Response, criterion_index: int, verdict: str, reason: str, by: User
) -> Resolution:
    """Rule on one criterion of one answer: the ruling counts instead of the graders' verdicts, whatever comes later.

    Raises NotReady unless the session is being adjudicated and its graders disagree there, Conflict when somebody
    ruled on it before, BadInput for an unknown ruling or without a reason.
    """
    locked = _lock(session, by=by)
    if verdict not in Ruling.values:
        raise BadInput(_("Choose one of the four rulings."), field="verdict")
    reason = _checked(reason, _("Say why: the next reader of this verdict needs the reason."))
    before = standing_rulings(locked).filter(response=response, criterion_index=criterion_index)
    if (ruling := before.first()) is not None:
        raise _ruled_already(ruling)
    _require_dispute(locked, response, [criterion_index])
    resolution = Resolution.objects.create(
        session=locked,
        response=response,
        criterion_index=criterion_index,
        verdict=verdict,
        reason=reason,
        by=by,
    )
    record(
        by=by, verb="resolution:rule", what=resolution, department=locked.release.department, why=reason,
        session=locked.pk, response=response.pk, criterion=criterion_index, verdict=verdict,
    )  # fmt: skip
    return resolution


@transaction.atomic
def withdraw_resolution(*, resolution: Resolution, reason: str, by: User) -> Resolution:
    """Take a ruling back: it stays on record, and the graders' verdicts count again.

    Raises NotReady unless the session is being adjudicated, Conflict when it was taken back already.
    """
    locked_session = _lock(resolution.session, by=by)
    reason = _checked(reason, _("Say why the ruling is taken back."))
    locked = Resolution.objects.get(pk=resolution.pk)
    if locked.withdrawn_at is not None:
        raise Conflict(_("This ruling was taken back already."))
    locked.withdrawn_at, locked.withdrawn_by, locked.withdrawn_reason = timezone.now(), by, reason
    locked.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    record(
        by=by, verb="resolution:withdraw", what=locked, department=locked_session.release.department, why=reason,
        session=locked_session.pk, response=locked.response_id, criterion=locked.criterion_index,
    )  # fmt: skip
    return locked


@transaction.atomic
def ask_third(
    *, session: GradingSession, response: Response, criteria: Sequence[int], rater: Rater, by: User
) -> Assignment:
    """Ask one more grader about criteria of an answer that are in dispute; they see nobody's verdicts.

    Whoever isn't in the session yet joins it for this. Raises NotReady unless the session is being adjudicated and
    these criteria wait for a decision, BadInput for somebody who can't be asked, Conflict for who had this answer.
    """
    locked = _lock(session, by=by)
    asked = sorted(set(criteria))
    _require_dispute(locked, response, asked)
    ruled = standing_rulings(locked).filter(response=response, criterion_index__in=asked)
    if (ruling := ruled.first()) is not None:
        raise _ruled_already(ruling)
    _check_third(locked, response, rater, by)
    _join(locked, rater)
    last = Assignment.objects.filter(session=locked, rater=rater).aggregate(last=Max("position"))["last"]
    assignment = Assignment.objects.create(
        session=locked, response=response, rater=rater, position=(last or 0) + 1, asked=asked
    )
    SessionItem.objects.filter(session=locked, response=response).update(
        overlap=F("overlap") + 1, taken=F("taken") + 1
    )
    record(
        by=by, verb="resolution:ask-third", what=assignment, department=locked.release.department,
        session=locked.pk, response=response.pk, criteria=asked, grader=rater.user_id,
    )  # fmt: skip
    return assignment


def _lock(session: GradingSession, *, by: User) -> GradingSession:
    """Hold the session, so that two who decide at once do it one after the other."""
    access.require(by, Act.MANAGE_SESSIONS, session.release.department)
    rows = GradingSession.objects.select_related("release__department").defer("release__manifest_text")
    locked = rows.select_for_update(of=("self",), no_key=True).get(pk=session.pk)
    if locked.kind != SessionKind.GRADED or locked.state != SessionState.ADJUDICATING:
        raise NotReady(
            _("This session is closed: its rulings are final.")
            if locked.state == SessionState.CLOSED
            else _("Grading has to end before anybody decides disagreements.")
        )
    return locked


def _require_dispute(session: GradingSession, response: Response, criteria: Sequence[int]) -> None:
    disputed = disputed_criteria(session, response)
    if not criteria or not set(criteria) <= set(disputed):
        raise NotReady(_("There is no disagreement to decide here."))


def _ruled_already(ruling: Resolution) -> Conflict:
    text = _("%(person)s decided this before you: %(ruling)s. Reason: %(reason)s")
    return Conflict(
        text % {"person": ruling.by, "ruling": ruling.get_verdict_display(), "reason": ruling.reason},
        ruling={
            "id": ruling.pk, "verdict": ruling.verdict, "reason": ruling.reason, "by": str(ruling.by),
            "at": ruling.at.isoformat(),
        },
    )  # fmt: skip


def _check_third(session: GradingSession, response: Response, rater: Rater, by: User) -> None:
    if rater.user_id is None or not _may_grade(session, rater):
        raise BadInput(_("This person doesn’t grade in this department."), field="grader")
    if rater.user_id == by.pk:
        raise BadInput(
            _(
                "You have seen the graders’ verdicts, so your opinion wouldn’t be a third one. Decide instead."
            ),
            field="grader",
        )
    member = SessionRater.objects.filter(session=session, rater=rater).first()
    if member is not None and member.desk == Desk.LABEL_STUDIO:
        raise BadInput(
            _(
                "This person grades in Label Studio, where colleagues’ verdicts can be opened. Ask somebody who grades "
                "in these pages."
            ),
            field="grader",
        )
    if member is not None and (member.removed_at is not None or member.desk != Desk.IN_APP):
        raise BadInput(_("This person doesn’t grade this session in these pages."), field="grader")
    items = SessionItem.objects.filter(session=session, response=response)
    if (
        not session.allow_own_cases
        and rater.user is not None
        and not items.not_written_by(rater.user).exists()
    ):
        raise BadInput(_("This person wrote the case."), field="grader")
    if Assignment.objects.filter(session=session, response=response, rater=rater).exists():
        raise Conflict(_("This person was given this answer already. Choose somebody else."), field="grader")


def _may_grade(session: GradingSession, rater: Rater) -> bool:
    return Membership.objects.filter(
        department=session.release.department, role=Role.GRADER, user=rater.user_id, user__is_active=True
    ).exists()


def _join(session: GradingSession, rater: Rater) -> None:
    last = session.session_raters.aggregate(last=Max("position"))["last"] or 0
    SessionRater.objects.get_or_create(
        session=session, rater=rater, defaults={"desk": Desk.IN_APP, "position": last + 1}
    )


def _checked(reason: str, missing: str) -> str:
    if not reason.strip():
        raise BadInput(missing, field="reason")
    return reason.strip()
