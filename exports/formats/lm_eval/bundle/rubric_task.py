"""The cases of this bundle for lm-evaluation-harness: multi-turn conversations, each with its own weighted rubric.

RUBRIC_GRADER=mock judges without a network; RUBRIC_GRADER=NAME asks the model of that name at RUBRIC_GRADER_BASE_URL,
an OpenAI-compatible endpoint, with the key in RUBRIC_GRADER_API_KEY or OPENAI_API_KEY. Without RUBRIC_GRADER only the
answers are collected. RUBRIC_GRADER_TIMEOUT bounds each call in seconds.

The grader judges one criterion per call. A criterion it fails to judge has no verdict, and its case no score: it is
never counted as not met.
"""

import hashlib
import http.client
import json
import math
import os
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lm_eval.api.task import ConfigurableTask

HERE = Path(__file__).resolve().parent
BUNDLE = HERE.parent
CONVERSATION, CRITERION = "<<CONVERSATION>>", "<<CRITERION>>"
ATTEMPTS, AT_ONCE, LONGEST_PAUSE = 4, 8, 60.0
NAN = float("nan")
Row = dict[str, Any]
Judge = Callable[[str, str, str], str]


class RubricTask(ConfigurableTask):
    """A task that sends each turn with its true role; the harness alone would send one message."""

    def __init__(self, config: Row) -> None:
        super().__init__(config={key: value for key, value in config.items() if key != "class"})
        manifest = _manifest()
        told = {"grader": os.environ.get("RUBRIC_GRADER", ""), **manifest}
        self.config.metadata = {**(self.config.metadata or {}), **told}

    def fewshot_context(
        self, doc: Row, num_fewshot: int = 0, system_instruction: str | None = None,
        apply_chat_template: bool = False, fewshot_as_multiturn: bool = False,
        chat_template: Callable[..., Any] | None = None, gen_prefix: str | None = None, **_more: Any,
    ) -> Any:  # fmt: skip
        """Return the conversation for the model's chat template, or as a transcript without one."""
        if not (apply_chat_template and chat_template):
            return transcript(doc)
        turns = [{"role": turn["role"], "content": turn["content"]} for turn in doc["prompt"]]
        if system_instruction:
            own = turns.pop(0)["content"] if turns[0]["role"] == "system" else ""
            turns.insert(
                0, {"role": "system", "content": "\n\n".join(filter(None, [system_instruction, own]))}
            )
        return chat_template(turns, add_generation_prompt=True)


class _Cases(list[Row]):
    """The rows; the harness asks any data set for the names of its columns."""

    @property
    def features(self) -> dict[str, None]:
        return dict.fromkeys(self[0]) if self else {}


def cases(**_settings: Any) -> dict[str, _Cases]:
    """Return the cases as they stand in the file: no type is guessed, no date is read into a text."""
    with (BUNDLE / "cases.jsonl").open(encoding="utf-8", newline="\n") as source:
        return {"test": _Cases(json.loads(line) for line in source)}


def transcript(doc: Row) -> str:
    """Return the conversation as one text."""
    return _shown(doc) + "\n\nassistant:"


def no_target(doc: Row) -> str:
    """Return no target: an answer is judged by its rubric."""
    return ""


def graded(doc: Row, results: list[str]) -> Row:
    """Return the score, points met / positive points, and the verdict on each criterion in the rubric's order."""
    answer = results[0]
    rubrics, judge = doc.get("rubrics"), _judge()
    if not rubrics or judge is None:
        return {"rubric_score": NAN, "rubric_items": []}
    shown = f"{_shown(doc)}\n\nassistant: {answer}"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        items = list(pool.map(lambda each: _judged(judge, shown, answer, each), rubrics))
    possible = sum(item["points"] for item in items if item["points"] > 0)
    achieved = sum(item["points"] for item in items if item["criteria_met"])
    failed = any(item["criteria_met"] is None for item in items)
    return {"rubric_score": NAN if failed or not possible else achieved / possible, "rubric_items": items}


def clipped_mean(scores: Iterable[float]) -> float:
    """Return HealthBench's overall score: the mean over the cases, clipped to [0, 1] after the mean."""
    whole = [score for score in scores if not math.isnan(score)]
    return min(1.0, max(0.0, sum(whole) / len(whole))) if whole else NAN


