"""Time push, an idle sync and pull against a bare SDK that does the same with the same tasks, on the same real server.

And our answer to Label Studio's messages, by gunicorn, about a session with so many tasks.

Run it with ``python -m tests.benchmarks.bench_labelstudio``; `make bench-labelstudio` does. It starts a Label Studio of
its own. Each measurement is a process of its own, so that its memory is its own; both sides take turns, in the other
order each time, and a ratio is of their medians. Tasks have 8 criteria and about 5 kB. The annotations are made by
importing them with the tasks, since one by one they would take half an hour; the clock doesn't run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TASKS, ANNOTATIONS, CRITERIA, BATCH, PAGE = 1_000, 5_000, 8, 200, 500
PUSH_ROUNDS, PULL_ROUNDS = 5, 3
PUSH_RATIO, IDLE_REQUESTS, IDLE_SHARE, PULL_RATIO, MEBIBYTES = 0.9, 3, 0.2, 0.9, 300
MESSAGES, MESSAGE_SECONDS = 200, 0.1
TIME_LIMIT = 600
WORDS = (
    "rest", "and", "drink", "water", "while", "somebody", "looks", "after", "the", "fever", "until", "it", "falls"
)  # fmt: skip
Measured = dict[str, Any]


def prepare(options: argparse.Namespace) -> Measured:
    """Make the database, and for each round of the push a session with its project and the data it will send."""
    from django.core.management import call_command

    from tests.annotations.label_studio.rows import make_connection
    from tests.cast import make_cast

    call_command("migrate", verbosity=0)
    cast = make_cast()
    make_connection(cast.department, options.url, options.token, by=cast.lou)
    account = bare_sdk(options).users.create(email=cast.gia.email, username="gia").id
    rounds = []
    for number in range(options.rounds):
        project, outgoing = make_session(cast, options.tasks)
        data = options.folder / f"push-{number}.json"
        data.write_text(json.dumps([each.data for each in outgoing], ensure_ascii=False), encoding="utf-8")
        rounds.append({"session": project.session_rater.session_id, "data": str(data)})
    project, outgoing = make_session(cast, options.annotations)
    import_graded(options, project, outgoing, account)
    return {
        "rounds": rounds, "pull": {"session": project.session_rater.session_id, "project": project.remote_id},
        "bytes": sum(len(json.dumps(each.data).encode()) for each in outgoing) // len(outgoing),
    }  # fmt: skip


def make_session(cast: Any, tasks: int) -> tuple[Any, list[Any]]:
    """Open a session in which Gia has so many answers in Label Studio; return her project there and its tasks."""
    from annotations.models import LabelStudioProject
    from annotations.services.label_studio.grading import Grading
    from annotations.services.label_studio.holding import Holder, take_hold
    from annotations.services.label_studio.projects import ensure_project, match_account, want_projects
    from annotations.services.label_studio.turns import Patience, Turn
    from exports.models import Response
    from tests.annotations.label_studio.rows import make_there

    session = make_there(cast, n_cases=tasks // 2, n_criteria=CRITERIA, n_runs=2)
    dice = random.Random(0)
    rows = list(Response.objects.filter(assignments__session=session).distinct())
    for row in rows:
        row.completion = " ".join(dice.choices(WORDS, k=800))
    Response.objects.bulk_update(rows, ["completion"], batch_size=200)
    [project] = want_projects(session)
    purpose = Grading(session)
    with open_port() as port:
        hold = take_hold(project, Holder("bench", 1))
        turn = Turn(project, port, hold, lambda *_progress: None, Patience())
        ensure_project(turn, purpose.draft)
        match_account(turn)
        hold.release()
    project = LabelStudioProject.objects.select_related("session_rater").get(pk=project.pk)
    return project, list(purpose.new_tasks(project, tasks))


def open_port() -> Any:
    """Return the server as the product reaches it."""
    from annotations.models import LabelStudioConnection
    from annotations.services.label_studio.gateways import open_gateway

    return open_gateway(LabelStudioConnection.objects.get())


def import_graded(options: argparse.Namespace, project: Any, outgoing: list[Any], account: int) -> None:
    """Bring a session's tasks there together with Gia's annotations, as if she had graded them all."""
    from annotations.models import LabelStudioTask, TaskState
    from tests.annotations.label_studio.rows import verdicts

    dice, sdk = random.Random(1), bare_sdk(options)
    for first in range(0, len(outgoing), BATCH):
        batch = outgoing[first : first + BATCH]
        request = [
            {
                "data": each.data,
                "annotations": [
                    {
                        "result": verdicts(
                            "".join(dice.choices("+o?", k=CRITERIA)), {0: "A short note on the first."}
                        ),
                        "completed_by": account,
                    }
                ],
            }
            for each in batch
        ]
        done = sdk.projects.import_tasks(id=project.remote_id, request=request, return_task_ids=True)
        rows = [each.row for each in batch]
        for row, remote_id in zip(rows, done.task_ids, strict=True):
            row.state, row.remote_id = TaskState.CONFIRMED, remote_id
        LabelStudioTask.objects.bulk_create(rows)


def bare_sdk(options: argparse.Namespace) -> Any:
    """Return the SDK as its own documentation uses it."""
    from label_studio_sdk import LabelStudio

    return LabelStudio(base_url=options.url, api_key=options.token, timeout=TIME_LIMIT)


def sync(session_id: int, *steps: str) -> Measured:
    """Synchronise as the worker does, which has loaded the SDK before; return the seconds and the requests."""
    from annotations.models import GradingSession
    from annotations.services.label_studio.sync import Means, Step, default_means, sync_session

    session = GradingSession.objects.select_related("release__department", "created_by").get(pk=session_id)
    default, ports = default_means(), list[Any]()

    def gateway(connection: Any) -> Any:
        ports.append(default.gateway(connection))
        return ports[-1]

    means = Means(default.holder, patience=default.patience, gateway=gateway)
    open_port().close()
    chosen = {"steps": tuple(Step(each) for each in steps)} if steps else {}
    start = time.perf_counter()
    done = sync_session(session=session, by=session.created_by, means=means, **chosen)
    seconds = time.perf_counter() - start
    assert not done.problems, done.problems
    return {
        "seconds": seconds,
        "requests": sum(each.requests for each in ports),
        "sent": done.sent,
        "graded": done.graded,
    }


def push(options: argparse.Namespace) -> Measured:
    """Push a session's tasks, then synchronise again with nothing changed."""
    first = sync(options.session, "push")
    assert first["sent"] == options.tasks
    sync(options.session)  # the first pull has nothing behind it yet
    again = sync(options.session)
    assert not again["sent"] and not again["graded"]
    return first | {"idle_seconds": again["seconds"], "idle_requests": again["requests"]}


