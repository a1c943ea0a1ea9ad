"""Time the export of a release against a plain dump of the same rows with orjson, and weigh its memory.

Run it with ``make bench-exports``. Each measurement runs in a process of its own, over an SQLite database in a
temporary directory. The dump does the least that anybody must: read each frozen text from the database, parse it,
write it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SIZES, CRITERIA = (5_000, 50_000), 12
RATIO_TARGET, MEMORY_TARGET_MB, REPEATS = 3.0, 200, 5


def contents(number: int) -> Iterator[Any]:
    """Yield cases of some 4 kB with twelve criteria each, no two alike."""
    from builder.content import CaseContent, Criterion, Turn

    for case in range(number):
        turn = (
            f"Case {case}: "
            + "what should the person on the ward do next? 병동에서 지금 무엇을 해야 하나요? " * 8
        )
        rubric = [
            Criterion(
                f"Criterion {index} of case {case}: " + "names the next step in plain words and says why. " * 3,
                8 if index % 4 else -6, [f"axis:{index % 3}"], f"c{index}",
            )
            for index in range(CRITERIA)
        ]  # fmt: skip
        yield CaseContent(
            prompt=[Turn("user", turn)], rubrics=rubric, example_tags=["theme:bench"], title=f"Case {case}",
            kind="practice", language="en", ideal_completions_data={"ideal_completion": turn},
        )  # fmt: skip


def freeze(number: int) -> None:
    """Write a release of so many cases into the database, past the services, which would review each."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from builder.common.canonical_json import canonical_json, sha256_text
    from builder.content import content_to_json
    from builder.models import Case, CaseRevision
    from exports.models import Release, ReleaseItem, ReleaseState
    from exports.records import item_hash
    from tests.cast import make_cast
    from tests.factories import make_approved

    cast = make_cast()
    revision = CaseRevision.objects.get(pk=make_approved(cast).head_id)
    assert Case.objects.count() == 1
    entries, items = [], []
    for place, content in enumerate(contents(number)):
        prompt_id, digest = f"case-{place}", item_hash(f"case-{place}", content)
        entries.append(
            {"prompt_id": prompt_id, "split": "public", "sha256": digest, "approval": {"reviewers": 2}}
        )
        items.append((place, prompt_id, content_to_json(content), digest))
    text = canonical_json({"name": "bench", "version": "1.0.0", "items": entries, "findings": {}})
    release = Release.objects.create(
        department=cast.department, name="bench", version="1.0.0", manifest_text=text, sha256=sha256_text(text),
        n_items=number, n_held_out=0, frozen_by=cast.lou,
    )  # fmt: skip
    ReleaseState.objects.create(release=release, stage="final", by=cast.lou)
    ReleaseItem.objects.bulk_create(
        (
            ReleaseItem(
                release=release, position=place, prompt_id=name, content_text=text, sha256=digest, revision=revision
            )
            for place, name, text, digest in items
        ),
        batch_size=500,
    )  # fmt: skip


def dump(target: Path) -> None:
    """Write every frozen row with orjson, sorted, and nothing else."""
    import orjson

    from exports.models import ReleaseItem

    fields = ("prompt_id", "split", "content_text")
    rows = ReleaseItem.objects.order_by("position").values_list(*fields)
    with (target / "rows.jsonl").open("wb") as out:
        for prompt_id, split, text in rows.iterator(chunk_size=500):
            row = {**orjson.loads(text), "prompt_id": prompt_id, "split": split}
            out.write(orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))


def export(target: Path) -> None:
    """Export the canonical bundle as the command does."""
    from builder.models import User
    from exports.models import Release
    from exports.services.bundles import export_release

    release = Release.objects.get()
    by = User.objects.get(email="ana@example.org")
    export_release(release=release, file_format="canonical", directory=target / "bundle", by=by)


def measure(work: Callable[[Path], None]) -> None:
    """Print the seconds of one run and the memory of the process, in MB, before and at the most.

    Importing is not timed: neither side is a program that starts for one release.
    """
    import_module("orjson")
    import_module("exports.services.bundles")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        work(Path(folder))
        taken = time.perf_counter() - start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{taken:.3f} {before:.0f} {most:.0f}")


def child(task: str, database: Path, number: int) -> list[float]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_exports", "--task", task, "--cases", str(number)]
    settings = {
        "DATABASE_URL": f"sqlite:///{database}",
        "DJANGO_SETTINGS_MODULE": "builder.config.settings.test",
    }
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=True
    )
    return [float(word) for word in done.stdout.split()]


def run_task(task: str, number: int) -> None:
    """Do what a child was asked for."""
    import django

    django.setup()
    if task == "freeze":
        freeze(number)
    else:
        measure({"dump": dump, "export": export}[task])


def main() -> None:
    """Print the table: both times, their ratio, the memory, and how the time grows with the cases."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", default="")
    parser.add_argument("--cases", type=int, default=0)
    options = parser.parse_args()
    if options.task:
        run_task(options.task, options.cases)
        return
    print("| cases | dump s | export s | ratio | target | export MB | of these before it began | target |")
    print("|---|---|---|---|---|---|---|---|")
    per_case = []
    with tempfile.TemporaryDirectory() as folder:
        for number in [options.cases] if options.cases else SIZES:
            database = Path(folder) / f"{number}.sqlite3"
            child("freeze", database, number)
            turns = [
                (child("dump", database, number), child("export", database, number)) for _ in range(REPEATS)
            ]
            plain, ours = min(each[0][0] for each in turns), min(each[1][0] for each in turns)
            before, most = turns[0][1][1], max(each[1][2] for each in turns)
            per_case.append(ours / number)
            print(
                f"| {number:,} | {plain:.2f} | {ours:.2f} | {ours / plain:.2f} | ≤ {RATIO_TARGET:.0f} | {most:.0f} "
                f"| {before:.0f} | ≤ {MEMORY_TARGET_MB} |"
            )
    if len(per_case) > 1:
        print(
            f"Time per case at {SIZES[-1]:,} cases: {per_case[-1] / per_case[0]:.2f} times that at {SIZES[0]:,}."
        )


if __name__ == "__main__":
    main()
