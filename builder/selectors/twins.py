"""Texts of other cases of the department that are almost those of a case."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from builder.checks.findings import Twin
from builder.checks.reading import claim_of, same_claim
from builder.content import CaseContent, content_from_json
from builder.models import Case, CaseIndex, CaseState
from builder.similarity import (
    SKETCH_BYTES,
    Sketch,
    alike,
    compared_texts,
    estimated,
    normalised,
    same_sketch,
    shingles,
    similarity,
    sketches_of,
)

# Two conversations this much alike ask the same question.
SAME_CONVERSATION = 0.6
# Sketches guess to within a tenth or so; below this a pair isn't worth reading.
WORTH_READING = 0.45
# Readings for one text, and for one case: the texts themselves are the dearest part.
NEAREST, MOST_READ = 4, 40

# (estimated similarity, place among the wanted texts, case, place among the other case's texts)
Candidate = tuple[float, int, int, int]


def twins_of(case: Case, content: CaseContent) -> tuple[Twin, ...]:
    """Return the department's near-duplicates of a content's conversation and criteria. Cost: two queries.

    A criterion that stands somewhere word for word has no twin: it was meant to be the same.
    """
    texts = compared_texts(content)
    wanted = sketches_of(texts)
    candidates = _candidates(_department_sketches(case), wanted)
    # Asked even for nothing, so that a page costs the same in every department.
    contents = _contents({case_id for _likeness, _wanted, case_id, _place in candidates} or {0})
    return (
        *_same_conversations(candidates, contents, texts[0]),
        *_near_criteria(candidates, contents, content),
    )


def _department_sketches(case: Case) -> list[tuple[int, bytes]]:
    rows = CaseIndex.objects.filter(case__department_id=case.department_id).exclude(case_id=case.pk)
    kept = rows.exclude(case__state=CaseState.RETIRED).values_list("case_id", "sketches")
    return [(case_id, bytes(sketches)) for case_id, sketches in kept.iterator(chunk_size=5_000) if sketches]


def _candidates(rows: list[tuple[int, bytes]], wanted: Sketch) -> list[Candidate]:
    """Return the pairs worth reading, the likeliest first."""
    if not rows:
        return []
    stored = np.frombuffer(b"".join(sketches for _id, sketches in rows), dtype=np.uint8).reshape(
        -1, SKETCH_BYTES
    )
    lengths = np.array([len(sketches) // SKETCH_BYTES for _id, sketches in rows])
    owners = np.repeat(np.array([case_id for case_id, _sketches in rows]), lengths)
    places = np.arange(len(stored)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    found: list[Candidate] = []
    # A conversation is compared with conversations, a criterion with criteria.
    for rows_asked, asked in ((places == 0, np.arange(1)), (places > 0, np.arange(1, len(wanted)))):
        found += _nearest(stored, np.flatnonzero(rows_asked), wanted, asked, owners, places)
    return sorted(found, reverse=True)[:MOST_READ]


def _nearest(
    stored: Sketch, rows: NDArray[np.intp], wanted: Sketch, asked: NDArray[np.intp],
    owners: NDArray[np.int64], places: NDArray[np.int64],
) -> list[Candidate]:  # fmt: skip
    # A text without letters has an empty sketch, which would equal every other empty one.
    asked = asked[wanted[asked].any(axis=1)] if len(asked) else asked
    if not len(asked) or not len(rows):
        return []
    rows = _without_repeats(stored, rows[alike(stored[rows], wanted[asked])], wanted[asked])
    likely = estimated(stored[rows], wanted[asked])
    found: list[Candidate] = []
    for column, place in enumerate(asked):
        worth = np.flatnonzero(likely[:, column] >= WORTH_READING)
        nearest = worth[np.argsort(-likely[worth, column], kind="stable")][:NEAREST]
        found += [
            (float(likely[row, column]), int(place), int(owners[rows[row]]), int(places[rows[row]]))
            for row in nearest
        ]
    return found


def _without_repeats(stored: Sketch, rows: NDArray[np.intp], wanted: Sketch) -> NDArray[np.intp]:
    """Keep one of the rows that equal a wanted one: a criterion of the library stands in a thousand cases."""
    same = same_sketch(stored[rows], wanted)
    first = {
        sketch.tobytes(): row for row, sketch in zip(rows[same][::-1], stored[rows[same]][::-1], strict=True)
    }
    return np.sort(np.concatenate([rows[~same], np.array(list(first.values()), dtype=rows.dtype)]))


def _contents(case_ids: Iterable[int]) -> dict[int, tuple[str, CaseContent]]:
    rows = Case.objects.filter(pk__in=case_ids, head__isnull=False)
    named = rows.values_list("pk", "title", "prompt_id", "head__content_text")
    return {pk: (title or prompt_id, content_from_json(text)) for pk, title, prompt_id, text in named}


def _same_conversations(
    candidates: list[Candidate], contents: dict[int, tuple[str, CaseContent]], spoken: str
) -> list[Twin]:
    ours, twins = shingles(spoken), []
    for _likeness, wanted, case_id, _place in candidates:
        if wanted != 0 or case_id not in contents:
            continue
        title, content = contents[case_id]
        theirs = compared_texts(content)[0]
        shared = similarity(ours, shingles(theirs))
        if shared >= SAME_CONVERSATION:
            twins.append(Twin(None, case_id, title, 0, theirs, shared))
    return sorted(twins, key=lambda twin: (-twin.similarity, twin.case_id))[:1]


def _near_criteria(
    candidates: list[Candidate], contents: dict[int, tuple[str, CaseContent]], content: CaseContent
) -> list[Twin]:
    best: dict[int, Twin] = {}
    shared_already: set[int] = set()
    for _likeness, wanted, case_id, place in candidates:
        if wanted == 0 or case_id not in contents or place > len(contents[case_id][1].rubrics):
            continue
        title, other = contents[case_id]
        ours, theirs = content.rubrics[wanted - 1], other.rubrics[place - 1]
        if normalised(ours.criterion) == normalised(theirs.criterion):
            shared_already.add(wanted - 1)
        elif ours.points * theirs.points > 0 and _say_the_same(ours.criterion, theirs.criterion):
            shared = similarity(shingles(ours.criterion), shingles(theirs.criterion))
            twin = Twin(wanted - 1, case_id, title, place, theirs.criterion, shared)
            if wanted - 1 not in best or best[wanted - 1].similarity < shared:
                best[wanted - 1] = twin
    return [twin for index, twin in sorted(best.items()) if index not in shared_already]


def _say_the_same(one: str, other: str) -> bool:
    ours, theirs = claim_of(one), claim_of(other)
    return ours.is_denied == theirs.is_denied and same_claim(ours, theirs)
