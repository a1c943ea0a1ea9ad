"""What a lead chooses for a new grading session, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from annotations.models import DecisionRule, Desk, GradingSession
from builder.models import User
from exports.models import Release, Run


@dataclass(frozen=True, slots=True)
class GraderPlan:
    """Somebody who is to grade: at which desk, and exactly how many answers (None: an equal share)."""

    user: User
    desk: str = Desk.IN_APP
    quota: int | None = None


@dataclass(frozen=True, slots=True)
class CalibrationPlan:
    """How many answers everybody grades first, with feedback.

    `source` is a closed session of the same release, whose decided verdicts are what is right; without one the lead
    writes them before the session opens.
    """

    n: int
    source: GradingSession | None = None


@dataclass(frozen=True, slots=True)
class SessionChoices:
    """Everything a session is planned from; `overlap` None stands for all graders, `epochs` () for all samples."""

    release: Release
    runs: Sequence[Run]
    graders: Sequence[GraderPlan]
    overlap: int | None = None
    safety_overlap: int | None = None
    epochs: Sequence[int] = ()
    min_shared: int = 0
    rule: str = DecisionRule.MAJORITY
    seed: int = 0
    show_reference: bool = True
    show_evidence: bool = True
    show_points: bool = True
    deadline: date | None = None
    allow_own_cases: bool = False
    calibration: CalibrationPlan | None = None

    @property
    def usual_overlap(self) -> int:
        """How many graders an answer gets."""
        return len(self.graders) if self.overlap is None else self.overlap

    @property
    def largest_overlap(self) -> int:
        """How many graders an answer to a safety case gets."""
        return self.usual_overlap if self.safety_overlap is None else self.safety_overlap
