"""The options of every command that brings in a run."""

from typing import Any

from django.core.management.base import CommandParser

from builder.common.errors import BadInput
from exports.models import ModelClass


def add_run_options(parser: CommandParser) -> None:
    """Add the run's release, name and factors."""
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


def run_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return what the services want of these options; raises BadInput for a malformed setting."""
    return {
        "run_name": options["run"],
        "model": options["model"],
        "model_class": options["model_class"],
        "prompting": options["prompting"],
        "retrieval": options["retrieval"],
        "parameters": _parameters(options["param"]),
        "restart": options["restart"],
    }


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
