"""The rows of room 3: raters, sessions, grades and resolutions."""

from annotations.models.grades import (
    HUMAN_VERDICTS,
    GoldVerdict,
    Grade,
    GradeEvent,
    Resolution,
    Ruling,
    Verdict,
)
from annotations.models.label_studio import (
    AnnotationState,
    LabelStudioAnnotation,
    LabelStudioConnection,
    LabelStudioLogLine,
    LabelStudioProject,
    LabelStudioTask,
    ProjectState,
    TaskState,
)
from annotations.models.raters import Rater, RaterKind
from annotations.models.results import ComparisonFinding, ResultsComparison
from annotations.models.sessions import (
    Assignment,
    DecisionRule,
    Desk,
    GradingSession,
    ReleaseCause,
    SessionItem,
    SessionKind,
    SessionRater,
    SessionRun,
    SessionState,
)

__all__ = [
    "HUMAN_VERDICTS",
    "AnnotationState",
    "Assignment",
    "ComparisonFinding",
    "DecisionRule",
    "Desk",
    "GoldVerdict",
    "Grade",
    "GradeEvent",
    "GradingSession",
    "LabelStudioAnnotation",
    "LabelStudioConnection",
    "LabelStudioLogLine",
    "LabelStudioProject",
    "LabelStudioTask",
    "ProjectState",
    "Rater",
    "RaterKind",
    "ReleaseCause",
    "Resolution",
    "ResultsComparison",
    "Ruling",
    "SessionItem",
    "SessionKind",
    "SessionRater",
    "SessionRun",
    "SessionState",
    "TaskState",
    "Verdict",
]
