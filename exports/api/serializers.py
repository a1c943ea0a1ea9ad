"""Shapes of releases, bundles and runs."""

from rest_framework import serializers

from builder.api.base import MAX_BIG, Shape, StrictShape
from exports.formats.registry import FORMATS
from exports.models import (
    FIRST_STAGES,
    NEXT_STAGES,
    ModelClass,
    Release,
    ReleaseItem,
    ReleaseState,
    Response,
    Run,
    Split,
    Stage,
)

FIRST_STAGE_VALUES = [stage.value for stage in FIRST_STAGES]
NEXT_STAGE_VALUES = [stage.value for stage in NEXT_STAGES]


class ReleaseRow(serializers.ModelSerializer[Release]):
    """A release in a list; `sha256` is the hash of its manifest."""

    label = serializers.CharField(help_text="NAME==X.Y.Z, as commands name it.")  # type: ignore[assignment]
    department = serializers.CharField(source="department.code")
    stage = serializers.ChoiceField(choices=Stage.values, source="present_stage")
    frozen_by = serializers.EmailField(source="frozen_by.email")

    class Meta:
        model = Release
        fields: tuple[str, ...] = (
            "label", "name", "version", "department", "stage", "sha256", "n_items", "n_held_out", "frozen_by",
            "frozen_at",
        )  # fmt: skip
        read_only_fields = fields


class StateOut(serializers.ModelSerializer[ReleaseState]):
    """One change of a release's stage."""

    stage = serializers.ChoiceField(choices=Stage.values)
    by = serializers.EmailField(source="by.email")

    class Meta:
        model = ReleaseState
        fields: tuple[str, ...] = ("stage", "reason", "by", "at")
        read_only_fields = fields


class ReleaseOut(ReleaseRow):
    """A release with its manifest: every item's prompt_id, split and hash, and how it was approved."""

    manifest = serializers.DictField()

    class Meta(ReleaseRow.Meta):
        fields: tuple[str, ...] = (*ReleaseRow.Meta.fields, "manifest")
        read_only_fields = fields


class FreezeIn(StrictShape):
    """Which approved cases become which release: all of a department's, those with a tag, or those named."""

    department = serializers.CharField(max_length=20)
    name = serializers.CharField(max_length=100)
    version = serializers.CharField(max_length=40, help_text="Three numbers, such as 1.0.0.")
    stage = serializers.ChoiceField(choices=FIRST_STAGE_VALUES, default=Stage.CANDIDATE.value)
    tags = serializers.ListField(child=serializers.CharField(max_length=200), required=False, default=list)
    cases = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_BIG), required=False, allow_null=True,
        default=None, help_text="Ids of cases; without it all that match.",
    )  # fmt: skip
    held_out = serializers.FloatField(min_value=0, max_value=0.99, required=False, default=0.0)
    seed = serializers.IntegerField(
        min_value=-MAX_BIG, max_value=MAX_BIG, required=False, allow_null=True, default=None
    )


class StageIn(StrictShape):
    """A release's next stage and why."""

    stage = serializers.ChoiceField(choices=NEXT_STAGE_VALUES)
    reason = serializers.CharField(max_length=10_000)


class VerificationOut(Shape):
    """Whether what is stored is what was frozen; a sentence for each item that isn't."""

    is_whole = serializers.BooleanField()
    n_items = serializers.IntegerField()
    problems = serializers.ListField(child=serializers.CharField())


class ItemOut(serializers.ModelSerializer[ReleaseItem]):
    """One frozen case: its place, split and hash. Its text leaves in bundles."""

    split = serializers.ChoiceField(choices=Split.values)

    class Meta:
        model = ReleaseItem
        fields: tuple[str, ...] = ("position", "prompt_id", "split", "sha256")
        read_only_fields = fields


class FormatOut(Shape):
    """One format a release can leave in."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField()
    data_file = serializers.CharField(source="file_name")
    prompts_only = serializers.BooleanField(
        source="may_leave_rubric_out", help_text="Whether it can leave the rubric out."
    )
    reads_back = serializers.CharField(
        source="reader.files", default="", help_text="What of its results can be imported; empty: nothing."
    )
    formula = serializers.CharField(
        source="formula.sentence", default="", help_text="How its harness scores."
    )
    same_formula = serializers.BooleanField(source="formula.same_as_ours", default=False)
    tested_with = serializers.CharField()


class BundleQuery(Shape):
    """In which format the public items leave."""

    format = serializers.ChoiceField(choices=list(FORMATS), default="canonical")
    prompts_only = serializers.BooleanField(
        default=False, help_text="Leave out the rubric and all that tells of it."
    )


class BundleIn(StrictShape, BundleQuery):
    """For whom and why the held-out items leave too; both are kept in the audit trail."""

    recipient = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=10_000)


class RunQuery(Shape):
    """How a list of runs is narrowed."""

    release = serializers.CharField(required=False, default="", max_length=150, help_text="NAME==X.Y.Z")


class RunOut(serializers.ModelSerializer[Run]):
    """A run: one system under test answering one release."""

    release = serializers.CharField(source="release.label")
    department = serializers.CharField(source="release.department.code")
    model_class = serializers.ChoiceField(choices=[*ModelClass.values, ""])
    parameters = serializers.DictField(child=serializers.CharField())
    imported_by = serializers.EmailField(source="imported_by.email")

    class Meta:
        model = Run
        fields: tuple[str, ...] = (
            "name", "release", "department", "model", "model_class", "prompting", "retrieval", "parameters",
            "source_sha256", "log_format", "harness", "harness_version", "grader", "reported_score", "imported_by",
            "created_at",
        )  # fmt: skip
        read_only_fields = fields


class RunRow(RunOut):
    """A run in a list: how many answers it has, and to how many of the release's cases."""

    n_responses = serializers.IntegerField()
    n_answered = serializers.IntegerField()
    n_items = serializers.IntegerField()

    class Meta(RunOut.Meta):
        fields: tuple[str, ...] = (*RunOut.Meta.fields, "n_responses", "n_answered", "n_items")
        read_only_fields = fields


class RunFactorsIn(StrictShape):
    """The run's release, name and factors. Repeat `param` as K=V for each parameter."""

    release = serializers.CharField(max_length=150, help_text="NAME==X.Y.Z")
    run = serializers.CharField(max_length=150)
    model = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    model_class = serializers.ChoiceField(
        choices=[*ModelClass.values, ""], required=False, default="", allow_blank=True
    )
    prompting = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    retrieval = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    param = serializers.ListField(child=serializers.CharField(max_length=1_000), required=False, default=list)
    restart = serializers.BooleanField(required=False, default=False)

    def validate_param(self, given: list[str]) -> dict[str, str]:
        """Read K=V."""
        pairs = [each.partition("=") for each in given]
        if any(not (key and equals) for key, equals, _value in pairs):
            raise serializers.ValidationError("Each parameter is written K=V.")
        return {key: value for key, _equals, value in pairs}


class RunIn(RunFactorsIn):
    """A file of answers and the factors of the run."""

    file = serializers.FileField()


class RunMade(Shape):
    """What an import did; `created` is false when the same file had come in before."""

    run = RunOut()
    created = serializers.BooleanField()
    responses = serializers.IntegerField()


class ResponseOut(serializers.ModelSerializer[Response]):
    """One answer; `epoch` counts samples from 1."""

    prompt_id = serializers.CharField(source="item.prompt_id")

    class Meta:
        model = Response
        fields: tuple[str, ...] = ("prompt_id", "epoch", "completion", "reported_score")
        read_only_fields = fields
