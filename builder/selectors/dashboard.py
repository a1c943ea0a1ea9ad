"""The state of a department's benchmark: what there is, what is missing, and how old it is."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import isinf
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from builder import access
from builder.access import Act
from builder.common import clock
from builder.models import CaseState, Department, Kind, User
from builder.selectors.cases import kind_label
from builder.selectors.dashboard_counts import (
    Approval,
    Group,
    Load,
    RubricCount,
    count_approvals,
    count_criteria,
    count_headings,
    count_load,
)
from builder.selectors.plots import BarsPlot, TwoSidedPlot, bars_plot, two_sided_plot
from builder.vocabulary import axis_label, language_label

# A benchmark of thousands of imported cases has more themes than a page can show; the table to download has all.
MOST_THEMES, MOST_ROWS = 40, 30
_FEW_COLUMNS = 3
SOON = timedelta(days=90)
# Upper ends, in days, of the ages of approvals.
_AGES = (90, 180, 365, 730)
Value = str | int | float


class Column(NamedTuple):
    """A column of a table: its name for programs, and for people."""

    key: str
    label: str


class Line(NamedTuple):
    """A row of a page's table: its first cell, where that leads, and the others with their columns."""

    head: Value
    link: str
    cells: list[tuple[Column, Value]]


@dataclass(frozen=True, slots=True)
class Table:
    """One question and its answer: a row for each bar of the picture, the first column saying what it is."""

    key: str
    title: str
    columns: list[Column]
    rows: list[tuple[Value, ...]]
    note: str = ""
    bars: BarsPlot | None = None
    two_sided: TwoSidedPlot | None = None
    links: Sequence[str] = ()

    @property
    def is_wide(self) -> bool:
        """Whether a phone shows each row as a card; few columns fit side by side."""
        return len(self.columns) > _FEW_COLUMNS

    @property
    def lines(self) -> list[Line]:
        """The rows a page shows."""
        links = self.links or [""] * MOST_ROWS
        return [
            Line(row[0], link, list(zip(self.columns[1:], row[1:], strict=True)))
            for row, link in zip(self.rows[:MOST_ROWS], links, strict=False)
        ]

    @property
    def hidden(self) -> int:
        """How many rows are only in the download."""
        return max(0, len(self.rows) - MOST_ROWS)


@dataclass(frozen=True, slots=True)
class Cell:
    """Cases of one theme and kind; `level` is the shade, 0 for none."""

    number: int
    approved: int
    level: int


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One theme."""

    theme: str
    cells: list[Cell]
    total: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Themes against kinds."""

    kinds: list[str]
    rows: list[CoverageRow]
    gaps: int
    table: Table

    @property
    def shown(self) -> list[CoverageRow]:
        """The themes with most cases, as many as a page shows."""
        return self.rows[:MOST_THEMES]

    @property
    def hidden(self) -> int:
        """How many themes are only in the download."""
        return max(0, len(self.rows) - MOST_THEMES)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything the page, the files and the API say."""

    department: Department
    cases: int
    approved: int
    expired: int
    coverage: Coverage
    tables: list[Table]

    @property
    def all_tables(self) -> list[Table]:
        """Every table that can be downloaded."""
        return [self.coverage.table, *self.tables]

    @property
    def left(self) -> list[Table]:
        """The tables of the page's first column."""
        return self.tables[::2]

    @property
    def right(self) -> list[Table]:
        """The tables of the page's second column."""
        return self.tables[1::2]


def dashboard(department: Department, today: date | None = None) -> Dashboard:
    """Return the state of the department's benchmark. Cost: five queries; one of them reads every rubric."""
    day = today or clock.today()
    groups = count_headings(department)
    active = [group for group in groups if group.state != CaseState.RETIRED]
    approvals = count_approvals(department)
    criteria = count_criteria(department)
    return Dashboard(
        department=department,
        cases=sum(group.number for group in active),
        approved=sum(group.number for group in active if group.state == CaseState.APPROVED),
        expired=sum(1 for each in approvals if each.expires_on and each.expires_on < day),
        coverage=_coverage(active),
        tables=[
            _states(groups), _axes(criteria), _signs(criteria), _languages(active), _ages(approvals, day),
            _loads(count_load(department)), _expiring(approvals, day),
        ],
    )  # fmt: skip


