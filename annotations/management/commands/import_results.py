"""`import_results`: a harness's log comes home."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from annotations.log_files import reading_formats
from annotations.models import ComparisonFinding
from annotations.selectors.results import get_results
from annotations.services.results import ResultsImport, import_results
from builder import access
from builder.common.commands import ServiceCommand
from exports.access import get_release_by_label
from exports.formats.registry import FORMATS
from exports.management.run_options import add_run_options, run_options


class Command(ServiceCommand):
    """Import a harness's log: answers and verdicts at once, all or none; the same log again changes nothing."""

    help = (
        "Import a harness's log of a release, answers and its grader's verdicts at once, all or none; the same log "
        "again changes nothing. What to bring: "
        + "; ".join(f"{each.name}: {each.reader.files}" for each in FORMATS.values() if each.reader)
        + ". A folder of logs may also come as a .zip."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("file", type=Path, metavar="FILE", help="the log: a file or a folder")
        parser.add_argument(
            "--format", default="", choices=list(reading_formats()), help="default: the format is recognised"
        )
        parser.add_argument(
            "--rater", default="", help="whose verdicts they are (default: FORMAT:GRADER as the log names it)"
        )
        add_run_options(parser)
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what came in."""
        by = access.get_person_by_email(options["by"])
        result = import_results(
            path=options["file"],
            release=get_release_by_label(by, options["release"]),
            by=by,
            file_format=options["format"],
            rater_name=options["rater"],
            progress=self.with_progress,
            **run_options(options),
        )
        self._report(result, options["release"])

    def _report(self, result: ResultsImport, label: str) -> None:
        run, session = result.run, result.session
        if not result.created:
            self.say(
                f"Nothing changed: run {run.name} already holds the {result.responses} answers and {result.verdicts} "
                "verdicts of this log."
            )
            return
        resumed = f" ({result.resumed} were there from an interrupted import)" if result.resumed else ""
        self.say(
            f"Imported {result.responses} answers to {label} as run {run.name}{resumed}, from a log of the format "
            f"{run.log_format}."
        )
        if session is None:
            self.say(
                "The log holds no verdict: grade the answers here, or bring verdicts with import_verdicts."
            )
        else:
            self.say(
                f"Imported {result.verdicts} verdicts of {session.raters.get().name} on {result.judged} answers, into "
                f"session {session.pk} (closed)."
            )
        if result.failed:
            self.say(f"{result.failed} samples ended in the harness without an answer and were left out.")
        if result.unanswered:
            self.say(
                f"{result.unanswered} of {result.n_items} cases have no answer; scores count them as no response."
            )
        self._compare(result)

    def _compare(self, result: ResultsImport) -> None:
        """Print the harness's score beside ours."""
        found = get_results(result.run)
        if found["finding"] is None:
            return
        self.say(f"Our score: {_number(found['our_score'])}. {_reported(found)}")
        if found["finding"] == ComparisonFinding.EXPLAINED:
            self.say(f"The difference is what its formula gives. {found['formula']}")
        if found["finding"] == ComparisonFinding.UNEXPLAINED:
            self.say(
                f"NOT EXPLAINED by its formula, which gives {_number(found['expected_score'])} for the run and other "
                f"scores than reported for {found['n_unexplained']} of {found['n_reported']} answers (see the run)."
            )


def _reported(found: dict[str, Any]) -> str:
    named = found["harness"] or found["format"]
    if found["finding"] == ComparisonFinding.NOT_REPORTED:
        return f"{named} reported none."
    if found["reported_score"] is None:
        return f"{named} reported scores of {found['n_reported']} answers, none of the run."
    return f"Reported by {named}: {_number(found['reported_score'])}."


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6f}"
