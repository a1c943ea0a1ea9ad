"""What the quality of graders is read from, beside their verdicts: when and how long they worked, and gold verdicts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Length, Replace
from django.utils import timezone
from numpy.typing import NDArray

from annotations.frames import Units
from annotations.models import (
    GoldVerdict,
    Grade,
    GradingSession,
    SessionRater,
    SessionRun,
    Verdict,
)
from annotations.selectors.counted import counted_assignments
from annotations.stats import GoldShare, Speed
from exports.models import ReleaseItem, Response

# An English word and the blank after it take six characters, a Korean one four or five. Where a text holds more
# blanks than that, as tables do, the characters count: too few words flag too few answers, never too many.
CHARACTERS_PER_WORD = 5


@dataclass(frozen=True, slots=True)
class Work:
    """A grader's progress and pace; `n_days` are the days on which an answer was finished."""

    done: int
    total: int
    n_days: int
    speed: Speed

    @property
    def per_day(self) -> float | None:
        """Finished answers on a day with any."""
        return self.done / self.n_days if self.n_days else None

    def to_dict(self) -> dict[str, Any]:
        """Return the work as JSON-ready values."""
        return {
            "progress": {"done": self.done, "total": self.total, "days": self.n_days, "answers_per_day": self.per_day},
            "pace": asdict(self.speed),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class AllWork:
    """The assignments of a session, one entry each; `position` is the place of each answer in each grader's order."""

    position: NDArray[np.int64]
    grader: NDArray[np.int64]
    day: NDArray[np.int64]
    seconds: NDArray[np.float64]
    words: NDArray[np.float64]
    criteria: NDArray[np.float64]

    def of(self, grader: int) -> Work:
        """Return one grader's."""
        own = self.grader == grader
        done = own & (self.day > 0)
        timed = done & (self.seconds > 0)
        return Work(
            done=int(done.sum()),
            total=int(own.sum()),
            n_days=len(np.unique(self.day[done])),
            speed=Speed.of(self.seconds[timed], self.words[timed], self.criteria[timed]),
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """A grader's verdicts on calibration answers beside the right ones; abstentions are counted apart."""

    all: GoldShare
    red_lines: GoldShare
    cannot_judge: int

    @classmethod
    def none(cls) -> "Calibration":
        """Return what there is of a grader who got no calibration answers."""
        return cls(GoldShare.of(0, 0), GoldShare.of(0, 0), 0)

    def to_dict(self) -> dict[str, Any]:
        """Return the score as JSON-ready values."""
        return asdict(self)


def read_work(session: GradingSession, members: Sequence[SessionRater], units: Units) -> AllWork:
    """Return what was assigned to the members and how long it took; third opinions left out. Cost: three queries."""
    places = {member.rater_id: place for place, member in enumerate(members)}
    first = np.flatnonzero(units.criterion == 0)
    answers = {response: place for place, response in enumerate(units.response[first].tolist())}
    sizes = np.diff(np.append(first, len(units)))
    words = _words(session)
    rows = counted_assignments([session], third_opinions=False).held(timezone.now()).order_by()
    position: NDArray[np.int64] = np.zeros((len(answers), len(members)), dtype=np.int64)
    found = []
    fields = ("response_id", "rater_id", "position", "done_at", "active_seconds")
    zone = timezone.get_current_timezone()
    for response, rater, place, done_at, seconds in rows.values_list(*fields).iterator(chunk_size=20_000):
        if response not in answers or rater not in places:
            continue
        answer, grader = answers[response], places[rater]
        position[answer, grader] = place
        day = done_at.astimezone(zone).toordinal() if done_at else 0
        found.append((grader, day, seconds, words.get(response, 0.0), sizes[answer]))
    table = np.array(found, dtype=np.float64).reshape(-1, 5)
    return AllWork(
        position,
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.int64),
        table[:, 2],
        table[:, 3],
        table[:, 4],
    )


def read_calibration(session: GradingSession, items: Sequence[ReleaseItem]) -> dict[int, Calibration]:
    """Return each rater's finished calibration answers beside the gold verdicts. Cost: one query."""
    rubrics = {item.pk: item for item in items}
    gold = GoldVerdict.objects.filter(
        item__session=session,
        item__response=OuterRef("assignment__response"),
        criterion_index=OuterRef("criterion_index"),
    )
    withdrawn = SessionRun.objects.filter(session=session, withdrawn_at__isnull=False)
    grades = (
        Grade.objects.filter(
            assignment__session=session, assignment__is_calibration=True, assignment__released_at=None,
            assignment__done_at__isnull=False,
        )
        .exclude(assignment__response__run__in=withdrawn.values("run"))
        .annotate(right=Subquery(gold.values("verdict")[:1]))
        .order_by()
    )  # fmt: skip
    tallies: dict[int, _Tally] = {}
    rows = grades.values_list(
        "assignment__rater_id", "assignment__response__item_id", "criterion_index", "verdict", "right"
    )
    for rater, item, criterion, verdict, right in rows:
        if right is not None:
            is_red = rubrics[item].content.rubrics[criterion].red_line
            tallies.setdefault(rater, _Tally()).add(verdict, right, is_red)
    return {rater: tally.result() for rater, tally in tallies.items()}


@dataclass(slots=True)
class _Tally:
    hits: int = 0
    n: int = 0
    red_hits: int = 0
    red_n: int = 0
    cannot: int = 0

    def add(self, verdict: str, right: str, is_red: bool) -> None:
        if verdict == Verdict.CANNOT_JUDGE:
            self.cannot += 1
            return
        same = int(verdict == right)
        self.hits, self.n = self.hits + same, self.n + 1
        if is_red:
            self.red_hits, self.red_n = self.red_hits + same, self.red_n + 1

    def result(self) -> Calibration:
        return Calibration(
            GoldShare.of(self.hits, self.n), GoldShare.of(self.red_hits, self.red_n), self.cannot
        )


def _words(session: GradingSession) -> dict[int, float]:
    """Return about how many words each answer has, never too many. Cost: one query; the texts aren't read."""
    answers = Response.objects.filter(session_items__session=session, session_items__is_calibration=False)
    rows = answers.order_by().annotate(
        characters=Length("completion"),
        blanks=F("characters") - Length(Replace("completion", Value(" "), Value(""))),
    )
    return {
        pk: min(blanks + 1, characters / CHARACTERS_PER_WORD)
        for pk, characters, blanks in rows.values_list("pk", "characters", "blanks").iterator(
            chunk_size=20_000
        )
    }
