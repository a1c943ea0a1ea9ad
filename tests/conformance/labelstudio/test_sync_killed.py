"""A worker that is killed anywhere in a push or a pull: the next one goes on, nothing is lost, nothing doubled."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from annotations.management.label_studio_server import RunningServer
from tests.conftest import ROOT

KILLS = 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here as POSIX does")
def test_twenty_kills_of_a_push_and_of_a_pull(tmp_path: Path, label_studio_server: RunningServer) -> None:
    settings = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "builder.config.settings.test",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'killed.sqlite3'}",
        "LABEL_STUDIO_ALLOWED_HOSTS": "127.0.0.1",
        "LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES": "True",
    }
    command = [
        sys.executable,
        "-m",
        "tests.conformance.labelstudio.killed_syncs",
        str(tmp_path),
        "20250508",
        str(KILLS),
    ]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == [] and found["states"] == []
    assert found["kills"] >= KILLS
    # Many were killed in the midst: some of it was done, and not all.
    assert len(found["midst"]) >= KILLS // 2
