"""A site in a process of its own that can really be stopped and started again, with a database in a file."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.annotations.rows import make_session
from tests.cast import make_cast

ROOT = Path(__file__).resolve().parents[2]


def fill() -> None:
    """Make a session: Gia, Gus and Geo each grade six answers of ten criteria."""
    cast = make_cast()
    make_session(cast, n_cases=3, n_criteria=10, graders=[cast.gia, cast.gus, cast.geo])


class Site:
    """A department with one session, on a port that stays the same however often it is stopped."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "site.sqlite3"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self._server: subprocess.Popen[bytes] | None = None
        filling = "from tests.journeys.stopped_server import fill; fill()"
        for command in (["migrate", "--verbosity", "0"], ["shell", "--no-imports", "-c", filling]):
            subprocess.run([*self._manage, *command], env=self._environment, check=True, cwd=ROOT)

    @property
    def _manage(self) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py")]

    @property
    def _environment(self) -> dict[str, str]:
        return {
            **os.environ, "DATABASE_URL": f"sqlite:///{self.database}",
            "DJANGO_SETTINGS_MODULE": "builder.config.settings.dev",
        }  # fmt: skip

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._server = subprocess.Popen(
            [*self._manage, "runserver", "--noreload", self.address], env=self._environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _attempt in range(150):
            try:
                HTTPConnection(self.address, timeout=10).request("HEAD", "/accounts/login/")
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise AssertionError("The site didn't start.")

    def stop(self) -> None:
        """Stop the server: from now on nobody listens at the address."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()
            self._server = None

    def rows(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the database file holds."""
        with sqlite3.connect(self.database) as connection:
            return connection.execute(question, values).fetchall()


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Start the site; it is stopped with the block."""
    site = Site(folder)
    site.start()
    try:
        yield site
    finally:
        site.stop()
