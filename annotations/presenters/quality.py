"""The page about how careful graders look: what stands out first, then each number with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import SessionState
from annotations.presenters import words
from annotations.presenters.plots import Plot, Scale, Tick, difference_scale, unit_scale
from annotations.presenters.quality_flags import flag_reasons
from annotations.selectors.quality import GraderReport, QualityReport
from annotations.stats import GoldShare
from annotations.stats.cluster_shares import ShareEstimate
from annotations.stats.quality import Drift


@dataclass(frozen=True, slots=True)
class Hint:
    """One grader who is worth a look, and why; each reason is a sentence."""

    label: str
    person: str
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class PaceRow:
    """How far a grader is and how quickly."""

    label: str
    person: str
    note: str
    done: int
    total: int
    per_day: str
    per_answer: str
    per_criterion: str
    fast: str


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One grader's share with its interval."""

    label: str
    value: str
    interval: str
    plot: Plot | None
    n: str
    second: str
    status: str
    third: str = ""


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One grader's share in the first and last third, and the change."""

    label: str
    what: str
    first: str
    last: str
    change: str
    plot: Plot | None
    status: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """One grader's longest run and answers with one verdict throughout."""

    label: str
    run: str
    expected: str
    uniform: str
    others: str


@dataclass(frozen=True, slots=True)
class QualityPage:
    """Everything the template prints."""

    finding: str
    detail: str
    facts: list[str]
    hints: list[Hint]
    pace: list[PaceRow]
    agreement: list[ShareRow]
    agreement_ticks: list[Tick]
    why_no_agreement: str
    drifts: list[DriftRow]
    drift_ticks: list[Tick]
    lines: list[LineRow]
    shows_colleagues: bool
    calibration: list[ShareRow]
    calibration_ticks: list[Tick]
    independence_note: str


def present_quality(report: QualityReport, *, own: bool = False) -> QualityPage:
    """Return what the page prints; `own` speaks to the grader it is about."""
    compared = [row for row in report.graders if row.quality.pairwise.value is not None]
    shares = unit_scale([end for row in compared for end in _ends(row.quality.pairwise)])
    drifts = [drift for row in report.graders for drift in _drifts(row)]
    changes = difference_scale([end for _label, _what, drift in drifts for end in _ends(drift.change)], 240)
    gold = [row for row in report.graders if row.calibration.all.n or row.calibration.cannot_judge]
    gold_scale = unit_scale([])
    return QualityPage(
        finding=_own_finding(report) if own else _finding(report),
        detail=_detail(report, own=own),
        facts=_facts(report, own=own),
        hints=[Hint(row.label, row.person, flag_reasons(row)) for row in report.flagged],
        pace=[_pace(row) for row in report.graders],
        agreement=[_agreement(row, shares) for row in compared],
        agreement_ticks=shares.ticks,
        why_no_agreement="" if compared else _why_no_agreement(report, own=own),
        drifts=[_drift_row(label, what, drift, changes) for label, what, drift in drifts],
        drift_ticks=changes.ticks,
        lines=[_line(row) for row in report.graders if row.quality.n_verdicts],
        shows_colleagues=any(row.quality.uniform.others is not None for row in report.graders),
        calibration=[_calibration(row, gold_scale) for row in gold],
        calibration_ticks=gold_scale.ticks,
        independence_note=report.independence_note,
    )


def _finding(report: QualityReport) -> str:
    number, flagged = len(report.graders), len(report.flagged)
    if not any(row.quality.n_verdicts for row in report.graders):
        return _("Nothing was judged yet.")
    if not flagged:
        return _("Nothing stands out.")
    return ngettext(
        "%(flagged)s of %(all)s graders is worth a look.",
        "%(flagged)s of %(all)s graders are worth a look.",
        flagged,
    ) % {"flagged": flagged, "all": number}


def _own_finding(report: QualityReport) -> str:
    work = report.graders[0].work
    return _("You judged %(done)s of %(total)s answers.") % {"done": work.done, "total": work.total}


def _detail(report: QualityReport, *, own: bool) -> str:
    if own and not report.has_ended:
        return _("How far you agree with the others is shown when grading has ended.")
    if not report.flagged:
        return ""
    if own:
        return _("Something below is worth a thought. It is a hint, no verdict on your work.")
    return _("A hint, never a verdict on a person: look at their answers, and talk with them first.")


def _facts(report: QualityReport, *, own: bool) -> list[str]:
    facts = [] if own else [words.count_graders(len(report.graders))]
    facts.append(report.session.release.label)
    if report.session.state == SessionState.OPEN:
        facts.append(_("Grading goes on"))
    facts.append(_("Intervals: 95%, resampled by case"))
    return facts


