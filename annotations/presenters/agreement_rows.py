"""The rows of the agreement page that tell of pairs, of single graders and of criteria."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.presenters import words
from annotations.presenters.plots import Plot, Scale, unit_scale
from annotations.selectors.agreement import AgreementReport, CriterionAgreement, PairAgreement, RaterAgreement
from annotations.selectors.shared_criteria import CLUSTER_PREFIX, SharedCriterion
from annotations.stats import Estimate
from builder.vocabulary import axis_label

FEW_UNITS = 30  # a pair with fewer in common gets no colour
LOOK_BELOW = 0.80
HEAT = ((0.93, "cw-h4"), (0.90, "cw-h3"), (0.86, "cw-h2"), (LOOK_BELOW, "cw-h1"))


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One pair in the heat map."""

    css: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One rater against those before."""

    rater: str
    cells: list[HeatCell | None]


@dataclass(frozen=True, slots=True)
class PairRow:
    """One pair as a line of the table."""

    a: str
    b: str
    n_units: int
    percent: str
    kappa: str
    status: str


@dataclass(frozen=True, slots=True)
class RaterRow:
    """One rater against the rest."""

    rater: str
    share_met: str
    value: str
    interval: str
    plot: Plot | None
    cannot_judge: int
    judge_failed: int
    note: str


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion of one case: how many pairs gave the same verdict."""

    criterion: str
    case: str
    axis: str
    points: float
    red_line: bool
    pairs: str
    flagged: bool


@dataclass(frozen=True, slots=True)
class SharedRow:
    """One criterion of several cases, with coefficients."""

    criterion: str
    detail: str
    red_line: bool
    percent: str
    alpha: str
    ac1: str
    n: str
    status: str


def estimate_plot(label: str, estimate: Estimate, scale: Scale, *, height: float = 24) -> Plot | None:
    """Return the plot of an estimate; None when it has no value."""
    if estimate.value is None:
        return None
    mark = scale.mark(estimate.value, estimate.ci_low, estimate.ci_high, y=height / 2)
    return scale.plot(f"{label}: {words.estimate_text(estimate)}", [mark], height=height)


def heat_rows(report: AgreementReport) -> list[HeatRow]:
    """Return the lower triangle of the heat map, row by row."""
    found = {(pair.a, pair.b): pair for pair in report.pairs}
    rows = []
    for place, rater in enumerate(report.raters[1:], start=1):
        before = report.raters[:-1]
        cells = [
            _heat_cell(found[other, rater]) if index < place else None for index, other in enumerate(before)
        ]
        rows.append(HeatRow(rater, cells))
    return rows


def _heat_cell(pair: PairAgreement) -> HeatCell:
    units = ngettext("%(n)s unit", "%(n)s units", pair.n_units) % {"n": f"{pair.n_units:,}"}
    if pair.percent.value is None or pair.n_units < FEW_UNITS:
        return HeatCell("cw-hx", _("too few"), units)
    value = pair.percent.value
    css = next((css for bound, css in HEAT if value >= bound), "cw-h0")
    return HeatCell(css, words.number(value), units)


def pair_row(pair: PairAgreement) -> PairRow:
    """Return one pair as a line of the table."""
    return PairRow(
        pair.a, pair.b, pair.n_units, words.estimate_text(pair.percent), words.estimate_text(pair.kappa),
        words.status_text(pair.kappa.status),
    )  # fmt: skip


def rater_rows(rows: Sequence[RaterAgreement]) -> list[RaterRow]:
    """Return every rater against the rest, on one scale."""
    scale = unit_scale([end for row in rows for end in (row.estimate.value, row.estimate.ci_low)])
    return [_rater(row, rows, scale) for row in rows]


def _rater(row: RaterAgreement, everybody: Sequence[RaterAgreement], scale: Scale) -> RaterRow:
    estimate = row.estimate
    return RaterRow(
        rater=row.rater,
        share_met=words.percent(row.share_met),
        value=words.number(estimate.value),
        interval=words.interval(estimate.ci_low, estimate.ci_high) if estimate.value is not None else "",
        plot=estimate_plot(row.rater, estimate, scale),
        cannot_judge=row.cannot_judge,
        judge_failed=row.judge_failed,
        note=_leaning(row, everybody),
    )


def _leaning(row: RaterAgreement, everybody: Sequence[RaterAgreement]) -> str:
    """Say when a rater gives "met" ten points more or less often than the others."""
    others = [other for other in everybody if other is not row]
    verdicts = sum(other.n_verdicts for other in others)
    if row.share_met is None or not verdicts or row.n_verdicts < FEW_UNITS:
        return ""
    gap = row.share_met - sum(other.n_met for other in others) / verdicts
    if abs(gap) < 0.10:
        return ""
    points = {"points": round(abs(gap) * 100)}
    if gap < 0:
        return _("says “met” less often: %(points)s points below the others") % points
    return _("says “met” more often: %(points)s points above the others") % points


def criterion_row(row: CriterionAgreement) -> CriterionRow:
    """Return one criterion; fewer than half of its pairs agreeing is flagged."""
    share = row.share if row.share is not None else 1.0
    return CriterionRow(
        criterion=row.criterion,
        case=row.title or row.prompt_id,
        axis=axis_label(row.axis) if row.axis else "",
        points=row.points,
        red_line=row.red_line,
        pairs=_("%(same)s of %(all)s") % {"same": row.agreeing_pairs, "all": row.n_pairs},
        flagged=share < 0.5,
    )


def shared_row(row: SharedCriterion) -> SharedRow:
    """Return one criterion of several cases: raw and chance-corrected agreement side by side."""
    raw, alpha = row.estimate("percent_agreement"), row.estimate("krippendorff_alpha")
    details = [words.count_cases(row.n_cases)]
    if row.cluster:
        details.append(row.cluster.removeprefix(CLUSTER_PREFIX))
    if row.n_wordings > 1:
        details.append(_("%(n)s wordings") % {"n": row.n_wordings})
    return SharedRow(
        criterion=row.criterion,
        detail=" · ".join(details),
        red_line=row.red_line,
        percent=words.estimate_text(raw),
        alpha=words.estimate_text(alpha),
        ac1=words.estimate_text(row.estimate("gwet_ac1")),
        n=f"{raw.n_units_pairable:,}",
        status=words.status_text(alpha.status),
    )
