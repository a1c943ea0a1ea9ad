"""Endpoints of the grading desk: one's own answers, blind. Enough for another front end to grade with."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.api.serializers import DeskOut, FlagIn, GradesIn, GradesOut, OwnSessionOut, SkipIn
from annotations.models import Assignment, SessionState
from annotations.selectors.grading import count_judged, desk_page, next_position, progress_of
from annotations.selectors.queues import sessions_to_grade
from annotations.services.grades import (
    GivenVerdict,
    flag_assignment,
    open_assignment,
    save_grades,
    skip_assignment,
    undo_skip,
    unflag_assignment,
)
from annotations.services.queue import claim_assignment
from builder.api.base import ApiView, answers
from builder.common.errors import BadInput


class OwnSessionsView(ApiView):
    """Where the caller grades."""

    @extend_schema(responses=answers(OwnSessionOut(many=True)))
    def get(self, request: Request) -> Response:
        """List the sessions in which the caller grades now, with their own progress."""
        return self.listed(sessions_to_grade(self.person), OwnSessionOut)


class DeskView(ApiView):
    """What the endpoints of one answer share."""

    def own(self, session_id: int, position: int) -> Assignment:
        """Return one of the caller's answers, whatever became of it: the service says what can still be done."""
        return access.get_own_place(self.person, session_id, position)

    def shown(self, session_id: int, position: int) -> Response:
        """Answer with an answer to grade; the first time it is shown is noted."""
        assignment = access.get_assignment_to_grade(self.person, session_id, position)
        open_assignment(assignment=assignment, by=self.person)
        return Response(DeskOut(desk_page(assignment)).data)

    def standing(self, assignment: Assignment) -> Response:
        """Answer with how far the caller is."""
        judged, criteria = count_judged(assignment)
        progress = progress_of(assignment.session, assignment.rater_id)
        found = {
            "judged": judged, "criteria": criteria, "done": progress.done, "total": progress.total,
            "next_position": next_position(assignment.session, self.person, after=assignment.position),
        }  # fmt: skip
        return Response(GradesOut(found).data)


class NextItemView(DeskView):
    """The caller's next answer."""

    @extend_schema(responses={**answers(DeskOut), 204: None})
    def get(self, request: Request, session_id: int) -> Response:
        """Show the caller's next answer with an open criterion, or one from the session's rest, which becomes theirs.

        An answer from the rest stays theirs for some minutes (`lease_until`); every verdict renews that. 204 when there
        is nothing left that they may grade.
        """
        session = access.get_session_to_grade(self.person, session_id)
        position = next_position(session, self.person)
        if position is None and session.state == SessionState.OPEN:
            claimed = claim_assignment(session=session, by=self.person)
            position = claimed.position if claimed else None
        return Response(status=204) if position is None else self.shown(session_id, position)


class ItemView(DeskView):
    """One of the caller's answers."""

    @extend_schema(responses=answers(DeskOut))
    def get(self, request: Request, session_id: int, position: int) -> Response:
        """Show the answer at a place of the caller's own order."""
        return self.shown(session_id, position)


class GradesView(DeskView):
    """The caller's verdicts on one answer."""

    @extend_schema(request=GradesIn, responses=answers(GradesOut))
    def put(self, request: Request, session_id: int, position: int) -> Response:
        """Save verdicts in the order they were given; the same again changes nothing.

        A criterion may be named more than once where every verdict has a key of its own.
        """
        assignment, wanted = self.own(session_id, position), self.body(GradesIn)
        names = [each["key"] or each["criterion_index"] for each in wanted["verdicts"]]
        if len(set(names)) < len(names):
            raise BadInput(_("A criterion is named twice."), field="verdicts")
        given = [
            (
                each["criterion_index"],
                GivenVerdict(each["verdict"], each["explanation"], each["quote"], each["key"]),
            )
            for each in wanted["verdicts"]
        ]
        saved = save_grades(assignment=assignment, verdicts=given, by=self.person, seconds=wanted["seconds"])
        return self.standing(saved)


class SkipView(DeskView):
    """Putting an answer down."""

    @extend_schema(request=SkipIn, responses=answers(GradesOut))
    def post(self, request: Request, session_id: int, position: int) -> Response:
        """Skip an answer with a reason: somebody else may take it, and the caller's verdicts of it count no more."""
        assignment, reason = self.own(session_id, position), self.body(SkipIn)["reason"]
        return self.standing(skip_assignment(assignment=assignment, reason=reason, by=self.person))

    @extend_schema(request=None, responses=answers(GradesOut))
    def delete(self, request: Request, session_id: int, position: int) -> Response:
        """Take a skipped answer up again; 409 when somebody else took it meanwhile."""
        return self.standing(undo_skip(assignment=self.own(session_id, position), by=self.person))


class FlagView(DeskView):
    """Drawing the lead's attention to an answer."""

    @extend_schema(request=FlagIn, responses=answers(GradesOut))
    def put(self, request: Request, session_id: int, position: int) -> Response:
        """Flag an answer with a note, which replaces the one before."""
        assignment, note = self.own(session_id, position), self.body(FlagIn)["note"]
        return self.standing(flag_assignment(assignment=assignment, note=note, by=self.person))

    @extend_schema(request=None, responses=answers(GradesOut))
    def delete(self, request: Request, session_id: int, position: int) -> Response:
        """Take the flag away again."""
        return self.standing(unflag_assignment(assignment=self.own(session_id, position), by=self.person))
