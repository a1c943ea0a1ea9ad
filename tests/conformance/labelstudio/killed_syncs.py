"""Kill the worker of a synchronisation again and again, as a power cut would, and tell what is there afterwards.

    python -m tests.conformance.labelstudio.killed_syncs DIRECTORY SEED KILLS

It starts a Label Studio of its own and makes an SQLite database in the directory. Every job is run by a worker in a
process of its own, killed by SIGKILL after a random part of the time an undisturbed one takes; another worker then
takes the job over when the lease has run out. It prints what it found as JSON.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.annotations.killed_imports import in_a_process

CASES, BATCH = 12, 4


def work() -> None:
    """Do the job that is due, in small batches and pages, so that there are many points to be killed at."""
    from annotations.services.label_studio import pull, push
    from builder.jobs.worker import run_due_jobs

    push.BATCH = pull.PAGE = BATCH
    run_due_jobs()


def run_out() -> None:
    """Let the dead worker's lease run out."""
    from django.utils import timezone

    from builder.models import Job, JobState

    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=past)
    Job.objects.filter(state=JobState.READY).update(run_after=past)


class Round:
    """One session and its job."""

    def __init__(self, graded: Any, act: str) -> None:
        self.graded, self.act = graded, act

    def ask(self) -> None:
        """Ask for the job."""
        from annotations.services.label_studio.requests import request_sync

        request_sync(session=self.graded.session, act=self.act, by=self.graded.cast.lou)

    def far(self) -> int:
        """How far it is: tasks sent, or annotations taken over."""
        from annotations.models import LabelStudioAnnotation

        rows = LabelStudioAnnotation.objects.filter(task__project__session_rater__session=self.graded.session)
        if self.act == "pull":
            return rows.count()
        return int(self.graded.session.assignments.filter(label_studio_tasks__isnull=False).count())


def rounds(cast: Any, there: Any, act: str) -> Round:
    """Make a session, for a pull one whose tasks are there and graded."""
    from tests.conformance.labelstudio.sessions import Graded

    graded = Graded(cast, there, n_cases=CASES)
    if act == "pull":
        graded.send_graded()
    return Round(graded, act)


def kill(make: Callable[[], Round], dice: random.Random, taken: float, found: dict[str, Any]) -> None:
    """Kill one worker, bring its job to an end, and compare both sides."""
    from builder.models import Job

    turn = make()
    turn.ask()
    found["kills"] += not in_a_process(work, killed_after=dice.uniform(0, taken))
    far = turn.far()
    if 0 < far < 2 * CASES:
        found["midst"].append(far)
    run_out()
    in_a_process(work)
    # What the server was doing for the killed worker may have landed after the other one looked.
    turn.graded.sync()
    found["problems"] += turn.graded.differences()
    found["states"] += list(Job.objects.exclude(state="successful").values_list("state", "error"))
    Job.objects.all().delete()


def main(directory: Path, seed: int, kills: int) -> dict[str, Any]:
    """Kill so many pushes and pulls."""
    from django.core.management import call_command

    from annotations.management.label_studio_server import server_from_template
    from tests.cast import make_cast
    from tests.conformance.labelstudio.server import EmptyDatabase, LabelStudioInTest

    call_command("migrate", verbosity=0)
    cast, dice = make_cast(), random.Random(seed)
    found: dict[str, Any] = {"kills": 0, "midst": [], "problems": [], "states": []}
    with server_from_template() as server:
        there = LabelStudioInTest(server, EmptyDatabase())
        there.wipe()
        there.ask("POST", "/api/users/", {"email": cast.gia.email, "username": "gia"})
        for act in ("sync", "pull"):
            turn = rounds(cast, there, act)
            turn.ask()
            start = time.perf_counter()
            in_a_process(work)
            taken = time.perf_counter() - start
            # How long an undisturbed one takes changes with what else the machine does: some more, if too few hit.
            hits, enough = len(found["midst"]), kills // 4
            for number in range(3 * kills):
                if number >= kills and len(found["midst"]) - hits >= enough:
                    break
                kill(lambda act=act: rounds(cast, there, act), dice, taken, found)  # type: ignore[misc]
    return found


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
