"""Runs: one system under test answering one release, and its responses."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from builder.models import Department, User
from builder.models.departments import ENGINEERS
from exports.models.releases import Release, ReleaseItem


class RunState(models.TextChoices):
    """Whether every response of a run has come in."""

    IMPORTING = "importing", _("Being imported")
    READY = "ready", _("Ready")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ModelClass(models.TextChoices):
    """What sort of model answered."""

    GENERAL = "general", _("General-purpose")
    FINE_TUNED = "fine-tuned", _("Fine-tuned")


class RunQuerySet(models.QuerySet["Run"]):
    """Which runs."""

    def visible_to(self, user: User) -> "RunQuerySet":
        """Runs of the departments the person leads or analyses; never one whose import is unfinished.

        Pages and API ask `exports.access.visible_runs`, which also leaves out those the person grades blind.
        """
        runs = self.exclude(state=RunState.IMPORTING)
        if user.is_org_admin:
            return runs
        return runs.filter(release__department__in=Department.objects.where_one_of(user, ENGINEERS))


class Run(models.Model):
    """One system under test and the factors of its run.

    `log_format` is the format in which a harness's log came home, whose formula explains `reported_score`: the number
    the harness itself gave the run. All five are empty where answers came as a plain file.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="runs")
    name = models.CharField(max_length=150, unique=True)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.IMPORTING)
    model = models.CharField(max_length=200, blank=True)
    model_class = models.CharField(max_length=20, choices=ModelClass.choices, blank=True)
    prompting = models.CharField(max_length=60, blank=True)
    retrieval = models.CharField(max_length=60, blank=True)
    parameters: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField(default=dict)
    source_sha256 = models.CharField(max_length=64)
    log_format = models.CharField(max_length=40, blank=True)
    harness = models.CharField(max_length=60, blank=True)
    harness_version = models.CharField(max_length=60, blank=True)
    grader = models.CharField(max_length=200, blank=True)
    reported_score = models.FloatField(null=True)
    imported_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_known_state"),
            models.CheckConstraint(condition=~Q(name=""), name="run_has_name"),
            models.CheckConstraint(
                condition=Q(model_class__in=["", *ModelClass.values]), name="run_known_model_class"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Response(models.Model):
    """One answer of a run to one item; `epoch` counts samples from 1."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="responses")
    item = models.ForeignKey(ReleaseItem, models.PROTECT, related_name="responses")
    epoch = models.PositiveSmallIntegerField(default=1)
    completion = models.TextField()
    reported_score = models.FloatField(null=True)

    class Meta:
        ordering = ("run", "item", "epoch")
        constraints = (
            models.UniqueConstraint(fields=("run", "item", "epoch"), name="response_once_per_epoch"),
            models.CheckConstraint(condition=Q(epoch__gte=1), name="response_epoch_from_one"),
        )

    def __str__(self) -> str:
        return f"{self.run} · {self.item.prompt_id} · {self.epoch}"
