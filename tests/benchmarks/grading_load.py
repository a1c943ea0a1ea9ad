"""Requests for the grading benchmark: graders in threads, each with a connection and a session of their own."""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

ROOT = Path(__file__).resolve().parents[2]
HOST, PATIENCE, CSRF = "127.0.0.1", 30.0, "b" * 32
WORDS = ("met", "not_met", "cannot_judge")


@dataclass(frozen=True, slots=True)
class Grader:
    """Somebody who is signed in: the cookie of their session, and the places of their own answers."""

    cookie: str
    places: Sequence[int]


@dataclass(slots=True)
class Tally:
    """What became of requests: seconds each, and how many with each status (0: no answer)."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def quantile(self, share: float) -> float:
        """Return the seconds within which this share of the requests was answered."""
        return statistics.quantiles(self.seconds, n=1_000, method="inclusive")[round(share * 1_000) - 1]

    @property
    def refused(self) -> int:
        """How many weren't answered with 200."""
        return sum(self.statuses.values()) - self.statuses[200]


class Desk:
    """One grader's browser: keeps its connection, and opens another when the server closed it."""

    def __init__(self, port: int, grader: Grader) -> None:
        self.port, self.grader = port, grader
        self.connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, float]:
        """Return the status and the seconds until the whole answer was read."""
        headers = {
            "Cookie": f"sessionid={self.grader.cookie}; csrftoken={CSRF}", "X-CSRFToken": CSRF,
            "Content-Type": "application/json",
        }  # fmt: skip
        content = msgspec.json.encode(body) if body is not None else None
        began = time.perf_counter()
        for attempt in range(2):
            try:
                self.connection.request(method, path, content, headers)
                answer = self.connection.getresponse()
                answer.read()
                return answer.status, time.perf_counter() - began
            except (http.client.HTTPException, ConnectionError):
                # An idle connection that the server closed is no failed request: a browser asks again, too.
                self.connection.close()
                if attempt:
                    break
            except OSError:
                self.connection.close()
                break
        return 0, time.perf_counter() - began


def verdict(index: int, word: str) -> dict[str, Any]:
    """Return one verdict as the desk's page sends it."""
    return {"key": str(uuid4()), "criterion_index": index, "verdict": word, "explanation": "", "quote": ""}


def grade_with_pauses(
    port: int, session: int, graders: Sequence[Grader], *, seconds: float, pause: float, n_criteria: int
) -> Tally:
    """Let all graders judge one criterion after the other, thinking in between; return what became of it."""
    total, lock, until = Tally(), threading.Lock(), time.perf_counter() + seconds

    def work(grader: Grader) -> None:
        desk, own = Desk(port, grader), Tally()
        time.sleep(random.random() * pause)
        acts = ((place, index) for place in grader.places for index in range(n_criteria))
        for place, index in acts:
            if time.perf_counter() > until:
                break
            body = {"verdicts": [verdict(index, random.choice(WORDS))], "seconds": pause}
            status, taken = desk.ask("POST", f"/sessions/{session}/grade/{place}/save/", body)
            own.statuses[status] += 1
            own.seconds.append(taken)
            time.sleep(pause)
        with lock:
            total.seconds += own.seconds
            total.statuses += own.statuses

    with ThreadPoolExecutor(len(graders)) as pool:
        list(pool.map(work, graders))
    return total


def open_pages(port: int, session: int, graders: Sequence[Grader], *, rate: float, seconds: float) -> Tally:
    """Open pages of the desk at a steady rate, whether or not the ones before were answered.

    A request's time begins when it was due, so that a slow server can't hide behind a slow client.
    """
    total, lock, rng = Tally(), threading.Lock(), random.Random(1)
    desks = threading.local()
    start = time.perf_counter() + 0.1

    def open_one(number: int) -> None:
        due = start + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        if not hasattr(desks, "all"):
            desks.all = {}
        grader = rng.choice(graders)
        desk = desks.all.setdefault(grader.cookie, Desk(port, grader))
        status, _taken = desk.ask("GET", f"/sessions/{session}/grade/{rng.choice(grader.places)}/")
        taken = time.perf_counter() - due
        with lock:
            total.statuses[status] += 1
            total.seconds.append(taken)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(open_one, range(int(rate * seconds))))
    return total


def save_in_turn(port: int, session: int, grader: Grader, *, n: int, n_criteria: int) -> Tally:
    """Save all verdicts of one answer after the other; return what became of it."""
    desk, tally = Desk(port, grader), Tally()
    for place in grader.places[:n]:
        body = {"verdicts": [verdict(index, WORDS[index % 2]) for index in range(n_criteria)], "seconds": 5}
        status, taken = desk.ask("POST", f"/sessions/{session}/grade/{place}/save/", body)
        tally.statuses[status] += 1
        tally.seconds.append(taken)
    return tally


@contextmanager
def gunicorn(log: Path, *, workers: int, threads: int) -> Iterator[int]:
    """Serve the product with gunicorn; yield the port, and always end it."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    command = [
        sys.executable, "-m", "gunicorn", "builder.config.wsgi", "--workers", str(workers), "--threads", str(threads),
        "--bind", f"{HOST}:{port}", "--log-level", "warning", "--keep-alive", "5", "--no-control-socket",
    ]  # fmt: skip
    with log.open("wb") as target:
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(os.environ), stdin=subprocess.DEVNULL, stdout=target, stderr=target
        )
        try:
            _wait(process, port, log)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _time in range(240):
        if process.poll() is not None:
            raise SystemExit(f"gunicorn ended at once:\n{log.read_text()}")
        try:
            connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
            connection.request("GET", "/accounts/login/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.25)
    raise SystemExit(f"gunicorn doesn't answer:\n{log.read_text()}")
