"""The only translator from rows to records: live cases on their way into a release, frozen items on their way out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from builder.approval import Missing
from builder.content import CaseContent, content_from_json
from builder.models import Case, CaseRevision, ConflictOfInterest, ContestedRule, Department, Review
from builder.selectors.reviews import current_reviews, standings_of, tally_of, votes_of
from exports.models import Release, ReleaseItem, Split
from exports.records import CaseRecord, ReleaseRecord, item_hash

CHUNK = 500  # rows held in memory at a time


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One approved case as a release would hold it.

    `contested` are the criteria (from 1) without a majority; under the department's rule *leave out* they are not in
    `record`. `approval` is how the revision was approved, without anybody's name; `missing` is what the department's
    rule asks for beyond it.
    """

    record: CaseRecord
    revision: CaseRevision
    approval: dict[str, Any]
    missing: Missing
    contested: list[int] = field(default_factory=list)


def snapshot_cases(
    cases: Iterable[Case], department: Department, held_out: frozenset[str]
) -> Iterator[Snapshot]:
    """Yield each case's head revision as a record, in the order given.

    Cost: three queries for each case reviewed in the house, none for one approved elsewhere, when `cases` comes with
    `head__external_approval` selected.
    """
    for position, case in enumerate(cases):
        revision = case.head
        if revision is None:
            continue
        split = Split.HELD_OUT if case.prompt_id in held_out else Split.PUBLIC
        yield _snapshot(case, revision, department, position, split)


def _snapshot(
    case: Case, revision: CaseRevision, department: Department, position: int, split: Split
) -> Snapshot:
    content = revision.content
    elsewhere = getattr(revision, "external_approval", None)
    contested: list[int] = []
    missing = Missing(0, 0)
    if elsewhere is not None:
        approval: dict[str, Any] = {"approved_elsewhere": elsewhere.source}
    else:
        reviews = current_reviews(revision)
        approval = _approval(case, reviews, department)
        missing = tally_of(reviews, department).missing
        contested = _contested(revision, reviews, department)
    if contested and department.contested_rule == ContestedRule.LEAVE_OUT:
        content = _without(content, contested)
        approval["left_out"] = contested
    record = CaseRecord(case.prompt_id, position, split.value, item_hash(case.prompt_id, content), content)
    return Snapshot(record, revision, approval, missing, contested)


def _approval(case: Case, reviews: list[Review], department: Department) -> dict[str, Any]:
    """Return how many approved; of those, who came from outside and who declared a conflict, where there are any."""
    tally = tally_of(reviews, department)
    told = ConflictOfInterest.objects.filter(case=case, person__in=[each.reviewer_id for each in reviews])
    counts = {"reviewers": tally.approvals, "outside": tally.outside, "conflicts_of_interest": told.count()}
    return {name: count for name, count in counts.items() if count or name == "reviewers"}


def _contested(revision: CaseRevision, reviews: list[Review], department: Department) -> list[int]:
    standing = standings_of(revision, department, votes_of(reviews))
    return [number for number, each in enumerate(standing, start=1) if each.is_contested]


def _without(content: CaseContent, numbers: list[int]) -> CaseContent:
    rubrics = [
        criterion for number, criterion in enumerate(content.rubrics, start=1) if number not in numbers
    ]
    return msgspec.structs.replace(content, rubrics=rubrics)


def release_record(release: Release, stage: str) -> ReleaseRecord:
    """Return a release as a bundle needs it."""
    return ReleaseRecord(release.name, release.version, stage, release.sha256, release.manifest)


def release_records(release: Release, *, with_held_out: bool) -> Iterator[CaseRecord]:
    """Yield the frozen items in order; holds a chunk of them in memory."""
    items = ReleaseItem.objects.filter(release=release).order_by("position")
    if not with_held_out:
        items = items.filter(split=Split.PUBLIC)
    fields = ("prompt_id", "position", "split", "sha256", "content_text")
    for prompt_id, position, split, sha256, text in items.values_list(*fields).iterator(chunk_size=CHUNK):
        yield CaseRecord(prompt_id, position, split, sha256, content_from_json(text))
