"""The scores page: finding first, then each run, then the runs side by side, then case by case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import SessionKind
from annotations.presenters import words
from annotations.presenters.plots import ROW, Plot, Scale, Tick, unit_scale
from annotations.presenters.score_cards import (
    RunCard,
    has_red_lines,
    red_line_bound,
    red_line_value,
    run_card,
)
from annotations.presenters.score_differences import (
    DifferencePanel,
    PairRow,
    finding,
    pair_rows,
    panel_of,
    run_letter,
)
from annotations.selectors.score_cases import CaseResult, CaseRow, RedLineFailure
from annotations.selectors.scores import RunReport
from annotations.stats import Score
from builder.content import AXIS_PREFIX, THEME_PREFIX
from builder.vocabulary import axis_label
from exports.models import RunState, Stage

FIRST_CASES = 20
OVERALL = "overall_score"


@dataclass(frozen=True, slots=True)
class TagCell:
    """One run's score for one tag, under the name of the run."""

    name: str
    shape: str
    text: str


@dataclass(frozen=True, slots=True)
class TagRow:
    """One axis, theme or other tag, every run in it."""

    name: str
    cells: list[TagCell]
    n: str
    plot: Plot


@dataclass(frozen=True, slots=True)
class CaseCell:
    """One run's result on one case, under the name of the run."""

    name: str
    shape: str
    score: str
    note: str
    red_lines: int


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case."""

    title: str
    prompt_id: str
    cells: list[CaseCell]
    difference: str
    red_line: bool


@dataclass(frozen=True, slots=True)
class FailureLine:
    """One crossed red line."""

    criterion: str
    title: str
    shape: str
    run: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a run's column."""

    shape: str
    label: str
    name: str


@dataclass(frozen=True, slots=True)
class ScoresPage:
    """Everything the template prints."""

    finding: str
    detail: str
    facts: list[str]
    warnings: list[str]
    columns: list[Column]
    cards: list[RunCard]
    unit_ticks: list[Tick]
    tag_ticks: list[Tick]
    difference: DifferencePanel | None
    pairs: list[PairRow]
    axes: list[TagRow]
    themes: list[TagRow]
    other_tags: list[TagRow]
    failures_title: str
    failures: list[FailureLine]
    bounds: list[str]
    cases: list[CaseLine]
    cases_total: int
    cases_shown_of: str
    below_zero: str


def present_scores(
    reports: Sequence[RunReport], comparisons: Sequence[dict[str, Any]], cases: Sequence[CaseRow],
    failures: Sequence[RedLineFailure], *, stage: str, all_cases: bool = False,
) -> ScoresPage:  # fmt: skip
    """Return what the page prints; without `all_cases` only the first cases by difference."""
    shown = cases if all_cases else cases[:FIRST_CASES]
    tag_scale, card_scale = unit_scale([0.0], width=380), unit_scale([0.0], width=480)
    said = finding(reports, comparisons)
    return ScoresPage(
        finding=said.text,
        detail=" ".join([*said.more, *_red_line_sentence(reports)]),
        facts=_facts(reports),
        warnings=_warnings(reports, stage),
        columns=[_column(place, report) for place, report in enumerate(reports)],
        cards=[run_card(place, report, card_scale, len(reports)) for place, report in enumerate(reports)],
        unit_ticks=card_scale.ticks,
        tag_ticks=tag_scale.ticks,
        difference=panel_of(reports, comparisons[0]) if len(reports) == 2 else None,
        pairs=pair_rows(comparisons) if len(reports) > 2 else [],
        axes=_tags(reports, tag_scale, AXIS_PREFIX),
        themes=_tags(reports, tag_scale, THEME_PREFIX),
        other_tags=_tags(reports, tag_scale, ""),
        failures_title=_failures_title(reports, failures),
        failures=[_failure(row, reports) for row in failures],
        bounds=[
            f"{report.run.name}: {red_line_value(report)}, {red_line_bound(report)}"
            for report in reports
            if has_red_lines(report)
        ],
        cases=[_case(row, [report.run.name for report in reports]) for row in shown],
        cases_total=len(cases),
        cases_shown_of=_("%(shown)s of %(total)s cases") % {"shown": len(shown), "total": len(cases)},
        below_zero=_below_zero(reports),
    )  # fmt: skip


def _facts(reports: Sequence[RunReport]) -> list[str]:
    session = reports[0].session
    facts = [
        words.count_cases(reports[0].counts["cases"]),
        words.count_graders(len(reports[0].raters))
        if session.kind == SessionKind.GRADED
        else _("Verdicts imported from %(rater)s") % {"rater": ", ".join(reports[0].raters)},
    ]
    alphas = [report.raw_agreement["krippendorff_alpha"] for report in reports if report.raw_agreement]
    for report, alpha in zip(reports, alphas, strict=False):
        text = words.with_interval(alpha["value"], alpha["ci_low"], alpha["ci_high"])
        facts.append(
            _("Graders’ agreement on %(run)s: α %(alpha)s") % {"run": report.run.name, "alpha": text}
        )
    return [*facts, _("Intervals: 95%, resampled by case")]


def _warnings(reports: Sequence[RunReport], stage: str) -> list[str]:
    release = reports[0].run.release
    found = []
    if stage == Stage.WITHDRAWN:
        found.append(
            _("Release %(release)s is withdrawn: don’t rely on these numbers.") % {"release": release.label}
        )
    if reports[0].independence_note:
        found.append(reports[0].independence_note)
    for report in reports:
        if report.run.state == RunState.WITHDRAWN:
            found.append(_("Run %(run)s is withdrawn: don’t rely on its numbers.") % {"run": report.run.name})
    for source, count in (release.manifest.get("approved_elsewhere") or {}).items():
        found.append(
            ngettext(
                "%(n)s case was approved elsewhere (%(source)s), not by two reviewers here.",
                "%(n)s cases were approved elsewhere (%(source)s), not by two reviewers here.",
                count,
            )
            % {"n": count, "source": source}
        )
    return found


