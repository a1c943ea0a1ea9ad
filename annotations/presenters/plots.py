"""Geometry of the reports' plots, in units of the viewBox: the templates only print it."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from annotations.presenters.words import number, signed

MARGIN = 8.0
ROW = 17.0  # between the marks of two runs in one plot
BIN = 0.05  # width of a column of dots: half of it counts as no difference
DOT_STEP, DOTS_BASE, DOTS_WIDTH, DOTS_MARGIN = 11.0, 135.0, 640.0, 20.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line, and what is written under it."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A value and its interval; `run` is the shape: a filled circle (a), a hollow diamond (b)."""

    run: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A dot-and-interval plot."""

    label: str
    width: float
    height: float
    ticks: list[float]
    marks: list[Mark]
    zero: float | None = None


@dataclass(frozen=True, slots=True)
class DotsPlot:
    """One mark per case, stacked in columns."""

    label: str
    width: float
    height: float
    base: float
    marks: list[Mark]
    ticks: list[Tick]
    zero: float


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from `low` to `high` over the width, with a line every `step`."""

    low: float
    high: float
    step: float
    width: float
    margin: float = MARGIN
    show_sign: bool = False
    ticks: list[Tick] = field(init=False)

    def __post_init__(self) -> None:
        count = round((self.high - self.low) / self.step)
        show = signed if self.show_sign else number
        values = [self.low + index * self.step for index in range(count + 1)]
        digits = 1 if self.step >= 0.1 else 2
        labels = [_short(show(value), digits) for value in values]
        ticks = [Tick(self.x(value), label) for value, label in zip(values, labels, strict=True)]
        object.__setattr__(self, "ticks", ticks)

    def x(self, value: float) -> float:
        """Return the place of a value; what lies outside is drawn at the edge."""
        inside = min(max(value, self.low), self.high)
        span = self.width - 2 * self.margin
        return round(self.margin + span * (inside - self.low) / (self.high - self.low), 1)

    def mark(
        self, value: float, low: float | None, high: float | None, *, y: float = 12, run: str = "a"
    ) -> Mark:
        """Return the mark of a value with its interval."""
        return Mark(
            run,
            self.x(value),
            y,
            None if low is None else self.x(low),
            None if high is None else self.x(high),
        )

    def plot(self, label: str, marks: list[Mark], *, height: float = 24) -> Plot:
        """Return a plot of the marks; the dotted line stands at zero when the scale goes below it."""
        zero = self.x(0.0) if self.low < 0 < self.high else None
        return Plot(label, self.width, height, [tick.x for tick in self.ticks], marks, zero)


def unit_scale(values: Iterable[float | None], width: float = 240) -> Scale:
    """Return a scale from 0 to 1, further down in steps of 0.2 when a value lies below zero."""
    lowest = min((value for value in values if value is not None), default=0.0)
    low = min(0.0, math.floor(lowest / 0.2 + 1e-9) * 0.2)
    return Scale(round(low, 1), 1.0, 0.2, width)


def difference_scale(values: Iterable[float | None], width: float = 300) -> Scale:
    """Return a scale that holds zero and the values, with three to eight lines."""
    known = [0.0, *(value for value in values if value is not None)]
    spread = max(max(known) - min(known), 0.1)
    step = next(step for step in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, math.inf) if spread / step <= 5)
    low, high = math.floor(min(known) / step + 1e-9) * step, math.ceil(max(known) / step - 1e-9) * step
    if low == high:
        low, high = -step, step
    return Scale(round(min(low, -step), 2), round(max(high, step), 2), step, width, show_sign=True)


def stack_differences(differences: Sequence[float], label: str) -> DotsPlot:
    """Return the differences case by case: columns of 0.05, the first run's side to the right."""
    columns = [round(value / BIN) for value in differences]
    lowest, highest = min([*columns, 0]) * BIN, max([*columns, 0]) * BIN
    step = next(step for step in (0.2, 0.5, 1.0, 2.0, 5.0, math.inf) if (highest - lowest) / step <= 10)
    low = min(math.floor(lowest / step - 0.2), -1) * step
    high = max(math.ceil(highest / step + 0.2), 1) * step
    scale = Scale(round(low, 2), round(high, 2), step, DOTS_WIDTH, DOTS_MARGIN, show_sign=True)
    tallest = max(Counter(columns).values(), default=1)
    rise = min(DOT_STEP, (DOTS_BASE - 12) / tallest)
    height_of: Counter[int] = Counter()
    marks = []
    for column in sorted(columns):
        run = "a" if column > 0 else "b" if column < 0 else "same"
        marks.append(Mark(run, scale.x(column * BIN), round(DOTS_BASE - 8 - rise * height_of[column], 1)))
        height_of[column] += 1
    return DotsPlot(label, DOTS_WIDTH, DOTS_BASE + 24, DOTS_BASE, marks, scale.ticks, scale.x(0.0))


def _short(text: str, digits: int) -> str:
    """Two decimals are too many under a line that stands every tenth."""
    return text[:-1] if digits == 1 and "." in text else text
