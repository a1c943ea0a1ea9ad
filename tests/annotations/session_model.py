"""A grading session in plain Python, for comparing with: what is told in a page of text, without a database.

Every method returns the name of the error that the act meets, or "" when it is done. Answers and people are keys.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Unit = tuple[int, int]  # answer, criterion
OPEN, ADJUDICATING, CLOSED = "open", "adjudicating", "closed"


@dataclass
class Row:
    """Somebody's assignment."""

    asked: tuple[int, ...] = ()
    released: str = ""
    claimed: bool = False
    lapsed: bool = False
    said: dict[int, str] = field(default_factory=dict)
    history: list[tuple[int, str]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


@dataclass
class Model:
    """One session: answers with their runs and places, people, and what they said."""

    runs: dict[int, int]
    overlap: dict[int, int]
    n_criteria: int
    members: dict[str, bool] = field(default_factory=dict)  # removed?
    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    state: str = OPEN
    withdrawn: set[int] = field(default_factory=set)
    rulings: dict[Unit, str] = field(default_factory=dict)

    def taken(self, answer: int) -> int:
        """Return how many hold a place at an answer."""
        return sum(1 for (_who, of), row in self.rows.items() if of == answer and not row.released)

    def is_done(self, row: Row) -> bool:
        """Whether all that is asked for has a verdict."""
        return set(row.asked or range(self.n_criteria)) <= row.said.keys()

    def is_gone(self, answer: int) -> bool:
        """Whether the answer's run was withdrawn."""
        return self.runs[answer] in self.withdrawn

    def counting(self) -> dict[tuple[str, int], Row]:
        """Return the assignments whose verdicts count."""
        return {key: row for key, row in self.rows.items() if not row.released and not self.is_gone(key[1])}

    def queue_of(self, who: str) -> set[int]:
        """Return the answers somebody may grade now."""
        if self.members.get(who, True):
            return set()
        own = {answer: row for (person, answer), row in self.counting().items() if person == who}
        if self.state == OPEN:
            return set(own)
        return {answer for answer, row in own.items() if row.asked} if self.state == ADJUDICATING else set()

    def disputes(self) -> set[Unit]:
        """Return the units of which some say met and some not met."""
        said: dict[Unit, set[str]] = {}
        for (_who, answer), row in self.counting().items():
            for index, verdict in row.said.items():
                said.setdefault((answer, index), set()).add(verdict)
        return {unit for unit, verdicts in said.items() if {"met", "not_met"} <= verdicts}

    def grade(self, who: str, answer: int, verdicts: Sequence[tuple[int, str, str]]) -> str:
        """Save verdicts: criterion, verdict ("" takes back), key."""
        row = self.rows[who, answer]
        if error := self._may(who, answer, row):
            return error
        if any(index not in (row.asked or range(self.n_criteria)) for index, _verdict, _key in verdicts):
            return "BadInput"
        if error := self._place(answer, row):
            return error
        for index, verdict, key in verdicts:
            if (key and key in row.keys) or (not key and row.said.get(index, "") == verdict):
                continue
            row.keys.add(key)
            row.history.append((index, verdict))
            row.said[index] = verdict
            if not verdict:
                del row.said[index]
        row.lapsed = False
        return ""

    def skip(self, who: str, answer: int) -> str:
        """Put an answer down."""
        row = self.rows[who, answer]
        if error := self._may(who, answer, row):
            return error
        if row.released == "skipped":
            return ""
        if error := self._place(answer, row):
            return error
        self._release(answer, row, "skipped")
        return ""

    def undo_skip(self, who: str, answer: int) -> str:
        """Take it up again."""
        row = self.rows[who, answer]
        if error := self._may(who, answer, row):
            return error
        if row.released != "skipped":
            return ""
        return "" if self._retake(answer, row) else "Conflict"

    def expire(self) -> None:
        """Let go what nobody finished in time."""
        for (_who, answer), row in self.rows.items():
            if (
                self.state == OPEN
                and row.claimed
                and row.lapsed
                and not row.released
                and not self.is_done(row)
            ):
                self._release(answer, row, "expired")

    def may_claim(self, who: str) -> tuple[str, set[int]]:
        """Return what somebody could get from the rest: the error, or the answers of which they get one."""
        self.expire()
        if self.state != OPEN or self.members.get(who, True):
            return "NotReady", set()
        own = {answer: row for (person, answer), row in self.rows.items() if person == who}
        held = {
            answer for answer in self.queue_of(who) if own[answer].claimed and not self.is_done(own[answer])
        }
        free = {
            answer
            for answer, overlap in self.overlap.items()
            if answer not in own and not self.is_gone(answer) and self.taken(answer) < overlap
        }
        return "", held or free

    def claim(self, who: str, answer: int) -> None:
        """Take an answer."""
        self.rows.setdefault((who, answer), Row(claimed=True)).lapsed = False

    def remove(self, who: str) -> str:
        """Take a grader out."""
        if self.state != OPEN:
            return "NotReady"
        if who not in self.members:
            return "BadInput"
        if self.members[who]:
            return "Conflict"
        self.members[who] = True
        for (person, answer), row in self.rows.items():
            if person == who and not row.released and not self.is_done(row):
                self._release(answer, row, "removed")
        return ""

    def add(self, who: str) -> str:
        """Let somebody join, or come back to what nobody took."""
        if self.state != OPEN:
            return "NotReady"
        if self.members.get(who) is False:
            return "Conflict"
        self.members[who] = False
        for (person, answer), row in self.rows.items():
            if person == who and row.released == "removed" and not row.asked and self._retake(answer, row):
                row.claimed = row.lapsed = False
        return ""

    def withdraw(self, run: int) -> str:
        """Take a run out."""
        if self.state != OPEN:
            return "NotReady"
        if run in self.withdrawn:
            return "Conflict"
        if len(set(self.runs.values()) - self.withdrawn) == 1:
            return "BadInput"
        self.withdrawn.add(run)
        return ""

    def move(self, before: Iterable[str], after: str) -> str:
        """Go from one state to another."""
        if self.state not in before:
            return "NotReady"
        self.state = after
        return ""

    def rule(self, unit: Unit, ruling: str) -> str:
        """Decide a unit."""
        if self.state != ADJUDICATING:
            return "NotReady"
        if unit in self.rulings:
            return "Conflict"
        if unit not in self.disputes():
            return "NotReady"
        self.rulings[unit] = ruling
        return ""

    def unrule(self, unit: Unit) -> str:
        """Take a ruling back."""
        if self.state != ADJUDICATING:
            return "NotReady"
        del self.rulings[unit]
        return ""

    def ask(self, unit: Unit, who: str) -> str:
        """Ask one more grader."""
        if self.state != ADJUDICATING or unit not in self.disputes():
            return "NotReady"
        if unit in self.rulings:
            return "Conflict"
        if self.members.get(who):
            return "BadInput"
        if (who, unit[0]) in self.rows:
            return "Conflict"
        self.members[who] = False
        self.overlap[unit[0]] += 1
        self.rows[who, unit[0]] = Row(asked=(unit[1],))
        return ""

    def _may(self, who: str, answer: int, row: Row) -> str:
        is_time = self.state == OPEN or (self.state == ADJUDICATING and row.asked)
        return "" if is_time and not self.members.get(who, True) and not self.is_gone(answer) else "NotReady"

    def _place(self, answer: int, row: Row) -> str:
        if row.released in ("skipped", "removed"):
            return "NotReady"
        return "" if not row.released or self._retake(answer, row) else "Conflict"

    def _release(self, answer: int, row: Row, cause: str) -> None:
        row.released = cause
        self.overlap[answer] -= bool(row.asked)

    def _retake(self, answer: int, row: Row) -> bool:
        if row.asked:
            self.overlap[answer] += 1
        elif self.taken(answer) >= self.overlap[answer]:
            return False
        row.released, row.lapsed = "", False
        return True
