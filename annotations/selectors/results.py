"""What a harness said of a run beside our numbers, as it was found when its log came in: rows, no computing."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotations.models import ComparisonFinding, ResultsComparison, SessionState
from builder.common.errors import NotFound
from exports.formats.base import Formula
from exports.formats.formulas import HEALTHBENCH
from exports.formats.registry import FORMATS
from exports.models import Run

_NUMBERS = (
    "our_score", "ci_low", "ci_high", "expected_score", "n_reported", "n_unexplained", "n_other",
)  # fmt: skip


def formulas_of(run: Run) -> Sequence[Formula]:
    """Return the formulas the run's harness may have computed with, the usual one first."""
    found = FORMATS.get(run.log_format)
    return (found.formula or HEALTHBENCH, *found.other_formulas) if found else (HEALTHBENCH,)


def find_comparison(run: Run) -> ResultsComparison | None:
    """Return the comparison that was made when the run's log came in; None where the log held no verdicts."""
    if not run.log_format:
        return None
    found = ResultsComparison.objects.filter(
        session__session_runs__run=run, session__state=SessionState.CLOSED
    )
    return found.first()


def get_results(run: Run) -> dict[str, Any]:
    """Return what a harness said of the run beside our numbers; raises NotFound for a plain file's run."""
    found = results_to_dict(run, find_comparison(run))
    if found is None:
        raise NotFound(
            _("The answers of run %(run)s came as a plain file, not as a harness’s log.") % {"run": run}
        )
    return found


def results_to_dict(run: Run, comparison: ResultsComparison | None) -> dict[str, Any] | None:
    """Return what a harness said of the run beside our numbers, ready for JSON; None for a plain file's run."""
    if not run.log_format:
        return None
    found: dict[str, Any] = {
        "format": run.log_format, "harness": run.harness, "harness_version": run.harness_version,
        "grader": run.grader, "reported_score": run.reported_score,
    }  # fmt: skip
    if comparison is None:
        return {**found, "session": None, "finding": None, "formula": "", **dict.fromkeys(_NUMBERS)}
    return {
        **found,
        "session": comparison.session_id,
        "finding": comparison.finding,
        "formula": formulas_of(run)[comparison.formula_place].sentence,
        **{name: getattr(comparison, name) for name in _NUMBERS},
    }


def finding_label(found: dict[str, Any]) -> str:
    """Return what became of the harness's numbers in two words; `found` is `results_to_dict`."""
    finding = found["finding"]
    return str(ComparisonFinding(finding).label) if finding else _("Not checked")


def interval_words(found: dict[str, Any]) -> str:
    """Return the interval of our score in words; empty where there is none."""
    if found["ci_low"] is None or found["ci_high"] is None:
        return ""
    return _("95%% interval %(low)s to %(high)s") % {
        "low": f"{found['ci_low']:.3f}", "high": f"{found['ci_high']:.3f}",
    }  # fmt: skip


def rounded(value: float | None) -> str:
    """Return a score as reports print it."""
    return "–" if value is None else f"{value:.4f}"
