"""Why a grader is worth a look, each reason in one plain sentence."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from annotations.presenters import words
from annotations.presenters.words import hundred, percent
from annotations.selectors.quality import GraderReport


def flag_reasons(row: GraderReport) -> list[str]:
    """Return a sentence for each of the grader's flags."""
    return [_REASONS[flag](row) for flag in row.flags]


def _agreement(row: GraderReport) -> str:
    quality = row.quality
    return _(
        "The same verdict as the others %(own)s times in 100, %(points)s points less often than they give the same "
        "among themselves."
    ) % {
        "own": hundred(quality.pairwise.value or 0.0),
        "points": round(abs(quality.beside.value or 0.0) * 100),
    }


def _agreement_drift(row: GraderReport) -> str:
    first, _second, last = row.quality.agreement_drift.thirds
    return _(
        "The same verdict as the others less often towards the end: %(first)s times in 100 in the first third, "
        "%(last)s in the last."
    ) % {"first": hundred(first or 0.0), "last": hundred(last or 0.0)}


def _met_drift(row: GraderReport) -> str:
    first, _second, last = row.quality.met_drift.thirds
    shares = {"first": percent(first), "last": percent(last)}
    if (last or 0.0) > (first or 0.0):
        return (
            _("“Met” more often towards the end: %(first)s in the first third, %(last)s in the last.")
            % shares
        )
    return _("“Met” less often towards the end: %(first)s in the first third, %(last)s in the last.") % shares


def _run(row: GraderReport) -> str:
    run = row.quality.run
    return _(
        "The same verdict %(n)s times in a row; the same answers in another order give about %(expected)s."
    ) % {"n": f"{run.length:,}", "expected": f"{run.expected or 0:,}"}


def _uniform(row: GraderReport) -> str:
    uniform = row.quality.uniform
    shares = {"own": percent(uniform.share), "others": percent(uniform.others)}
    return (
        _(
            "One verdict for a whole answer in %(own)s of answers with four criteria or more; among colleagues in "
            "%(others)s."
        )
        % shares
    )


def _speed(row: GraderReport) -> str:
    speed = row.work.speed
    return _(
        "%(n)s of %(all)s answers judged in less time than reading them takes (600 words a minute, and a second for "
        "each criterion)."
    ) % {"n": f"{speed.n_fast:,}", "all": f"{speed.n_timed:,}"}


def _calibration(row: GraderReport) -> str:
    found, red = row.calibration.all, row.calibration.red_lines
    if found.is_low:
        return _(
            "The right verdict on %(n)s of %(all)s criteria of the practice answers (95%% interval "
            "%(interval)s)."
        ) % {"n": found.hits, "all": found.n, "interval": words.interval(found.ci_low, found.ci_high)}
    return _("The right verdict on %(n)s of %(all)s red lines of the practice answers.") % {
        "n": red.hits, "all": red.n,
    }  # fmt: skip


_REASONS: dict[str, Callable[[GraderReport], str]] = {
    "agreement": _agreement, "agreement_drift": _agreement_drift, "met_drift": _met_drift, "run": _run,
    "uniform": _uniform, "speed": _speed, "calibration": _calibration,
}  # fmt: skip
