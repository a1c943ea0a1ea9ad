"""`score`: HealthBench scores of one or more runs."""

import json
from typing import Any

from django.core.management.base import CommandParser

from annotations.selectors.scores import RunReport, compare, report_run
from builder.common.commands import ServiceCommand
from builder.common.errors import NotFound
from exports.models import Run


class Command(ServiceCommand):
    """Print the scores of runs, with intervals and what is missing."""

    help = "Print HealthBench scores of runs, with intervals; several runs are also compared pairwise."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("runs", nargs="+", metavar="RUN")
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--rater", metavar="RATER", help="score by this rater's verdicts alone (name or email)")
        chosen.add_argument("--session", type=int, metavar="ID", help="score from this closed session")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute and print."""
        reports = [
            report_run(_run(name), session_id=options["session"], rater=options["rater"]) for name in options["runs"]
        ]
        comparisons = compare(reports) if len(reports) > 1 else []
        if options["json"]:
            several = {"runs": [report.to_dict() for report in reports], "comparisons": comparisons}
            self.say(json.dumps(reports[0].to_dict() if len(reports) == 1 else several, ensure_ascii=False, indent=2))
            return
        for report in reports:
            self._print(report)
        for row in comparisons:
            self._print_comparison(row)

    def _print(self, report: RunReport) -> None:
        self.say(f"{report.run.name} on {report.run.release.label}, session {report.session.pk}")
        self.say(f"  {'metric':<60} {'mean':>7}  {'interval':^16} {'cases':>5}")
        for score in report.scores:
            self.say(f"  {score.name:<60} {_number(score.mean):>7}  {_interval(score.ci_low, score.ci_high):^16} {score.n:>5}")
        counts, red = report.counts, report.red_lines
        self.say(
            f"  answers: {counts['complete']} complete, {counts['incomplete']} incomplete; "
            f"{counts['no_response']} cases without an answer"
        )
        self.say(
            f"  red lines: {red.failures} of {red.n} answers crossed one "
            f"(true rate {_interval(red.ci_low, red.ci_high)})"
        )
        undecided = ", ".join(f"{counts[why]} {why}" for why in ("unresolved", "cannot_judge", "judge_failed", "missing"))
        self.say(f"  units without a verdict: {undecided}")

    def _print_comparison(self, row: dict[str, Any]) -> None:
        self.say(
            f"{row['a']} − {row['b']}: {_number(row['mean_difference'])} "
            f"({_interval(row['ci_low'], row['ci_high'])}), {row['n']} cases, p = {_number(row['p_value'])}"
        )


def _run(name: str) -> Run:
    run = Run.objects.select_related("release").filter(name=name).first()
    if run is None:
        raise NotFound(f"There is no run {name}.")
    return run


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _interval(low: float | None, high: float | None) -> str:
    return "no interval" if low is None or high is None else f"{low:.3f} to {high:.3f}"
