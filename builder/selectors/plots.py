"""Geometry of the dashboard's plots, in units of the viewBox: the templates only print it."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, ROW = 360, 26
_LEFT, _LABEL_ROOM = 132.0, 36.0
_LEGEND = 22
_LONGEST_LABEL = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: a bar that may have a second part behind the first."""

    label: str
    y: int
    width: float
    rest_x: float
    rest_width: float
    value_x: float
    value: str


@dataclass(frozen=True, slots=True)
class BarsPlot:
    """Horizontal bars from one line; `first` and `rest` say in the legend what the two parts are."""

    label: str
    bars: list[Bar]
    left: float
    first: str = ""
    rest: str = ""
    rest_class: str = "same"
    width: int = WIDTH

    @property
    def base(self) -> int:
        """Where the bars end, in the plot's own units."""
        return ROW * len(self.bars) + 4

    @property
    def height(self) -> int:
        """The height with the legend."""
        return self.base + (_LEGEND if self.first else 0)


@dataclass(frozen=True, slots=True)
class TwoSided:
    """One row of a plot with a side for what is earned and one for what is lost."""

    label: str
    y: int
    up_width: float
    up_label: str
    up_x: float
    down_x: float
    down_width: float
    down_label: str


@dataclass(frozen=True, slots=True)
class TwoSidedPlot:
    """Bars to both sides of a line at `zero`."""

    label: str
    rows: list[TwoSided]
    zero: float
    width: int = WIDTH

    @property
    def height(self) -> int:
        """The height of the plot in its own units."""
        return ROW * len(self.rows) + 4


def bars_plot(
    label: str,
    rows: Sequence[tuple[str, int, int]],
    *,
    first: str = "",
    rest: str = "",
    rest_class: str = "same",
) -> BarsPlot | None:
    """Return the bars of (label, first part, second part); None when there is nothing to draw."""
    longest = max((part + behind for _name, part, behind in rows), default=0)
    if not longest:
        return None
    unit = (WIDTH - _LEFT - _LABEL_ROOM) / longest
    bars = []
    for place, (name, part, behind) in enumerate(rows):
        width, whole = round(part * unit, 1), round((part + behind) * unit, 1)
        bars.append(
            Bar(
                label=shortened(name),
                y=place * ROW,
                width=width,
                rest_x=_LEFT + width,
                rest_width=round(whole - width, 1),
                value_x=_LEFT + whole + 4,
                value=str(part + behind),
            )
        )
    return BarsPlot(label, bars, _LEFT, first, rest, rest_class)


def two_sided_plot(label: str, rows: Sequence[tuple[str, float, float]]) -> TwoSidedPlot | None:
    """Return the bars of (label, points to earn, points to lose); None when there is nothing to draw."""
    highest = max((up for _name, up, _down in rows), default=0.0)
    deepest = max((down for _name, _up, down in rows), default=0.0)
    if not highest + deepest:
        return None
    left = _LEFT + _LABEL_ROOM
    unit = (WIDTH - left - _LABEL_ROOM) / (highest + deepest)
    zero = round(left + deepest * unit, 1)
    drawn = [
        TwoSided(
            label=shortened(name),
            y=place * ROW,
            up_width=round(up * unit, 1),
            up_label=f"+{up:g}",
            up_x=round(zero + up * unit + 4, 1),
            down_x=round(zero - down * unit, 1),
            down_width=round(down * unit, 1),
            down_label=f"−{down:g}",
        )
        for place, (name, up, down) in enumerate(rows)
    ]
    return TwoSidedPlot(label, drawn, zero)


def shortened(name: str) -> str:
    """Return a name that fits beside its bar; the table has it whole."""
    return name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…"
