"""Shapes of grading sessions, the desk, verdicts and scores. Nothing here can hold who wrote an answer."""

from typing import Any

from rest_framework import serializers

from annotations.models import HUMAN_VERDICTS, GradingSession, SessionKind, SessionState
from builder.api.base import MAX_BIG, MAX_SMALL, Shape, StrictShape


class SessionRow(serializers.ModelSerializer[GradingSession]):
    """A session in a list, with the answers assigned and done."""

    release = serializers.CharField(source="release.label")
    department = serializers.CharField(source="release.department.code")
    kind = serializers.ChoiceField(choices=SessionKind.values)
    state = serializers.ChoiceField(choices=SessionState.values)
    n_runs = serializers.IntegerField()
    n_raters = serializers.IntegerField()
    n_assigned = serializers.IntegerField()
    n_done = serializers.IntegerField()

    class Meta:
        model = GradingSession
        fields: tuple[str, ...] = (
            "id", "release", "department", "kind", "state", "overlap", "n_runs", "n_raters", "n_assigned", "n_done",
            "opened_at", "closed_at",
        )  # fmt: skip
        read_only_fields = fields


class RunLineOut(Shape):
    """A run of a session; its name is empty for those who grade it blind."""

    letter = serializers.CharField()
    name = serializers.CharField()
    n_answers = serializers.IntegerField()


class RaterOut(Shape):
    """How far one rater is; `person` is empty for callers who don't manage the session."""

    label = serializers.CharField()  # type: ignore[assignment]
    person = serializers.CharField()
    removed = serializers.BooleanField()
    desk = serializers.CharField(source="desk_key")
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    calibration_done = serializers.IntegerField()
    calibration_total = serializers.IntegerField()
    skipped = serializers.IntegerField()
    flagged = serializers.IntegerField()
    verdicts = serializers.IntegerField()


class SessionOut(serializers.ModelSerializer[GradingSession]):
    """A session with its runs and its raters' progress."""

    release = serializers.CharField(source="release.label")
    department = serializers.CharField(source="release.department.code")
    kind = serializers.ChoiceField(choices=SessionKind.values)
    state = serializers.ChoiceField(choices=SessionState.values)
    runs = RunLineOut(many=True, source="run_lines")
    raters = RaterOut(many=True, source="rater_lines")

    class Meta:
        model = GradingSession
        fields: tuple[str, ...] = (
            "id", "release", "department", "kind", "state", "overlap", "safety_overlap", "epochs", "min_shared", "rule",
            "show_reference", "show_evidence", "show_points", "allow_own_cases", "deadline", "opened_at", "ended_at",
            "closed_at", "close_reason", "runs", "raters",
        )  # fmt: skip
        read_only_fields = fields


class CloseIn(StrictShape):
    """Why the session is closed; it is kept in the audit trail."""

    reason = serializers.CharField(max_length=10_000)
    without_last_pull = serializers.BooleanField(
        required=False, default=False, help_text="Leave out what is only in Label Studio."
    )


class ClosingOut(Shape):
    """What a closed session leaves without a verdict, by why."""

    unresolved = serializers.IntegerField()
    cannot_judge = serializers.IntegerField()
    judge_failed = serializers.IntegerField()
    missing = serializers.IntegerField()
    ruled_cannot_judge = serializers.IntegerField()
    ruled_unclear = serializers.IntegerField()


class OwnSessionOut(Shape):
    """An open session in which the caller grades."""

    id = serializers.IntegerField()
    department = serializers.CharField(source="release.department.code")
    done = serializers.IntegerField(source="n_done")
    total = serializers.IntegerField(source="n_mine")


class TurnOut(Shape):
    """One message of the conversation."""

    role = serializers.CharField()
    content = serializers.CharField()


