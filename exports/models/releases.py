"""Releases: frozen, versioned, hashed. Every table here is insert-only, by triggers."""

import json
from functools import cached_property
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from builder.content import CaseContent, content_from_json
from builder.models import CaseRevision, Department, User
from builder.models.departments import READERS

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z"
VERSION_PATTERN = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)\Z"


class Stage(models.TextChoices):
    """What a release may be used for."""

    CANDIDATE = "candidate", _("Candidate")
    FINAL = "final", _("Final")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# The stages a release can begin with, and those it can come to later.
FIRST_STAGES, NEXT_STAGES = (Stage.CANDIDATE, Stage.FINAL), (Stage.FINAL, Stage.WITHDRAWN)


class Split(models.TextChoices):
    """Whether an item may leave the building in full."""

    PUBLIC = "public", _("Public")
    HELD_OUT = "held-out", _("Held out")


class ReleaseQuerySet(models.QuerySet["Release"]):
    """Which releases."""

    def visible_to(self, user: User) -> "ReleaseQuerySet":
        """Those of the departments in which the person writes, reviews, leads or analyses."""
        if user.is_org_admin:
            return self.all()
        return self.filter(department__in=Department.objects.where_one_of(user, READERS))

    def with_stage(self) -> "ReleaseQuerySet":
        """Annotate each with its present stage as `present_stage`."""
        newest = ReleaseState.objects.filter(release=OuterRef("pk")).order_by("-pk").values("stage")[:1]
        return self.annotate(present_stage=Subquery(newest))


class Release(models.Model):
    """A set of approved revisions under one name and version; `manifest_text` is what `sha256` is the hash of."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="releases")
    name = models.CharField(max_length=100, validators=[RegexValidator(NAME_PATTERN)])
    version = models.CharField(max_length=40, validators=[RegexValidator(VERSION_PATTERN)])
    manifest_text = models.TextField()
    sha256 = models.CharField(max_length=64)
    n_items = models.PositiveIntegerField()
    n_held_out = models.PositiveIntegerField(default=0)
    frozen_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField(auto_now_add=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("name", "version"), name="release_name_and_version"),)

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """NAME==X.Y.Z, as commands and bundles print it."""
        return f"{self.name}=={self.version}"

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The parsed manifest: every item's prompt_id, split and hash, and how it was approved."""
        manifest: dict[str, Any] = json.loads(self.manifest_text)
        return manifest


class ReleaseItem(models.Model):
    """One frozen case: its canonical JSON and that text's hash."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    prompt_id = models.CharField(max_length=200)
    split = models.CharField(max_length=10, choices=Split.choices, default=Split.PUBLIC)
    content_text = models.TextField()
    sha256 = models.CharField(max_length=64)
    revision = models.ForeignKey(CaseRevision, models.PROTECT, related_name="release_items")

    class Meta:
        ordering = ("release", "position")
        constraints = (
            models.UniqueConstraint(fields=("release", "position"), name="item_position_in_release"),
            models.UniqueConstraint(fields=("release", "prompt_id"), name="item_prompt_id_in_release"),
            models.CheckConstraint(condition=Q(split__in=Split.values), name="item_known_split"),
        )

    def __str__(self) -> str:
        return f"{self.release} · {self.prompt_id}"

    @cached_property
    def content(self) -> CaseContent:
        """What the frozen case says."""
        return content_from_json(self.content_text)


class ReleaseState(models.Model):
    """One change of a release's stage; the newest row counts. Outside the release's hash."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="states")
    stage = models.CharField(max_length=10, choices=Stage.choices)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("release", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="state_known_stage"),
            models.UniqueConstraint(fields=("release", "stage"), name="state_each_stage_once"),
        )

    def __str__(self) -> str:
        return f"{self.release}: {self.stage}"
