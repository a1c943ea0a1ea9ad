"""The formats of a graded dataset: one row per verdict, one column per grader, or HealthBench's meta-evaluation."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from annotations.graded_dataset.records import (
    CANNOT_JUDGE,
    JUDGE_FAILED,
    MET,
    NOT_MET,
    DatasetHead,
    GradedAnswer,
    Judged,
    moment,
)
from builder.common.canonical_json import sha256_text
from builder.content import Criterion
from exports.formats.csv_cells import BYTE_ORDER_MARK, Cell, inert

CLUSTER_PREFIX, UNCATEGORISED = "cluster:", "uncategorised"
_ENCODER = msgspec.json.Encoder(order="sorted")
Counts = Counter[str]
# Rows as bytes, counted on the way.
Writer = Callable[[Iterable[GradedAnswer], DatasetHead, Counts], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class DatasetFormat:
    """One way to write a graded dataset."""

    name: str
    label: str
    file_name: str
    description: str
    write: Writer


def jsonl_rows(answers: Iterable[GradedAnswer], head: DatasetHead, counts: Counts) -> Iterator[bytes]:
    """Yield one JSON object a line for every verdict, those that don't count among them."""
    shared = {"session": head.session, "release": head.release, "release_sha256": head.release_sha256,
              "canary": head.canary}  # fmt: skip
    for answer in answers:
        counts["answers"] += 1
        about = {**shared, **_about_answer(answer)}
        units = [_about_unit(answer, place) for place in range(len(answer.content.rubrics))]
        for judged in answer.judged:
            by = _about_judged(judged)
            for index, grade in sorted(judged.grades.items()):
                row = {
                    **about, **units[index], **by, "verdict": grade.verdict, "explanation": grade.explanation,
                    "quote": grade.quote, "at": moment(grade.at), "counts": answer.counts and not judged.released,
                }  # fmt: skip
                _count(counts, answer, judged, grade.verdict)
                counts["rows"] += 1
                yield _ENCODER.encode(row) + b"\n"


def csv_rows(answers: Iterable[GradedAnswer], head: DatasetHead, counts: Counts) -> Iterator[bytes]:
    """Yield a table with one row per unit that counts and one verdict column per grader, safe to open."""
    labels = [grader.label for grader in head.graders]
    notes = [f"{label} {what}" for label in labels for what in ("note", "quote")]
    yield BYTE_ORDER_MARK.encode() + _csv_line([*_CSV_FIRST, *labels, *notes, *_CSV_LAST])
    for answer in answers:
        counts["answers"] += 1
        for judged in answer.judged:
            for grade in judged.grades.values():
                _count(counts, answer, judged, grade.verdict)
        if not answer.counts:
            continue
        about, kept = _about_answer(answer), [judged for judged in answer.judged if not judged.released]
        for index in range(len(answer.content.rubrics)):
            if any(index in judged.grades for judged in kept):
                counts["rows"] += 1
                row = {**about, **_about_unit(answer, index), "canary": head.canary}
                yield _csv_line(_csv_cells(row, index, kept, labels))


def meta_eval_rows(answers: Iterable[GradedAnswer], head: DatasetHead, counts: Counts) -> Iterator[bytes]:
    """Yield HealthBench's meta-evaluation: one object per unit, with people's met and not met beside each other.

    Third opinions stay out, as they do from agreement: they are asked for just where graders differ.
    """
    for answer in answers:
        counts["answers"] += 1
        for judged in answer.judged:
            for grade in judged.grades.values():
                _count(counts, answer, judged, grade.verdict)
        if not answer.counts:
            continue
        people = [
            judged
            for judged in answer.judged
            if judged.grader.is_person and not judged.released and not judged.third_opinion
        ]
        people.sort(key=lambda judged: judged.grader.anonymous_id)
        turns = [{"role": turn.role, "content": turn.content} for turn in answer.content.prompt]
        for index, criterion in enumerate(answer.content.rubrics):
            labels = _binary_labels(people, index, counts)
            if not labels:
                counts["units_without_label"] += 1
                continue
            counts["rows"] += 1
            counts["labels"] += len(labels)
            yield _ENCODER.encode(
                {
                    "prompt": turns, "prompt_id": answer.prompt_id, "completion": answer.completion,
                    "completion_id": answer.completion_id, "rubric": criterion.criterion,
                    "category": category_of(criterion), "binary_labels": [met for _id, met in labels],
                    "anonymized_physician_ids": [rater for rater, _met in labels], "canary": head.canary,
                }
            ) + b"\n"  # fmt: skip


