"""The agreement page: finding first, then the coefficients, then where graders differ."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import SessionKind
from annotations.presenters import words
from annotations.presenters.agreement_rows import (
    LOOK_BELOW,
    CriterionRow,
    HeatRow,
    PairRow,
    RaterRow,
    SharedRow,
    criterion_row,
    estimate_plot,
    heat_rows,
    pair_row,
    rater_rows,
    shared_row,
)
from annotations.presenters.plots import Plot, Scale, Tick, unit_scale
from annotations.selectors.agreement import (
    HEADLINE,
    AgreementReport,
)
from annotations.stats import Estimate
from builder.vocabulary import axis_label

FIRST_CRITERIA = 20
MOST_IN_HEAT_MAP = 12


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One coefficient: its value with interval, its plot, and what it says."""

    name: str
    explanation: str
    value: str
    interval: str
    n: str
    plot: Plot | None
    in_words: str
    status: str
    with_axis: bool = False


@dataclass(frozen=True, slots=True)
class AxisRow:
    """One axis: raw agreement and alpha."""

    axis: str
    percent: str
    alpha: str
    n: int
    plot: Plot | None
    status: str


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """Everything the template prints."""

    finding: str
    detail: str
    facts: list[str]
    comparable: bool
    why_not: str
    measures: list[MeasureRow]
    axis_ticks: list[Tick]
    paradox_title: str
    paradox: str
    heat_columns: list[str]
    heat_rows: list[HeatRow]
    pairs: list[PairRow]
    axes: list[AxisRow]
    by_axis_ticks: list[Tick]
    raters: list[RaterRow]
    any_failed: bool
    criteria: list[CriterionRow]
    criteria_total: int
    criteria_shown_of: str
    shared: list[SharedRow]
    shared_more: int
    left_out: str
    third_opinions: str
    independence_note: str
    how: str


def present_agreement(report: AgreementReport, *, all_criteria: bool = False) -> AgreementPage:
    """Return what the page prints; without `all_criteria` only those with the least agreement."""
    raw = report.estimate("percent_agreement")
    comparable = raw is not None and raw.value is not None
    measures = _chosen(report)
    scale = unit_scale([end for estimate in measures for end in (estimate.value, estimate.ci_low)])
    judged = [row for row in report.by_criterion if row.share is not None]
    shown = judged if all_criteria else judged[:FIRST_CRITERIA]
    shared = report.shared_criteria if all_criteria else report.shared_criteria[:FIRST_CRITERIA]
    title, paradox = _paradox(report)
    axis_scale = unit_scale(
        [end for found in report.by_axis.values() for e in found for end in (e.value, e.ci_low)]
    )
    return AgreementPage(
        finding=_finding(raw) if comparable and raw else _("Agreement can’t be told."),
        detail=_detail(report, bool(paradox)) if comparable else "",
        facts=_facts(report),
        comparable=comparable,
        why_not="" if comparable else _why_not(report),
        measures=_measures(report, measures, scale),
        axis_ticks=scale.ticks,
        paradox_title=title,
        paradox=paradox,
        heat_columns=report.raters[:-1] if len(report.raters) <= MOST_IN_HEAT_MAP else [],
        heat_rows=heat_rows(report) if len(report.raters) <= MOST_IN_HEAT_MAP else [],
        pairs=[pair_row(pair) for pair in report.pairs],
        axes=_axes(report, axis_scale),
        by_axis_ticks=axis_scale.ticks,
        raters=rater_rows(report.by_rater),
        any_failed=any(report.abstentions.judge_failed),
        criteria=[criterion_row(row) for row in shown],
        criteria_total=len(judged),
        criteria_shown_of=_shown_of(len(shown), len(judged)),
        shared=[shared_row(row) for row in shared],
        shared_more=len(report.shared_criteria) - len(shared),
        left_out=_left_out(report),
        third_opinions=_third_opinions(report.abstentions.third_opinions),
        independence_note=report.independence_note,
        how=_("Intervals cover 95% and come from 1,000 resamples of whole cases; the same verdicts always give the "
              "same interval."),
    )  # fmt: skip


