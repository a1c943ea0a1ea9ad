"""Attestations: a person says why a text that looks like a patient's identifier may stay. Rows are only ever added."""

from django.db import models

from builder.models.cases import Case
from builder.models.users import User


class IdentifierAttestation(models.Model):
    """One passage that looked like an identifier, and why it is none or may stay.

    `passage_hash` is a keyed hash, so that the table can't leak what it is about; it holds for the same passage in
    any later revision of the same case.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="identifier_attestations")
    kind = models.CharField(max_length=40)
    passage_hash = models.CharField(max_length=64)
    reason = models.TextField()
    attested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("case", "kind", "passage_hash"), name="attestation_once_per_passage"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="attestation_says_why"),
        )

    def __str__(self) -> str:
        return f"{self.kind} in {self.case}"
