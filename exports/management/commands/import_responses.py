"""`import_responses`: a run's answers come back."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from builder import access
from builder.common.commands import ServiceCommand
from builder.common.errors import BadInput
from exports.access import get_release_by_label
from exports.models import ModelClass
from exports.services.runs import RunImport, import_responses


class Command(ServiceCommand):
    """Import one run's answers to a release, all or none; the same file again changes nothing."""

    help = (
        "Import one run's answers to a release from JSON Lines (prompt_id, epoch, completion), all or none; the same "
        "file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--release", required=True, metavar="NAME==X.Y.Z")
        parser.add_argument("--run", required=True, help="the run's name, unique in this installation")
        parser.add_argument("--model", default="", help="what answered")
        parser.add_argument("--model-class", default="", choices=ModelClass.values)
        parser.add_argument("--prompting", default="", help="plain, medprompt, …")
        parser.add_argument("--retrieval", default="", help="none, rag, …")
        parser.add_argument(
            "--param", action="append", default=[], metavar="K=V", help="a setting; may be repeated"
        )
        parser.add_argument(
            "--restart", action="store_true", help="drop what an interrupted import of this run left"
        )
        self.add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what came in."""
        by = access.get_person_by_email(options["by"])
        result = import_responses(
            path=options["file"],
            release=get_release_by_label(by, options["release"]),
            run_name=options["run"],
            by=by,
            model=options["model"],
            model_class=options["model_class"],
            prompting=options["prompting"],
            retrieval=options["retrieval"],
            parameters=_parameters(options["param"]),
            restart=options["restart"],
            progress=self.with_progress,
        )
        self._report(result, options["release"])

    def _report(self, result: RunImport, label: str) -> None:
        name = result.run.name
        if not result.created:
            self.say(
                f"Nothing changed: run {name} already holds the {result.responses} answers of this file."
            )
            return
        resumed = f" ({result.resumed} were there from an interrupted import)" if result.resumed else ""
        self.say(f"Imported {result.responses} answers to {label} as run {name}{resumed}.")
        if result.unanswered:
            self.say(
                f"{result.unanswered} of {result.n_items} cases have no answer; scores count them as no response."
            )


def _parameters(pairs: list[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key.strip() or not equals:
            raise BadInput(f"--param {pair}: a setting is written K=V, such as temperature=0.2.")
        if key.strip() in parameters:
            raise BadInput(f"--param {key.strip()} is given twice.")
        parameters[key.strip()] = value
    return parameters
