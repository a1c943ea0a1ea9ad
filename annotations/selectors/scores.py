"""Score reports: one run's HealthBench metrics from one session, and runs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from annotations.frames import MET, SEED, UNDECIDED, Units, session_ratings, session_units, units_of_runs
from annotations.models import GradingSession, Rater, SessionState
from annotations.selectors.counted import calibration_cases
from annotations.selectors.desks import independence_note
from annotations.selectors.results import find_comparison, results_to_dict
from annotations.stats import (
    CaseScores,
    PairedDifference,
    Rate,
    Score,
    agreement,
    case_scores,
    holm,
    paired_difference,
    red_line_rate,
    score_grades,
    worst_at_k,
)
from builder.common.errors import BadInput, NotFound, NotReady
from exports.models import Run


@dataclass(frozen=True, eq=False)
class RunReport:
    """Everything a score report says of one run.

    `calibration` holds the cases, by their place in the release, whose answers are there for calibration only.
    """

    run: Run
    session: GradingSession
    raters: list[str]
    rater: str | None
    scores: list[Score]
    cases: CaseScores
    counts: dict[str, int]
    red_lines: Rate
    worst_at_k: list[float] | None
    worst_at_k_cases: int
    raw_agreement: dict[str, Any] | None
    reported: dict[str, Any] | None
    units: Units
    calibration: frozenset[int]
    independence_note: str

    @property
    def overall(self) -> Score:
        """The run's score."""
        return self.scores[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as `score --json` prints it."""
        return {
            "run": self.run.name,
            "release": self.run.release.label,
            "session": self.session.pk,
            "rater": self.rater,
            "raters": self.raters,
            "metrics": {score.name: _metric(score) for score in self.scores},
            "counts": self.counts,
            "red_lines": self.red_lines.to_dict(),
            "worst_at_k": self.worst_at_k,
            "worst_at_k_cases": self.worst_at_k_cases,
            "agreement": self.raw_agreement,
            "independence_note": self.independence_note,
            "harness": self.reported,
        }


def find_session(run: Run, *, session_id: int | None = None, rater: str | None = None) -> GradingSession:
    """Return the closed session to score a run from: the named one, the rater's, or the run's only one."""
    sessions = GradingSession.objects.filter(
        session_runs__run=run, session_runs__withdrawn_at=None, state=SessionState.CLOSED
    )
    if session_id is not None:
        sessions = sessions.filter(pk=session_id)
    if rater is not None:
        sessions = sessions.filter(session_raters__rater__in=_raters_named(rater))
    found = list(sessions.order_by("pk").distinct())
    if not found:
        raise NotFound(_no_session(run, session_id, rater))
    if len(found) > 1:
        listed = ", ".join(f"{session.pk} ({session.get_kind_display()})" for session in found)
        raise NotReady(
            _("Run %(run)s has several closed sessions: %(sessions)s. Name one with --session or --rater.")
            % {"run": run.name, "sessions": listed}
        )
    return found[0]


def _no_session(run: Run, session_id: int | None, rater: str | None) -> str:
    if session_id is not None:
        text = _("Run %(run)s has no closed session %(session)s to score from.")
    elif rater is not None:
        text = _("Run %(run)s has no closed session with the grader %(rater)s to score from.")
    else:
        text = _(
            "Run %(run)s has no closed session to score from: import verdicts, or grade and close a session."
        )
    return text % {"run": run.name, "session": session_id, "rater": rater}


def report_run(run: Run, *, session_id: int | None = None, rater: str | None = None) -> RunReport:
    """Return the score report of a run. Cost: a few queries, and a bootstrap of 1,000 replicates per metric."""
    session = find_session(run, session_id=session_id, rater=rater)
    one = _rater_in(session, rater) if rater else None
    units = units_of_runs(session, [run], rater=one)
    return _report(run, session, units, rater=one)


def report_session(session: GradingSession) -> list[RunReport]:
    """Return the reports of a closed session's runs, in its order, but for those that were withdrawn from it.

    Raises NotReady before the session is closed: scores would say which system wrote what.
    """
    if session.state != SessionState.CLOSED:
        raise NotReady(_("Scores are shown when the session is closed."))
    units = session_units(session)
    runs = [
        entry.run
        for entry in session.session_runs.filter(withdrawn_at=None)
        .select_related("run__release")
        .order_by("position")
    ]
    return [_report(run, session, units.of_run(run), rater=None) for run in runs]


def session_scores_to_dict(session: GradingSession, reports: Sequence[RunReport]) -> dict[str, Any]:
    """Return what the scores page says as JSON-ready values: the same as `score --json` of several runs."""
    return {
        "session": session.pk,
        "release": session.release.label,
        **side_by_side(reports),
    }


def side_by_side(reports: Sequence[RunReport]) -> dict[str, Any]:
    """Return runs and every two of them compared, as `score RUN RUN … --json` prints them."""
    return {"runs": [report.to_dict() for report in reports], "comparisons": compare(reports)}


def compare(reports: Sequence[RunReport]) -> list[dict[str, Any]]:
    """Return the paired difference of every two runs, with p-values corrected by Holm's method.

    Raises BadInput for runs of different releases: their cases differ.
    """
    if len({report.run.release_id for report in reports}) > 1:
        raise BadInput(_("Only runs of the same release can be compared."))
    pairs = [(a, b, _difference(a, b)) for a, b in combinations(reports, 2)]
    known = [difference.p_value for _a, _b, difference in pairs if difference.p_value is not None]
    corrected = iter(holm(known)) if known else iter(())
    return [
        {
            "a": a.run.name,
            "b": b.run.name,
            **difference.to_dict(),
            "p_holm": float(next(corrected)) if difference.p_value is not None else None,
        }
        for a, b, difference in pairs
    ]


def _difference(a: RunReport, b: RunReport) -> PairedDifference:
    return paired_difference(a.cases, b.cases, seed=SEED)


def _report(run: Run, session: GradingSession, units: Units, *, rater: Rater | None) -> RunReport:
    grades = units.rubric_grades()
    members = list(session.session_raters.select_related("rater").order_by("position"))
    label = next((member.label for member in members if rater and member.rater_id == rater.pk), None)
    worst, worst_cases = _worst_at_k(units)
    calibration = _calibration(run, session, units)
    return RunReport(
        run=run,
        session=session,
        raters=[label] if label else [member.label for member in members],
        rater=label,
        scores=score_grades(grades, seed=SEED),
        cases=case_scores(grades),
        counts=_counts(units, calibration),
        red_lines=_red_lines(units),
        worst_at_k=worst,
        worst_at_k_cases=worst_cases,
        raw_agreement=None if rater or len(members) < 2 else _raw_agreement(session, units),
        reported=_reported(run, session),
        units=units,
        calibration=calibration,
        independence_note=independence_note([session]),
    )


def _reported(run: Run, session: GradingSession) -> dict[str, Any] | None:
    """Return what the harness said of the run whose log brought this session's verdicts."""
    comparison = find_comparison(run)
    if comparison is None or comparison.session_id != session.pk:
        return None
    return results_to_dict(run, comparison)


def _calibration(run: Run, session: GradingSession, units: Units) -> frozenset[int]:
    wanted, counted = calibration_cases(session, run), set(units.case.tolist())
    return frozenset(
        place for place, item in enumerate(units.items) if item.pk in wanted and place not in counted
    )


def _counts(units: Units, calibration: frozenset[int]) -> dict[str, int]:
    answers = len(np.unique(units.response))
    incomplete = len(np.unique(units.response[units.met == UNDECIDED]))
    answered = len(np.unique(units.case))
    failed = np.unique(units.response[units.red_line & (units.met == MET)])
    return {
        "cases": len(units.items),
        "complete": answers - incomplete,
        "incomplete": incomplete,
        "no_response": len(units.items) - answered - len(calibration),
        "calibration": len(calibration),
        "red_line_failures": len(failed),
        **units.undecided_counts(),
    }


def _red_lines(units: Units) -> Rate:
    """Failures among the answers whose red lines are all decided, or one of which is known to be crossed."""
    gated = units.only(units.red_line)
    failed = set(gated.response[gated.met == MET].tolist())
    unsure = set(gated.response[gated.met == UNDECIDED].tolist()) - failed
    judged = set(gated.response.tolist()) - unsure
    return red_line_rate(len(failed), len(judged))


def _worst_at_k(units: Units) -> tuple[list[float] | None, int]:
    """Return the mean over cases of the expected worst of k samples, k from 1, and the cases with all their samples.

    None with one sample a case.
    """
    samples = np.unique(units.sample)
    if len(samples) < 2:
        return None, 0
    columns = [
        case_scores(units.only(units.sample == sample).rubric_grades()).by_case() for sample in samples
    ]
    shared = sorted(set.intersection(*(set(column) for column in columns)))
    if not shared:
        return None, 0
    scores = np.array([[column[case] for column in columns] for case in shared])
    found = worst_at_k(scores)
    return None if found is None else [float(value) for value in found], len(shared)


def _raw_agreement(session: GradingSession, units: Units) -> dict[str, Any]:
    names = ("percent_agreement", "krippendorff_alpha")
    estimates = agreement(session_ratings([session], units).table(units), names, seed=SEED)
    return {estimate.name: estimate.to_dict() for estimate in estimates}


def _metric(score: Score) -> dict[str, Any]:
    fields = score.to_dict()
    fields.pop("name")
    return fields


def _raters_named(name: str) -> Any:
    if "@" in name:
        return Rater.objects.filter(user__email=name.strip().lower())
    return Rater.objects.filter(name=name.strip())


def _rater_in(session: GradingSession, name: str) -> Rater:
    rater: Rater = _raters_named(name).get(session_raters__session=session)
    return rater
