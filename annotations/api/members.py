"""Endpoints about who grades in a session and which runs it holds."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.api.serializers import GraderIn, SessionOut, SetAsideOut
from annotations.api.sessions import session_answer
from annotations.selectors.for_the_lead import for_the_lead
from annotations.selectors.members import find_grader, session_rater_at, session_run_at
from annotations.services.members import add_grader, remove_grader, withdraw_session_run
from builder.api.base import ApiView, answers
from builder.api.serializers.cases import ReasonIn


class SetAsideView(ApiView):
    """What graders flagged or skipped."""

    @extend_schema(responses=answers(SetAsideOut(many=True)))
    def get(self, request: Request, session_id: int) -> Response:
        """List the first 50 answers that graders flagged or skipped, and why; neither grader nor system is named.

        Nothing while grading goes on for somebody who grades answers of these runs.
        """
        session = access.get_session_to_manage(self.person, session_id)
        return Response(SetAsideOut(for_the_lead(session, self.person).set_aside, many=True).data)


class GradersView(ApiView):
    """The graders of a session."""

    @extend_schema(request=GraderIn, responses=answers(SessionOut, 201))
    def post(self, request: Request, session_id: int) -> Response:
        """Let somebody else grade: they take answers from the rest."""
        session, wanted = access.get_session_to_manage(self.person, session_id), self.body(GraderIn)
        grader = find_grader(session, wanted["grader"])
        add_grader(session=session, user=grader, reason=wanted["reason"], by=self.person)
        return session_answer(self, session_id, status=201)


class GraderRemovalView(ApiView):
    """One grader's removal."""

    @extend_schema(request=ReasonIn, responses=answers(SessionOut))
    def post(self, request: Request, session_id: int, position: int) -> Response:
        """Remove the grader at this place (grader-N): unfinished answers go back to the rest, finished ones count."""
        session = access.get_session_to_manage(self.person, session_id)
        member = session_rater_at(session, position)
        reason = self.body(ReasonIn)["reason"]
        remove_grader(session=session, rater=member.rater, reason=reason, by=self.person)
        return session_answer(self, session_id)


class RunWithdrawalView(ApiView):
    """One run's withdrawal from a session."""

    @extend_schema(request=ReasonIn, responses=answers(SessionOut))
    def post(self, request: Request, session_id: int, position: int) -> Response:
        """Take the run at this place (1 is run A) out of the session: nobody grades its answers; grades are kept."""
        session = access.get_session_to_manage(self.person, session_id)
        entry = session_run_at(session, position)
        withdraw_session_run(
            session=session, run=entry.run, reason=self.body(ReasonIn)["reason"], by=self.person
        )
        return session_answer(self, session_id)
