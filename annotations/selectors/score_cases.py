"""What a score report says of single cases: each run's score, and the red lines that were crossed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotations.frames import MET, RULED, UNDECIDED
from annotations.selectors.scores import RunReport
from exports.models import ReleaseItem


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One run on one case: its unclipped score (None without a complete answer), and what stands beside it."""

    score: float | None
    answers: int
    incomplete: int
    red_lines: int
    for_calibration: bool


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case and every run's result on it; `difference` is the first run minus the second."""

    prompt_id: str
    title: str
    results: list[CaseResult]

    @property
    def difference(self) -> float | None:
        """The first run's score minus the second's; None unless two runs have one."""
        scores = [result.score for result in self.results[:2]]
        if len(scores) < 2 or scores[0] is None or scores[1] is None:
            return None
        return scores[0] - scores[1]


@dataclass(frozen=True, slots=True)
class RedLineFailure:
    """One crossed red line: who says so, of how many who judged it."""

    place: int  # of the run in the report, from 0
    prompt_id: str
    title: str
    epoch: int
    criterion: str
    said_met: int
    said_not_met: int
    ruled: bool  # by an adjudicator; else the graders decided it


def case_rows(reports: Sequence[RunReport]) -> list[CaseRow]:
    """Return every case of the release, the largest difference in favour of the first run first.

    With one run the lowest score comes first; cases without a score come last. Cost: no query.
    """
    columns = [_results(report) for report in reports]
    items: Sequence[ReleaseItem] = reports[0].units.items
    rows = [
        CaseRow(item.prompt_id, title_of(item), [column[place] for column in columns])
        for place, item in enumerate(items)
    ]
    return sorted(rows, key=_order)


def red_line_failures(reports: Sequence[RunReport]) -> list[RedLineFailure]:
    """Return every red line that counts as crossed, run by run, in the release's order. Cost: no query."""
    found = []
    for place, report in enumerate(reports):
        units = report.units
        for row in np.flatnonzero(units.red_line & (units.met == MET)).tolist():
            item = units.items[int(units.case[row])]
            criterion = item.content.rubrics[int(units.criterion[row])]
            said_met, said_not_met = units.votes[row, :2].tolist()
            found.append(
                RedLineFailure(
                    place, item.prompt_id, title_of(item), int(units.sample[row]), criterion.criterion, said_met,
                    said_not_met, int(units.ruling[row]) == RULED,
                )
            )  # fmt: skip
    return found


def title_of(item: ReleaseItem) -> str:
    """Return the case's title, or for an imported case without one the beginning of what the user asks."""
    text = item.content.title or item.content.last_user_turn
    first = " ".join(text.split())
    return first if len(first) <= 90 else first[:89].rstrip() + "…"


def _order(row: CaseRow) -> tuple[bool, float, str]:
    if len(row.results) == 1:
        score = row.results[0].score
        return score is None, score or 0.0, row.prompt_id
    return row.difference is None, -(row.difference or 0.0), row.prompt_id


def _results(report: RunReport) -> list[CaseResult]:
    """Return the run's result on each case, in the release's order."""
    units = report.units
    size = len(units.items)
    scores = report.cases.by_case()
    responses, first = np.unique(units.response, return_index=True)
    case_of = dict(zip(responses.tolist(), units.case[first].tolist(), strict=True))
    answers = _per_case(responses.tolist(), case_of, size)
    incomplete = _per_case(np.unique(units.response[units.met == UNDECIDED]).tolist(), case_of, size)
    crossed = _per_case(
        np.unique(units.response[units.red_line & (units.met == MET)]).tolist(), case_of, size
    )
    return [
        CaseResult(
            scores.get(place), answers[place], incomplete[place], crossed[place], place in report.calibration
        )
        for place in range(size)
    ]


def _per_case(responses: list[int], case_of: dict[int, int], size: int) -> list[int]:
    return (
        np.bincount([case_of[response] for response in responses], minlength=size).tolist()
        if responses
        else [0] * size
    )