def bare_push(options: argparse.Namespace) -> Measured:
    """Send the same tasks into a project of the same configuration, in batches of the same size."""
    from annotations.labelstudio.label_config import GradingLook, grading_config

    sdk = bare_sdk(options)
    data = [{"data": each} for each in json.loads(options.data.read_text(encoding="utf-8"))]
    project = sdk.projects.create(title="Bare", label_config=grading_config(GradingLook())).id
    start = time.perf_counter()
    for first in range(0, len(data), BATCH):
        sdk.projects.import_tasks(id=project, request=data[first : first + BATCH])
    return {"seconds": time.perf_counter() - start}


def pull(options: argparse.Namespace) -> Measured:
    """Pull a session's annotations for the first time."""
    from annotations.models import Grade

    done = sync(options.session, "pull")
    assert done["graded"] == options.annotations
    assert Grade.objects.filter(assignment__session=options.session).count() == options.annotations * CRITERIA
    return done


def bare_list(options: argparse.Namespace) -> Measured:
    """List the same project's tasks with their annotations, page by page."""
    sdk, listed = bare_sdk(options), 0
    start = time.perf_counter()
    for task in sdk.tasks.list(project=options.project, fields="all", page_size=PAGE):
        listed += len(task.annotations or [])
    seconds = time.perf_counter() - start
    assert listed == options.annotations, listed
    return {"seconds": seconds}


