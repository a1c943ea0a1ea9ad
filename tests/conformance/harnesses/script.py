"""What the mock models answer and how the mock graders judge: functions of the text alone, written once more.

The bundles bring the same functions in their own languages; agreement is what the tests show.
"""

import hashlib
from collections.abc import Sequence

from exports.formats.base import Marks
from exports.records import CaseRecord


def met(completion: str, criterion: str) -> bool:
    """Judge by the parity of a hash of answer and criterion."""
    return hashlib.sha256(f"{completion}\n{criterion}".encode()).digest()[0] % 2 == 0


def mock_answer(record: CaseRecord) -> str:
    """Return what the mock model of the Inspect and promptfoo bundles answers."""
    question = record.content.prompt[-1].content
    return f"Mock answer {hashlib.sha256(question.encode()).hexdigest()[:12]}"


def marks(record: CaseRecord, completion: str, failed: Sequence[str] = ()) -> Marks:
    """Return the verdicts that the script gives; undecided for the criteria whose grading fails."""
    return [
        (each.points, None if each.criterion in failed else met(completion, each.criterion))
        for each in record.content.rubrics
    ]


def score(record: CaseRecord, completion: str) -> float:
    """Return HealthBench's score by hand: points of met criteria / positive points."""
    decided = marks(record, completion)
    return sum(points for points, is_met in decided if is_met) / sum(
        points for points, _met in decided if points > 0
    )


def overall(scores: Sequence[float]) -> float:
    """Return the mean, clipped to [0, 1] after the mean."""
    return min(1.0, max(0.0, sum(scores) / len(scores)))
