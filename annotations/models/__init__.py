"""The rows of room 3: raters, sessions, grades and resolutions."""

from annotations.models.grades import HUMAN_VERDICTS, Grade, Resolution, Verdict
from annotations.models.raters import Rater, RaterKind
from annotations.models.results import ComparisonFinding, ResultsComparison
from annotations.models.sessions import (
    Assignment,
    Desk,
    GradingSession,
    SessionKind,
    SessionRater,
    SessionRun,
    SessionState,
)

__all__ = [
    "HUMAN_VERDICTS",
    "Assignment",
    "ComparisonFinding",
    "Desk",
    "Grade",
    "GradingSession",
    "Rater",
    "RaterKind",
    "Resolution",
    "ResultsComparison",
    "SessionKind",
    "SessionRater",
    "SessionRun",
    "SessionState",
    "Verdict",
]
