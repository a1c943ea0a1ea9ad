"""What a format is, what its writer gets, and what its reader gives back. Pure.

One module per harness knows both directions. The registry turns these values into the choices of the page, the help
of the commands and the table in the documentation.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exports.records import CaseRecord, ReleaseRecord, VerdictItem


@dataclass(frozen=True, slots=True)
class BundleContext:
    """What a writer gets beside the records; `prompts_only` leaves rubric and reference answer out."""

    release: ReleaseRecord
    canary: str
    prompts_only: bool = False


# (records, directory, context): writes the format's files into the directory, streaming. Raises BadInput that names
# the case when a case can't be said in this format without loss.
Writer = Callable[[Iterable[CaseRecord], Path, BundleContext], None]

# The verdicts of one answer in rubric order: (points, met); met is None where there is no decided verdict.
Marks = Sequence[tuple[float, bool | None]]


@dataclass(frozen=True, slots=True)
class Formula:
    """How a harness computes its own number, so that a difference from ours can be explained.

    `per_case` maps one answer's verdicts to the harness's per-case score; `overall` maps the per-case scores to its
    number for the run, or is None where it reports none. `same_as_ours` says that both are HealthBench's.
    """

    sentence: str
    per_case: Callable[[Marks], float | None]
    overall: Callable[[Sequence[float]], float | None] | None
    same_as_ours: bool


@dataclass(frozen=True, slots=True)
class LogHeader:
    """What a harness's log says of itself; an empty text is what it doesn't say."""

    harness: str
    harness_version: str = ""
    model: str = ""
    grader: str = ""
    release_sha256: str = ""
    reported_score: float | None = None
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogRow:
    """One answer of a log and its verdicts; `place` is the file and line, or the member, for complaints.

    `items` is None where the log holds no grading of this answer at all. `item_sha256` is the frozen item's hash where
    the format carries it, else empty. `error` is what the harness says went wrong with this answer.
    """

    place: str
    prompt_id: str
    epoch: int
    completion: str
    items: tuple[VerdictItem, ...] | None
    item_sha256: str = ""
    prompt: tuple[dict[str, Any], ...] | None = None
    reported_score: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """How a harness's log comes home.

    `recognises` looks at a file or directory without reading it whole. `header` and `rows` read it; `rows` streams.
    All raise BadInput with file and place. A failed grading is `judge_failed`, never `not_met`.
    """

    recognises: Callable[[Path], bool]
    header: Callable[[Path], LogHeader]
    rows: Callable[[Path], Iterator[LogRow]]
    files: str  # what to bring, such as "samples_*.jsonl with results_*.json, or the folder that holds them"


@dataclass(frozen=True, slots=True)
class BundleFormat:
    """One format a release can leave in; `file_name` is the data file with one line per case.

    `usage` is the Markdown of the README that says how to run the bundle: with a mock model first, then for real,
    and how to bring the log home. `id_path` leads to the prompt_id in a line of a data file of JSON Lines; verify.py
    compares it with the release. `other_formulas` are those the harness computes with when it is run otherwise than the
    bundle says. `readme_head` is what a reader needs at the very top of the README. `rank` is the
    format's place in lists.
    """

    name: str
    label: str
    file_name: str
    write: Writer
    description: str
    usage: Callable[[BundleContext], str]
    reader: Reader | None = None
    formula: Formula | None = None
    may_leave_rubric_out: bool = False
    tested_with: str = ""  # harness and version the tests run, such as "inspect-ai 0.3.285"
    id_path: tuple[str, ...] = ("prompt_id",)
    readme_head: Callable[[BundleContext], str] | None = None
    rank: int = 100
    other_formulas: tuple[Formula, ...] = ()


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write the lines as UTF-8 with line feeds; holds one line in memory."""
    with path.open("w", encoding="utf-8", newline="\n") as target:
        for line in lines:
            target.write(line)
            target.write("\n")
