"""What searching and comparing need of a case, kept beside it: derived from its content, and rebuilt at will."""

from django.db import models

from builder.models.cases import Case


class CaseIndex(models.Model):
    """The newest text of a case, prepared for search and for finding near-duplicates.

    `tokens` are the words of every text of the case, separated by spaces; scripts without spaces between words, and
    Hangul, whose words carry endings, stand as bigrams. `sketches` are the MinHash sketches, 64 bytes each, of the
    conversation and then of the criteria in rubric order (builder.similarity).
    """

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="index")
    tokens = models.TextField(blank=True)
    sketches = models.BinaryField(default=b"")

    def __str__(self) -> str:
        return f"index of {self.case}"
