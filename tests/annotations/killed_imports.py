"""Kill an import of a harness's log again and again, as a power cut would, and tell what is there afterwards.

    python -m tests.annotations.killed_imports DIRECTORY SEED KILLS

It makes an SQLite database in the directory. Every import is a process of its own, killed by SIGKILL after a random
part of the time that an undisturbed one takes, and then begun again. It prints what it found as JSON.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

CASES, CRITERIA, EPOCHS, BATCH = 40, 5, 10, 10
SIGNS = "+o?!."


def in_a_process(act: Callable[[], Any], *, killed_after: float | None = None) -> bool:
    """Run `act` in a process of its own; True when it came to its end. No connection is carried over to it."""
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        finally:
            os._exit(status)
    if killed_after is not None:
        time.sleep(killed_after)
        os.kill(child, signal.SIGKILL)
    _child, status = os.waitpid(child, 0)
    if killed_after is None and status:
        raise RuntimeError(f"An import that nobody killed ended with {status}.")
    return status == 0


def bring(log: Path, name: str) -> None:
    """Import the log as this run."""
    from annotations.services import results
    from builder.models import User
    from exports.models import Release

    results.BATCH = BATCH
    release = Release.objects.get()
    by = User.objects.get(email="ana@example.org")
    results.import_results(path=log, release=release, run_name=name, by=by)


def content(name: str) -> list[Any]:
    """Return all that is there of a run, without what counts rows."""
    from annotations.models import Grade
    from exports.models import Response

    answers = Response.objects.filter(run__name=name).order_by("item__position", "epoch")
    grades = Grade.objects.filter(assignment__response__run__name=name)
    return [
        list(answers.values_list("item__prompt_id", "epoch", "completion")),
        sorted(
            grades.values_list(
                "assignment__position", "assignment__response__item__prompt_id", "assignment__response__epoch",
                "criterion_index", "verdict", "explanation",
            )
        ),
    ]  # fmt: skip


def problems(name: str, whole: list[Any]) -> list[str]:
    """Return what an interrupted import must not leave: something in sight, or an answer without all its verdicts."""
    from annotations.models import GradingSession
    from builder.models import User
    from exports.access import visible_runs
    from exports.models import Run

    lead, found = User.objects.get(email="lou@example.org"), []
    run = Run.objects.filter(name=name).first()
    if run is None:
        return []
    in_sight = visible_runs(lead).filter(pk=run.pk).exists()
    sessions = GradingSession.objects.visible_to(lead).filter(session_runs__run=run).count()
    if in_sight != bool(sessions):
        found.append("run and session aren't in sight at one moment")
    answers, grades = content(name)
    if in_sight and [answers, grades] != whole:
        found.append("in sight, but not whole")
    if len({(prompt_id, epoch) for prompt_id, epoch, _text in answers}) < len(answers):
        found.append("an answer is doubled")
    there = {(prompt_id, epoch) for prompt_id, epoch, _text in answers}
    wanted = [row for row in whole[1] if (row[1], row[2]) in there]
    if grades != wanted:
        found.append("an answer has not all of its verdicts")
    return found


def prepare(directory: Path) -> Path:
    """Make the database, the release and the log."""
    from django.core.management import call_command

    from tests.annotations.harness_logs import log_rows, write_log
    from tests.annotations.rows import cases, make_release
    from tests.cast import make_cast

    call_command("migrate", verbosity=0)
    release = make_release(make_cast(), contents=cases(CASES, CRITERIA))
    dice = random.Random(0)
    places = [(place, epoch) for place in range(CASES) for epoch in range(1, EPOCHS + 1)]
    signs = {place: "".join(dice.choices(SIGNS, k=CRITERIA)) for place in places}
    return write_log(directory / "log.jsonl", log_rows(release, signs))


def main(directory: Path, seed: int, kills: int) -> dict[str, Any]:
    """Kill so many imports, each time bringing the log to its end afterwards."""
    log = prepare(directory)
    start = time.perf_counter()
    in_a_process(lambda: bring(log, "whole"))
    taken = time.perf_counter() - start
    whole, dice = content("whole"), random.Random(seed)
    found: dict[str, Any] = {
        "answers": len(whole[0]),
        "grades": len(whole[1]),
        "kills": 0,
        "there": [],
        "problems": [],
    }
    for number in range(kills):
        name = f"run-{number}"
        ended = in_a_process(lambda name=name: bring(log, name), killed_after=dice.uniform(0, taken))  # type: ignore[misc]
        found["kills"] += not ended
        found["there"].append(len(content(name)[0]))
        found["problems"] += problems(name, whole)
        in_a_process(lambda name=name: bring(log, name))  # type: ignore[misc]
        if content(name) != whole:
            found["problems"].append(f"{name} did not come to the right end")
        found["problems"] += problems(name, whole)
    found["states"] = states()
    return found


def states() -> dict[str, int]:
    """Count runs and sessions by their state, and the events that tell of them."""
    from annotations.models import GradingSession
    from builder.models import AuditEvent
    from exports.models import Run

    rows = [f"run {state}" for state in Run.objects.values_list("state", flat=True)]
    rows += [f"session {state}" for state in GradingSession.objects.values_list("state", flat=True)]
    verbs = AuditEvent.objects.filter(verb__in=("run:import", "verdicts:import"))
    return dict(Counter([*rows, *verbs.values_list("verb", flat=True)]))


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