def _chosen(report: AgreementReport) -> list[Estimate]:
    return [found for name in HEADLINE if (found := report.estimate(name))]


def _finding(raw: Estimate) -> str:
    value = raw.value or 0.0
    if raw.ci_low is None or raw.ci_high is None:
        return _("Graders agree on %(n)s of 100 verdicts (no interval: too few cases).") % {
            "n": words.hundred(value)
        }
    return _("Graders agree on %(n)s of 100 verdicts (%(low)s to %(high)s).") % {
        "n": words.hundred(value), "low": words.hundred(raw.ci_low), "high": words.hundred(raw.ci_high),
    }  # fmt: skip


def _detail(report: AgreementReport, paradox: bool) -> str:
    alpha = report.estimate("krippendorff_alpha")
    if alpha is None or alpha.value is None:
        return _("Agreement beyond chance can’t be told: every verdict was the same.")
    text = _(
        "Beyond chance the agreement is %(strength)s (Krippendorff’s alpha %(value)s, %(interval)s)."
    ) % {
        "strength": words.strength(alpha).lower(),
        "value": words.number(alpha.value),
        "interval": words.interval(alpha.ci_low, alpha.ci_high),
    }
    if paradox:
        text += " " + _("One verdict is so common here that this number says little: see why below.")
    return text


def _why_not(report: AgreementReport) -> str:
    if report.n_verdicts == 0:
        return _("No verdict of met or not met was given in this session.")
    if len(report.raters) > 1:
        return _("No answer was judged by two graders. Open a session in which each answer has at least two.")
    if report.session.kind == SessionKind.IMPORTED:
        return _(
            "These verdicts were imported and come from one grader alone: %(rater)s. To learn how far graders agree, "
            "import a second grader’s verdicts on the same answers, or open a session with two graders or more."
        ) % {"rater": report.raters[0]}
    return _(
        "Only one grader judged these answers. Open a session in which each answer has at least two graders."
    )


def _facts(report: AgreementReport) -> list[str]:
    judged_twice = sum(1 for row in report.by_criterion if row.n_pairs)
    facts = [
        words.count_graders(len(report.raters))
        if report.session.kind == SessionKind.GRADED
        else _("Imported from %(rater)s") % {"rater": ", ".join(report.raters)},
        f"{words.count_cases(report.n_cases)}, {words.count_answers(report.n_answers)}",
    ]
    raw = report.estimate("percent_agreement")
    if judged_twice and raw:
        facts += [
            _("%(n)s of %(all)s units judged by two or more")
            % {"n": f"{raw.n_units_pairable:,}", "all": f"{report.n_units:,}"},
            _("Intervals: 95%, resampled by case"),
        ]
    return facts


def _measures(report: AgreementReport, estimates: list[Estimate], scale: Scale) -> list[MeasureRow]:
    """Return the rows of the table; the last plot stands on the axis."""
    rows = [*(_measure(estimate, scale) for estimate in estimates), *_cohen(report, scale)]
    last = max((place for place, row in enumerate(rows) if row.plot), default=-1)
    return [replace(row, with_axis=True) if place == last else row for place, row in enumerate(rows)]


def _measure(estimate: Estimate, scale: Scale) -> MeasureRow:
    name = str(words.COEFFICIENTS[estimate.name])
    return MeasureRow(
        name=name,
        explanation=str(words.EXPLANATIONS[estimate.name]),
        value=words.number(estimate.value),
        interval=words.interval(estimate.ci_low, estimate.ci_high) if estimate.value is not None else "",
        n=f"{estimate.n_units_pairable:,}",
        plot=estimate_plot(name, estimate, scale),
        in_words=words.strength(estimate),
        status=words.status_text(estimate.status),
    )


