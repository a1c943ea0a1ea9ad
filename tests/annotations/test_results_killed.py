"""An import that is killed anywhere loses and doubles nothing, is never half in sight, and comes to the right end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.annotations.killed_imports import CASES, EPOCHS
from tests.conftest import ROOT

KILLS = 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here as POSIX does")
def test_twenty_kills_at_random_points(tmp_path: Path) -> None:
    settings = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "builder.config.settings.test",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'killed.sqlite3'}",
    }
    command = [
        sys.executable,
        "-m",
        "tests.annotations.killed_imports",
        str(tmp_path),
        "20250508",
        str(KILLS),
    ]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert found["answers"] == CASES * EPOCHS and found["grades"] > 0
    # Most were killed in the midst: some answers were there, and not all.
    assert found["kills"] >= KILLS // 2
    assert any(0 < there < found["answers"] for there in found["there"])
    whole = KILLS + 1
    assert found["states"] == {
        "run ready": whole, "session closed": whole, "run:import": whole, "verdicts:import": whole,
    }  # fmt: skip
