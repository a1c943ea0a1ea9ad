"""Keeping what searching and comparing need of a case. It is derived from the content, so it can be rebuilt at will."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from builder.content import CaseContent
from builder.models import Case, CaseIndex
from builder.search_text import index_text
from builder.similarity import compared_texts, sketches_of

BATCH = 200
# Columns that a text decides; a row that is there already gets them anew.
_DERIVED = ("sketches", "tokens")


def index_cases(pairs: Iterable[tuple[Case, CaseContent]]) -> int:
    """Bring the index of these cases up to their contents, and return how many. Cost: one query for 200 cases.

    Only what everybody in the department may read belongs here: revisions, not drafts.
    """
    waiting, count = iter(pairs), 0
    while batch := list(islice(waiting, BATCH)):
        CaseIndex.objects.bulk_create(
            _rows(batch), update_conflicts=True, unique_fields=["case"], update_fields=_DERIVED
        )
        count += len(batch)
    return count


def rebuild_index() -> int:
    """Index every case that has a revision, and return how many. Cost: memory for 200 contents at a time."""
    cases = Case.objects.filter(head__isnull=False).select_related("head").order_by("pk")
    return index_cases((case, case.head.content) for case in cases.iterator(BATCH) if case.head)


def _rows(batch: Sequence[tuple[Case, CaseContent]]) -> Iterator[CaseIndex]:
    texts = [compared_texts(content) for _case, content in batch]
    sketches = sketches_of([text for each in texts for text in each])
    start = 0
    for (case, content), each in zip(batch, texts, strict=True):
        stored = sketches[start : start + len(each)].tobytes()
        yield CaseIndex(case=case, sketches=stored, tokens=index_text(searched_texts(content)))
        start += len(each)


def searched_texts(content: CaseContent) -> list[str]:
    """Return the texts a case is found by."""
    return [
        content.title,
        *(turn.content for turn in content.prompt),
        *(criterion.criterion for criterion in content.rubrics),
        *(criterion.guideline for criterion in content.rubrics),
        content.reference_answer,
        *(f"{passage.source} {passage.quote}" for passage in content.evidence),
        *content.example_tags,
    ]
