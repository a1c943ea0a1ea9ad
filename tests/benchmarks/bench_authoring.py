"""Time full-text search over 5,000 cases, and the import of exam questions.

Run it with ``python -m tests.benchmarks.bench_authoring`` (or `make bench-authoring`). It fills a database of its own:
SQLite in a temporary directory, or an empty one that DATABASE_URL names. The questions are made up here, in MedQA's
shape and about its length. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.bench_checks import CASES, fill_database

QUESTIONS, TARGET_RATE, TARGET_MS, REPEATS = 4_000, 1_000.0, 300.0, 9
SEARCHES = ("methotrexate", "urgent ct head", "심전도", "환자", "no such words", "case 4321")
_TEXT = (
    "a patient comes with pain in the chest and shortness of breath after surgery blood pressure pulse respirations "
    "temperature examination shows laboratory studies show which of the following is the most likely diagnosis"
)
_WORDS = _TEXT.split(" ")


def write_questions(path: Path) -> None:
    """Write exam questions of some 110 words with four options."""
    rng = random.Random(2)
    with path.open("w", encoding="utf-8") as target:
        for number in range(QUESTIONS):
            stem = f"Question {number}: {' '.join(rng.choices(_WORDS, k=110))}?"
            options = {letter: f"{rng.choice(_WORDS)} syndrome {letter}{number}" for letter in "ABCD"}
            row = {
                "question": stem, "answer": options["B"], "options": options, "meta_info": "step1", "answer_idx": "B",
            }  # fmt: skip
            target.write(json.dumps(row) + "\n")


def import_rate(folder: Path) -> float:
    """Return how many questions a second are read, checked and written."""
    from builder.models import Department, Membership, Role, User
    from builder.services.imports import import_cases

    path = folder / "questions.jsonl"
    write_questions(path)
    department = Department.objects.create(code="EXAM", name="Exam")
    author = User.objects.get()
    Membership.objects.create(user=author, department=department, role=Role.AUTHOR)
    start = time.perf_counter()
    result = import_cases(path=path, file_format="auto", department=department, by=author)
    assert result.created == QUESTIONS
    return QUESTIONS / (time.perf_counter() - start)


def search_times() -> dict[str, tuple[float, int]]:
    """Return the median milliseconds of one search of the case list, count and first page, and what it found."""
    from builder.models import Department, Membership, Role, User
    from builder.selectors.cases import CaseFilters, list_cases

    author = User.objects.get()
    Membership.objects.create(user=author, department=Department.objects.get(), role=Role.AUTHOR)
    found = {}
    for text in SEARCHES:
        times, count = [], 0
        for _number in range(REPEATS):
            start = time.perf_counter()
            rows = list_cases(author, CaseFilters(q=text))
            count = rows.count()
            list(rows[:25])
            times.append(time.perf_counter() - start)
        found[text] = (1000 * statistics.median(times), count)
    return found


def main() -> int:
    """Fill, measure, print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "builder.config.settings.test")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        fill_database()
        searches = search_times()
        rate = import_rate(Path(folder))
    slowest = max(milliseconds for milliseconds, _count in searches.values())
    print(f"Search over {CASES:,} cases, count and first page, median of {REPEATS}:")
    for text, (milliseconds, count) in searches.items():
        print(f"  {text:15} {milliseconds:7.1f} ms   {count:,} found")
    print(
        f"  slowest {slowest:.1f} ms, target ≤ {TARGET_MS:.0f} ms: {'met' if slowest <= TARGET_MS else 'missed'}"
    )
    met = "met" if rate >= TARGET_RATE else "missed"
    print(f"Import of exam questions: {rate:,.0f} items/s, target ≥ {TARGET_RATE:,.0f}: {met}")
    return 0 if slowest <= TARGET_MS and rate >= TARGET_RATE else 1


if __name__ == "__main__":
    sys.exit(main())
