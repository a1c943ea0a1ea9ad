"""Endpoints of adjudication: the list, one disagreement, rulings, third opinions. Nothing here names a system."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import access
from annotations.models import Ruling
from annotations.selectors.adjudication import decision_page, who_may_be_third
from annotations.selectors.disagreements import find_answer, list_disagreements, list_rulings, ruled_one
from annotations.services.resolutions import ask_third, resolve_unit, withdraw_resolution
from annotations.services.sessions import rater_for_person
from builder.api.base import MAX_SMALL, ApiView, Shape, StrictShape, answers
from builder.api.serializers.cases import ReasonIn
from builder.common.errors import BadInput


class DisagreementRow(Shape):
    """A unit in dispute that has no ruling; answers go by a number drawn for the session."""

    answer = serializers.IntegerField()
    criterion_index = serializers.IntegerField()
    prompt_id = serializers.CharField()
    criterion = serializers.CharField(source="criterion.criterion")
    points = serializers.FloatField(source="criterion.points")
    red_line = serializers.BooleanField(source="criterion.red_line")
    met = serializers.IntegerField()
    not_met = serializers.IntegerField()
    cannot_judge = serializers.IntegerField()
    is_decided = serializers.BooleanField(help_text="Whether the majority decides it all the same.")
    waits_for_third = serializers.BooleanField(help_text="Whether a third grader is still to answer.")


class OpinionOut(Shape):
    """What one grader said; graders go by letters."""

    letter = serializers.CharField()
    verdict = serializers.CharField()
    explanation = serializers.CharField(source="note")
    quote = serializers.CharField()
    is_third = serializers.BooleanField()


class CandidateOut(Shape):
    """Somebody who could give a third opinion."""

    name = serializers.CharField()
    email = serializers.EmailField()


class RulingOut(Shape):
    """A ruling, standing or taken back."""

    id = serializers.IntegerField(source="resolution.pk")
    answer = serializers.IntegerField()
    criterion_index = serializers.IntegerField(source="resolution.criterion_index")
    prompt_id = serializers.CharField()
    criterion = serializers.CharField(source="criterion.criterion")
    verdict = serializers.ChoiceField(choices=Ruling.values, source="resolution.verdict")
    reason = serializers.CharField(source="resolution.reason")
    by = serializers.CharField(source="resolution.by")
    at = serializers.DateTimeField(source="resolution.at")
    withdrawn_at = serializers.DateTimeField(source="resolution.withdrawn_at", allow_null=True)
    withdrawn_reason = serializers.CharField(source="resolution.withdrawn_reason")


class DecisionOut(Shape):
    """Everything an adjudicator reads before ruling."""

    answer = serializers.IntegerField()
    criterion_index = serializers.IntegerField()
    prompt_id = serializers.CharField()
    criterion = serializers.CharField(source="criterion.criterion")
    points = serializers.FloatField(source="criterion.points")
    red_line = serializers.BooleanField(source="criterion.red_line")
    text = serializers.CharField(source="response.completion", help_text="The whole answer.")
    opinions = OpinionOut(many=True)
    verdict = serializers.ChoiceField(
        choices=Ruling.values, allow_null=True, source="ruling.verdict", default=None,
        help_text="The standing ruling, if there is one.",
    )  # fmt: skip


class DisagreementOut(DecisionOut):
    """A disagreement, and who could be asked as a third."""

    may_be_third = CandidateOut(many=True)


class RulingIn(StrictShape):
    """A ruling and its reason, which is kept in the audit trail."""

    verdict = serializers.ChoiceField(choices=Ruling.values)
    reason = serializers.CharField(max_length=4_000)


class ThirdIn(StrictShape):
    """Who is asked about which criteria of the answer, by their place from 0."""

    grader = serializers.EmailField()
    criteria = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MAX_SMALL), allow_empty=False
    )


class ThirdOut(Shape):
    """What a third grader was asked."""

    answer = serializers.IntegerField()
    criteria = serializers.ListField(child=serializers.IntegerField())


class DisagreementsView(ApiView):
    """What the graders of a session disagree about."""

    @extend_schema(responses=answers(DisagreementRow(many=True)))
    def get(self, request: Request, session_id: int) -> Response:
        """List what nobody ruled on, to decide first, by weight; 409 while graders work."""
        session = access.get_session_to_adjudicate(self.person, session_id)
        return self.listed(list_disagreements(session).everything, DisagreementRow)


class DisagreementView(ApiView):
    """One unit in dispute."""

    @extend_schema(responses=answers(DisagreementOut))
    def get(self, request: Request, session_id: int, answer: int, criterion_index: int) -> Response:
        """Show what the graders said of one criterion of one answer."""
        session = access.get_session_to_adjudicate(self.person, session_id)
        page = decision_page(session, self.person, answer=answer, criterion_index=criterion_index)
        people = who_may_be_third(session, page.response, self.person)
        return Response({**DecisionOut(page).data, "may_be_third": CandidateOut(people, many=True).data})


class RulingsView(ApiView):
    """The rulings of a session."""

    @extend_schema(responses=answers(RulingOut(many=True)))
    def get(self, request: Request, session_id: int) -> Response:
        """List rulings, newest first, those that were taken back too."""
        session = access.get_session_to_adjudicate(self.person, session_id)
        return self.listed(list_rulings(session), RulingOut)


class RuleView(ApiView):
    """The ruling on one unit."""

    @extend_schema(request=RulingIn, responses=answers(RulingOut, 201))
    def post(self, request: Request, session_id: int, answer: int, criterion_index: int) -> Response:
        """Rule on one criterion of one answer; 409 says what somebody else decided before."""
        session = access.get_session_to_manage(self.person, session_id)
        wanted = self.body(RulingIn)
        ruling = resolve_unit(
            session=session, response=find_answer(session, answer), criterion_index=criterion_index, by=self.person,
            **wanted,
        )  # fmt: skip
        return Response(RulingOut(ruled_one(session, ruling)).data, status=201)


class WithdrawRulingView(ApiView):
    """Taking a ruling back."""

    @extend_schema(request=ReasonIn, responses=answers(RulingOut))
    def post(self, request: Request, session_id: int, ruling_id: int) -> Response:
        """Take a ruling back: the graders' verdicts count again."""
        session = access.get_session_to_manage(self.person, session_id)
        ruling = access.get_ruling(session, ruling_id)
        reason = self.body(ReasonIn)["reason"]
        taken_back = withdraw_resolution(resolution=ruling, reason=reason, by=self.person)
        return Response(RulingOut(ruled_one(session, taken_back)).data)


class ThirdView(ApiView):
    """A third opinion on an answer."""

    @extend_schema(request=ThirdIn, responses=answers(ThirdOut, 201))
    def post(self, request: Request, session_id: int, answer: int) -> Response:
        """Ask one more grader about criteria in dispute; they see nobody's verdicts."""
        session = access.get_session_to_manage(self.person, session_id)
        wanted = self.body(ThirdIn)
        response = find_answer(session, answer)
        people = {person.email: person for person in who_may_be_third(session, response, self.person)}
        person = people.get(wanted["grader"].strip().lower())
        if person is None:
            raise BadInput(_("This person can’t be asked about this answer."), field="grader")
        third = ask_third(
            session=session, response=response, criteria=wanted["criteria"], rater=rater_for_person(person),
            by=self.person,
        )  # fmt: skip
        return Response(ThirdOut({"answer": answer, "criteria": third.asked}).data, status=201)
