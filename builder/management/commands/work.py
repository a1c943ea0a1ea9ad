"""Run jobs: what works beside the web server."""

import logging
import os
import signal
import threading
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connection, connections

from builder.common.commands import ServiceCommand
from builder.jobs import files
from builder.jobs.pulses import ThreadPulse
from builder.jobs.worker import run_due_jobs, work_until

MOST_THREADS = 16
logger = logging.getLogger(__name__)


class Command(ServiceCommand):
    """Run jobs until SIGTERM or Ctrl-C; a running one then stops at its next step and goes back to be done later."""

    help = "Run the jobs people ask for: imports, synchronisations. One such process works beside the web server."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add how much to do at once and when to end."""
        parser.add_argument("--once", action="store_true", help="run what is due now, and end")
        parser.add_argument(
            "--concurrency",
            type=int,
            default=1,
            metavar="N",
            help="how many jobs at the same time (default 1)",
        )
        parser.add_argument(
            "--parent",
            type=int,
            metavar="PID",
            help="end when this process, which started the worker, is gone",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until told to stop."""
        threads, parent = options["concurrency"], options["parent"]
        if not 1 <= threads <= MOST_THREADS:
            raise CommandError(f"--concurrency is a number from 1 to {MOST_THREADS}.", returncode=1)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_received: stopping.set())
        if options["once"]:
            files.sweep()
            count = run_due_jobs(stopping=stopping, make_pulse=ThreadPulse)
            self.say(f"Jobs run: {count}.")
            return
        if parent is None:
            self.say("Working on jobs; Ctrl-C or SIGTERM stops.")
        work_in_threads(threads, stopping, parent)
        if parent is None:
            self.say("Stopped.")


def work_in_threads(count: int, stopping: threading.Event, parent: int | None) -> None:
    """Run jobs in so many threads until `stopping` is set or the parent process is gone."""
    workers = [
        threading.Thread(target=_work, args=(stopping,), name=f"worker-{place}") for place in range(count)
    ]
    for worker in workers:
        worker.start()
    # Whatever the checks of the command asked the database for is over, and this thread asks for nothing more.
    connection.close()
    # A parent that is killed can tell nobody; its orphans get another parent, on every Unix.
    while not stopping.wait(0.5):
        if parent is not None and os.getppid() != parent:
            stopping.set()
    for worker in workers:
        worker.join()


def _work(stopping: threading.Event) -> None:
    try:
        work_until(stopping)
    except Exception:
        # A thread that dies in silence would leave a process that looks alive and does nothing.
        logger.exception("The worker ends because of an error in itself.")
        stopping.set()
    finally:
        connections.close_all()