def webhooks(options: argparse.Namespace) -> Measured:
    """Send Label Studio's messages about a session that was pushed."""
    from tests.benchmarks.labelstudio_webhook import time_webhooks

    found = time_webhooks(options.session, MESSAGES, options.folder)
    assert found["tasks"] == options.tasks
    return found


STEPS: dict[str, Callable[[argparse.Namespace], Measured]] = {
    "prepare": prepare, "push": push, "bare-push": bare_push, "pull": pull, "bare-list": bare_list,
    "webhooks": webhooks,
}  # fmt: skip


class Runs:
    """Runs steps in processes of their own, against one server and one database."""

    def __init__(self, options: argparse.Namespace, url: str, token: str, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.same = ["--url", url, "--token", token, "--folder", str(folder)]
        for name in ("tasks", "annotations", "rounds"):
            self.same += [f"--{name}", str(getattr(options, name))]

    def run(self, step: str, database: str = "bench.sqlite3", **more: object) -> Measured:
        """Run a step; return what it measured."""
        told = [part for name, value in more.items() for part in (f"--{name}", str(value))]
        settings = {
            "DATABASE_URL": f"sqlite:///{self.folder / database}",
            "DJANGO_SETTINGS_MODULE": "builder.config.settings.test",
            "LABEL_STUDIO_ALLOWED_HOSTS": "127.0.0.1", "LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES": "True",
        }  # fmt: skip
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.bench_labelstudio",
            "--step",
            step,
            *self.same,
            *told,
        ]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True, check=True
        )
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def turns(
        self, number: int, first: Callable[[], Measured], second: Callable[[], Measured]
    ) -> list[Measured]:
        """Run both, in the other order each time; return ours first."""
        if number % 2:
            behind = second()
            return [first(), behind]
        return [first(), second()]


def measure(options: argparse.Namespace, url: str, token: str, folder: Path) -> Measured:
    """Return the medians of all rounds."""
    runs = Runs(options, url, token, folder)
    ready = runs.run("prepare")
    print(f"Ready: tasks of {ready['bytes']:,} bytes. Pushing …", flush=True)
    pushed = [
        runs.turns(
            number, partial(runs.run, "push", **each), partial(runs.run, "bare-push", data=each["data"])
        )
        for number, each in enumerate(ready["rounds"])
    ]
    heard = runs.run("webhooks", session=ready["rounds"][0]["session"])
    print("Pulling …", flush=True)
    pulled = []
    for number in range(options.pull_rounds):
        copy = f"pull-{number}.sqlite3"
        for end in ("", "-wal"):
            if (source := folder / f"bench.sqlite3{end}").exists():
                shutil.copy(source, folder / f"{copy}{end}")
        ours = partial(runs.run, "pull", copy, session=ready["pull"]["session"])
        pulled.append(
            runs.turns(number, ours, partial(runs.run, "bare-list", project=ready["pull"]["project"]))
        )
    return figures(pushed, pulled) | {f"message {name}": heard[name] for name in ("p50", "p95", "slowest")}


def figures(pushed: list[list[Measured]], pulled: list[list[Measured]]) -> Measured:
    """Return the figures of all rounds: medians of seconds, the worst of requests and of memory."""

    def median(rows: list[list[Measured]], side: int, name: str = "seconds") -> float:
        return statistics.median(each[side][name] for each in rows)

    return {
        "push": median(pushed, 0), "bare push": median(pushed, 1), "idle": median(pushed, 0, "idle_seconds"),
        "idle requests": max(each[0]["idle_requests"] for each in pushed),
        "push requests": max(each[0]["requests"] for each in pushed),
        "pull": median(pulled, 0), "bare list": median(pulled, 1),
        "pull memory": max(each[0]["mebibytes"] for each in pulled),
        "list memory": max(each[1]["mebibytes"] for each in pulled),
        "push memory": max(each[0]["mebibytes"] for each in pushed),
    }  # fmt: skip


