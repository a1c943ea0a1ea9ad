"""The only translator from rows to records: live cases on their way into a release, frozen items on their way out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from builder.content import CaseContent
from builder.models import Case, CaseRevision, ContestedRule, Decision, Department
from builder.selectors.reviews import current_reviews, standings
from exports.models import Release, ReleaseItem, Split
from exports.records import CaseRecord, ReleaseRecord, item_hash

CHUNK = 500  # rows held in memory at a time


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One approved case as a release would hold it.

    `contested` are the criteria (from 1) without a majority; under the department's rule *leave out* they are not in
    `record`. `approval` is how the revision was approved, without anybody's name.
    """

    record: CaseRecord
    revision: CaseRevision
    approval: dict[str, Any]
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
    content, contested = revision.content, []
    elsewhere = getattr(revision, "external_approval", None)
    if elsewhere is not None:
        approval: dict[str, Any] = {"approved_elsewhere": elsewhere.source}
    else:
        approval = {"reviewers": _approvals(revision)}
        contested = _contested(revision, department)
    if contested and department.contested_rule == ContestedRule.LEAVE_OUT:
        content = _without(content, contested)
        approval["left_out"] = contested
    record = CaseRecord(case.prompt_id, position, split.value, item_hash(case.prompt_id, content), content)
    return Snapshot(record, revision, approval, contested)


def _approvals(revision: CaseRevision) -> int:
    return sum(review.decision == Decision.APPROVE for review in current_reviews(revision))


def _contested(revision: CaseRevision, department: Department) -> list[int]:
    standing = standings(revision, department.required_approvals)
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
    for item in items.iterator(chunk_size=CHUNK):
        yield CaseRecord(item.prompt_id, item.position, item.split, item.sha256, item.content)
