"""Raters: who judges. Every verdict has one."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from builder.models import User


class RaterKind(models.TextChoices):
    """A person, an LLM used as a judge, or an external source such as a harness's own grader."""

    PERSON = "person", _("Person")
    JUDGE = "judge", _("LLM judge")
    EXTERNAL = "external", _("External")


class Rater(models.Model):
    """Who judges. A person is known by the account, the others by a unique name."""

    kind = models.CharField(max_length=10, choices=RaterKind.choices)
    user = models.OneToOneField(User, models.PROTECT, null=True, related_name="rater")
    name = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=RaterKind.values), name="rater_known_kind"),
            models.CheckConstraint(
                condition=(Q(kind="person") & Q(user__isnull=False) & Q(name=""))
                | (~Q(kind="person") & Q(user__isnull=True) & ~Q(name="")),
                name="rater_person_or_name",
            ),
            models.UniqueConstraint(fields=("name",), condition=~Q(kind="person"), name="rater_unique_name"),
        )

    def __str__(self) -> str:
        return str(self.user) if self.user_id else self.name