class SourceOut(Shape):
    """A passage or guideline that criteria cite."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    quote = serializers.CharField()


class DeskCriterionOut(Shape):
    """One criterion, and what the grader said of it so far; points only where the session shows them."""

    criterion_index = serializers.IntegerField(source="index")
    criterion = serializers.CharField(source="text")
    points = serializers.FloatField(allow_null=True)
    red_line = serializers.BooleanField()
    axis = serializers.CharField()
    sources = serializers.SerializerMethodField()
    verdict = serializers.CharField()
    explanation = serializers.CharField(source="note")
    quote = serializers.CharField()

    def get_sources(self, criterion: Any) -> list[int]:
        """Return the numbers of the passages it cites."""
        return [source.number for source in criterion.sources]


class DeskOut(Shape):
    """One answer to grade. It says nothing of who or what wrote it."""

    session = serializers.IntegerField(source="session.pk")
    position = serializers.IntegerField()
    done = serializers.IntegerField(source="progress.done")
    total = serializers.IntegerField(source="progress.total")
    calibration = serializers.BooleanField(
        source="is_practice", help_text="Whether the right verdicts are shown when every criterion has one."
    )
    flag_note = serializers.CharField(source="assignment.flag_note")
    lease_until = serializers.DateTimeField(
        source="assignment.lease_until", allow_null=True,
        help_text="An answer from the rest goes back to it then, unless a verdict is given.",
    )  # fmt: skip
    conversation = TurnOut(many=True, source="turns")
    answer = serializers.CharField(source="answer.content")
    criteria = DeskCriterionOut(many=True)
    reference_answer = serializers.CharField()
    sources = SourceOut(many=True)


class VerdictIn(StrictShape):
    """A verdict on one criterion, named by its place from 0; an empty verdict takes an earlier one back."""

    criterion_index = serializers.IntegerField(min_value=0, max_value=MAX_SMALL)
    verdict = serializers.ChoiceField(choices=[str(verdict) for verdict in HUMAN_VERDICTS], allow_blank=True)
    explanation = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)
    quote = serializers.CharField(
        max_length=2_000, required=False, default="", allow_blank=True,
        help_text="The part of the answer it is about.",
    )  # fmt: skip
    key = serializers.CharField(
        max_length=36, required=False, default="", allow_blank=True,
        help_text="Names the act: what is sent twice under one key is done once.",
    )  # fmt: skip


class GradesIn(StrictShape):
    """Verdicts to save, in the order they were given; criteria that aren't named keep theirs. None changes none."""

    verdicts = serializers.ListField(child=VerdictIn(), max_length=1_000)
    seconds = serializers.IntegerField(
        min_value=0, max_value=10**6, required=False, default=0,
        help_text="Working time since the last save; the server's clock bounds it.",
    )  # fmt: skip


class SkipIn(StrictShape):
    """Why an answer is put down."""

    reason = serializers.CharField(max_length=1_000)


class FlagIn(StrictShape):
    """What the lead should look at."""

    note = serializers.CharField(max_length=1_000)


class SetAsideOut(Shape):
    """An answer that a grader flagged or skipped; `answer` is its number among the disagreements."""

    answer = serializers.IntegerField(allow_null=True, help_text="Empty for a practice answer.")
    prompt_id = serializers.CharField()
    is_skipped = serializers.BooleanField()
    note = serializers.CharField()
    text = serializers.CharField(help_text="The answer.")


class GraderIn(StrictShape):
    """Who joins."""

    grader = serializers.EmailField()
    reason = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)


class GradesOut(Shape):
    """How far the grader is: criteria of this answer, answers of the session, and where to go on."""

    judged = serializers.IntegerField()
    criteria = serializers.IntegerField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    next_position = serializers.IntegerField(allow_null=True)


class VerdictsIn(StrictShape):
    """A file of one rater's verdicts; the rater is made if new."""

    file = serializers.FileField()
    rater = serializers.CharField(max_length=150)


class VerdictsOut(Shape):
    """What an import did; `created` is false when the same file had come in before."""

    session = serializers.IntegerField(source="session.pk")
    created = serializers.BooleanField()
    responses = serializers.IntegerField()
    verdicts = serializers.IntegerField()


class ScoreQuery(Shape):
    """From which closed session, or by which rater's verdicts alone."""

    session = serializers.IntegerField(min_value=1, max_value=MAX_BIG, required=False, default=None)
    rater = serializers.CharField(max_length=254, required=False, default=None)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Let one of the two choose."""
        if given["session"] is not None and given["rater"] is not None:
            raise serializers.ValidationError("Give session or rater, not both.")
        return given


class ScoresQuery(ScoreQuery):
    """Which runs; repeat `run` for each."""

    run = serializers.ListField(child=serializers.CharField(max_length=150), allow_empty=False, max_length=20)
