"""Time `import_results`: a canonical log of 50,000 answers with 12 verdicts each, into an SQLite file.

Run it with ``python -m tests.benchmarks.bench_results_import``; `make bench-imports` does. The log is made on the fly
in a temporary directory. The import runs as the command in a process of its own, whose largest resident set is read
from the system when it has ended. Beside it: the same rows written by a plain `executemany`, in one transaction and
without any check, as the fastest that SQLite itself could be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ANSWERS, CRITERIA, CASES = 50_000, 12, 5_000
ROWS_PER_SECOND, MEBIBYTES = 5_000, 400
WORDS = (
    "rest",
    "and",
    "drink",
    "water",
    "while",
    "somebody",
    "looks",
    "after",
    "the",
    "fever",
    "until",
    "it",
    "falls",
)


def prepare(log: Path, answers: int, cases: int) -> int:
    """Make the database with its release, and the log; return how many verdicts it holds."""
    from django.core.management import call_command

    from tests.annotations.rows import cases as contents_of
    from tests.annotations.rows import make_release
    from tests.cast import make_cast

    call_command("migrate", verbosity=0)
    release = make_release(make_cast(), name="bench", contents=contents_of(cases, CRITERIA))
    verdicts = 0
    with log.open("w", encoding="utf-8") as target:
        for row in rows(release, answers, cases):
            verdicts += len(row["rubric_items"])
            target.write(json.dumps(row, ensure_ascii=False) + "\n")
    return verdicts


def rows(release: Any, answers: int, cases: int) -> Iterator[dict[str, Any]]:
    """Yield the lines of the log: answers of about 1,000 characters, explanations of about 100."""
    dice = random.Random(0)
    items = [
        (item.prompt_id, [each.criterion for each in item.content.rubrics]) for item in release.items.all()
    ]
    for number in range(answers):
        prompt_id, criteria = items[number % cases]
        yield {
            "prompt_id": prompt_id, "epoch": 1 + number // cases, "completion": text(dice, 180), "model": "m",
            "grader_model": "g",
            "rubric_items": [
                {"criterion": each, "criteria_met": dice.random() < 0.6, "explanation": text(dice, 18)}
                for each in criteria
            ],
        }  # fmt: skip


def text(dice: random.Random, words: int) -> str:
    """Return so many words."""
    return " ".join(dice.choices(WORDS, k=words))


def import_time(log: Path) -> tuple[float, float]:
    """Run the command; return its seconds and its largest resident set in MiB."""
    command = [
        sys.executable, "manage.py", "import_results", str(log), "--release", "bench==1.0.0", "--run", "m1", "--by",
        "ana@example.org",
    ]  # fmt: skip
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    taken = time.perf_counter() - start
    sys.stdout.write(done.stdout)
    # Of children that ended; kibibytes on Linux, bytes on macOS.
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return taken, largest / (2**20 if sys.platform == "darwin" else 2**10)


def floor_time(log: Path, database: Path) -> float:
    """Return the seconds of parsing the log with the standard library and writing its rows with executemany."""
    start = time.perf_counter()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE answers (id INTEGER PRIMARY KEY, prompt_id, epoch, completion)")
        connection.execute(
            "CREATE TABLE verdicts (id INTEGER PRIMARY KEY, answer, place, met, explanation, UNIQUE (answer, place))"
        )
        with log.open(encoding="utf-8") as source:
            for number, line in enumerate(source):
                row = json.loads(line)
                connection.execute(
                    "INSERT INTO answers VALUES (?, ?, ?, ?)",
                    (number, row["prompt_id"], row["epoch"], row["completion"]),
                )
                connection.executemany(
                    "INSERT INTO verdicts (answer, place, met, explanation) VALUES (?, ?, ?, ?)",
                    [
                        (number, place, item["criteria_met"], item["explanation"])
                        for place, item in enumerate(row["rubric_items"])
                    ],
                )
    connection.close()
    return time.perf_counter() - start


def main() -> int:
    """Print the figures; the exit code says whether the targets were met."""
    parser = argparse.ArgumentParser(description="Time import_results.")
    parser.add_argument("--answers", type=int, default=ANSWERS)
    parser.add_argument("--cases", type=int, default=CASES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'bench.sqlite3'}"
        os.environ["DJANGO_SETTINGS_MODULE"] = "builder.config.settings.test"
        import django

        django.setup()
        log = folder / "log.jsonl"
        verdicts = prepare(log, options.answers, min(options.cases, options.answers))
        taken, memory = import_time(log)
        floor = floor_time(log, folder / "floor.sqlite3")
        size = log.stat().st_size / 2**20
    print(f"{options.answers:,} answers × {CRITERIA} verdicts, {size:.0f} MiB")
    print(
        f"import_results: {taken:.1f} s, {verdicts / taken:,.0f} verdict rows/s (target {ROWS_PER_SECOND:,})"
    )
    print(f"largest resident set: {memory:.0f} MiB (target {MEBIBYTES})")
    print(f"plain json + executemany, one transaction, no check: {floor:.1f} s; ratio {taken / floor:.1f}")
    return int(verdicts / taken < ROWS_PER_SECOND or memory > MEBIBYTES)


if __name__ == "__main__":
    sys.exit(main())
