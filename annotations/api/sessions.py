"""Endpoints about grading sessions: opening, progress, ending, closing, and what they say."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.api.serializers import CloseIn, ClosingOut, SessionOut, SessionRow
from annotations.api.session_shapes import PlanOut, ReopenIn, SessionIn, shared_of
from annotations.selectors.agreement import report_agreement
from annotations.selectors.scores import report_session, session_scores_to_dict
from annotations.selectors.session_plan import graders_of, plan_session
from annotations.selectors.sessions import list_sessions, rater_progress, run_lines
from annotations.services.sessions import (
    close_session,
    discard_session,
    end_grading,
    open_session_of,
    reopen_session,
)
from annotations.session_choices import CalibrationPlan, GraderPlan, SessionChoices
from builder.access import Act, may
from builder.api.base import ApiView, answers
from builder.common.errors import BadInput
from builder.models import User
from exports.access import get_release_for, get_run, split_label
from exports.models import Release


class SessionsView(ApiView):
    """Grading sessions of the departments the caller leads or analyses."""

    @extend_schema(responses=answers(SessionRow(many=True)))
    def get(self, request: Request) -> Response:
        """List the sessions the caller reads, newest first."""
        return self.listed(list_sessions(self.person), SessionRow)

    @extend_schema(request=SessionIn, responses=answers(SessionOut, 201))
    def post(self, request: Request) -> Response:
        """Open a session: every answer gets its graders, each in an order of their own.

        Where gold verdicts of calibration answers are still to be written, it is planned (`draft`) only.
        """
        session = open_session_of(choices=_choices(self), by=self.person)
        return session_answer(self, session.pk, status=201)


class SessionPlanView(ApiView):
    """What a session would be."""

    @extend_schema(request=SessionIn, responses=answers(PlanOut))
    def post(self, request: Request) -> Response:
        """Work out what a session would ask of each grader, without opening it; 422 names what can't be."""
        plan = plan_session(_choices(self), self.person)
        return Response(
            PlanOut({**{name: getattr(plan, name) for name in _PLAN}, "shared": shared_of(plan)}).data
        )


class SessionView(ApiView):
    """One session."""

    @extend_schema(responses=answers(SessionOut))
    def get(self, request: Request, session_id: int) -> Response:
        """Show a session and how far its raters are; a run the caller grades blind has only its letter."""
        return session_answer(self, session_id)

    @extend_schema(responses={204: None, **answers(None)})
    def delete(self, request: Request, session_id: int) -> Response:
        """Throw a planned session away; 409 for one that was opened."""
        discard_session(session=access.get_session_to_manage(self.person, session_id), by=self.person)
        return Response(status=204)


class EndGradingView(ApiView):
    """The end of grading."""

    @extend_schema(request=None, responses=answers(SessionOut))
    def post(self, request: Request, session_id: int) -> Response:
        """Stop the grading of an open session; what is missing stays missing."""
        end_grading(session=access.get_session_to_manage(self.person, session_id), by=self.person)
        return session_answer(self, session_id)


class ReopenView(ApiView):
    """Grading begins again."""

    @extend_schema(request=ReopenIn, responses=answers(SessionOut))
    def post(self, request: Request, session_id: int) -> Response:
        """Let people grade again in a session whose grading was ended; what was ruled stays ruled."""
        session = access.get_session_to_manage(self.person, session_id)
        reopen_session(session=session, reason=self.body(ReopenIn)["reason"], by=self.person)
        return session_answer(self, session_id)


class CloseView(ApiView):
    """The end of a session."""

    @extend_schema(request=CloseIn, responses=answers(ClosingOut))
    def post(self, request: Request, session_id: int) -> Response:
        """Close a session for good; the answer counts what has no verdict."""
        session = access.get_session_to_manage(self.person, session_id)
        wanted = self.body(CloseIn)
        closing = close_session(
            session=session,
            reason=wanted["reason"],
            without_last_pull=wanted["without_last_pull"],
            by=self.person,
        )
        return Response(ClosingOut(closing).data)


class AgreementView(ApiView):
    """How far the graders of a session agree."""

    @extend_schema(responses=answers(OpenApiTypes.OBJECT))
    def get(self, request: Request, session_id: int) -> Response:
        """Return what `agreement --session ID --json` prints; 409 while graders still work."""
        return Response(report_agreement(access.get_session_to_read(self.person, session_id)).to_dict())


class SessionScoresView(ApiView):
    """What the runs of a session score."""

    @extend_schema(responses=answers(OpenApiTypes.OBJECT))
    def get(self, request: Request, session_id: int) -> Response:
        """Return every run's scores and the runs side by side; 409 before the session is closed."""
        session = access.get_session_to_score(self.person, session_id)
        return Response(session_scores_to_dict(session, report_session(session)))


def session_answer(view: ApiView, session_id: int, status: int = 200) -> Response:
    """Answer with the session as this person may see it."""
    session: Any = access.get_session_to_read(view.person, session_id)
    with_names = may(view.person, Act.MANAGE_SESSIONS, session.release.department)
    session.run_lines = run_lines(session, view.person)
    session.rater_lines = rater_progress(session, view.person, with_names=with_names)
    return Response(SessionOut(session).data, status=status)


_PLAN = (
    "cases", "answers", "units", "verdicts", "safety_answers", "naming", "calibration", "pace", "loads",
)  # fmt: skip
_AS_GIVEN = (
    "epochs", "overlap", "safety_overlap", "min_shared", "rule", "deadline", "allow_own_cases", "seed",
    "show_reference", "show_points",
)  # fmt: skip


def _choices(view: ApiView) -> SessionChoices:
    """Return what the body asks for; a run or session the caller may not see is no such thing."""
    wanted = view.body(SessionIn)
    release = get_release_for(view.person, Act.MANAGE_SESSIONS, *split_label(wanted["release"]))
    evidence = wanted["show_reference"] if wanted["show_evidence"] is None else wanted["show_evidence"]
    return SessionChoices(
        release=release,
        runs=[get_run(view.person, name) for name in wanted["runs"]],
        graders=_graders(release, wanted),
        show_evidence=evidence,
        calibration=_calibration(view.person, wanted["calibration"]),
        **{name: wanted[name] for name in _AS_GIVEN},
    )


def _calibration(user: User, wanted: dict[str, Any] | None) -> CalibrationPlan | None:
    if wanted is None:
        return None
    source = wanted["session"] and access.get_session_to_read(user, wanted["session"])
    return CalibrationPlan(wanted["n"], source)


def _graders(release: Release, wanted: dict[str, Any]) -> list[GraderPlan]:
    """Return the graders by address; nobody else's address is told from one that doesn't exist."""
    known = {person.email: person for person in graders_of(release)}
    emails = [email.lower() for email in wanted["graders"]]
    own = {choice["grader"].lower(): choice for choice in wanted["choices"]}
    for email in (*emails, *own):
        if email not in known or email not in emails:
            raise BadInput(
                _("%(person)s doesn't have the role of grader in %(department)s.")
                % {"person": email, "department": release.department.code}
                if email not in known
                else _("%(person)s is none of the chosen graders.") % {"person": email},
                field="graders",
            )
    return [
        GraderPlan(
            known[email],
            (email in own and own[email]["desk"]) or wanted["desk"],
            own[email]["quota"] if email in own else None,
        )
        for email in emails
    ]
