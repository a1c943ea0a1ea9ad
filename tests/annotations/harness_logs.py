"""Logs as harnesses write them, for a release of the tests: the canonical one, and simple-evals' HealthBench."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from exports.models import Release

# One sign per criterion: + met, o not met, ? cannot judge, ! the grader failed, . no verdict.
_MET: dict[str, bool | None] = {"+": True, "o": False, "?": None, "!": None, ".": None}
_STATUS = {"?": "cannot_judge", "!": "judge_failed"}
Signs = Mapping[tuple[int, int], str]


def log_rows(release: Release, signs: Signs, **said: Any) -> list[dict[str, Any]]:
    """Return the canonical log of answers by (case's place, epoch); an empty text of signs is an answer ungraded."""
    items = {item.position: item for item in release.items.order_by("position")}
    rows = []
    for (place, epoch), text in signs.items():
        item = items[place]
        row: dict[str, Any] = {
            "prompt_id": item.prompt_id, "epoch": epoch, "completion": f"Answer {epoch} to {item.prompt_id}.",
            "harness": "our-harness", "harness_version": "1.2", "model": "some-model", "grader_model": "some-grader",
            **said,
        }  # fmt: skip
        if text:
            pairs = zip(item.content.rubrics, text, strict=True)
            row["rubric_items"] = [rubric_item(each.criterion, each.points, sign) for each, sign in pairs]
        rows.append(row)
    return rows


def rubric_item(criterion: str, points: float, sign: str) -> dict[str, Any]:
    """Return one verdict as our tasks write it."""
    item = {"criterion": criterion, "points": points, "criteria_met": _MET[sign], "explanation": "Because."}
    return item | ({"status": _STATUS[sign]} if sign in _STATUS else {})


def write_log(path: Path, rows: Iterable[Any]) -> Path:
    """Write each row as a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def allresults(rows: Sequence[Mapping[str, Any]], score: float | None = None) -> dict[str, Any]:
    """Return simple-evals' document of HealthBench examples: answers with their prompt and verdicts, no hashes.

    Each row has prompt_id, prompt, completion, rubric_items with criterion, points, tags and criteria_met, and score.
    """
    examples = [
        {
            "score": row.get("score"), "usage": None, "rubric_items": row["rubric_items"], "prompt": row["prompt"],
            "completion": [{"role": "assistant", "content": row["completion"]}], "prompt_id": row["prompt_id"],
            "completion_id": "0" * 64,
        }
        for row in rows
    ]  # fmt: skip
    return {
        "score": score, "metrics": {"overall_score": score}, "htmls": [], "convos": [],
        "metadata": {"example_level_metadata": examples},
    }  # fmt: skip
