"""Endpoints about calibration answers: what is right about them, written before the session opens."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.api.serializers import SessionOut
from annotations.api.session_shapes import CalibrationItemOut, CalibrationRow, GoldsIn
from annotations.api.sessions import session_answer
from annotations.selectors.calibration import Gold, gold_page, gold_progress
from annotations.services.calibration import set_gold_verdicts
from annotations.services.sessions import start_session
from builder.api.base import ApiView, answers


class CalibrationView(ApiView):
    """The calibration answers of a session."""

    @extend_schema(responses=answers(CalibrationRow(many=True)))
    def get(self, request: Request, session_id: int) -> Response:
        """List them by their place, each with how many of its criteria have a gold verdict."""
        session = access.get_session_to_manage(self.person, session_id)
        return self.listed(gold_progress(session), CalibrationRow)


class CalibrationItemView(ApiView):
    """One calibration answer."""

    @extend_schema(responses=answers(CalibrationItemOut))
    def get(self, request: Request, session_id: int, place: int) -> Response:
        """Show one with what is right about it so far."""
        session = access.get_session_to_manage(self.person, session_id)
        return Response(CalibrationItemOut(gold_page(session, place)).data)

    @extend_schema(request=GoldsIn, responses=answers(CalibrationItemOut))
    def put(self, request: Request, session_id: int, place: int) -> Response:
        """Write what is right; 409 once the session is open."""
        session = access.get_session_to_manage(self.person, session_id)
        item = gold_page(session, place).item
        verdicts = {
            each["criterion_index"]: Gold(each["verdict"], each["explanation"])
            for each in self.body(GoldsIn)["verdicts"]
        }
        set_gold_verdicts(item=item, verdicts=verdicts, by=self.person)
        return Response(CalibrationItemOut(gold_page(session, place)).data)


class StartView(ApiView):
    """The opening of a planned session."""

    @extend_schema(request=None, responses=answers(SessionOut))
    def post(self, request: Request, session_id: int) -> Response:
        """Open a planned session; 409 while a calibration answer lacks a gold verdict."""
        start_session(session=access.get_session_to_manage(self.person, session_id), by=self.person)
        return session_answer(self, session_id)
