"""Run this bundle's HealthBench file with inspect_evals, in an environment that holds inspect-evals and inspect-ai.

    python run_inspect_evals.py --mock
    python run_inspect_evals.py --model openai/MODEL --grader openai/GRADER

The first line calls no model: answers and verdicts are made up from hashes, to try out the way home.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def answer_of(question: str) -> str:
    """Return the mock answer to the last message."""
    return f"Mock answer {hashlib.sha256(question.encode()).hexdigest()[:12]}"


def verdict_on(prompt: str) -> str:
    """Judge by the parity of a hash of answer and criterion: the same everywhere, and neither always yes nor no."""
    text = prompt.split("# Conversation\n", 1)[1].rsplit("\n\n# Instructions\n", 1)[0]
    conversation, line = text.rsplit("\n\n# Rubric item\n", 1)
    answer, criterion = conversation.rsplit("\n\nassistant: ", 1)[1], line.split("] ", 1)[1]
    met = hashlib.sha256(f"{answer}\n{criterion}".encode()).digest()[0] % 2 == 0
    return json.dumps({"explanation": "Decided by a hash.", "criteria_met": met})


def mock(function: Any) -> Any:
    """Return a model that answers with this function; it states its usage, or Inspect would fetch a tokenizer."""
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    def respond(messages: Any, tools: Any, tool_choice: Any, config: Any) -> Any:
        output = ModelOutput.from_content("mock", function(messages[-1].text))
        output.usage = ModelUsage(input_tokens=0, output_tokens=0, total_tokens=0)
        return output

    return get_model("mockllm/model", custom_outputs=respond, memoize=False)


def main(arguments: "list[str] | None" = None) -> int:
    """Run the evaluation, return the exit code."""
    parser = argparse.ArgumentParser(description="Run this bundle's HealthBench file with inspect_evals.")
    parser.add_argument("--mock", action="store_true", help="make up answers and verdicts; call no model")
    parser.add_argument("--model", default="", help="the system under test, as Inspect names it")
    parser.add_argument("--grader", default="", help="the judge, as Inspect names it")
    parser.add_argument("--log-dir", default="logs")
    options = parser.parse_args(arguments)
    if not options.mock and not (options.model and options.grader):
        parser.error("give --mock, or --model and --grader")
    from inspect_ai import eval as run
    from inspect_evals.healthbench import healthbench

    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    logs = run(
        healthbench(
            local_path=str(HERE / manifest["data_file"]),
            judge_model=mock(verdict_on) if options.mock else options.grader,
        ),
        model=mock(answer_of) if options.mock else options.model,
        metadata={"release_sha256": manifest["release_sha256"], "name": manifest["name"]},
        log_dir=options.log_dir,
        display="plain",
    )
    return 0 if all(log.status == "success" for log in logs) else 1


if __name__ == "__main__":
    sys.exit(main())
