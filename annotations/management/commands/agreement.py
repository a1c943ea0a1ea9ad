"""`agreement`: how far raters agree, from a session or from a CSV file."""

import json
from typing import Any

import pandas as pd
from django.core.management.base import CommandError, CommandParser

from annotations.selectors.agreement import pairwise_to_dict, report_agreement
from annotations.stats import METRICS, Estimate, RatingTable, agreement, pairwise_cohen_kappa
from builder.common.commands import ServiceCommand
from builder.common.errors import NotFound

COLUMNS = ["unit", "rater", "value"]


class Command(ServiceCommand):
    """Print agreement coefficients with intervals."""

    help = "Print agreement coefficients with intervals, of a session or of a long CSV file (unit,rater,value)."
    requires_migrations_checks = False
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--session", type=int, metavar="ID")
        source.add_argument("--ratings", metavar="FILE.csv", help="needs no database")
        parser.add_argument("--metric", choices=METRICS, default="nominal")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute and print."""
        if options["ratings"]:
            estimates, found = self._of_file(options["ratings"], options["metric"])
        else:
            estimates, found = self._of_session(options["session"])
        if options["json"]:
            self.say(json.dumps(found, ensure_ascii=False, indent=2))
            return
        self.say(f"{'coefficient':<22} {'value':>7}  {'interval':^16} {'units':>6} {'raters':>6}  status")
        for estimate in estimates:
            self.say(_line(estimate))

    def _of_session(self, session_id: int) -> tuple[list[Estimate], dict[str, Any]]:
        from annotations.models import GradingSession

        session = GradingSession.objects.select_related("release").filter(pk=session_id).first()
        if session is None:
            raise NotFound(f"There is no session {session_id}.")
        report = report_agreement(session)
        return report.estimates, report.to_dict()

    def _of_file(self, path: str, metric: str) -> tuple[list[Estimate], dict[str, Any]]:
        table = read_ratings(path)
        try:
            estimates = agreement(table, metric=metric)  # type: ignore[arg-type]
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        pairwise = pairwise_to_dict(pairwise_cohen_kappa(table))
        return estimates, {"estimates": [estimate.to_dict() for estimate in estimates], "pairwise": pairwise}


def read_ratings(path: str) -> RatingTable:
    """Return the ratings of a long CSV; ends the command with exit code 2 and a sentence when it can't be used."""
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise CommandError(f"{path} can't be read as CSV: {error}", returncode=2) from error
    if missing := [column for column in COLUMNS if column not in frame.columns]:
        raise CommandError(f"{path}, line 1: the columns {', '.join(COLUMNS)} were expected; {missing[0]} is missing.", returncode=2)
    if frame.empty:
        raise CommandError(f"{path} holds no rating.", returncode=2)
    twice = frame.duplicated(["unit", "rater"])
    if twice.any():
        row = int(twice.to_numpy().argmax())
        unit, rater = frame.loc[row, "unit"], frame.loc[row, "rater"]
        raise CommandError(
            f"{path}, line {row + 2}: unit {unit} already has a rating by rater {rater}.", returncode=2
        )
    try:
        return RatingTable.from_long(frame["unit"].to_numpy(), frame["rater"].to_numpy(), frame["value"].to_numpy())
    except ValueError as error:
        raise CommandError(f"{path}: {error}", returncode=2) from error


def _line(estimate: Estimate) -> str:
    value = "–" if estimate.value is None else f"{estimate.value:.4f}"
    interval = (
        "no interval" if estimate.ci_low is None or estimate.ci_high is None
        else f"{estimate.ci_low:.3f} to {estimate.ci_high:.3f}"
    )  # fmt: skip
    return (
        f"{estimate.name:<22} {value:>7}  {interval:^16} {estimate.n_units:>6} {estimate.n_raters:>6}  "
        f"{estimate.status}{': ' + estimate.note if estimate.note else ''}"
    )