def failed_gradings(cases_items: Iterable[list[Row]]) -> int:
    """Return how many criteria have no verdict."""
    return sum(item["criteria_met"] is None for items in cases_items for item in items)


def _shown(doc: Row) -> str:
    return "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in doc["prompt"])


def _judge() -> Judge | None:
    """Return the function that asks the grader, or None where none is named."""
    name = os.environ.get("RUBRIC_GRADER", "")
    if not name:
        return None
    return _mock if name == "mock" else lambda prompt, answer, criterion: _asked(name, prompt)


def _judged(judge: Judge, shown: str, answer: str, criterion: Row) -> Row:
    """Return the criterion with its verdict; after ATTEMPTS calls that bring none it stays without."""
    prompt = _filled(shown, f"[{criterion['points']}] {criterion['criterion']}")
    named: Row = {key: criterion[key] for key in ("criterion_id", "criterion", "points") if key in criterion}
    problem = ""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            reply = judge(prompt, answer, criterion["criterion"])
        except _Refused as refused:
            problem = str(refused)
            if refused.final:
                break
            if attempt < ATTEMPTS:
                time.sleep(
                    min(LONGEST_PAUSE, refused.pause if refused.pause is not None else 2.0 ** (attempt - 1))
                )
            continue
        verdict = _verdict(reply)
        if verdict is not None:
            return {**named, **verdict}
        problem = f"no verdict in the grader's reply: {reply[:200]}"
    return {**named, "criteria_met": None, "status": "judge_failed", "explanation": problem[:500]}


def _verdict(reply: str) -> Row | None:
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
    head, rest = (BUNDLE / "grader_template.txt").read_text(encoding="utf-8").split(CONVERSATION)
    middle, tail = rest.split(CRITERION)
    return f"{head}{conversation}{middle}{criterion}{tail}"


class _Refused(Exception):
    """The grader's endpoint gave no answer; `pause` is how long it asked to wait, `final` that waiting won't help."""

    def __init__(self, message: str, pause: float | None = None, final: bool = False) -> None:
        super().__init__(message)
        self.pause, self.final = pause, final


def _asked(model: str, prompt: str) -> str:
    """Return the endpoint's reply to one prompt."""
    address = urlsplit(os.environ.get("RUBRIC_GRADER_BASE_URL", "").rstrip("/") + "/chat/completions")
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if address.scheme not in kinds or not address.hostname:
        raise SystemExit(
            "Set RUBRIC_GRADER_BASE_URL to an OpenAI-compatible endpoint, such as https://HOST/v1."
        )
    key = os.environ.get("RUBRIC_GRADER_API_KEY") or os.environ.get("OPENAI_API_KEY") or ""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": prompt}]}).encode("utf-8")
    timeout = float(os.environ.get("RUBRIC_GRADER_TIMEOUT", "120"))
    connection = kinds[address.scheme](address.hostname, address.port, timeout=timeout)
    try:
        connection.request("POST", address.path, body, headers)
        reply = connection.getresponse()
        text = reply.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise _Refused(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if reply.status != 200:
        waiting = reply.status in (408, 409, 429) or reply.status >= 500
        raise _Refused(
            f"the endpoint answered {reply.status}: {text[:200]}", _seconds(reply), final=not waiting
        )
    try:
        return str(json.loads(text)["choices"][0]["message"]["content"] or "")
    except (ValueError, KeyError, IndexError, TypeError):
        raise _Refused(f"the endpoint's reply was not understood: {text[:200]}") from None


def _seconds(reply: http.client.HTTPResponse) -> float | None:
    try:
        return max(0.0, float(reply.getheader("Retry-After") or ""))
    except ValueError:
        return None


def _mock(prompt: str, answer: str, criterion: str) -> str:
    """Judge by the parity of a hash of answer and criterion: the same everywhere, and neither always yes nor no."""
    met = hashlib.sha256(f"{answer}\n{criterion}".encode()).digest()[0] % 2 == 0
    return json.dumps({"explanation": "Decided by a hash.", "criteria_met": met})


def _manifest() -> dict[str, str]:
    """Return which release this is; it goes into the results, so that they can be matched to it."""
    try:
        manifest = json.loads((BUNDLE / "manifest.json").read_text(encoding="utf-8"))
    except OSError:
        return {}
    return {
        key: manifest[key]
        for key in ("name", "version", "stage", "release_sha256", "canary")
        if key in manifest
    }
