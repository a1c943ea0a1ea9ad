"""`score`: HealthBench scores of one or more runs."""

import json
from typing import Any

from django.core.management.base import CommandParser

from annotations.selectors.results import finding_label
from annotations.selectors.scores import RunReport, compare, report_run, side_by_side
from builder.common.commands import ServiceCommand
from builder.common.errors import BadInput
from exports.selectors import find_run


class Command(ServiceCommand):
    """Print the scores of runs, with intervals and what is missing."""

    help = (
        "Print HealthBench scores of runs, with 95% intervals, red-line failures and what is missing; several runs of "
        "one release are also compared in pairs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("runs", nargs="+", metavar="RUN")
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument(
            "--rater",
            metavar="RATER",
            help="score by this rater's verdicts alone (email, or an imported rater's name)",
        )
        chosen.add_argument(
            "--session",
            type=int,
            metavar="ID",
            help="score from this closed session (default: the run's only one)",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute and print."""
        names = options["runs"]
        if len(set(names)) < len(names):
            raise BadInput("A run is named twice.")
        reports = [
            report_run(find_run(name), session_id=options["session"], rater=options["rater"])
            for name in names
        ]
        if options["json"]:
            found = reports[0].to_dict() if len(reports) == 1 else side_by_side(reports)
            self.say(json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False))
            return
        comparisons = compare(reports)
        for report in reports:
            self._print(report)
        for row in comparisons:
            self._print_comparison(row)

    def _print(self, report: RunReport) -> None:
        judged = f"by {report.rater} alone" if report.rater else f"by {', '.join(report.raters)}"
        self.say(
            f"{report.run.name} on {report.run.release.label}, session {report.session.pk}, judged {judged}"
        )
        width = max(len(score.name) for score in report.scores)
        self.say(f"\n  {'metric':<{width}}  {'mean':>7}  {'95% interval':<16}  {'cases':>5}")
        for score in report.scores:
            interval = _interval(score.ci_low, score.ci_high)
            self.say(f"  {score.name:<{width}}  {_number(score.mean):>7}  {interval:<16}  {score.n:>5}")
        self.say("")
        for line in _lines_beside(report):
            self.say(f"  {line}")
        self.say("")

    def _print_comparison(self, row: dict[str, Any]) -> None:
        self.say(
            f"{row['a']} minus {row['b']}: {_number(row['mean_difference'])} "
            f"({_interval(row['ci_low'], row['ci_high'])}), {row['n']} cases in common, {_p(row)}"
            + (f". {row['note']}" if row["note"] else "")
        )


def _lines_beside(report: RunReport) -> list[str]:
    counts, red, score = report.counts, report.red_lines, report.overall
    lines = [
        f"answers: {counts['complete']} complete, {counts['incomplete']} incomplete; {counts['no_response']} of "
        f"{counts['cases']} cases without an answer"
    ]
    if counts["incomplete"]:
        lines.append(
            f"incomplete answers are left out of the mean; with them the score lies between {_number(score.worst)} and "
            f"{_number(score.best)}"
        )
    undecided = ", ".join(
        f"{counts[why]} {why.replace('_', ' ')}"
        for why in ("unresolved", "cannot_judge", "judge_failed", "missing")
    )
    ruled = counts["ruled_cannot_judge"], counts["ruled_unclear"]
    if any(ruled):
        undecided += f"; adjudicated as undecidable: {ruled[0]} cannot judge, {ruled[1]} unclear wording"
    lines.append(f"verdicts that decide nothing: {undecided}")
    if red.n:
        lines.append(
            f"red lines: crossed in {red.failures} of {red.n} answers that could (true rate "
            f"{_interval(red.ci_low, red.ci_high)})"
        )
    else:
        lines.append("red lines: no judged answer has one")
    if counts["calibration"]:
        cases = "1 case" if counts["calibration"] == 1 else f"{counts['calibration']} cases"
        lines.append(f"for calibration, counted in no number: {cases}")
    if report.independence_note:
        lines.append(report.independence_note)
    if report.reported:
        lines.append(_reported(report.reported))
    if report.worst_at_k:
        k = len(report.worst_at_k)
        worst = report.worst_at_k[-1]
        lines.append(f"worst of {k} answers: {worst:.4f}, over {report.worst_at_k_cases} cases with all {k}")
    return lines


def _reported(found: dict[str, Any]) -> str:
    named = " ".join(each for each in (found["harness"], found["harness_version"]) if each) or found["format"]
    score = "none for the run" if found["reported_score"] is None else _number(found["reported_score"])
    return f"{named} reported {score}: {finding_label(found)}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _interval(low: float | None, high: float | None) -> str:
    return "no interval" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _p(row: dict[str, Any]) -> str:
    if row["p_value"] is None:
        return "no p-value"
    text = f"p = {row['p_value']:.4f}"
    return text if row["p_holm"] == row["p_value"] else f"{text} (Holm: {row['p_holm']:.4f})"
