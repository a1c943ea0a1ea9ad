"""What the checks panel shows of a content: findings with links, and where the points are."""

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from builder.checks import Finding, Severity, check_content
from builder.content import CaseContent
from builder.vocabulary import axis_label

_PLACE = re.compile(r"(prompt|rubrics|evidence)\[(\d+)\](?:\.(\w+))?")
_SECTIONS = {
    "prompt": ("turns", "content"),
    "rubrics": ("rubrics", "criterion"),
    "evidence": ("evidence", "quote"),
}
_WHOLE = {"prompt": "add-turns", "rubrics": "add-rubrics", "example_tags": "tags", "reference": "reference"}

# The plot is 300 units wide; its names take the left part, and the bars share the rest.
_PLOT_LEFT, _PLOT_RIGHT, _ROW_HEIGHT = 118.0, 272.0, 26
_LABEL_ROOM = 24.0


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One finding with the id of the field it is about, and how the link to it reads."""

    level: str
    place: str
    message: str
    target: str
    code: str


@dataclass(frozen=True, slots=True)
class PlotRow:
    """One axis of the points plot, in the plot's units."""

    label: str
    y: int
    up_width: float
    up_label: str
    up_x: float
    down_x: float
    down_width: float
    down_label: str


@dataclass(frozen=True, slots=True)
class ChecksPanel:
    """Everything the panel says."""

    findings: list[ShownFinding]
    errors: int
    warnings: int
    criteria: int
    best: str
    worst: str
    plot: list[PlotRow] = field(default_factory=list)
    plot_zero: float = 0.0
    plot_label: str = ""

    @property
    def plot_height(self) -> int:
        """The height of the plot in its own units."""
        return _ROW_HEIGHT * len(self.plot) + 4

    @property
    def summary(self) -> str:
        """Such as `1 error, 2 warnings`."""
        return summary_of(self.errors, self.warnings)


def checks_panel(content: CaseContent) -> ChecksPanel:
    """Return the panel of a content; pure but for the language."""
    findings = check_content(content)
    errors = sum(finding.severity == Severity.ERROR for finding in findings)
    points = [criterion.points for criterion in content.rubrics]
    plot, zero, label = _points_plot(content)
    return ChecksPanel(
        findings=[_shown(finding) for finding in findings],
        errors=errors,
        warnings=len(findings) - errors,
        criteria=len(points),
        best=signed(sum(value for value in points if value > 0)),
        worst=signed(sum(value for value in points if value < 0)),
        plot=plot,
        plot_zero=zero,
        plot_label=label,
    )


def summary_of(errors: int, warnings: int) -> str:
    """Return how many errors and warnings there are, in words."""
    parts = []
    if errors:
        parts.append(ngettext("%(number)s error", "%(number)s errors", errors) % {"number": errors})
    if warnings:
        parts.append(ngettext("%(number)s warning", "%(number)s warnings", warnings) % {"number": warnings})
    return ", ".join(parts) or _("No problem found")


def field_target(place: str) -> str:
    """Return the id of the editor's element that a finding's field means, such as `rubrics-2-points`."""
    found = _PLACE.fullmatch(place)
    if found is None:
        return _WHOLE.get(place, place)
    section, main_field = _SECTIONS[found[1]]
    name = {"tags": "axis"}.get(found[3], found[3]) or main_field
    return f"{section}-{found[2]}-{name}"


def signed(points: float) -> str:
    """Return points with their sign: +8, −3.5, 0."""
    text = f"{abs(points):g}"
    return text if points == 0 else f"+{text}" if points > 0 else f"−{text}"


def _shown(finding: Finding) -> ShownFinding:
    level = "error" if finding.severity == Severity.ERROR else "warning"
    return ShownFinding(
        level, _place(finding.field), finding.message, field_target(finding.field), finding.check_id
    )


def _place(place: str) -> str:
    """Return where a finding is, in words."""
    found = _PLACE.fullmatch(place)
    if found is not None:
        number = {"number": int(found[2]) + 1}
        return {
            "prompt": _("Turn %(number)s"), "rubrics": _("Criterion %(number)s"), "evidence": _("Evidence %(number)s"),
        }[found[1]] % number  # fmt: skip
    names = {
        "prompt": _("Conversation"), "rubrics": _("Rubric"), "example_tags": _("Tags"),
        "reference": _("Reference answer"),
    }  # fmt: skip
    return names.get(place, _("Case"))


def _points_plot(content: CaseContent) -> tuple[list[PlotRow], float, str]:
    sums: dict[str, list[float]] = {}
    for criterion in content.rubrics:
        up_down = sums.setdefault(criterion.axis, [0.0, 0.0])
        up_down[0 if criterion.points > 0 else 1] += abs(criterion.points)
    highest = max((up for up, _down in sums.values()), default=0.0)
    deepest = max((down for _up, down in sums.values()), default=0.0)
    if not highest + deepest:
        return [], 0.0, ""
    left = _PLOT_LEFT + (_LABEL_ROOM if deepest else 0)
    unit = (_PLOT_RIGHT - left) / (highest + deepest)
    zero = left + deepest * unit
    rows, words = [], []
    for place, (axis, (up, down)) in enumerate(sums.items()):
        name = axis_label(axis) or _("No axis")
        rows.append(
            PlotRow(
                name, place * _ROW_HEIGHT, up * unit, signed(up), zero + up * unit + 4, zero - down * unit,
                down * unit, signed(-down),
            )
        )  # fmt: skip
        words.append(f"{name}: " + ", ".join(signed(value) for value in (up, -down) if value))
    return rows, zero, _("Points by axis. %(list)s.") % {"list": "; ".join(words)}
