"""What the checks panel shows of a content: findings with links, and where the points are."""

import re
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from builder.checks import CHECKS, Check, Context, Finding, Severity, check_content
from builder.content import CaseContent
from builder.models import Case
from builder.selectors.attestations import attested_in
from builder.selectors.twins import twins_of
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
    """One finding with the id of the field it is about, and how the link to it reads.

    `mend_key` and `mend_label` are empty when nothing mends it with one click.
    """

    level: str
    place: str
    message: str
    target: str
    code: str
    help_url: str = ""
    mend_key: str = ""
    mend_label: str = ""


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
    advice: int = 0

    @property
    def plot_height(self) -> int:
        """The height of the plot in its own units."""
        return _ROW_HEIGHT * len(self.plot) + 4

    @property
    def summary(self) -> str:
        """Such as `1 error, 2 warnings`."""
        return summary_of(self.errors, self.warnings, self.advice)


@dataclass(frozen=True, slots=True)
class HelpFamily:
    """The checks of one family, for the list of help pages."""

    label: str
    checks: list[Check]


def check_context(case: Case, content: CaseContent) -> Context:
    """Return what the checks know beside a case's content. Cost: three queries, whatever the department's size."""
    return Context(today=timezone.localdate(), twins=twins_of(case, content), is_attested=attested_in(case))


def findings_of(case: Case, content: CaseContent) -> list[Finding]:
    """Return what the checks find in a content of this case, the department's other cases considered."""
    return check_content(content, check_context(case, content))


def case_checks_panel(case: Case, content: CaseContent) -> ChecksPanel:
    """Return the panel of a content of this case, the department's other cases considered."""
    return checks_panel(content, check_context(case, content))


def help_address(check_id: str) -> str:
    """Return the address of a check's help page."""
    return reverse("builder:check-help", args=[check_id])


def help_families() -> list[HelpFamily]:
    """Return every check by family, for the list of help pages."""
    families: dict[str, list[Check]] = {}
    for check in CHECKS:
        families.setdefault(check.family, []).append(check)
    return [HelpFamily(_family_label(family), checks) for family, checks in families.items()]


def severity_label(severity: Severity) -> str:
    """Return what a severity means for the author."""
    return {
        Severity.ERROR: _("Error: the case can't be sent to review until it is mended."),
        Severity.WARNING: _("Warning: the case can be sent to review as it is."),
        Severity.ADVICE: _("Advice: a guess that may be wrong; decide for yourself."),
    }[severity]


def checks_panel(content: CaseContent, context: Context | None = None) -> ChecksPanel:
    """Return the panel of a content; without a context it is pure but for the language."""
    findings = check_content(content, context)
    errors = sum(finding.severity == Severity.ERROR for finding in findings)
    advice = sum(finding.severity == Severity.ADVICE for finding in findings)
    points = [criterion.points for criterion in content.rubrics]
    plot, zero, label = _points_plot(content)
    return ChecksPanel(
        findings=[_shown(finding) for finding in findings],
        errors=errors,
        warnings=len(findings) - errors - advice,
        advice=advice,
        criteria=len(points),
        best=signed(sum(value for value in points if value > 0)),
        worst=signed(sum(value for value in points if value < 0)),
        plot=plot,
        plot_zero=zero,
        plot_label=label,
    )


def summary_of(errors: int, warnings: int, advice: int = 0) -> str:
    """Return how many errors, warnings and pieces of advice there are, in words."""
    parts = []
    if errors:
        parts.append(ngettext("%(number)s error", "%(number)s errors", errors) % {"number": errors})
    if warnings:
        parts.append(ngettext("%(number)s warning", "%(number)s warnings", warnings) % {"number": warnings})
    if advice:
        parts.append(
            ngettext("%(number)s piece of advice", "%(number)s pieces of advice", advice) % {"number": advice}
        )
    return ", ".join(parts) or _("No problem found")


def field_target(place: str) -> str:
    """Return the id of the editor's element that a finding's field means, such as `rubrics-2-points`."""
    found = _PLACE.fullmatch(place)
    if found is None:
        return _WHOLE.get(place, place)
    section, main_field = _SECTIONS[found[1]]
    name = {"tags": "axis", "extra": main_field}.get(found[3], found[3]) or main_field
    return f"{section}-{found[2]}-{name}"


def signed(points: float) -> str:
    """Return points with their sign: +8, −3.5, 0."""
    text = f"{abs(points):g}"
    return text if points == 0 else f"+{text}" if points > 0 else f"−{text}"


def _shown(finding: Finding) -> ShownFinding:
    return ShownFinding(
        finding.severity.value, place_in_words(finding.field), finding.message, field_target(finding.field),
        finding.check_id, help_address(finding.check_id),
        finding.key if finding.mend else "", finding.mend.label if finding.mend else "",
    )  # fmt: skip


def _family_label(family: str) -> str:
    return {
        "conversation": _("Conversation"), "tags": _("Tags"), "shape": _("Rubric"), "points": _("Points"),
        "sign": _("Points and wording"), "one claim": _("One claim"), "on its own": _("On its own"),
        "vague": _("Vague words"), "unobservable": _("What can be seen"), "threshold": _("Thresholds"),
        "evidence": _("Evidence"), "law": _("Law"), "duplicates": _("Repetition"),
        "contradictory": _("Contradiction"), "department": _("Other cases of the department"),
        "characters": _("Characters"), "identifiers": _("Identifiers of persons"),
    }.get(family, family)  # fmt: skip


def place_in_words(place: str) -> str:
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
