"""Shapes of what authors reuse: criteria, templates, tags."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from builder.api.base import Shape, StrictShape
from builder.models import CaseTemplate, LibraryCriterion
from builder.services.library import MAX_CHARACTERS, MAX_NAME, MAX_TAGS


class LibraryQuery(Shape):
    """Words the criterion holds, and the department that keeps it."""

    q = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    department = serializers.CharField(required=False, default="", allow_blank=True, max_length=20)


class FindQuery(Shape):
    """Words the criterion holds."""

    q = serializers.CharField(max_length=200)


class LibraryIn(StrictShape):
    """A criterion for reuse; without a department it is the whole organization's, which is for leads."""

    department = serializers.CharField(max_length=20, allow_null=True)
    criterion = serializers.CharField(max_length=MAX_CHARACTERS)
    points = serializers.FloatField(min_value=-10, max_value=10)
    tags = serializers.ListField(child=serializers.CharField(max_length=100), required=False, default=list)
    red_line = serializers.BooleanField(required=False, default=False)
    guideline = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    jurisdiction = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)
    is_consensus = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Several clinicians agreed on it for a class of cases; for leads.",
    )


class LibraryOut(serializers.ModelSerializer[LibraryCriterion]):
    """A criterion of the library."""

    department = serializers.CharField(source="department.code", allow_null=True, default=None)
    created_by = serializers.EmailField(source="created_by.email")

    class Meta:
        model = LibraryCriterion
        fields: tuple[str, ...] = (
            "id", "department", "criterion", "points", "tags", "red_line", "guideline", "jurisdiction",
            "is_consensus", "is_retired", "created_by", "created_at",
        )  # fmt: skip
        read_only_fields = fields


class UseOut(Shape):
    """A case that uses a criterion of the library."""

    id = serializers.IntegerField(source="pk")
    prompt_id = serializers.CharField()
    title = serializers.CharField()


class LibraryDetail(LibraryOut):
    """A criterion of the library, and the cases the caller reads that use it; takes `uses` in the context."""

    used_in = serializers.SerializerMethodField()

    class Meta(LibraryOut.Meta):
        fields = (*LibraryOut.Meta.fields, "used_in")
        read_only_fields = fields

    @extend_schema_field(UseOut(many=True))
    def get_used_in(self, row: LibraryCriterion) -> list[dict[str, object]]:
        """Return the cases that use it."""
        return list(UseOut(self.context["uses"], many=True).data)


class FoundOut(Shape):
    """A criterion to insert: the library's, or one of a case of the department."""

    reference = serializers.CharField(source="source", help_text="library-ID, or case-ID-INDEX.")
    text = serializers.CharField()
    points = serializers.FloatField()
    axis = serializers.CharField()
    red_line = serializers.BooleanField()
    is_consensus = serializers.BooleanField()
    place = serializers.CharField()


class TemplateIn(StrictShape):
    """The name a case is kept under as a template; the same name again replaces what it held."""

    name = serializers.CharField(max_length=MAX_NAME)


class TemplateOut(serializers.ModelSerializer[CaseTemplate]):
    """A template of a department."""

    department = serializers.CharField(source="department.code")

    class Meta:
        model = CaseTemplate
        fields: tuple[str, ...] = ("id", "department", "name", "updated_at")
        read_only_fields = fields


class TagsShape(StrictShape):
    """The department's vocabulary."""

    tags = serializers.ListField(child=serializers.CharField(max_length=100), max_length=MAX_TAGS)
