"""`agreement`: how far raters agree, from sessions or from a CSV file."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotations.ratings_file import BadRatingsFile, read_ratings
from annotations.selectors.agreement import AgreementReport, pairwise_to_dict, report_agreement
from annotations.selectors.sessions import find_sessions
from annotations.stats import (
    COEFFICIENTS,
    METRICS,
    Estimate,
    PairwiseKappa,
    RatingTable,
    agreement,
    pairwise_cohen_kappa,
)
from builder.common.commands import ServiceCommand

BAD_FILE = 2  # the exit code of a file that can't be used
MOST_PAIRS = 45  # more are in the JSON only


class Command(ServiceCommand):
    """Print agreement coefficients with intervals."""

    help = (
        "Print how far raters agree, with 95% intervals: of one or more sessions (pooled), or of a long CSV file with "
        "the columns unit,rater,value, which needs no database."
    )
    requires_migrations_checks = False
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--session",
            type=int,
            nargs="+",
            metavar="ID",
            help="sessions of one release whose grading has ended",
        )
        source.add_argument("--ratings", metavar="FILE.csv", help="needs no database")
        parser.add_argument(
            "--metric", choices=METRICS, default="nominal",
            help="how far apart two values are, for Krippendorff's alpha (default: nominal; of met and not met all say "
            "the same)",
        )  # fmt: skip
        parser.add_argument(
            "--coefficients", nargs="+", metavar="NAME", type=_coefficient,
            help=f"of --ratings (default: all that apply): {', '.join(COEFFICIENTS)}",
        )  # fmt: skip
        parser.add_argument(
            "--cluster", metavar="COLUMN",
            help="the column of --ratings whose units belong together: intervals then resample these groups",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute and print."""
        if options["ratings"]:
            self._of_file(options)
        elif options["cluster"] or options["coefficients"]:
            raise CommandError(
                "--coefficients and --cluster go with --ratings: a session's clusters are its cases.",
                returncode=BAD_FILE,
            )
        else:
            self._of_sessions(options["session"], as_json=options["json"])

    def _of_sessions(self, session_ids: Sequence[int], *, as_json: bool) -> None:
        report = report_agreement(*find_sessions(session_ids))
        if as_json:
            self._print_json(report.to_dict())
            return
        self.say(_headline(report))
        self._print_estimates(report.estimates)
        names = report.pairwise.raters
        if len(names) >= 2 and len(report.pairs) <= MOST_PAIRS:
            self.say("\nCohen's kappa, pair by pair")
            for pair in report.pairs:
                self.say(f"  {pair.a} and {pair.b}: {_with_interval(pair.kappa)}, {pair.n_units} units")
        if report.shared_criteria:
            self.say("\nKrippendorff's alpha of criteria that stand in several cases")
            for row in report.shared_criteria:
                alpha = _with_interval(row.estimate("krippendorff_alpha"))
                self.say(f"  {row.cluster or row.criterion}: {alpha}, {row.n_cases} cases")
        counts = report.abstentions
        self.say(
            f"\nNot counted as not met: {sum(counts.cannot_judge)} cannot judge, {sum(counts.judge_failed)} judge "
            f"failed, {counts.missing} missing."
        )
        if counts.third_opinions:
            verdicts = "1 verdict" if counts.third_opinions == 1 else f"{counts.third_opinions:,} verdicts"
            self.say(f"Third opinions on disagreements, left out here: {verdicts}.")
        if report.independence_note:
            self.say(report.independence_note)

    def _of_file(self, options: dict[str, Any]) -> None:
        path, metric = options["ratings"], options["metric"]
        try:
            table = read_ratings(path, metric=metric, cluster=options["cluster"])
            estimates = agreement(table, options["coefficients"], metric=metric)
        except BadRatingsFile as error:
            raise CommandError(str(error), returncode=BAD_FILE) from error
        except ValueError as error:
            raise CommandError(f"{path}: {error}", returncode=BAD_FILE) from error
        pairwise = pairwise_cohen_kappa(table)
        if options["json"]:
            found = [estimate.to_dict() for estimate in estimates]
            self._print_json({"estimates": found, "pairwise": pairwise_to_dict(pairwise)})
            return
        self._print_counts(path, table, options["cluster"])
        self._print_estimates(estimates)
        self._print_pairwise(pairwise)

    def _print_counts(self, path: str, table: RatingTable, cluster: str | None) -> None:
        resampled = f"; intervals resample {cluster}" if cluster else ""
        self.say(
            f"{path}: {table.n_ratings:,} ratings of {table.n_units:,} units by {table.n_raters:,} raters{resampled}"
        )
        if table.n_missing:
            self.say(
                "1 row without a value is left out."
                if table.n_missing == 1
                else f"{table.n_missing:,} rows without a value are left out."
            )

    def _print_json(self, found: dict[str, Any]) -> None:
        self.say(json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False))

    def _print_estimates(self, estimates: Sequence[Estimate]) -> None:
        self.say(f"\n{'coefficient':<22} {'value':>7}  {'95% interval':<17} {'units':>7} {'raters':>6}")
        for estimate in estimates:
            self.say(_line(estimate))
        for note in dict.fromkeys(estimate.note for estimate in estimates if estimate.note):
            names = [estimate.name for estimate in estimates if estimate.note == note]
            self.say(f"Warning: {'all' if len(names) == len(estimates) > 1 else ', '.join(names)}: {note}")

    def _print_pairwise(self, pairwise: PairwiseKappa) -> None:
        size = len(pairwise.raters)
        pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
        if len(pairs) > MOST_PAIRS:
            self.say(f"\nCohen's kappa of the {len(pairs):,} pairs of raters is in the output of --json.")
        if not pairs or len(pairs) > MOST_PAIRS:
            return
        self.say("\nCohen's kappa, pair by pair")
        for a, b in pairs:
            kappa, se = float(pairwise.kappa[a, b]), float(pairwise.se[a, b])
            error = "" if se != se else f" (standard error {se:.3f})"
            value = (
                "no value: " + _why_undefined(int(pairwise.n[a, b]))
                if kappa != kappa
                else f"{kappa:.4f}{error}"
            )
            self.say(
                f"  {pairwise.raters[a]} and {pairwise.raters[b]}: {value}, {int(pairwise.n[a, b])} units"
            )


