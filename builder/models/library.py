"""What authors reuse: criteria, templates of cases, and the department's vocabulary of tags."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from builder.models.departments import READERS, Department
from builder.models.users import User


class LibraryQuerySet(models.QuerySet["LibraryCriterion"]):
    """Which criteria of the library."""

    def visible_to(self, user: User) -> "LibraryQuerySet":
        """Those of the organization and of the departments the person reads."""
        if user.is_org_admin:
            return self.all()
        return self.filter(
            Q(department__isnull=True) | Q(department__in=Department.objects.where_one_of(user, READERS))
        )

    def in_use(self) -> "LibraryQuerySet":
        """All but those taken out of the library."""
        return self.filter(is_retired=False)


class LibraryCriterion(models.Model):
    """A criterion kept for reuse; without a department it is the whole organization's.

    `is_consensus` marks one that several clinicians agreed on for a whole class of cases, as HealthBench's are.
    """

    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="library")
    criterion = models.TextField()
    points = models.FloatField()
    tags: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    red_line = models.BooleanField(default=False)
    guideline = models.CharField(max_length=300, blank=True)
    jurisdiction = models.CharField(max_length=100, blank=True)
    is_consensus = models.BooleanField(default=False)
    is_retired = models.BooleanField(default=False)
    text_hash = models.CharField(max_length=64)
    tokens = models.TextField(blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LibraryQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("department", "text_hash"), name="library_once_per_department"),
            models.UniqueConstraint(
                fields=("text_hash",),
                condition=Q(department__isnull=True),
                name="library_once_in_organization",
            ),
            models.CheckConstraint(condition=~Q(points=0), name="library_points_not_zero"),
        )

    def __str__(self) -> str:
        return self.criterion

    @property
    def amount(self) -> int | float:
        """The points as people write them: 8, not 8.0."""
        return int(self.points) if float(self.points).is_integer() else self.points


class CaseTemplate(models.Model):
    """A case to begin from: its content is copied into a new draft and never changes one."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="case_templates")
    name = models.CharField(_("name"), max_length=120)
    content: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("department", "name"), name="template_name_in_department"),
        )

    def __str__(self) -> str:
        return self.name


class DepartmentTag(models.Model):
    """A word of the department's vocabulary, with its prefix, such as `theme:sepsis` or `setting:ward`."""

    department = models.ForeignKey(Department, models.CASCADE, related_name="tags")
    tag = models.CharField(_("tag"), max_length=100)

    class Meta:
        ordering = ("tag",)
        constraints = (models.UniqueConstraint(fields=("department", "tag"), name="tag_once_in_department"),)

    def __str__(self) -> str:
        return self.tag
