"""Shapes of a session that is set up: what is chosen, what it would ask, and what is right about its calibration."""

from typing import Any

from rest_framework import serializers

from annotations.api.serializers import TurnOut
from annotations.models import DecisionRule, Desk, Verdict
from builder.api.base import MAX_BIG, MAX_SMALL, Shape, StrictShape

DESKS = [str(Desk.IN_APP), str(Desk.LABEL_STUDIO)]


def _number(help_text: str = "", *, least: int = 1, default: int | None = None) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=least, max_value=MAX_SMALL, required=False, allow_null=default is None, default=default,
        help_text=help_text,
    )  # fmt: skip


class GraderChoiceIn(StrictShape):
    """Where one of the graders works, and how many answers they get; empty: an equal share."""

    grader = serializers.EmailField()
    desk = serializers.ChoiceField(choices=DESKS, required=False, default=None, allow_null=True)
    quota = _number("How many answers; empty: an equal share.")


class CalibrationIn(StrictShape):
    """Answers everybody grades first; without `session` a lead writes what is right before the session opens."""

    n = serializers.IntegerField(min_value=1, max_value=MAX_SMALL)
    session = serializers.IntegerField(
        min_value=1, max_value=MAX_BIG, required=False, allow_null=True, default=None,
        help_text="A closed session of the same release, whose decided verdicts are right.",
    )  # fmt: skip


class SessionIn(StrictShape):
    """What is to be graded, and by whom; `overlap` is the graders per answer, all of them by default."""

    release = serializers.CharField(max_length=150, help_text="NAME==X.Y.Z")
    runs = serializers.ListField(child=serializers.CharField(max_length=150), allow_empty=False)
    epochs = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_SMALL), required=False, default=list,
        max_length=1_000, help_text="Which samples; all by default.",
    )  # fmt: skip
    graders = serializers.ListField(child=serializers.EmailField(), allow_empty=False)
    choices = GraderChoiceIn(many=True, required=False, default=list)
    overlap = _number()
    safety_overlap = _number("Graders per answer to a case of the kind safety or with a red line.")
    min_shared = _number("Answers every pair of graders shares at least.", least=0, default=0)
    calibration = CalibrationIn(required=False, allow_null=True, default=None)
    rule = serializers.ChoiceField(
        choices=DecisionRule.values, required=False, default=DecisionRule.MAJORITY.value
    )
    deadline = serializers.DateField(required=False, allow_null=True, default=None)
    allow_own_cases = serializers.BooleanField(required=False, default=False)
    seed = serializers.IntegerField(min_value=-MAX_BIG, max_value=MAX_BIG, required=False, default=0)
    show_reference = serializers.BooleanField(required=False, default=True)
    show_evidence = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="By default like the reference answer."
    )
    show_points = serializers.BooleanField(required=False, default=True)
    desk = serializers.ChoiceField(choices=DESKS, required=False, default=str(Desk.IN_APP))


class LoadOut(Shape):
    """What a session would ask of one grader; calibration answers are among the answers."""

    person = serializers.CharField(source="person.email")
    desk = serializers.CharField()
    answers = serializers.IntegerField()
    calibration = serializers.IntegerField()
    verdicts = serializers.IntegerField(source="units")
    minutes = serializers.IntegerField()


class SharedOut(Shape):
    """How many answers pairs of graders share, and who shares the least."""

    least = serializers.IntegerField()
    most = serializers.IntegerField()
    pair = serializers.ListField(child=serializers.CharField())


class PlanOut(Shape):
    """What a session would be. Nothing of it is kept."""

    cases = serializers.IntegerField()
    answers = serializers.IntegerField()
    units = serializers.IntegerField()
    verdicts = serializers.IntegerField()
    safety_answers = serializers.IntegerField()
    naming_their_system = serializers.IntegerField(source="naming")
    calibration_lost = serializers.IntegerField(
        source="calibration.lost", help_text="Answers of these runs that calibrate and so count for no score."
    )
    seconds_per_criterion = serializers.FloatField(source="pace.seconds_per_criterion")
    answers_timed = serializers.IntegerField(
        source="pace.answers_timed", help_text="On so many earlier answers it was measured; 0: it is a guess."
    )
    shared = SharedOut(allow_null=True)
    graders = LoadOut(many=True, source="loads")


class GoldIn(StrictShape):
    """What is right about one criterion, named by its place from 0; an empty verdict takes it back."""

    criterion_index = serializers.IntegerField(min_value=0, max_value=MAX_SMALL)
    verdict = serializers.ChoiceField(choices=[str(Verdict.MET), str(Verdict.NOT_MET)], allow_blank=True)
    explanation = serializers.CharField(max_length=5_000, required=False, default="", allow_blank=True)


class GoldsIn(StrictShape):
    """Gold verdicts to save; criteria that aren't named keep theirs."""

    verdicts: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=GoldIn(), allow_empty=False, max_length=1_000
    )


class GoldCriterionOut(Shape):
    """One criterion and what is right about it, once somebody wrote it."""

    criterion_index = serializers.IntegerField(source="index")
    criterion = serializers.CharField(source="text")
    points = serializers.FloatField()
    red_line = serializers.BooleanField()
    axis = serializers.CharField()
    verdict = serializers.CharField()
    explanation = serializers.CharField()


class CalibrationItemOut(Shape):
    """One calibration answer. It says nothing of who or what wrote it."""

    place = serializers.IntegerField()
    total = serializers.IntegerField()
    conversation = TurnOut(many=True, source="turns")
    answer = serializers.CharField(source="answer.content")
    reference_answer = serializers.CharField()
    criteria = GoldCriterionOut(many=True)


class CalibrationRow(Shape):
    """How far what is right is written down for one calibration answer."""

    place = serializers.IntegerField()
    criteria = serializers.IntegerField()
    written = serializers.IntegerField()


class ReopenIn(StrictShape):
    """Why grading begins again; it is kept in the audit trail."""

    reason = serializers.CharField(max_length=10_000)


def shared_of(plan: Any) -> dict[str, Any] | None:
    """Return what pairs share with the people as addresses."""
    if plan.shared is None:
        return None
    pair = [person.email for person in plan.shared.pair]
    return {"least": plan.shared.least, "most": plan.shared.most, "pair": pair}