def _cohen(report: AgreementReport, scale: Scale) -> list[MeasureRow]:
    """One pair has one kappa; of several the range is told, and the table below has each with its interval."""
    known = [pair for pair in report.pairs if pair.kappa.value is not None]
    if not known:
        return []
    if len(report.pairs) == 1:
        return [_measure(known[0].kappa, scale)]
    values = sorted(known, key=lambda pair: pair.kappa.value or 0.0)
    low, high = values[0].kappa, values[-1].kappa
    return [
        MeasureRow(
            name=str(words.COEFFICIENTS["cohen_kappa"]),
            explanation=_("For two graders at a time: the lowest and the highest pair; each is below"),
            value=words.estimate_text(low),
            interval=_("to %(highest)s") % {"highest": words.estimate_text(high)},
            n=f"{min(pair.n_units for pair in known):,}+",
            plot=None,
            in_words=_("%(n)s pairs") % {"n": len(known)},
            status="",
        )
    ]


def _paradox(report: AgreementReport) -> tuple[str, str]:
    """Explain a low chance-corrected number beside a high raw one; two empty texts when there is none."""
    raw, alpha, ac1 = (report.estimate(name) for name in HEADLINE[:3])
    if not (raw and alpha and ac1) or raw.value is None or alpha.value is None or ac1.value is None:
        return "", ""
    if raw.value < LOOK_BELOW or alpha.value > 0.6 or alpha.pe is None or alpha.pe < 0.6:
        return "", ""
    share = report.n_met / report.n_verdicts
    title = _("Why %(low)s and %(high)s can both be true") % {
        "low": words.number(alpha.value), "high": words.number(ac1.value),
    }  # fmt: skip
    text = _(
        "%(share)s of all verdicts are “%(verdict)s”. When one verdict is that common, α and κ expect graders to agree "
        "by luck %(chance)s of the time and leave little room for credit, though they gave the same verdict %(raw)s "
        "times in 100. AC1 does not react that way. Read the numbers together; do not quote α alone."
    ) % {
        "share": words.percent(max(share, 1 - share)),
        "verdict": _("met") if share >= 0.5 else _("not met"),
        "chance": words.percent(alpha.pe),
        "raw": words.hundred(raw.value),
    }
    return title, text


def _axes(report: AgreementReport, scale: Scale) -> list[AxisRow]:
    return [_axis(axis_label(axis), found, scale) for axis, found in report.by_axis.items()]


def _axis(label: str, found: list[Estimate], scale: Scale) -> AxisRow:
    by_name = {estimate.name: estimate for estimate in found}
    raw, alpha = by_name["percent_agreement"], by_name["krippendorff_alpha"]
    return AxisRow(
        axis=label,
        percent=words.estimate_text(raw),
        alpha=words.estimate_text(alpha),
        n=raw.n_units_pairable,
        plot=estimate_plot(label, alpha, scale),
        status=words.status_text(alpha.status),
    )


def _shown_of(shown: int, total: int) -> str:
    return _("%(shown)s of %(total)s criteria, least agreement first") % {"shown": shown, "total": total}


def _left_out(report: AgreementReport) -> str:
    counts = report.abstentions
    cannot, failed = sum(counts.cannot_judge), sum(counts.judge_failed)
    parts = [
        ngettext("%(n)s “cannot judge”", "%(n)s “cannot judge”", cannot) % {"n": f"{cannot:,}"},
        ngettext("%(n)s missing verdict", "%(n)s missing verdicts", counts.missing)
        % {"n": f"{counts.missing:,}"},
    ]
    if failed:
        parts.insert(
            1,
            ngettext("%(n)s failure of a judge", "%(n)s failures of a judge", failed) % {"n": f"{failed:,}"},
        )
    if len(report.raters) == 1:
        return _("Not counted as “not met”: %(list)s.") % {"list": ", ".join(parts)}
    text = _(
        "Not counted as “not met”: %(list)s. Units that only one grader judged (%(once)s) count for no number."
    )
    return text % {
        "list": ", ".join(parts), "once": f"{report.n_judged_once:,}",
    }  # fmt: skip


def _third_opinions(number: int) -> str:
    if not number:
        return ""
    return ngettext(
        "%(n)s verdict was a third opinion on a disagreement: it counts for scores and for no number here, since it "
        "would make graders look further apart than they are.",
        "%(n)s verdicts were third opinions on disagreements: they count for scores and for no number here, since they "
        "would make graders look further apart than they are.",
        number,
    ) % {"n": f"{number:,}"}
