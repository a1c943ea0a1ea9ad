"""What leaves the building and what comes back, as plain values: no rows, no Django.

The frozen text of an item is `builder.content.content_to_json`. An item's hash is the SHA-256 of its canonical row:
the canonical JSON of `{"prompt_id": …, **content}`. A row of a bundle's `canonical.jsonl` without the fields it lists
under `added` (and without `added`) is that same row, so the standard library alone verifies it.
"""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from builder.common.canonical_json import canonical_json, sha256_text
from builder.content import CaseContent

Verdict = Literal["met", "not_met", "cannot_judge", "judge_failed"]


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One frozen case: its place in the release (from 0), its split and its hash."""

    prompt_id: str
    position: int
    split: str
    sha256: str
    content: CaseContent


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """One answer; `epoch` counts samples from 1, `reported_score` is what a harness said of it."""

    prompt_id: str
    epoch: int
    completion: str
    reported_score: float | None = None


@dataclass(frozen=True, slots=True)
class VerdictItem:
    """One criterion's verdict; None is a missing one. `points` is None where the file doesn't repeat them."""

    criterion: str
    points: int | float | None
    verdict: Verdict | None
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One rater's verdicts on one answer, in rubric order; `rater` is empty where the file names none."""

    prompt_id: str
    epoch: int
    rater: str
    items: tuple[VerdictItem, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A release as a bundle needs it: `manifest` is what `sha256` is the hash of; `stage` stands outside the hash."""

    name: str
    version: str
    stage: str
    sha256: str
    manifest: dict[str, Any]

    @property
    def label(self) -> str:
        """NAME==X.Y.Z."""
        return f"{self.name}=={self.version}"


def canonical_row(prompt_id: str, content: CaseContent) -> dict[str, Any]:
    """Return the row whose canonical JSON is hashed: the content's fields and its prompt_id.

    Tags are always there, if need be as an empty list: harnesses end in a KeyError without them.
    """
    row: dict[str, Any] = msgspec.to_builtins(content)
    rubrics = [{"tags": [], **criterion} for criterion in row["rubrics"]]
    return {"example_tags": [], **row, "prompt_id": prompt_id, "rubrics": rubrics}


def item_hash(prompt_id: str, content: CaseContent) -> str:
    """Return the SHA-256 of an item's canonical row."""
    return sha256_text(canonical_json(canonical_row(prompt_id, content)))
