"""Time every check on one case of 15 criteria in a department of 5,000 cases, and count its queries.

Run it with ``python -m tests.benchmarks.bench_checks`` (or `make bench-checks`). It fills a database of its own: SQLite
in a temporary directory, or an empty one that DATABASE_URL names. Exit code 1 when the target is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CASES, CRITERIA, TARGET_MS, REPEATS = 5_000, 15, 150.0, 15

_VERBS = ["Recommends", "Asks about", "Explains", "Names", "Warns against", "Mentions", "Describes"]
_OBJECTS = [
    "the dose of paracetamol", "an urgent CT scan of the head", "the last menstrual period", "a 12-lead ECG",
    "the side effects of methotrexate", "any blood thinner", "the signs of dehydration", "a chest radiograph",
    "the interaction with clarithromycin", "a follow-up by telephone", "the family history", "renal function",
    "the technique of the inhaler", "a diary of headaches", "oral rehydration", "the risk of a fall",
]  # fmt: skip
_ENDINGS = [
    "before the patient leaves", "in words a relative can follow", "within {n} hours", "for a child of {n} kg",
    "when the fever lasts {n} days", "because the patient takes {n} other drugs", "in the week after discharge",
]  # fmt: skip
_KO = [
    "{n}시간 이내에 심전도를 시행하도록 권고한다.", "체중 {n} kg 소아의 해열제 용량을 제시한다.",
    "복용 중인 약물 {n}가지를 질문한다.",
    "{n}일 이상 열이 지속되면 내원하도록 안내한다.", "퇴원 후 {n}주 뒤 외래 추적 관찰을 설명한다.",
]  # fmt: skip
# Criteria that many cases share word for word, as a library makes them.
_SHARED = [f"Explains the next step of care plan {number} in plain words." for number in range(40)]


def criterion_text(rng: random.Random) -> str:
    """Return a criterion: one in three from the library, one in ten Korean."""
    draw = rng.random()
    if draw < 0.33:
        return rng.choice(_SHARED)
    if draw < 0.43:
        return rng.choice(_KO).format(n=rng.randint(2, 99))
    ending = rng.choice(_ENDINGS).format(n=rng.randint(2, 99))
    return f"{rng.choice(_VERBS)} {rng.choice(_OBJECTS)} {ending}, case {rng.randint(1, 10**6)}."


def make_content(rng: random.Random, number: int) -> Any:
    """Return a case of 15 criteria."""
    from builder.content import CaseContent, Criterion, Turn

    rubric = [
        Criterion(criterion_text(rng), -5 if place % 4 == 3 else 5, ["axis:accuracy"], f"c{place}")
        for place in range(CRITERIA)
    ]
    words = " ".join(rng.choice(_OBJECTS) for _ in range(20))
    return CaseContent(
        [Turn("user", f"Patient {number}: {words}. What now?")], rubric, title=f"Case {number}"
    )


def fill_database() -> Any:
    """Return the first of 5,000 indexed cases in a fresh database."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from builder.content import content_hash, content_to_json
    from builder.models import Case, CaseRevision, Department, User
    from builder.services.case_index import index_cases

    rng = random.Random(0)
    author = User.objects.create_user("bench@example.org", "bench", name="Bench")
    department = Department.objects.create(code="BENCH", name="Bench")
    contents = [make_content(rng, number) for number in range(CASES)]
    texts = [content_to_json(content) for content in contents]
    cases = Case.objects.bulk_create(
        Case(department=department, prompt_id=f"b{number}", title=content.title, created_by=author)
        for number, content in enumerate(contents)
    )
    revisions = CaseRevision.objects.bulk_create(
        CaseRevision(case=case, number=1, content_text=text, sha256=content_hash(text), author=author)
        for case, text in zip(cases, texts, strict=True)
    )
    for case, revision in zip(cases, revisions, strict=True):
        case.head, case.version = revision, 1
    Case.objects.bulk_update(cases, ["head", "version"], batch_size=500)
    start = time.perf_counter()
    index_cases(zip(cases, contents, strict=True))
    taken = time.perf_counter() - start
    print(f"Indexing 5,000 cases: {taken:.2f} s ({taken / CASES * 1000:.2f} ms a case)")
    return cases[0]


def measure(case: Any) -> tuple[float, float, int]:
    """Return milliseconds for a case nobody read before, the same with one criterion changed, and the queries."""
    import msgspec
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from builder.checks import reading
    from builder.checks.wording import _has_two_claims
    from builder.selectors.case_checks import findings_of

    rng = random.Random(1)
    cold, warm, queries = [], [], 0
    for number in range(REPEATS):
        content = make_content(rng, 10**6 + number)
        for cache in (reading.read, reading.claim_of, _has_two_claims):
            cache.cache_clear()
        start = time.perf_counter()
        with CaptureQueriesContext(connection) as captured:
            findings_of(case, content)
        cold.append(time.perf_counter() - start)
        queries = len(captured)
        changed = msgspec.structs.replace(content.rubrics[0], criterion=criterion_text(rng))
        again = msgspec.structs.replace(content, rubrics=[changed, *content.rubrics[1:]])
        start = time.perf_counter()
        findings_of(case, again)
        warm.append(time.perf_counter() - start)
    return 1000 * statistics.median(cold), 1000 * statistics.median(warm), queries


def main() -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "builder.config.settings.test")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        cold, warm, queries = measure(fill_database())
    met = cold <= TARGET_MS
    print(f"All checks, {CRITERIA} criteria against {CASES:,} cases, median of {REPEATS}:")
    print(
        f"  first reading        {cold:6.1f} ms   target ≤ {TARGET_MS:.0f} ms: {'met' if met else 'missed'}"
    )
    print(f"  one criterion later  {warm:6.1f} ms")
    print(f"  queries              {queries}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
