"""The cases of this bundle as an Inspect task: multi-turn conversations, each scored with its own weighted rubric.

inspect eval rubric_task.py -T mock=true
inspect eval rubric_task.py --model openai/NAME --model-role grader=openai/NAME

A grader model judges one criterion per call. A criterion it fails to judge has no verdict, and its sample no score:
it is never counted as not met.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.model import GenerateConfig, Model, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, mean, metric, scorer, stderr
from inspect_ai.solver import TaskState, generate
from inspect_ai.util import collect

HERE = Path(__file__).resolve().parent
CONVERSATION, CRITERION = "<<CONVERSATION>>", "<<CRITERION>>"
ATTEMPTS = 3
Item = dict[str, Any]


@task
def rubric(mock: bool = False, grader_timeout: int = 120, grader_retries: int = 4) -> Task:
    """Return the task; `mock` answers and grades without any model or network."""
    manifest = _manifest()
    roles = {"grader": _mock(_mock_verdict)} if mock else None
    return Task(
        dataset=json_dataset(str(HERE / "cases.jsonl"), name=manifest["name"]),
        solver=generate(),
        scorer=weighted_rubric(grader_timeout, grader_retries) if _has_rubric() else None,
        model=_mock(_mock_answer) if mock else None,
        model_roles=roles,
        metadata=manifest,
    )


@metric
def clipped_mean() -> Metric:
    """Return HealthBench's overall score: the mean over the cases, clipped to [0, 1] after the mean."""

    def compute(scores: list[SampleScore]) -> float:
        values = [score.score.as_float() for score in scores]
        values = [value for value in values if not math.isnan(value)]
        return min(1.0, max(0.0, sum(values) / len(values))) if values else 0.0

    return compute


@scorer(metrics=[clipped_mean(), mean(), stderr()])
def weighted_rubric(grader_timeout: int, grader_retries: int) -> Scorer:
    """Score points met / positive points; not a number while a criterion has no verdict."""

    async def score(state: TaskState, target: Target) -> Score:
        answer = state.output.completion
        conversation = [(turn["role"], turn["content"]) for turn in _turns(state)]
        conversation.append(("assistant", answer))
        shown = "\n\n".join(f"{role}: {content}" for role, content in conversation)
        grader = get_model(role="grader", required=True)
        config = GenerateConfig(attempt_timeout=grader_timeout, max_retries=grader_retries)
        items = await collect(*[_judged(grader, config, shown, each) for each in state.metadata["rubrics"]])
        return _score(items, answer)

    return score


def _turns(state: TaskState) -> list[dict[str, str]]:
    """Return the conversation as the model got it."""
    if isinstance(state.input, str):
        return [{"role": "user", "content": state.input}]
    return [{"role": message.role, "content": message.text} for message in state.input]


def _score(items: list[Item], answer: str) -> Score:
    failed = sum(item["criteria_met"] is None for item in items)
    possible = sum(item["points"] for item in items if item["points"] > 0)
    achieved = sum(item["points"] for item in items if item["criteria_met"])
    return Score(
        value=float("nan") if failed or not possible else achieved / possible,
        answer=answer,
        explanation=f"{failed} of {len(items)} gradings failed"
        if failed
        else f"{achieved} of {possible} points",
        metadata={"rubric_items": items, "achieved_points": achieved, "total_possible_points": possible},
    )


async def _judged(grader: Model, config: GenerateConfig, shown: str, criterion: Item) -> Item:
    """Return the criterion with its verdict; after ATTEMPTS replies that say none it stays without."""
    prompt = _filled(shown, f"[{criterion['points']}] {criterion['criterion']}")
    problem = ""
    for _attempt in range(ATTEMPTS):
        try:
            reply = (await grader.generate(prompt, config=config)).completion
        except Exception as error:
            # The provider's own retries are used up: more of the same would only cost time.
            problem = f"{type(error).__name__}: {error}"[:500]
            break
        verdict = _verdict(reply)
        if verdict is not None:
            return {**_named(criterion), **verdict}
        problem = f"no verdict in the grader's reply: {reply[:200]}"
    return {**_named(criterion), "criteria_met": None, "status": "judge_failed", "explanation": problem}


def _named(criterion: Item) -> Item:
    return {key: criterion[key] for key in ("criterion_id", "criterion", "points") if key in criterion}


def _verdict(reply: str) -> Item | None:
    """Return explanation and criteria_met, or None when the reply isn't the JSON that was asked for."""
    found = re.search(r"\{.*\}", reply, re.DOTALL)
    try:
        data = json.loads(found.group()) if found else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("criteria_met"), bool):
        return None
    return {"criteria_met": data["criteria_met"], "explanation": str(data.get("explanation") or "")}


def _filled(conversation: str, criterion: str) -> str:
    head, rest = (HERE / "grader_template.txt").read_text(encoding="utf-8").split(CONVERSATION)
    middle, tail = rest.split(CRITERION)
    return f"{head}{conversation}{middle}{criterion}{tail}"


def _manifest() -> dict[str, str]:
    """Return which release this is; it goes into the log, so that the results can be matched to it."""
    try:
        manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    except OSError:
        return {"name": "rubric"}
    return {
        key: manifest[key]
        for key in ("name", "version", "stage", "release_sha256", "canary")
        if key in manifest
    }


def _has_rubric() -> bool:
    with (HERE / "cases.jsonl").open(encoding="utf-8") as cases:
        return "rubrics" in json.loads(next(cases, "{}")).get("metadata", {})


def _mock(function: Callable[[str], str]) -> Model:
    """Return a model that answers with this function; it states its usage, or Inspect would fetch a tokenizer."""

    def respond(messages: Any, tools: Any, tool_choice: Any, config: Any) -> ModelOutput:
        output = ModelOutput.from_content("mock", function(messages[-1].text))
        output.usage = ModelUsage(input_tokens=0, output_tokens=0, total_tokens=0)
        return output

    return get_model("mockllm/model", custom_outputs=respond, memoize=False)


def _mock_answer(question: str) -> str:
    return f"Mock answer {hashlib.sha256(question.encode()).hexdigest()[:12]}"


def _mock_verdict(prompt: str) -> str:
    """Judge by the parity of a hash of answer and criterion: the same everywhere, and neither always yes nor no."""
    template = (HERE / "grader_template.txt").read_text(encoding="utf-8")
    middle, tail = template.split(CONVERSATION)[1].split(CRITERION)
    conversation, criterion = prompt[: len(prompt) - len(tail)].rsplit(middle, 1)
    answer = conversation.rsplit("\n\nassistant: ", 1)[1]
    criterion = criterion.split("] ", 1)[1]
    met = hashlib.sha256(f"{answer}\n{criterion}".encode()).digest()[0] % 2 == 0
    return json.dumps({"explanation": "Decided by a hash.", "criteria_met": met})
