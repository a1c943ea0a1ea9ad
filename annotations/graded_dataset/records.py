"""What a graded dataset is written from, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from builder.common.canonical_json import sha256_text
from builder.content import CaseContent

MET, NOT_MET, CANNOT_JUDGE, JUDGE_FAILED = "met", "not_met", "cannot_judge", "judge_failed"


@dataclass(frozen=True, slots=True)
class Grader:
    """Who judged: `label` is the session's own name for a person, `anonymous_id` tells nothing but who is the same."""

    label: str
    anonymous_id: str
    desk: str
    is_person: bool


@dataclass(frozen=True, slots=True)
class GivenGrade:
    """One verdict as it stands, and when it was said."""

    verdict: str
    explanation: str
    quote: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """What one grader said of one answer; `released` says why it counts no more, if it doesn't."""

    grader: Grader
    position: int
    active_seconds: int | None
    third_opinion: bool
    released: str
    grades: Mapping[int, GivenGrade]


@dataclass(frozen=True, slots=True)
class RulingGiven:
    """What an adjudicator made of a unit, and why."""

    verdict: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """One answer with everything that was said of it; the last four go by the criterion's place from 0.

    `outcomes` says what each unit counts as: met, not_met or undecided; it is empty for an answer that doesn't count,
    which is one of a withdrawn run or for calibration. `gold` holds a verdict and its explanation.
    """

    prompt_id: str
    item_sha256: str
    split: str
    content: CaseContent
    run: str
    model: str
    epoch: int
    response_id: int
    completion: str
    withdrawn: bool
    calibration: bool
    outcomes: Sequence[str]
    rulings: Mapping[int, RulingGiven]
    gold: Mapping[int, tuple[str, str]]
    judged: Sequence[Judged]

    @property
    def counts(self) -> bool:
        """Whether its verdicts count for scores."""
        return not (self.withdrawn or self.calibration)

    @property
    def completion_id(self) -> str:
        """HealthBench's id of an answer: the SHA-256 of the prompt's id and the answer's text."""
        return sha256_text(self.prompt_id + self.completion)


@dataclass(frozen=True, slots=True)
class DatasetHead:
    """What all rows share, and what the manifest says of where they come from."""

    session: int
    kind: str
    release: str
    release_sha256: str
    stage: str
    rule: str
    overlap: int
    closed_at: datetime | None
    grades_sha256: str
    canary: str
    recipient: str
    graders: Sequence[Grader]
    independence_note: str
    withheld: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the head as JSON-ready values."""
        return {
            "session": self.session, "kind": self.kind, "release": self.release,
            "release_sha256": self.release_sha256, "stage": self.stage, "rule": self.rule, "overlap": self.overlap,
            "closed_at": moment(self.closed_at) if self.closed_at else None,
            "grades_sha256": self.grades_sha256, "canary": self.canary,
            "recipient": self.recipient, "independence_note": self.independence_note, "withheld": dict(self.withheld),
            "graders": [{"grader": each.label, "desk": each.desk, "person": each.is_person} for each in self.graders],
        }  # fmt: skip


def moment(at: datetime) -> str:
    """Return a time in UTC to the second, such as 2026-11-23T09:30:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
