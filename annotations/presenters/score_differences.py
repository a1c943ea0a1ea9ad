"""Runs side by side: the paired difference in a sentence, a figure and a plot."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from annotations.presenters import words
from annotations.presenters.plots import BIN, DotsPlot, Plot, Tick, difference_scale, stack_differences
from annotations.selectors.scores import RunReport
from annotations.selectors.sessions import letter_of


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence a reader can repeat, and what follows it."""

    text: str
    more: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DifferencePanel:
    """The first run minus the second, on the cases both have a score for."""

    value: str
    low: str
    high: str
    p: str
    note: str
    status: str
    plot: Plot | None
    ticks: list[Tick]
    dots: DotsPlot | None
    a_higher: int
    b_higher: int
    same: int


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two of several runs."""

    a: str
    b: str
    difference: str
    interval: str
    n: int
    p: str


def run_letter(place: int) -> tuple[str, str]:
    """Return the letter and the shape of the run at a place, from 0: circles and diamonds take turns."""
    return letter_of(place + 1), "a" if place % 2 == 0 else "b"


def finding(reports: Sequence[RunReport], comparisons: Sequence[dict[str, Any]]) -> Finding:
    """Return what the report comes to: the score of one run, two runs against each other, or the order of several."""
    if len(reports) == 1:
        return Finding(_scores(reports[0]))
    if len(reports) == 2:
        return _finding_of_two(reports, comparisons[0])
    ordered = sorted(
        reports, key=lambda report: -(report.overall.mean if report.overall.mean is not None else -1.0)
    )
    listed = "; ".join(f"{report.run.name} {words.score_text(report.overall)}" for report in ordered)
    return Finding(_("Highest first: %(runs)s.") % {"runs": listed})


def panel_of(reports: Sequence[RunReport], row: dict[str, Any]) -> DifferencePanel:
    """Return the difference of two runs with its plots."""
    scores_a, scores_b = (report.cases.by_case() for report in reports[:2])
    differences = [scores_a[case] - scores_b[case] for case in scores_a if case in scores_b]
    columns = [round(value / BIN) for value in differences]
    a_higher, b_higher = sum(c > 0 for c in columns), sum(c < 0 for c in columns)
    scale = difference_scale([row["mean_difference"], row["ci_low"], row["ci_high"]])
    text = (
        f"{words.signed(row['mean_difference'])} ({words.interval(row['ci_low'], row['ci_high'], sign=True)})"
    )
    plot = None
    if row["mean_difference"] is not None:
        mark = scale.mark(row["mean_difference"], row["ci_low"], row["ci_high"], y=13)
        plot = scale.plot(_("Run A minus run B: %(difference)s") % {"difference": text}, [mark], height=26)
    label = _("Difference in each of %(n)s cases: A higher in %(a)s, B higher in %(b)s, the same in %(same)s") % {
        "n": len(differences), "a": a_higher, "b": b_higher, "same": len(columns) - a_higher - b_higher,
    }  # fmt: skip
    known = row["ci_low"] is not None and row["ci_high"] is not None
    return DifferencePanel(
        value=words.signed(row["mean_difference"]),
        low=words.signed(row["ci_low"]) if known else "",
        high=words.signed(row["ci_high"]) if known else "",
        p=words.p_text(row["p_value"]),
        note=_left_out(row),
        status=words.difference_status(row["status"]),
        plot=plot,
        ticks=scale.ticks,
        dots=stack_differences(differences, label) if differences else None,
        a_higher=a_higher,
        b_higher=b_higher,
        same=len(columns) - a_higher - b_higher,
    )


def pair_rows(comparisons: Sequence[dict[str, Any]]) -> list[PairRow]:
    """Return every pair of several runs, p-values corrected for their number."""
    return [
        PairRow(
            row["a"], row["b"], words.signed(row["mean_difference"]),
            words.interval(row["ci_low"], row["ci_high"], sign=True), row["n"], words.p_text(row["p_holm"]) or "–",
        )
        for row in comparisons
    ]  # fmt: skip


def _scores(report: RunReport) -> str:
    score = report.overall
    if score.mean is None:
        return _("%(run)s has no score: no case has a complete answer.") % {"run": report.run.name}
    return _("%(run)s scores %(score)s.") % {"run": report.run.name, "score": words.score_text(score)}


def _finding_of_two(reports: Sequence[RunReport], row: dict[str, Any]) -> Finding:
    difference, low, high = row["mean_difference"], row["ci_low"], row["ci_high"]
    if difference is None:
        return Finding(" ".join(_scores(report) for report in reports))
    higher, lower = reports[:2] if difference >= 0 else (reports[1], reports[0])
    if difference < 0:
        difference = -difference
        low, high = (-high, -low) if low is not None and high is not None else (None, None)
    texts = {
        "higher": higher.run.name, "score": words.score_text(higher.overall), "lower": lower.run.name,
        "other": words.score_text(lower.overall), "difference": words.with_interval(difference, low, high),
    }  # fmt: skip
    if low is None:
        return Finding(_("%(higher)s scores %(score)s, %(lower)s %(other)s.") % texts)
    if low <= 0:
        return Finding(
            _("%(higher)s scores %(score)s and %(lower)s %(other)s: these cases can’t tell them apart.")
            % texts,
            [_("The difference is %(difference)s, and may be chance.") % texts],
        )
    return Finding(
        _("%(higher)s scores %(score)s, higher than %(lower)s by %(difference)s.") % texts,
        [_("%(lower)s scores %(other)s.") % texts],
    )


def _left_out(row: dict[str, Any]) -> str:
    text = _("Same %(cases)s, so the runs are compared in pairs.") % {"cases": words.count_cases(row["n"])}
    left = row["n_only_a"] + row["n_only_b"]
    if left:
        text += " " + _("%(cases)s that only one run has a score for: left out here.") % {
            "cases": words.count_cases(left)
        }
    return text
