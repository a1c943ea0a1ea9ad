"""What the pages print of a release: words and classes, no queries."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from builder.vocabulary import language_label
from exports.selectors import Coverage, ReleaseOverview

_STEPS = ((1, "cw-h1"), (3, "cw-h2"), (6, "cw-h3"))


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the coverage grid: the count and the class of its shade."""

    count: int
    shade: str


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One kind of case: its cells in the order of the themes, and their sum."""

    label: str
    cells: list[Cell]
    total: int


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What harnesses trip over: the check's id, what it means, and in how many cases."""

    check_id: str
    label: str
    cases: int


def coverage_rows(coverage: Coverage) -> list[CoverageRow]:
    """Return the grid of kinds and themes, shaded by count."""
    return [
        CoverageRow(label or _("No kind given"), [Cell(count, _shade(count)) for count in counts], total)
        for label, counts, total in coverage.rows()
    ]


def theme_labels(coverage: Coverage) -> list[str]:
    """Return the head of each column: a theme's name without its underscores, so that it wraps."""
    return [theme.replace("_", " ") or _("No theme") for theme in coverage.themes]


def release_facts(overview: ReleaseOverview) -> list[dict[str, Any]]:
    """Return the facts of the manifest panel, for components/facts.html."""
    unnamed = _("not given")
    languages = ", ".join(
        f"{count} {language_label(code) or unnamed}" for code, count in overview.languages.items()
    )
    signs = overview.signs
    return [
        {"term": _("Cases"), "value": overview.release.n_items, "note": _held_out(overview)},
        {
            "term": _("Criteria"),
            "value": signs.criteria,
            "note": _("%(up)s give points, %(down)s take points")
            % {"up": signs.positive, "down": signs.negative},
        },
        {
            "term": _("Red lines"),
            "value": overview.red_lines,
            "note": ngettext("in %(count)s case", "in %(count)s cases", overview.cases_with_red_line)
            % {"count": overview.cases_with_red_line},
        },
        {"term": _("Languages"), "value": len(overview.languages), "note": languages},
    ]


def finding_labels() -> dict[str, str]:
    """Return in words what each finding at freezing means, by its id."""
    return {
        "export.prompt_id": _("An id that a harness could take for a number, or that no file name can hold"),
        "export.conversation": _(
            "A conversation that doesn't end with the user, or has a system turn that isn't first"
        ),
        "export.points": _("No criterion that gives points, or one that is worth none"),
        "export.tags": _("A tag that stands twice, or both on the case and on a criterion"),
        "export.repeated_criterion": _(
            "The same criterion twice in one case: some harnesses tell criteria by their text"
        ),
        "export.line_ends": _("A character that careless programs take for the end of a line"),
        "export.template_marks": _("A criterion with template marks such as {{: simple-evals fails over it"),
        "export.date_text": _(
            "A text that is nothing but a date: Hugging Face's reader would make a timestamp of it"
        ),
        "export.unwritable": _("A number or character that a file of JSON can't hold"),
        "export.ideal_completions_data": _("Some cases have a reference answer and some don't"),
        "export.ragged_fields": _("Imported cases whose further fields differ from case to case"),
    }


def finding_rows(overview: ReleaseOverview) -> list[FindingRow]:
    """Return what was found when the release was frozen."""
    labels = finding_labels()
    return [
        FindingRow(check_id, labels.get(check_id, ""), found["cases"])
        for check_id, found in overview.findings.items()
    ]


def _held_out(overview: ReleaseOverview) -> str:
    held_out = overview.release.n_held_out
    if not held_out:
        return _("all public")
    return _("%(public)s public, %(held)s held out") % {"public": overview.n_public, "held": held_out}


def _shade(count: int) -> str:
    shade = "cw-hx"
    for least, name in _STEPS:
        if count >= least:
            shade = name
    return shade
