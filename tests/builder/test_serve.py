"""The `serve` command: what `make demo` ends in."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.core.management.base import CommandError

from builder.management.commands import serve
from tests.product_files import ROOT


def listening() -> socket.socket:
    """Return a socket that holds a port of this machine."""
    taken = socket.socket()
    taken.bind((serve.HOST, 0))
    taken.listen()
    return taken


def test_a_taken_port_is_passed_over() -> None:
    """Somebody else's server on port 8000 must not end the demonstration."""
    with listening() as taken:
        port = taken.getsockname()[1]
        assert serve.find_free_port(port) > port


def test_no_free_port_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the option."""
    monkeypatch.setattr(serve, "PORTS_TO_TRY", 1)
    with listening() as taken, pytest.raises(CommandError, match="--port 9000"):
        serve.find_free_port(taken.getsockname()[1])


def test_serves_until_interrupted(tmp_path: Path) -> None:
    """It says when it is ready and where, answers there, and ends quietly on Ctrl-C."""
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'served.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "builder.config.settings.dev",
    }
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity", "0"], cwd=ROOT, env=environment, check=True)
    with listening() as taken:
        port = taken.getsockname()[1]
    server = subprocess.Popen(
        [*manage, "serve", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        if "is taken" in said:
            said = server.stdout.readline()
        url = re.search(r"Ready: (http://127\.0\.0\.1:\d+/)", said)
        assert url, said + server.stdout.read()
        with urlopen(f"{url[1]}accounts/login/", timeout=30) as answer:  # noqa: S310 -- our own server
            assert answer.status == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
        assert "Traceback" not in server.stdout.read()
    finally:
        server.kill()
        server.wait()
