"""Departments, and who does what in them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from builder.approval import ApprovalRule
from builder.models.users import User

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Role(models.TextChoices):
    """What a person may do in a department; a person may hold several."""

    AUTHOR = "author", _("Author")
    REVIEWER = "reviewer", _("Reviewer")
    GRADER = "grader", _("Grader")
    LEAD = "lead", _("Lead")
    ANALYST = "analyst", _("Analyst")


# Who reads a department's cases and releases, who decides on its cases, who reads its runs and grading sessions.
READERS = (Role.AUTHOR, Role.REVIEWER, Role.LEAD, Role.ANALYST)
REVIEWERS = (Role.REVIEWER, Role.LEAD)
ENGINEERS = (Role.LEAD, Role.ANALYST)

CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]*\Z"


class ContestedRule(models.TextChoices):
    """What a contested criterion does when a release is frozen."""

    BLOCK = "block", _("Keep the case out until the criterion is settled")
    LEAVE_OUT = "leave_out", _("Leave the criterion out of the release")


class ConflictRule(models.TextChoices):
    """What a declared conflict of interest does to a review."""

    BAR = "bar", _("The person may not review the case")
    TELL = "tell", _("The person may review; the conflict is told beside the review")


class DepartmentQuerySet(models.QuerySet["Department"]):
    """Which departments."""

    def visible_to(self, user: User) -> "QuerySet[Department]":
        """Those the person has a role in; an administrator of the organization sees all."""
        if user.is_org_admin:
            return self.all()
        return self.filter(memberships__user=user).distinct()

    def where_one_of(self, user: User, roles: Iterable[Role]) -> "QuerySet[Department]":
        """Those in which the person holds one of the roles; may name one twice, so it is for subqueries."""
        return self.filter(memberships__user=user, memberships__role__in=roles)


class Department(models.Model):
    """The unit of access: cases, releases and sessions belong to one."""

    code = models.CharField(
        _("code"),
        max_length=20,
        unique=True,
        validators=[RegexValidator(CODE_PATTERN, _("Use letters, digits, - and _ only."))],
    )
    name = models.CharField(_("name"), max_length=120)
    required_approvals = models.PositiveSmallIntegerField(_("approvals a case needs"), default=2)
    contested_rule = models.CharField(
        _("a contested criterion"), max_length=12, choices=ContestedRule.choices, default=ContestedRule.BLOCK
    )
    consensus_threshold = models.FloatField(_("share of agreeing votes a criterion must exceed"), default=0.5)
    outside_approvals = models.PositiveSmallIntegerField(
        _("approvals that must come from other departments"), default=0
    )
    conflict_rule = models.CharField(
        _("a declared conflict of interest"),
        max_length=4,
        choices=ConflictRule.choices,
        default=ConflictRule.BAR,
    )
    review_days = models.PositiveSmallIntegerField(_("days until a review is overdue"), default=7)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(required_approvals__gte=1), name="department_needs_an_approval"
            ),
            models.CheckConstraint(
                condition=models.Q(contested_rule__in=ContestedRule.values),
                name="department_known_contested_rule",
            ),
            models.CheckConstraint(
                condition=models.Q(consensus_threshold__gte=0.5, consensus_threshold__lt=1),
                name="department_consensus_is_a_majority",
            ),
            models.CheckConstraint(
                condition=models.Q(outside_approvals__lte=models.F("required_approvals")),
                name="department_outside_approvals_fit",
            ),
            models.CheckConstraint(
                condition=models.Q(conflict_rule__in=ConflictRule.values),
                name="department_known_conflict_rule",
            ),
            models.CheckConstraint(
                condition=models.Q(review_days__gte=1), name="department_review_takes_a_day"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def approval_rule(self) -> ApprovalRule:
        """What it asks for before a case is approved."""
        return ApprovalRule(self.required_approvals, self.outside_approvals, self.consensus_threshold)


class Membership(models.Model):
    """One role of one person in one department."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    department = models.ForeignKey(Department, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "department", "role"), name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_known_role"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.department.code} · {self.role}"
