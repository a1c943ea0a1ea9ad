"""The demonstration beside a real Label Studio, as a person runs it: a grade given there arrives here at once."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from annotations.management.label_studio_server import HOW_TO_INSTALL, free_port, is_installed
from builder.models import User
from tests.conformance.labelstudio.server import Person
from tests.conftest import ROOT

PATIENCE = 180.0
GRADES = "SELECT count(*) FROM annotations_grade"
PROJECTS = "SELECT count(*) FROM annotations_labelstudioproject"


@contextmanager
def running_demo(folder: Path, port: int, there: int) -> Iterator[str]:
    """Run the command until it is ready; yield what it said; then press Ctrl-C, after which nobody listens."""
    command = [
        sys.executable, "manage.py", "demo_labelstudio", "--port", str(port), "--label-studio-port", str(there),
        "--data", str(folder / "there"),
    ]  # fmt: skip
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(folder), stdin=subprocess.DEVNULL, stdout=said,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + PATIENCE
            while "Ready (Ctrl-C" not in log.read_text():
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield log.read_text()
        finally:
            # To the whole group, as a terminal does.
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=PATIENCE)
    assert process.returncode == 0, log.read_text()
    assert "are stopped" in log.read_text()


def environment(folder: Path) -> dict[str, str]:
    """Return the settings of a developer's machine with a database of its own."""
    known = {
        key: value for key, value in os.environ.items() if not key.startswith(("DJANGO_", "LABEL_STUDIO_"))
    }
    return known | {"DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite3'}"}


def count(folder: Path, query: str) -> int:
    """Count rows as they are stored."""
    with closing(sqlite3.connect(folder / "demo.sqlite3", timeout=30)) as stored:
        return int(stored.execute(query).fetchone()[0])


@pytest.mark.labelstudio
def test_a_grade_given_there_arrives_here(tmp_path: Path) -> None:
    """Label Studio calls, the worker asks for what changed; running it again sends nothing twice."""
    if not is_installed():
        pytest.skip(HOW_TO_INSTALL)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=environment(tmp_path),
        check=True,
    )
    port, there = free_port(), free_port()
    with running_demo(tmp_path, port, there) as said:
        assert f"http://127.0.0.1:{port}/sessions/" in said and f"http://127.0.0.1:{there}/" in said
        assert "64 tasks sent" in said and "No message from Label Studio" not in said
        before = count(tmp_path, GRADES)
        grader = Person(f"http://127.0.0.1:{there}", "grader-1@demo.example").sign_in()
        [project] = [
            each["id"]
            for each in grader.ask("GET", "/api/projects/")["results"]
            if "grader 1" in each["title"]
        ]
        task = grader.ask("GET", f"/api/tasks/?project={project}&fields=all")["tasks"][0]
        criteria = len(task["data"]["criteria"])
        grader.grade(task["id"], dict.fromkeys(range(criteria), "met"))
        grader.leave()
        deadline = time.monotonic() + PATIENCE
        while (arrived := count(tmp_path, GRADES) - before) < criteria:
            assert time.monotonic() < deadline, f"{arrived} grades came"
            time.sleep(0.2)
        assert arrived == criteria
    with running_demo(tmp_path, port, there) as said:
        assert "0 tasks sent, grades of 0 answers came" in said
        assert count(tmp_path, PROJECTS) == 2


@override_settings(DEMONSTRATION_ALLOWED=False)
def test_production_refuses_it(db: None) -> None:
    """As it refuses the demonstration alone."""
    with pytest.raises(CommandError, match="published password"):
        call_command("demo_labelstudio")
    assert not User.objects.exists()