def _why_no_agreement(report: QualityReport, *, own: bool) -> str:
    if not report.has_ended and own:
        return _(
            "How far you agree with the others is shown when grading has ended, so that you judge by yourself."
        )
    if not report.has_ended:
        return _(
            "There are too few verdicts to compare yet, or you grade here yourself: agreement is shown when grading "
            "has ended."
        )
    return _("No answer was judged by two graders, so there is nothing to compare.")


def _pace(row: GraderReport) -> PaceRow:
    work, speed = row.work, row.work.speed
    note = _("you") if row.is_reader else _("removed") if row.removed else ""
    fast = "–"
    if speed.n_timed:
        fast = _("%(n)s of %(all)s") % {"n": f"{speed.n_fast:,}", "all": f"{speed.n_timed:,}"}
    return PaceRow(
        row.label, row.person, note, work.done, work.total, words.number(work.per_day, 0),
        seconds_text(speed.per_answer), seconds_text(speed.per_criterion), fast,
    )  # fmt: skip


def seconds_text(seconds: float | None) -> str:
    """Return 45 s, or 2 min 5 s; a dash for nothing."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    if minutes:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": f"{minutes:,}", "seconds": rest}
    return _("%(seconds)s s") % {"seconds": words.number(seconds, 1) if seconds < 9.5 else rest}


def _agreement(row: GraderReport, scale: Scale) -> ShareRow:
    quality = row.quality
    return ShareRow(
        label=row.label,
        value=words.number(quality.pairwise.value),
        interval=words.interval(quality.pairwise.ci_low, quality.pairwise.ci_high),
        plot=share_plot(row.label, quality.pairwise, scale),
        n=f"{quality.pairwise.n:,}",
        second=_with_interval(quality.majority),
        third=words.percent(quality.share_met),
        status=words.status_text(quality.pairwise.status),
    )


def share_plot(label: str, estimate: ShareEstimate, scale: Scale) -> Plot | None:
    """Return the plot of a share or a change; None when it has no value."""
    if estimate.value is None:
        return None
    mark = scale.mark(estimate.value, estimate.ci_low, estimate.ci_high)
    return scale.plot(f"{label}: {_with_interval(estimate)}", [mark])


def _drifts(row: GraderReport) -> list[tuple[str, str, Drift]]:
    found = (
        (_("Agrees with the others"), row.quality.agreement_drift),
        (_("Says met"), row.quality.met_drift),
    )
    return [(row.label, what, drift) for what, drift in found if drift.change.value is not None]


def _drift_row(label: str, what: str, drift: Drift, scale: Scale) -> DriftRow:
    change = drift.change
    return DriftRow(
        label, what, words.percent(drift.thirds[0]), words.percent(drift.thirds[2]),
        f"{words.signed(change.value)} ({words.interval(change.ci_low, change.ci_high, sign=True)})",
        share_plot(f"{label}, {what}", change, scale), _drift_status(change.status),
    )  # fmt: skip


def _drift_status(status: str) -> str:
    if status == "no_variation":
        return _("Every resample gives the same, so there is no interval.")
    return words.status_text(status)


def _line(row: GraderReport) -> LineRow:
    run, uniform = row.quality.run, row.quality.uniform
    return LineRow(
        label=row.label,
        run=f"{run.length:,}",
        expected=f"{run.expected:,}" if run.expected is not None else "–",
        uniform=_("%(share)s (%(n)s of %(all)s)")
        % {
            "share": words.percent(uniform.share),
            "n": f"{uniform.n_uniform:,}",
            "all": f"{uniform.n_answers:,}",
        }
        if uniform.n_answers
        else "–",
        others=words.percent(uniform.others),
    )


def _calibration(row: GraderReport, scale: Scale) -> ShareRow:
    found, red = row.calibration.all, row.calibration.red_lines
    plot = None
    if found.value is not None:
        mark = scale.mark(found.value, found.ci_low, found.ci_high)
        plot = scale.plot(f"{row.label}: {_gold_text(found)}", [mark])
    return ShareRow(
        label=row.label,
        value=words.number(found.value),
        interval=words.interval(found.ci_low, found.ci_high),
        plot=plot,
        n=_("%(n)s of %(all)s") % {"n": found.hits, "all": found.n},
        second=_("%(n)s of %(all)s") % {"n": red.hits, "all": red.n} if red.n else "–",
        third=str(row.calibration.cannot_judge),
        status="",
    )


def _gold_text(found: GoldShare) -> str:
    return words.with_interval(found.value, found.ci_low, found.ci_high)


def _with_interval(estimate: ShareEstimate) -> str:
    return words.with_interval(estimate.value, estimate.ci_low, estimate.ci_high)


def _ends(estimate: ShareEstimate) -> Sequence[float | None]:
    return (estimate.value, estimate.ci_low, estimate.ci_high)