def _binary_labels(people: Iterable[Judged], index: int, counts: Counts) -> list[tuple[str, bool]]:
    labels = []
    for judged in people:
        grade = judged.grades.get(index)
        if grade is None:
            continue
        if grade.verdict in (MET, NOT_MET):
            labels.append((judged.grader.anonymous_id, grade.verdict == MET))
        else:
            counts["labels_left_out"] += 1
    return labels


def category_of(criterion: Criterion) -> str:
    """Return what the meta-evaluation groups by: the criterion's cluster, else its axis."""
    cluster = next((tag for tag in criterion.tags if tag.startswith(CLUSTER_PREFIX)), "")
    return cluster or (f"axis:{criterion.axis}" if criterion.axis else UNCATEGORISED)


def _about_answer(answer: GradedAnswer) -> dict[str, Any]:
    return {
        "prompt_id": answer.prompt_id, "item_sha256": answer.item_sha256, "split": answer.split, "run": answer.run,
        "model": answer.model, "epoch": answer.epoch, "response_id": answer.response_id,
        "completion_id": answer.completion_id, "completion_sha256": sha256_text(answer.completion),
        "withdrawn": answer.withdrawn, "calibration": answer.calibration,
    }  # fmt: skip


def _about_unit(answer: GradedAnswer, index: int) -> dict[str, Any]:
    criterion, ruling = answer.content.rubrics[index], answer.rulings.get(index)
    gold, why = answer.gold.get(index, (None, None))
    return {
        "criterion_index": index, "criterion_id": criterion.criterion_id, "criterion": criterion.criterion,
        "points": criterion.points, "red_line": criterion.red_line, "tags": criterion.tags,
        "outcome": answer.outcomes[index] if answer.outcomes else None,
        "resolution": ruling.verdict if ruling else None, "resolution_reason": ruling.reason if ruling else None,
        "resolution_at": moment(ruling.at) if ruling else None, "gold": gold, "gold_explanation": why,
    }  # fmt: skip


def _about_judged(judged: Judged) -> dict[str, Any]:
    return {
        "grader": judged.grader.label, "desk": judged.grader.desk, "position": judged.position,
        "active_seconds": judged.active_seconds, "third_opinion": judged.third_opinion,
        "released": judged.released or None,
    }  # fmt: skip


def _count(counts: Counts, answer: GradedAnswer, judged: Judged, verdict: str) -> None:
    counts["verdicts"] += 1
    counts[verdict] += 1
    for name, is_so in (
        ("withdrawn", answer.withdrawn), ("calibration", answer.calibration), ("released", bool(judged.released)),
        ("third_opinions", judged.third_opinion),
    ):  # fmt: skip
        counts[name] += is_so


_CSV_FIRST = (
    "prompt_id", "run", "model", "epoch", "criterion_index", "criterion", "points", "red_line", "tags",
)  # fmt: skip
_CSV_LAST = (
    "outcome", "resolution", "resolution_reason", "third_opinions", "criterion_id", "response_id", "completion_id",
    "item_sha256", "split", "canary",
)  # fmt: skip


def _csv_cells(row: dict[str, Any], index: int, kept: list[Judged], labels: list[str]) -> list[Cell]:
    given = {judged.grader.label: judged for judged in kept if index in judged.grades}
    grades = [given[label].grades[index] if label in given else None for label in labels]
    thirds = [label for label in labels if label in given and given[label].third_opinion]
    row = {**row, "tags": "; ".join(row["tags"]), "third_opinions": "; ".join(thirds)}
    texts = [text for grade in grades for text in ((grade.explanation, grade.quote) if grade else ("", ""))]
    return [
        *(row[name] for name in _CSV_FIRST), *(grade.verdict if grade else "" for grade in grades), *texts,
        *(row[name] for name in _CSV_LAST),
    ]  # fmt: skip


def _csv_line(cells: Iterable[Cell]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerow(
        [inert(cell) for cell in cells]
    )
    return text.getvalue().encode("utf-8", "replace")


COUNTED = (
    "answers", "rows", "verdicts", MET, NOT_MET, CANNOT_JUDGE, JUDGE_FAILED, "released", "withdrawn", "calibration",
    "third_opinions",
)  # fmt: skip
FORMATS = {
    each.name: each
    for each in (
        DatasetFormat(
            "jsonl", "JSON Lines", "grades.jsonl",
            "One row per verdict: everything that was said, and what it counts as.", jsonl_rows,
        ),
        DatasetFormat(
            "csv", "CSV", "grades.csv",
            "One row per criterion of an answer, one column per grader: for a spreadsheet. It holds what counts.",
            csv_rows,
        ),
        DatasetFormat(
            "meta-eval", "HealthBench meta-evaluation", "meta_eval.jsonl",
            "One row per criterion of an answer with people's labels: to measure an LLM judge against people.",
            meta_eval_rows,
        ),
    )
}  # fmt: skip
