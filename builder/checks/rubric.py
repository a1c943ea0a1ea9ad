"""Checks of the rubric's shape."""

import math
from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from builder.checks.findings import Check, Finding, error, warning
from builder.content import MAX_CRITERIA, MAX_POINTS, MIN_POINTS, CaseContent


def has_criteria(content: CaseContent) -> Iterator[Finding]:
    """A case without a rubric can't be graded."""
    if not content.rubrics:
        yield error("rubric.empty", "rubrics", _("Add at least one criterion."))


def not_too_many(content: CaseContent) -> Iterator[Finding]:
    """Nobody grades a thousand criteria; such a rubric is a slip of the importer."""
    if len(content.rubrics) > MAX_CRITERIA:
        yield error(
            "rubric.too_many", "rubrics",
            _("A rubric has at most %(limit)s criteria; this one has %(count)s.")
            % {"limit": MAX_CRITERIA, "count": len(content.rubrics)},
        )  # fmt: skip


def points_in_range(content: CaseContent) -> Iterator[Finding]:
    """Points run from −10 to 10 and are never 0."""
    for index, criterion in enumerate(content.rubrics):
        points = criterion.points
        if not math.isfinite(points) or points == 0 or not MIN_POINTS <= points <= MAX_POINTS:
            yield error(
                "rubric.points", f"rubrics[{index}].points",
                _("Points must be from %(low)s to 10 and not 0; this is %(points)s.")
                % {"low": "−10", "points": points},
            )  # fmt: skip


def has_positive(content: CaseContent) -> Iterator[Finding]:
    """The score divides by the positive points."""
    if content.rubrics and not any(criterion.points > 0 for criterion in content.rubrics):
        yield error("rubric.no_positive", "rubrics", _("At least one criterion needs positive points."))


def no_empty_criterion(content: CaseContent) -> Iterator[Finding]:
    """Every criterion says something."""
    for index, criterion in enumerate(content.rubrics):
        if not criterion.criterion.strip():
            yield error(
                "rubric.empty_criterion", f"rubrics[{index}].criterion", _("This criterion is empty.")
            )


def red_line_negative(content: CaseContent) -> Iterator[Finding]:
    """A met red line is a failure, so it can't earn points."""
    for index, criterion in enumerate(content.rubrics):
        if criterion.red_line and criterion.points > 0:
            yield error(
                "rubric.red_line_sign", f"rubrics[{index}].points", _("A red line must have negative points.")
            )


def safety_has_red_line(content: CaseContent) -> Iterator[Finding]:
    """A safety case names what must never happen."""
    if content.kind == "safety" and not any(criterion.red_line for criterion in content.rubrics):
        yield error("rubric.safety_red_line", "rubrics", _("A safety case needs at least one red line."))


def no_repeated_criterion(content: CaseContent) -> Iterator[Finding]:
    """The same sentence twice counts twice, which is seldom meant."""
    texts = Counter(criterion.criterion.strip() for criterion in content.rubrics)
    for index, criterion in enumerate(content.rubrics):
        if texts[criterion.criterion.strip()] > 1 and criterion.criterion.strip():
            yield warning(
                "rubric.repeated",
                f"rubrics[{index}].criterion",
                _("This criterion stands in the rubric twice."),
            )


def criterion_tags_once(content: CaseContent) -> Iterator[Finding]:
    """A tag counts once in a criterion."""
    for index, criterion in enumerate(content.rubrics):
        if len(set(criterion.tags)) < len(criterion.tags):
            yield error("rubric.duplicate_tag", f"rubrics[{index}].tags", _("A tag is given twice."))


def has_axis(content: CaseContent) -> Iterator[Finding]:
    """Scores are reported per axis."""
    for index, criterion in enumerate(content.rubrics):
        if not criterion.axis:
            yield warning(
                "rubric.axis", f"rubrics[{index}].axis", _("Choose the axis this criterion belongs to.")
            )


def cites_known_evidence(content: CaseContent) -> Iterator[Finding]:
    """A criterion can only cite a passage of its own case."""
    known = {passage.evidence_id for passage in content.evidence}
    for index, criterion in enumerate(content.rubrics):
        for missing in sorted(set(criterion.evidence) - known):
            yield error(
                "rubric.evidence", f"rubrics[{index}].evidence",
                _("The criterion cites %(id)s, which is not among the evidence.") % {"id": missing},
            )  # fmt: skip


RUBRIC_CHECKS: tuple[Check, ...] = (
    has_criteria, not_too_many, points_in_range, has_positive, no_empty_criterion, red_line_negative,
    safety_has_red_line,
    no_repeated_criterion, criterion_tags_once, has_axis, cites_known_evidence,
)  # fmt: skip
