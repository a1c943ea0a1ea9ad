"""Endpoints of the grading desk: one's own answers, blind."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.api.serializers import DeskOut, GradesIn, GradesOut, OwnSessionOut
from annotations.selectors.grading import count_judged, desk_page, next_position, progress_of
from annotations.selectors.queues import sessions_to_grade
from annotations.services.grades import GivenVerdict, save_grades
from builder.api.base import ApiView, answers
from builder.common.errors import BadInput


class OwnSessionsView(ApiView):
    """Where the caller grades."""

    @extend_schema(responses=answers(OwnSessionOut(many=True)))
    def get(self, request: Request) -> Response:
        """List the open sessions in which the caller grades, with their own progress."""
        return self.listed(sessions_to_grade(self.person), OwnSessionOut)


class NextItemView(ApiView):
    """The caller's next answer."""

    @extend_schema(responses={**answers(DeskOut), 204: None})
    def get(self, request: Request, session_id: int) -> Response:
        """Show the caller's next answer with an open criterion; 204 when there is none left."""
        session = access.get_session_to_grade(self.person, session_id)
        position = next_position(session, self.person)
        if position is None:
            return Response(status=204)
        assignment = access.get_assignment_to_grade(self.person, session_id, position)
        return Response(DeskOut(desk_page(assignment)).data)


class ItemView(ApiView):
    """One of the caller's answers."""

    @extend_schema(responses=answers(DeskOut))
    def get(self, request: Request, session_id: int, position: int) -> Response:
        """Show the answer at a place of the caller's own order."""
        assignment = access.get_assignment_to_grade(self.person, session_id, position)
        return Response(DeskOut(desk_page(assignment)).data)


class GradesView(ApiView):
    """The caller's verdicts on one answer."""

    @extend_schema(request=GradesIn, responses=answers(GradesOut))
    def put(self, request: Request, session_id: int, position: int) -> Response:
        """Save verdicts; the same again changes nothing."""
        assignment = access.get_own_assignment(self.person, session_id, position)
        wanted = self.body(GradesIn)["verdicts"]
        given = {
            each["criterion_index"]: GivenVerdict(each["verdict"], each["explanation"]) for each in wanted
        }
        if len(given) < len(wanted):
            raise BadInput(_("A criterion is named twice."), field="verdicts")
        save_grades(assignment=assignment, verdicts=given, by=self.person)
        judged, criteria = count_judged(assignment)
        progress = progress_of(assignment.session, assignment.rater_id)
        found = {
            "judged": judged, "criteria": criteria, "done": progress.done, "total": progress.total,
            "next_position": next_position(assignment.session, self.person, after=position),
        }  # fmt: skip
        return Response(GradesOut(found).data)