def _coefficient(name: str) -> str:
    if name not in COEFFICIENTS:
        raise argparse.ArgumentTypeError(f"there is no coefficient {name}: use {', '.join(COEFFICIENTS)}")
    return name


def _headline(report: AgreementReport) -> str:
    which = "Session" if len(report.sessions) == 1 else "Sessions"
    numbers = ", ".join(str(session.pk) for session in report.sessions)
    return (
        f"{which} {numbers} of {report.session.release.label}: {report.n_answers:,} "
        f"{'answer' if report.n_answers == 1 else 'answers'} to {report.n_cases:,} "
        f"{'case' if report.n_cases == 1 else 'cases'}, "
        f"judged by {', '.join(report.raters)}"
    )


def _why_undefined(n: int) -> str:
    return "only one category was used" if n else "no unit in common"


def _with_interval(estimate: Estimate) -> str:
    if estimate.value is None:
        return "no value"
    return f"{estimate.value:.4f} ({_interval(estimate)})"


def _interval(estimate: Estimate) -> str:
    if estimate.ci_low is None or estimate.ci_high is None:
        return "no interval"
    return f"{estimate.ci_low:.3f} to {estimate.ci_high:.3f}"


def _line(estimate: Estimate) -> str:
    value = "–" if estimate.value is None else f"{estimate.value:.4f}"
    trusted = "" if estimate.status == "ok" else f"  {estimate.status.replace('_', ' ')}"
    return (
        f"{estimate.name:<22} {value:>7}  {_interval(estimate):<17} {estimate.n_units_pairable:>7,} "
        f"{estimate.n_raters:>6}{trusted}"
    )
