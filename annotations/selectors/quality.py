"""How careful a session's graders look: progress, pace, agreement, drift, straight-lining, speed, calibration.

A lead may look while grading goes on: what is shown are counts and shares, no verdict. Whoever grades in the session
themself learns nothing that the others' verdicts tell of theirs before grading has ended, whatever role they hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from annotations.frames import SEED, Ratings, Units, agreement_units, session_ratings
from annotations.models import Desk, GradingSession, SessionKind, SessionRater, SessionState
from annotations.selectors.desks import independence_note
from annotations.selectors.quality_rows import (
    Calibration,
    Work,
    read_calibration,
    read_work,
)
from annotations.stats import GraderQuality, VerdictTable, review_graders
from builder.common.errors import NotReady
from builder.models import User

# While grading goes on, fewer pairs would all but tell single verdicts, and say nothing of a grader.
LEAST_PAIRS = 30


@dataclass(frozen=True, slots=True)
class GraderReport:
    """One grader; `person` is empty for readers who need no names, `compared` says whether others are told of."""

    label: str
    person: str
    desk: str
    is_reader: bool
    removed: bool
    compared: bool
    work: Work
    calibration: Calibration
    quality: GraderQuality

    @property
    def flags(self) -> tuple[str, ...]:
        """What a person should look at, by name."""
        found = list(self.quality.flags)
        if self.work.speed.is_remarkable:
            found.append("speed")
        if self.calibration.all.is_low or self.calibration.red_lines.is_low:
            found.append("calibration")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Return the grader as JSON-ready values, by the pseudonym."""
        return {
            "rater": self.label, "desk": self.desk, "removed": self.removed, "compared": self.compared,
            **self.work.to_dict(),
            "calibration": self.calibration.to_dict(), **self.quality.to_dict(), "flags": list(self.flags),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class QualityReport:
    """The graders of a session in its order; `has_ended` says whether grading is over."""

    session: GradingSession
    graders: list[GraderReport]
    has_ended: bool
    independence_note: str

    @property
    def flagged(self) -> list[GraderReport]:
        """Those a person should look at."""
        return [grader for grader in self.graders if grader.flags]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values; people are grader-N."""
        return {
            "session": self.session.pk,
            "state": self.session.state,
            "has_ended": self.has_ended,
            "independence_note": self.independence_note,
            "graders": [grader.to_dict() for grader in self.graders],
        }


def report_quality(session: GradingSession, reader: User, *, with_names: bool = False) -> QualityReport:
    """Return all graders of a session, for its lead. Cost: at most fourteen queries whatever the size."""
    members = _members(session)
    readers = [place for place, member in enumerate(members) if member.rater.user_id == reader.pk]
    return _report(session, members, list(range(len(members))), readers, with_names=with_names)


def report_own_quality(session: GradingSession, reader: User) -> QualityReport:
    """Return the reader alone, as a grader of the session; while grading goes on nothing that others' verdicts tell."""
    members = _members(session)
    own = [place for place, member in enumerate(members) if member.rater.user_id == reader.pk]
    return _report(session, members, own, own, with_names=False)


def _report(
    session: GradingSession, members: Sequence[SessionRater], shown: Sequence[int], readers: Sequence[int], *,
    with_names: bool,
) -> QualityReport:  # fmt: skip
    ended = session.state not in (SessionState.DRAFT, SessionState.OPEN)
    units = agreement_units([session])
    work = read_work(session, members, units)
    qualities = _qualities(session, units, len(members), work.position, [] if ended else readers)
    calibration = read_calibration(session, units.items)
    graders = []
    for place in shown:
        member, quality = members[place], qualities[place]
        compared = quality.pairwise.n > 0
        if not ended and place in readers:
            quality, compared = quality.before_the_end(), False
        elif not ended and quality.pairwise.n < LEAST_PAIRS:
            quality, compared = quality.without_others(), False
        graders.append(
            GraderReport(
                label=member.label,
                person=str(member.rater.user) if with_names and member.rater.user else "",
                desk=member.get_desk_display(),
                is_reader=place in readers,
                removed=member.removed_at is not None,
                compared=compared,
                work=work.of(place),
                calibration=calibration.get(member.rater_id, Calibration.none()),
                quality=quality,
            )
        )
    elsewhere = any(member.desk == Desk.LABEL_STUDIO for member in members)
    return QualityReport(session, graders, ended, independence_note([session]) if elsewhere else "")


def _members(session: GradingSession) -> list[SessionRater]:
    if session.kind == SessionKind.IMPORTED:
        raise NotReady(_("These verdicts were imported: nobody graded here whose work could be watched."))
    return list(session.session_raters.select_related("rater__user").order_by("position"))


def _qualities(
    session: GradingSession, units: Units, n_graders: int, position: NDArray[np.int64], hidden: Sequence[int]
) -> list[GraderQuality]:
    """Review all graders; those in `hidden` by their own verdicts, and the others as if these weren't there."""
    ratings = session_ratings([session], units)
    table = _table(units, ratings, position)
    mask = np.isin(table.grader, hidden)
    found = review_graders(table.only(np.flatnonzero(~mask)), n_graders, seed=SEED)
    if len(hidden):
        alone = review_graders(table.only(np.flatnonzero(mask)), n_graders, seed=SEED)
        found = [alone[place] if place in hidden else found[place] for place in range(n_graders)]
    return found


def _table(units: Units, ratings: Ratings, position: NDArray[np.int64]) -> VerdictTable:
    # The units of one answer stand together, its first criterion first.
    answer = np.cumsum(units.criterion == 0) - 1
    unit, rater = ratings.unit, ratings.rater
    return VerdictTable(
        grader=rater, unit=unit, answer=answer[unit], case=units.case[unit], criterion=units.criterion[unit],
        position=position[answer[unit], rater], met=ratings.met,
    )  # fmt: skip
