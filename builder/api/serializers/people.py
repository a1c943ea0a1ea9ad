"""Shapes of people, departments and tokens."""

from django.conf import settings
from rest_framework import serializers

from builder.api.base import Shape, StrictShape
from builder.models import ApiToken, ConflictRule, ContestedRule, Department, Role, User
from builder.selectors.people import roles_by_code
from builder.services.departments import (
    LEAST_THRESHOLD,
    MOST_APPROVALS,
    MOST_REVIEW_DAYS,
    MOST_THRESHOLD,
)

LANGUAGES = [code for code, _name in settings.LANGUAGES]


class RolesField(serializers.DictField):
    """Roles by the department's code."""

    child = serializers.ListField(child=serializers.ChoiceField(choices=Role.values))


class DepartmentOut(serializers.ModelSerializer[Department]):
    """A department the caller belongs to."""

    contested_rule = serializers.ChoiceField(choices=ContestedRule.values)
    conflict_rule = serializers.ChoiceField(choices=ConflictRule.values)

    class Meta:
        model = Department
        fields: tuple[str, ...] = (
            "code", "name", "required_approvals", "outside_approvals", "consensus_threshold", "contested_rule",
            "conflict_rule", "review_days",
        )  # fmt: skip
        read_only_fields = fields


class DepartmentIn(StrictShape):
    """A new department and the person who leads it."""

    code = serializers.CharField(max_length=20)
    name = serializers.CharField(max_length=120)
    lead = serializers.EmailField(help_text="Gets an account and an invitation link when there is none.")


class DepartmentMade(DepartmentOut):
    """A new department; the link is there when its lead's account had to be made, and is shown this once."""

    invitation = serializers.CharField(allow_null=True)

    class Meta(DepartmentOut.Meta):
        fields: tuple[str, ...] = (*DepartmentOut.Meta.fields, "invitation")
        read_only_fields = fields


class DepartmentSettingsIn(StrictShape):
    """How the department approves its cases; what isn't named stays as it is.

    `consensus_threshold` is the share of the decided votes that those who agree must exceed; `outside_approvals` of
    the `required_approvals` must come from reviewers who only review here and hold a role in another department.
    """

    required_approvals = serializers.IntegerField(min_value=1, max_value=MOST_APPROVALS)
    contested_rule = serializers.ChoiceField(choices=ContestedRule.values)
    consensus_threshold = serializers.FloatField(
        required=False, min_value=LEAST_THRESHOLD, max_value=MOST_THRESHOLD
    )
    outside_approvals = serializers.IntegerField(required=False, min_value=0, max_value=MOST_APPROVALS)
    conflict_rule = serializers.ChoiceField(required=False, choices=ConflictRule.values)
    review_days = serializers.IntegerField(required=False, min_value=1, max_value=MOST_REVIEW_DAYS)


class PersonOut(serializers.ModelSerializer[User]):
    """A person, with roles by department."""

    language = serializers.ChoiceField(choices=LANGUAGES)
    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields: tuple[str, ...] = ("id", "email", "name", "language", "is_active", "is_org_admin", "roles")
        read_only_fields = fields

    def get_roles(self, person: User) -> dict[str, list[str]]:
        """Return the roles, by the department's code."""
        return roles_by_code(person)


class ProfileIn(StrictShape):
    """What a person may change about themselves."""

    name = serializers.CharField(max_length=150, allow_blank=True, required=False)
    language = serializers.ChoiceField(choices=LANGUAGES, required=False)


class PeopleQuery(Shape):
    """How a list of people is narrowed."""

    q = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class InvitationIn(StrictShape):
    """Whom to invite."""

    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)


class InvitationOut(Shape):
    """An invitation; the link is shown this once and is stored nowhere."""

    person = PersonOut()
    link = serializers.URLField()


class RolesIn(StrictShape):
    """Exactly these roles in each of these departments; departments that aren't named keep theirs."""

    roles = RolesField()


class ActiveIn(StrictShape):
    """Whether the person may sign in."""

    is_active = serializers.BooleanField()


class OfficeIn(StrictShape):
    """Whether the person administers the organization."""

    is_org_admin = serializers.BooleanField()


class TokenOut(serializers.ModelSerializer[ApiToken]):
    """A token without its key."""

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = ("id", "name", "prefix", "created_at", "last_used_at")
        read_only_fields = fields


class OwnedTokenOut(TokenOut):
    """A token and whose it is."""

    owner = serializers.EmailField(source="user.email")

    class Meta(TokenOut.Meta):
        fields: tuple[str, ...] = (*TokenOut.Meta.fields, "owner")
        read_only_fields = fields


class TokenIn(StrictShape):
    """What the token is for."""

    name = serializers.CharField(max_length=100)


class TokenMade(TokenOut):
    """A new token; the key is shown this once and is stored nowhere."""

    key = serializers.CharField()

    class Meta(TokenOut.Meta):
        fields: tuple[str, ...] = (*TokenOut.Meta.fields, "key")
        read_only_fields = fields