def table(options: argparse.Namespace, found: Measured) -> list[tuple[str, str, str, bool]]:
    """Return the rows: what, target, measured, whether it is met."""
    push_ratio, pull_ratio = found["bare push"] / found["push"], found["bare list"] / found["pull"]
    share = found["idle"] / found["push"]
    rates = options.tasks / found["push"], options.tasks / found["bare push"]
    pulls = options.annotations / found["pull"], options.annotations / found["bare list"]
    return [
        (
            f"push {options.tasks:,} tasks, of a bare SDK's rate", f"≥ {PUSH_RATIO}",
            f"{push_ratio:.2f} ({rates[0]:,.0f} and {rates[1]:,.0f} tasks/s)", push_ratio >= PUSH_RATIO,
        ),
        (
            "sync again, nothing changed: requests", f"≤ {IDLE_REQUESTS}", f"{found['idle requests']}",
            found["idle requests"] <= IDLE_REQUESTS,
        ),
        (
            "sync again, nothing changed: time of the push's", f"≤ {IDLE_SHARE:.0%}",
            f"{share:.1%} ({found['idle']:.2f} and {found['push']:.2f} s)", share <= IDLE_SHARE,
        ),
        (
            f"pull {options.annotations:,} annotations, of a bare listing's rate", f"≥ {PULL_RATIO}",
            f"{pull_ratio:.2f} ({pulls[0]:,.0f} and {pulls[1]:,.0f} annotations/s)", pull_ratio >= PULL_RATIO,
        ),
        (
            "pull: largest resident set", f"≤ {MEBIBYTES} MiB",
            f"{found['pull memory']:.0f} MiB (listing {found['list memory']:.0f}, push {found['push memory']:.0f})",
            found["pull memory"] <= MEBIBYTES,
        ),
        (
            f"answer {MESSAGES} messages, {options.tasks:,} tasks in the session: p95",
            f"< {MESSAGE_SECONDS * 1e3:.0f} ms",
            f"{found['message p95'] * 1e3:.1f} ms (p50 {found['message p50'] * 1e3:.1f}, "
            f"slowest {found['message slowest'] * 1e3:.1f})",
            found["message p95"] < MESSAGE_SECONDS,
        ),
    ]  # fmt: skip


def run_step(options: argparse.Namespace) -> int:
    """Do one step in this process and print what it measured."""
    import django

    django.setup()
    found = STEPS[options.step](options)
    # Kibibytes on Linux, bytes on macOS.
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 2**10
    )
    print(json.dumps(found | {"mebibytes": largest}))
    return 0


def main() -> int:
    """Print the figures; the exit code says whether the targets were met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, value in (("tasks", TASKS), ("annotations", ANNOTATIONS), ("rounds", PUSH_ROUNDS)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--pull-rounds", type=int, default=PULL_ROUNDS)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    for name, kind in (
        ("url", str),
        ("token", str),
        ("folder", Path),
        ("data", Path),
        ("session", int),
        ("project", int),
    ):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        return run_step(options)
    os.environ["DJANGO_SETTINGS_MODULE"] = "builder.config.settings.test"
    from annotations.management.label_studio_server import TOKEN, CannotStart, server_from_template

    try:
        with server_from_template() as server, tempfile.TemporaryDirectory() as folder:
            found = measure(options, server.url, TOKEN, Path(folder))
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    rows = table(options, found)
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    for what, target, measured, met in rows:
        print(
            f"{what:<{widths[0]}}  {target:<{widths[1]}}  {measured:<{widths[2]}}  {'met' if met else 'MISSED'}"
        )
    return int(not all(row[3] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
