"""A process that is killed while it exports leaves whole bundles or nothing that looks like one."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exports.formats import verify
from tests.conftest import ROOT

KILLS = 20
# Exports bundle after bundle, in every format in turn, and says when each begins and when it has its name.
CHILD = """
import itertools, sys
from pathlib import Path
from exports.formats.bundle import stage_bundle
from exports.formats.registry import FORMATS
from tests.conformance.harnesses.cases import hard_records
from exports.records import CaseRecord, ReleaseRecord
from builder.common.canonical_json import canonical_json, sha256_text

cases = [each.content for each in hard_records()] * 12
records = [CaseRecord(f"case-{n}", n, "public", "0" * 64, content) for n, content in enumerate(cases)]
items = [{"prompt_id": each.prompt_id, "split": "public", "sha256": "0" * 64} for each in records]
manifest = {"items": items}
release = ReleaseRecord("trial", "1.0.0", "final", sha256_text(canonical_json(manifest)), manifest)
formats = [each for each in FORMATS.values() if each.name != "canonical"]
for number, each in zip(itertools.count(), itertools.cycle(formats)):
    print("begun", flush=True)
    with stage_bundle(records, Path(sys.argv[1]) / f"{number}", release=release, bundle_format=each) as staged:
        staged.publish()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_twenty_kills_leave_no_partial_bundle(tmp_path: Path) -> None:
    """Each bundle with a name verifies; at least one kill came in the middle of one."""
    draw = random.Random(5)
    interrupted = visible = 0
    for number in range(KILLS):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None and child.stdout.readline() == "begun\n"
        time.sleep(draw.uniform(0, 0.5))
        child.kill()
        assert child.wait() == -signal.SIGKILL
        child.stdout.close()
        for path in folder.iterdir():
            if path.name.startswith("."):
                interrupted += 1
                assert path.name.endswith(".partial")
                continue
            visible += 1
            assert verify.check(path).startswith("OK: trial==1.0.0")
    assert interrupted >= KILLS // 2
    assert visible >= 1