def benchmark_departments(user: User) -> list[Department]:
    """Return the departments whose benchmark the person may look at. Cost: one query."""
    return access.departments_for(user, Act.READ_CASES)


def _summed(groups: Iterable[Group], key: Callable[[Group], str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for group in groups:
        counts[key(group)] += group.number
    return counts


def _coverage(groups: list[Group]) -> Coverage:
    kinds = [*Kind.values, *sorted({group.kind for group in groups} - set(Kind.values))]
    numbers: Counter[tuple[str, str]] = Counter()
    approved: Counter[tuple[str, str]] = Counter()
    for group in groups:
        numbers[group.theme, group.kind] += group.number
        approved[group.theme, group.kind] += group.number if group.state == CaseState.APPROVED else 0
    highest = max(numbers.values(), default=0)
    rows = []
    for theme, total in _summed(groups, lambda group: group.theme).most_common():
        cells = [
            Cell(numbers[theme, kind], approved[theme, kind], _level(numbers[theme, kind], highest))
            for kind in kinds
        ]
        rows.append(CoverageRow(theme or _("No theme"), cells, total))
    columns = [Column("theme", _("Theme")), *(Column(kind or "none", _kind(kind)) for kind in kinds)]
    table = Table(
        "coverage",
        _("Themes and kinds"),
        [*columns, Column("all", _("All"))],
        [(row.theme, *(cell.number for cell in row.cells), row.total) for row in rows],
    )
    gaps = sum(cell.number == 0 for row in rows for cell in row.cells)
    return Coverage([_kind(kind) for kind in kinds], rows, gaps, table)


def _level(number: int, highest: int) -> int:
    """Return the shade of a cell: 0 for none, 1 to 4 by quarters of the fullest."""
    return 0 if not number else min(4, 1 + 4 * (number - 1) // max(highest, 1))


def _kind(kind: str) -> str:
    return kind_label(kind) or _("No kind")


def _states(groups: list[Group]) -> Table:
    counts = _summed(groups, lambda group: group.state)
    rows: list[tuple[Value, ...]] = [(str(state.label), counts[state]) for state in CaseState]
    plot = bars_plot(_("Cases by state"), [(str(state.label), counts[state], 0) for state in CaseState])
    columns = [Column("state", _("State")), Column("cases", _("Cases"))]
    return Table("states", _("Cases by state"), columns, rows, bars=plot)


def _languages(groups: list[Group]) -> Table:
    counts = _summed(groups, lambda group: group.language)
    approved = _summed((g for g in groups if g.state == CaseState.APPROVED), lambda group: group.language)
    named = [(language_label(code) or _("No language"), code) for code, _number in counts.most_common()]
    return Table(
        "languages",
        _("Languages"),
        [Column("language", _("Language")), Column("cases", _("Cases")), Column("approved", _("Approved"))],
        [(name, counts[code], approved[code]) for name, code in named],
        bars=bars_plot(
            _("Cases by language"),
            [(name, approved[code], counts[code] - approved[code]) for name, code in named[:MOST_ROWS]],
            first=_("approved"),
            rest=_("not yet approved"),
        ),
    )


def _axes(count: RubricCount) -> Table:
    found = sorted(count.axes.items(), key=lambda item: -(item[1].positive + item[1].negative))
    named = [(axis_label(axis) or _("No axis"), axis_count) for axis, axis_count in found]
    return Table(
        "axes",
        _("Criteria by axis"),
        [
            Column("axis", _("Axis")), Column("criteria", _("Criteria")), Column("cases", _("Cases")),
            Column("positive", _("Positive")), Column("negative", _("Negative")), Column("red_lines", _("Red lines")),
        ],
        [
            (name, each.positive + each.negative, each.cases, each.positive, each.negative, each.red_lines)
            for name, each in named
        ],
        bars=bars_plot(
            _("Criteria by axis"),
            [(name, each.positive, each.negative) for name, each in named[:MOST_ROWS]],
            first=_("positive"),
            rest=_("negative"),
            rest_class="down",
        ),
    )  # fmt: skip


def _signs(count: RubricCount) -> Table:
    earned = sum(axis.earned for axis in count.axes.values())
    lost = sum(axis.lost for axis in count.axes.values())
    positive = sum(axis.positive for axis in count.axes.values())
    negative = sum(axis.negative for axis in count.axes.values())
    found = sorted(count.axes.items(), key=lambda item: -(item[1].earned + item[1].lost))
    note = ngettext(
        "%(number)s case has no negative criterion, so nothing harmful costs a response points.",
        "%(number)s cases have no negative criterion, so nothing harmful costs a response points.",
        count.without_negative,
    ) % {"number": count.without_negative}
    return Table(
        "signs",
        _("Balance of signs"),
        [
            Column("what", _("What")), Column("positive", _("To earn")), Column("negative", _("To lose")),
        ],
        [
            (_("Criteria"), positive, negative),
            (_("Points"), _plain(earned), _plain(lost)),
            (_("Cases without any"), count.without_positive, count.without_negative),
        ],
        note=note if count.without_negative else "",
        two_sided=two_sided_plot(
            _("Points to earn and to lose, by axis"),
            [(axis_label(axis) or _("No axis"), each.earned, each.lost) for axis, each in found[:MOST_ROWS]],
        ),
    )  # fmt: skip


def _ages(approvals: list[Approval], today: date) -> Table:
    counts = Counter(_age_group((today - each.since).days) for each in approvals)
    labels = [_("up to %(number)s days") % {"number": _AGES[0]}]
    labels += [
        _("%(low)s to %(high)s days") % {"low": low + 1, "high": high} for low, high in pairwise(_AGES)
    ]
    labels.append(_("more than %(number)s days") % {"number": _AGES[-1]})
    rows: list[tuple[Value, ...]] = [(label, counts[place]) for place, label in enumerate(labels)]
    return Table(
        "ages",
        _("Age of approvals"),
        [Column("age", _("Approved for")), Column("cases", _("Cases"))],
        rows,
        bars=bars_plot(
            _("Approved cases by the age of the approval"), [(str(a), int(n), 0) for a, n in rows]
        ),
    )


def _age_group(days: int) -> int:
    return next((place for place, limit in enumerate(_AGES) if days <= limit), len(_AGES))


def _expiring(approvals: list[Approval], today: date) -> Table:
    ending = [
        (each.expires_on, each) for each in approvals if each.expires_on and each.expires_on <= today + SOON
    ]
    ending.sort(key=lambda pair: (pair[0], pair[1].case_id))
    return Table(
        "expiring",
        _("Approvals that end soon"),
        [
            Column("case", _("Case")),
            Column("expires_on", _("Counts through")),
            Column("days", _("Days left")),
        ],
        [(each.title, day.isoformat(), (day - today).days) for day, each in ending],
        note=_("An approval ends with the earliest review-by date of the evidence. Below zero it has ended."),
        links=[reverse("builder:case-preview", args=[each.case_id]) for _day, each in ending[:MOST_ROWS]],
    )


def _loads(loads: list[Load]) -> Table:
    states = [CaseState.DRAFT, CaseState.IN_REVIEW, CaseState.CHANGES_REQUESTED, CaseState.APPROVED]
    return Table(
        "authors",
        _("Authors"),
        [
            Column("author", _("Author")), *(Column(state.value, str(state.label)) for state in states),
            Column("cases", _("All cases")), Column("revisions", _("Revisions in 30 days")),
        ],
        [
            (load.name, *(load.states[state] for state in states), load.states.total(), load.revisions)
            for load in loads
        ],
        bars=bars_plot(
            _("Cases by author"),
            [
                (load.name, load.states[CaseState.APPROVED], load.states.total() - load.states[CaseState.APPROVED])
                for load in loads[:MOST_ROWS]
            ],
            first=_("approved"),
            rest=_("not yet approved"),
        ),
    )  # fmt: skip


def _plain(points: float) -> Value:
    """Return whole points without a decimal point; a sum that overflows has no number in JSON."""
    if isinf(points):
        return "∞"
    return int(points) if float(points).is_integer() else round(points, 2)
