"""Endpoints about grading sessions: opening, progress, ending, closing, and what they say."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.api.serializers import CloseIn, ClosingOut, SessionIn, SessionOut, SessionRow
from annotations.selectors.agreement import report_agreement
from annotations.selectors.scores import report_session, session_scores_to_dict
from annotations.selectors.sessions import graders_of, list_sessions, rater_progress, run_lines
from annotations.services.sessions import close_session, end_grading, open_session
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
        """Open a session: every answer of the runs gets its graders, each in an order of their own."""
        wanted = self.body(SessionIn)
        release = get_release_for(self.person, Act.MANAGE_SESSIONS, *split_label(wanted["release"]))
        session = open_session(
            release=release, runs=[get_run(self.person, name) for name in wanted["runs"]],
            graders=_graders(release, wanted["graders"]), overlap=wanted["overlap"], seed=wanted["seed"],
            show_reference=wanted["show_reference"], show_points=wanted["show_points"], by=self.person,
        )  # fmt: skip
        return session_answer(self, session.pk, status=201)


class SessionView(ApiView):
    """One session."""

    @extend_schema(responses=answers(SessionOut))
    def get(self, request: Request, session_id: int) -> Response:
        """Show a session and how far its raters are; a run the caller grades blind has only its letter."""
        return session_answer(self, session_id)


class EndGradingView(ApiView):
    """The end of grading."""

    @extend_schema(request=None, responses=answers(SessionOut))
    def post(self, request: Request, session_id: int) -> Response:
        """Stop the grading of an open session; what is missing stays missing."""
        end_grading(session=access.get_session_to_manage(self.person, session_id), by=self.person)
        return session_answer(self, session_id)


class CloseView(ApiView):
    """The end of a session."""

    @extend_schema(request=CloseIn, responses=answers(ClosingOut))
    def post(self, request: Request, session_id: int) -> Response:
        """Close a session for good; the answer counts what has no verdict."""
        session = access.get_session_to_manage(self.person, session_id)
        closing = close_session(session=session, reason=self.body(CloseIn)["reason"], by=self.person)
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


def _graders(release: Release, emails: list[str]) -> list[User]:
    """Return the graders by address; nobody else's address is told from one that doesn't exist."""
    known = {person.email: person for person in graders_of(release)}
    for email in emails:
        if email.lower() not in known:
            raise BadInput(
                _("%(person)s doesn't have the role of grader in %(department)s.")
                % {"person": email, "department": release.department.code},
                field="graders",
            )
    return [known[email.lower()] for email in emails]
