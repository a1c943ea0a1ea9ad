"""Time the graded dataset of a large session against a plain dump of its verdicts with orjson, and weigh its memory.

Run it with ``make bench-exports``. Each measurement runs in a process of its own, over an SQLite database in a
temporary directory. The dump does the least that anybody must: read each verdict with its run and case, write it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.bench_exports import CRITERIA, ROOT, freeze, measure

CASES, RUNS, GRADERS, REPEATS = 10_000, 2, 2, 3
FORMATS = ("jsonl", "csv", "meta-eval")


def grade(number: int) -> None:
    """Write a closed session over so many cases: two runs, two graders for each answer, every verdict given."""
    freeze(number)
    from django.utils import timezone

    from annotations.models import GradingSession
    from annotations.services.sessions import open_session
    from builder.models import Department, Membership, Role, User
    from exports.models import Release, Response, Run, RunState

    release, lead = Release.objects.get(), User.objects.get(email="lou@example.org")
    department = Department.objects.get(code=release.department.code)
    runs = []
    for place in range(RUNS):
        run = Run.objects.create(
            release=release, name=f"bench-{place}", state=RunState.READY, source_sha256="0" * 64, imported_by=lead
        )  # fmt: skip
        text = f"Record an **ECG** within ten minutes and call the team, answer {place}.\n\n" * 15
        rows = (Response(run=run, item_id=pk, completion=text) for pk in _items(release))
        Response.objects.bulk_create(rows, batch_size=500)
        runs.append(run)
    people = [User.objects.create_user(f"b{place}@example.org", "bench") for place in range(GRADERS)]
    Membership.objects.bulk_create(
        Membership(user=each, department=department, role=Role.GRADER) for each in people
    )
    session = open_session(release=release, runs=runs, graders=people, by=lead)
    judge(session, timezone.now())
    GradingSession.objects.filter(pk=session.pk).update(
        state="closed", closed_at=timezone.now(), closed_by=lead, close_reason="Measured."
    )


def _items(release) -> list[int]:  # type: ignore[no-untyped-def]
    return list(release.items.order_by("position").values_list("pk", flat=True))


def judge(session, now) -> None:  # type: ignore[no-untyped-def]
    """Give every verdict, past the services, which would save answer by answer."""
    from annotations.models import Assignment, Grade, GradeEvent

    words = ("met", "not_met", "met", "cannot_judge", "met")
    said = [
        (pk, index, words[(pk * 7 + index) % len(words)])
        for pk in Assignment.objects.filter(session=session).values_list("pk", flat=True)
        for index in range(CRITERIA)
    ]
    note = "Names the step, and says when."
    for start in range(0, len(said), 20_000):
        part = said[start : start + 20_000]
        rows = [
            {"assignment_id": pk, "criterion_index": i, "verdict": v, "explanation": note}
            for pk, i, v in part
        ]
        Grade.objects.bulk_create((Grade(**row) for row in rows), batch_size=500)
        GradeEvent.objects.bulk_create((GradeEvent(at=now, **row) for row in rows), batch_size=500)
    Assignment.objects.filter(session=session).update(done_at=now, opened_at=now, active_seconds=90)


def dump(target: Path) -> None:
    """Write every verdict with orjson, and nothing else."""
    import orjson

    from annotations.models import Grade

    fields = (
        "assignment__response__item__prompt_id", "assignment__response__run__name", "assignment__rater",
        "criterion_index", "verdict", "explanation", "updated_at",
    )  # fmt: skip
    names = ("prompt_id", "run", "grader", "criterion_index", "verdict", "explanation", "at")
    rows = Grade.objects.order_by("pk").values_list(*fields)
    with (target / "rows.jsonl").open("wb") as out:
        for row in rows.iterator(chunk_size=2_000):
            out.write(orjson.dumps(dict(zip(names, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE))


def export(target: Path, file_format: str) -> None:
    """Export as the command does."""
    from annotations.models import GradingSession
    from annotations.services.graded_dataset import export_grades
    from builder.models import User

    by = User.objects.get(email="ana@example.org")
    session = GradingSession.objects.get()
    export_grades(session=session, file_format=file_format, path=target / "grades", by=by)


def child(task: str, database: Path, number: int) -> list[float]:
    """Run one measurement in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.bench_graded_dataset",
        "--task",
        task,
        "--cases",
        str(number),
    ]
    settings = {
        "DATABASE_URL": f"sqlite:///{database}",
        "DJANGO_SETTINGS_MODULE": "builder.config.settings.test",
    }
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True, check=True
    )
    return [float(word) for word in done.stdout.split()]


def run_task(task: str, number: int) -> None:
    """Do what a child was asked for."""
    import django

    django.setup()
    from importlib import import_module

    import_module("annotations.services.graded_dataset")
    if task == "grade":
        grade(number)
    elif task == "dump":
        measure(dump)
    else:
        measure(lambda target: export(target, task))


def main() -> None:
    """Print the table: time and memory of each format, beside the dump."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", default="")
    parser.add_argument("--cases", type=int, default=CASES)
    options = parser.parse_args()
    if options.task:
        run_task(options.task, options.cases)
        return
    number = options.cases
    print("| graded dataset | verdicts | dump s | export s | ratio | export MB | of these before it began |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "graded.sqlite3"
        child("grade", database, number)
        plain = min(child("dump", database, number)[0] for _time in range(REPEATS))
        for name in FORMATS:
            turns = [child(name, database, number) for _time in range(REPEATS)]
            ours, most = min(each[0] for each in turns), max(each[2] for each in turns)
            print(
                f"| {name} | {number * RUNS * GRADERS * CRITERIA:,} | {plain:.2f} | {ours:.2f} | {ours / plain:.2f} "
                f"| {most:.0f} | {turns[0][1]:.0f} |"
            )


if __name__ == "__main__":
    main()
