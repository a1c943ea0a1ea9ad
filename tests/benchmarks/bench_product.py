"""Time what needs the database or a process of its own: `annotations/frames.py`, and `agreement --ratings`.

Run it with ``python -m tests.benchmarks.bench_product --out FILE.json``; `make bench-stats` puts its lines into the
table. It works in a temporary directory with an SQLite database of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
CASES, CRITERIA, RUNS, GRADERS = 1_000, 10, 10, 2
RATINGS, READ_TARGET = 1_000_000, 3.0
FRAMES_TARGET = 1.5


def best_times(*works: Callable[[], Any], repeats: int = 7) -> list[float]:
    """Return the shortest time of each work in seconds; they take turns, so that all meet the same machine."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for place, work in enumerate(works):
            start = time.perf_counter()
            work()
            times[place].append(time.perf_counter() - start)
    return [min(taken) for taken in times]


def fill_database() -> Any:
    """Return a closed session of 200,000 grades in a fresh database."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from annotations.models import Assignment, Grade, GradingSession
    from tests.annotations.rows import make_session
    from tests.cast import make_cast

    session = make_session(make_cast(), n_cases=CASES, n_criteria=CRITERIA, n_runs=RUNS)
    verdicts = np.random.default_rng(0).choice(
        ["met", "not_met", "cannot_judge"], (CASES * RUNS * GRADERS, CRITERIA)
    )
    assignments = Assignment.objects.filter(session=session).order_by("pk").values_list("pk", flat=True)
    Grade.objects.bulk_create(
        (
            Grade(assignment_id=assignment, criterion_index=index, verdict=verdict)
            for assignment, given in zip(assignments, verdicts.tolist(), strict=True)
            for index, verdict in enumerate(given)
        ),
        batch_size=10_000,
    )
    return GradingSession.objects.get(pk=session.pk)


def fetched(session: Any, *columns: str) -> Any:
    """Return columns of the grades as a typed array: the least that any report must do."""
    from annotations.models import Grade

    codes = {"met": 1, "not_met": 0, "cannot_judge": 2, "judge_failed": 3}
    rows = Grade.objects.filter(assignment__session=session).values_list(*columns, "verdict")
    return np.array([(*row[:-1], codes[row[-1]]) for row in rows.iterator(20_000)], dtype=np.int64)


def frames_rows() -> list[dict[str, Any]]:
    """Return scores and agreement from the database, against fetching and converting the rows."""
    from annotations.frames import agreement_units, session_ratings, session_units
    from annotations.stats import case_scores

    session = fill_database()
    columns = ("assignment__response_id", "criterion_index")
    assert len(fetched(session, *columns)) == CASES * RUNS * GRADERS * CRITERIA

    def scored() -> Any:
        units = session_units(session)
        runs = np.unique(units.run)
        found = []
        for run in runs:
            grades = units.only(units.run == run).rubric_grades()
            found += [
                case_scores(grades),
                *(case_scores(grades, rows) for rows in grades.criterion_tags.values()),
            ]
        return found

    def table() -> Any:
        units = agreement_units([session])
        return session_ratings([session], units).table(units)

    work = f"{CASES * RUNS * GRADERS * CRITERIA:,} grades in SQLite"
    scores = best_times(scored, lambda: fetched(session, *columns))
    tables = best_times(table, lambda: fetched(session, *columns, "assignment__rater_id"))
    return [
        line(f"{work}: units, case and tag scores of {RUNS} runs", *scores),
        line(f"{work}: rating table", *tables),
    ]


def line(work: str, ours: float, theirs: float) -> dict[str, Any]:
    """Return one line of the table."""
    return {
        "work": work, "ours": ours, "theirs": theirs, "yardstick": "fetching and converting the rows",
        "target": f"≤ {FRAMES_TARGET} × that", "met": ours <= FRAMES_TARGET * theirs,
    }  # fmt: skip


def command_row(directory: Path) -> dict[str, Any]:
    """Return the whole process of `manage.py agreement --ratings` on a million rows in random order."""
    rng = np.random.default_rng(0)
    units, raters, categories = RATINGS * 2 // 7, 5, 5
    truth, noise = (
        rng.integers(1, categories + 1, (units, 1)),
        rng.integers(1, categories + 1, (units, raters)),
    )
    values = np.where(rng.random((units, raters)) < 0.6, truth, noise)
    cells = rng.permutation(units * raters)[:RATINGS]
    rows = zip(
        (cells // raters).tolist(), (cells % raters).tolist(), values.ravel()[cells].tolist(), strict=True
    )
    path = directory / "ratings.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("unit,rater,value\n")
        file.writelines(f"unit-{unit},rater-{rater},{value}\n" for unit, rater, value in rows)

    def run() -> None:
        command = [sys.executable, "manage.py", "agreement", "--ratings", str(path), "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["estimates"][0]["n_ratings"] == RATINGS

    [took] = best_times(run, repeats=4)
    return {
        "work": f"`agreement --ratings` on {RATINGS:,} rows (22 MB), the whole process", "ours": took, "theirs": None,
        "yardstick": "–", "target": f"≤ {READ_TARGET:g} s", "met": took <= READ_TARGET,
    }  # fmt: skip


def main() -> None:
    """Measure, and save the lines as JSON."""
    parser = argparse.ArgumentParser(
        description="Time the statistics from the database and the command line."
    )
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        os.environ["DJANGO_SETTINGS_MODULE"] = "builder.config.settings.test"
        os.environ["DATABASE_URL"] = f"sqlite:///{directory / 'bench.sqlite3'}"
        import django

        django.setup()
        lines = [*frames_rows(), command_row(directory)]
    for each in lines:
        theirs = "" if each["theirs"] is None else f", yardstick {each['theirs'] * 1e3:,.0f} ms"
        print(f"{each['work']}: {each['ours'] * 1e3:,.0f} ms{theirs}, {'met' if each['met'] else 'missed'}")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(lines, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