def _column(place: int, report: RunReport) -> Column:
    letter, shape = run_letter(place)
    return Column(shape, _("Run %(letter)s") % {"letter": letter}, report.run.name)


def _red_line_sentence(reports: Sequence[RunReport]) -> list[str]:
    gated = [report for report in reports if report.red_lines.n]
    if not gated:
        return []
    crossed = [report for report in gated if report.red_lines.failures]
    if not crossed:
        highest = max(report.red_lines.ci_high or 0.0 for report in gated)
        text = _("No judged answer crossed a red line; the true rate may still be up to %(bound)s.")
        return [text % {"bound": words.percent(highest)}]
    rest = [report for report in gated if not report.red_lines.failures]
    texts = [
        _("%(run)s crossed a red line in %(failures)s of %(n)s answers that could: a true rate of %(bound)s.")
        for _report in crossed
    ] + [_("%(run)s crossed none in %(n)s: a true rate of %(bound)s.") for _report in rest]
    return [
        text
        % {
            "run": report.run.name, "failures": report.red_lines.failures, "n": report.red_lines.n,
            "bound": words.short_bound(report.red_lines),
        }
        for text, report in zip(texts, [*crossed, *rest], strict=True)
    ]  # fmt: skip


def _tags(reports: Sequence[RunReport], scale: Scale, prefix: str) -> list[TagRow]:
    """Return the tags with the prefix; for the empty one those that are neither axis nor theme."""
    by_run = [{score.name: score for score in report.scores} for report in reports]
    names = dict.fromkeys(name for scores in by_run for name in scores if name != OVERALL)
    runs = [report.run.name for report in reports]
    return [
        _tag(_tag_label(name, prefix), runs, [scores.get(name) for scores in by_run], scale)
        for name in names
        if _belongs(name, prefix)
    ]


def _belongs(name: str, prefix: str) -> bool:
    return name.startswith(prefix) if prefix else not name.startswith((AXIS_PREFIX, THEME_PREFIX))


def _tag_label(name: str, prefix: str) -> str:
    if prefix == AXIS_PREFIX:
        return axis_label(name[len(prefix) :])
    return name[len(prefix) :].replace("_", " ").capitalize() if prefix else name


def _tag(label: str, runs: list[str], scores: list[Score | None], scale: Scale) -> TagRow:
    marks, said, cells = [], [], []
    for place, (run, score) in enumerate(zip(runs, scores, strict=True)):
        _letter, shape = run_letter(place)
        text = words.score_text(score) if score else "–"
        cells.append(TagCell(run, shape, text))
        if score and score.mean is not None:
            marks.append(scale.mark(score.mean, score.ci_low, score.ci_high, y=11 + ROW * place, run=shape))
            said.append(f"{run} {text}")
    plot = scale.plot(f"{label}: {', '.join(said) or '–'}", marks, height=22 + ROW * (len(scores) - 1))
    counts = dict.fromkeys(str(score.n if score else 0) for score in scores)
    return TagRow(label, cells, " / ".join(counts), plot)


def _failures_title(reports: Sequence[RunReport], failures: Sequence[RedLineFailure]) -> str:
    answers = sum(report.red_lines.failures for report in reports)
    title = ngettext("Red-line failures: %(n)s answer", "Red-line failures: %(n)s answers", answers) % {
        "n": answers
    }
    runs = {failure.place for failure in failures}
    if len(runs) == 1 and len(reports) > 1:
        return _("%(title)s, all of %(run)s") % {"title": title, "run": reports[runs.pop()].run.name}
    return title


def _failure(row: RedLineFailure, reports: Sequence[RunReport]) -> FailureLine:
    _letter, shape = run_letter(row.place)
    counts = {"met": row.said_met, "all": row.said_met + row.said_not_met}
    verdict = _("adjudicated; %(met)s of %(all)s graders") if row.ruled else _("%(met)s of %(all)s graders")
    name = reports[row.place].run.name
    many = bool(reports[row.place].worst_at_k)
    run = _("%(run)s, answer %(epoch)s") % {"run": name, "epoch": row.epoch} if many else name
    return FailureLine(row.criterion, row.title, shape, run, verdict % counts)


def _case(row: CaseRow, runs: list[str]) -> CaseLine:
    return CaseLine(
        title=row.title,
        prompt_id=row.prompt_id,
        cells=[_case_cell(place, runs[place], result) for place, result in enumerate(row.results)],
        difference=words.signed(row.difference),
        red_line=any(result.red_lines for result in row.results),
    )


def _case_cell(place: int, run: str, result: CaseResult) -> CaseCell:
    _letter, shape = run_letter(place)
    note = ""
    if not result.answers:
        note = _("for practice") if result.for_calibration else _("no answer")
    elif result.incomplete:
        note = _("incomplete") if result.answers == 1 else _("%(n)s incomplete") % {"n": result.incomplete}
    return CaseCell(run, shape, words.number(result.score), note, result.red_lines)


def _below_zero(reports: Sequence[RunReport]) -> str:
    counts = [(report.run.name, int((report.cases.defined < 0).sum())) for report in reports]
    said = [
        ngettext("%(n)s case of %(run)s is below 0", "%(n)s cases of %(run)s are below 0", n)
        % {"n": n, "run": name}
        for name, n in counts
        if n
    ]
    return "; ".join(said)
